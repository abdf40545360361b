"""In which browser a session was left behind: it answers no login there, and is logged out of there (docs/adr/0015)."""

from alembic import op
from sqlalchemy import Column, Text, text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of sessions left behind before, the browser is not known any more: the systems in them can log out of them."""
    op.add_column("sessions", Column("left_in", Text))
    left = text("left_in IS NOT NULL")
    op.create_index("sessions_left", "sessions", ["workspace", "left_in"], sqlite_where=left, postgresql_where=left)
