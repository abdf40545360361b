"""Which sessions have ended, so that a late logout is told from a made-up one; when a session answered a system (attack REQ-13)."""

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of ended sessions; put the instants of a session's last answers in the place of a count."""
    op.create_table(
        "ended_sessions",
        Column("workspace", Text, nullable=False),
        Column("party", Text, nullable=False),
        Column("name_id", Text, nullable=False),
        Column("session_index", Text, nullable=False),
        Column("ended_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("workspace", "party", "name_id", "session_index"),
        sqlite_with_rowid=False,
    )
    op.create_index("ended_sessions_by_end", "ended_sessions", ["ended_at"])
    op.drop_column("participants", "answers")
    op.drop_column("participants", "answers_since")
    op.add_column("participants", Column("answered_at", Text, nullable=False, server_default=""))
