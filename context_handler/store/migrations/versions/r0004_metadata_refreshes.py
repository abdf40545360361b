"""How the metadata of members that publish it at an address stands: when it is fetched next, and what is wrong with it."""

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "metadata_refreshes",
        Column("workspace", Text, nullable=False),
        Column("entity_id", Text, nullable=False),
        Column("next_at", BigInteger, nullable=False),
        Column("good_at", BigInteger),
        Column("fault", Text),
        Column("detail", Text, nullable=False),
        PrimaryKeyConstraint("workspace", "entity_id"),
        sqlite_with_rowid=False,
    )
