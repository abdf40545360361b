"""Through which state a login moved within one transaction: one row tells of an answer and of the end it led to (docs/adr/0028)."""

from alembic import op
from sqlalchemy import Column, Text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Older rows moved through none."""
    op.add_column("events", Column("moved_through", Text))
