"""Sessions of browsers with home IdPs, the systems that take part in them, and single logouts under way."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
)

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _create_sessions()
    _create_logouts()


def _create_sessions() -> None:
    # Without a handle a session answers nothing and can still be logged out of. Octets stand last, as elsewhere.
    op.create_table(
        "sessions",
        Column("workspace", Text, nullable=False),
        Column("id", Text, nullable=False),
        Column("handle", Text),
        Column("browser", Text, nullable=False),
        Column("idp", Text, nullable=False),
        Column("profile", Text, nullable=False),
        Column("name_id", Text, nullable=False),
        Column("session_indexes", Text, nullable=False),
        Column("level", Integer, nullable=False),
        Column("signer", Text, nullable=False),
        Column("authn_instant", BigInteger, nullable=False),
        Column("used_at", BigInteger, nullable=False),
        Column("ends_at", BigInteger, nullable=False),
        Column("assertion", LargeBinary, nullable=False),
        PrimaryKeyConstraint("workspace", "id"),
        UniqueConstraint("workspace", "handle", "idp"),
    )
    op.create_index("sessions_by_subject", "sessions", ["workspace", "idp", "name_id"])
    op.create_index("sessions_by_end", "sessions", ["ends_at"])
    op.create_table(
        "participants",
        Column("workspace", Text, nullable=False),
        Column("session", Text, nullable=False),
        Column("system", Text, nullable=False),
        Column("name_id", Text, nullable=False),
        Column("session_index", Text, nullable=False),
        PrimaryKeyConstraint("workspace", "session", "system"),
        sqlite_with_rowid=False,
    )
    op.create_index("participants_by_name", "participants", ["workspace", "system", "name_id"])


def _create_logouts() -> None:
    op.create_table(
        "logouts",
        Column("id", Integer, primary_key=True),
        Column("workspace", Text, nullable=False),
        Column("flow", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("code", Text),
        Column("started_at", BigInteger, nullable=False),
        Column("kind", Text),
        Column("party", Text),
        Column("request_id", Text),
        Column("binding", Text),
        Column("relay_state", Text),
        Column("browser", Text),
        UniqueConstraint("workspace", "flow"),
    )
    op.create_index("logouts_by_state", "logouts", ["workspace", "state", "browser"])
    op.create_table(
        "logout_legs",
        Column("workspace", Text, nullable=False),
        Column("flow", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("kind", Text, nullable=False),
        Column("party", Text, nullable=False),
        Column("name_id", Text, nullable=False),
        Column("session_indexes", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("request_id", Text),
        Column("asked_at", BigInteger),
        PrimaryKeyConstraint("workspace", "flow", "number"),
        UniqueConstraint("workspace", "request_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("logout_legs_by_name", "logout_legs", ["workspace", "party", "name_id"])
