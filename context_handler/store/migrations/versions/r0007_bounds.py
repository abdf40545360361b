"""Which events tell of messages that failed authentication, and how many flows were dropped for room (docs/adr/0025)."""

from alembic import op
from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Text, text

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Mark hearsay, find its oldest without reading a row, and count what is dropped."""
    op.add_column("events", Column("hearsay", Integer, nullable=False, server_default="0"))
    alone = text("hearsay AND (moved_to IS NULL OR moved_from IS NULL)")
    op.create_index("events_of_hearsay", "events", ["workspace", "seq"], sqlite_where=alone, postgresql_where=alone)
    op.create_table(
        "dropped",
        Column("workspace", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("number", Integer, nullable=False),
        PrimaryKeyConstraint("workspace", "state"),
        sqlite_with_rowid=False,
    )
