"""Events of one transaction in one row, and the boots of the machine that the store was opened under (docs/adr/0013).

A row of one event becomes a row of one step; nothing is lost.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_CONVERT = """
    INSERT INTO events (seq, workspace, flow, at, moved_from, moved_to, steps, octets)
    SELECT seq, workspace, flow, at, moved_from, moved_to,
        json_array(json_patch('{}', json_object(
            'step', step, 'outcome', outcome, 'code', code, 'detail', detail, 'party', party, 'message_id', message_id,
            'octets_in', length(octets_in), 'octets_out', length(octets_out), 'findings', json(findings)
        ))),
        CASE WHEN octets_in IS NULL THEN octets_out WHEN octets_out IS NULL THEN octets_in
            ELSE CAST(octets_in || octets_out AS BLOB) END
    FROM events_by_step ORDER BY seq
"""
"""`json_patch` drops the members that are null, as RFC 7396 has it."""


def upgrade() -> None:
    """Make the new table of events and move the old one's rows into it; make the table of boots."""
    _pack_events()
    # Of the machine, and of no workspace.
    op.create_table(
        "boots",
        Column("seq", Integer, primary_key=True),
        Column("boot", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("ended", Integer, nullable=False),
    )


def _pack_events() -> None:
    op.drop_index("events_by_flow", "events")
    op.drop_index("flows_started", "events")
    op.rename_table("events", "events_by_step")
    # Octets stand last: whoever reads the steps alone then never reads the pages that octets spill into.
    op.create_table(
        "events",
        Column("seq", Integer, primary_key=True),
        Column("workspace", Text, nullable=False),
        Column("flow", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("moved_from", Text),
        Column("moved_to", Text),
        Column("steps", Text, nullable=False),
        Column("octets", LargeBinary),
    )
    # The moves stand in the index, so that the audit reads no row.
    op.create_index("events_by_flow", "events", ["workspace", "flow", "moved_from", "moved_to"])
    op.execute(_CONVERT)
    op.drop_table("events_by_step")
