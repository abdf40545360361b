"""Who took part in which ended session, and who of them is known to be logged out: a late logout tells the others (docs/adr/0015)."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, Text

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table. Of an older row it is not known who else took part, nor whether a system or an IdP did: it stands alone, as both."""
    op.create_table(
        "ended_participants",
        Column("workspace", Text, nullable=False),
        Column("session", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("party", Text, nullable=False),
        Column("name_id", Text, nullable=False),
        Column("session_index", Text, nullable=False),
        Column("ended_at", BigInteger, nullable=False),
        Column("logged_out", Integer, nullable=False, server_default="0"),
        PrimaryKeyConstraint("workspace", "session", "kind", "party", "name_id", "session_index"),
        sqlite_with_rowid=False,
    )
    op.create_index("ended_participants_by_name", "ended_participants", ["workspace", "party", "name_id"])
    op.create_index("ended_participants_by_end", "ended_participants", ["ended_at"])
    for kind in ("system", "home-idp"):
        op.execute(
            "INSERT INTO ended_participants (workspace, session, kind, party, name_id, session_index, ended_at, logged_out)"  # noqa: S608 - our own words
            f" SELECT workspace, '{kind} ' || party || ' ' || name_id || ' ' || session_index,"
            f" '{kind}', party, name_id, session_index, ended_at, 1 FROM ended_sessions"
        )
    op.drop_table("ended_sessions")
