"""How often a session answered a system of late, so that a system that sends people round for ever is stopped (attack REQ-13)."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the count and when it began."""
    op.add_column("participants", Column("answers", Integer, nullable=False, server_default="0"))
    op.add_column("participants", Column("answers_since", BigInteger, nullable=False, server_default="0"))
