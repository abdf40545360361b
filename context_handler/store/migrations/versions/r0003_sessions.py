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
