"""Flows with their events and replay memory; registrations. Every row belongs to a workspace (design D9).

Instants are whole microseconds since 1970 in UTC: they compare as they should and lose nothing.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, Text, UniqueConstraint, text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    _create_logins()
    _create_replay_memory()
    _create_events()
    _create_registrations()


def _create_logins() -> None:
    op.create_table(
        "logins",
        Column("id", Integer, primary_key=True),
        Column("workspace", Text, nullable=False),
        Column("flow", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("code", Text),
        Column("started_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
        Column("system", Text),
        Column("idp", Text),
        Column("idp_request_id", Text),
        Column("idp_request_at", BigInteger),
        Column("browser", Text),
        Column("acs_url", Text),
        Column("relay_state", Text),
        Column("request", Text),
        UniqueConstraint("workspace", "flow"),
        UniqueConstraint("workspace", "idp_request_id"),
    )
    op.create_index("logins_by_state", "logins", ["workspace", "state", "expires_at"])


def _create_replay_memory() -> None:
    # The unique keys are the guard: a race is decided by the engine, never by reading first.
    op.create_table(
        "seen_requests",
        Column("workspace", Text, nullable=False),
        Column("system", Text, nullable=False),
        Column("request_id", Text, nullable=False),
        Column("flow", Text, nullable=False),
        PrimaryKeyConstraint("workspace", "system", "request_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "accepted_assertions",
        Column("workspace", Text, nullable=False),
        Column("issuer", Text, nullable=False),
        Column("assertion_id", Text, nullable=False),
        Column("flow", Text, nullable=False),
        Column("remember_until", BigInteger, nullable=False),
        PrimaryKeyConstraint("workspace", "issuer", "assertion_id"),
        sqlite_with_rowid=False,
    )


def _create_events() -> None:
    # Octets stand last: a list of events then never reads the pages they spill into.
    op.create_table(
        "events",
        Column("seq", Integer, primary_key=True),
        Column("workspace", Text, nullable=False),
        Column("flow", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("step", Text, nullable=False),
        Column("outcome", Text, nullable=False),
        Column("code", Text),
        Column("detail", Text, nullable=False),
        Column("party", Text),
        Column("message_id", Text),
        Column("findings", Text),
        Column("moved_from", Text),
        Column("moved_to", Text),
        Column("octets_in", LargeBinary),
        Column("octets_out", LargeBinary),
    )
    op.create_index("events_by_flow", "events", ["workspace", "flow"])
    started = text("moved_to IS NOT NULL AND moved_from IS NULL")
    op.create_index("flows_started", "events", ["workspace"], sqlite_where=started, postgresql_where=started)


def _create_registrations() -> None:
    # `id` keeps the order in which they were registered, so that an export reads as its author wrote it.
    op.create_table(
        "registrations",
        Column("id", Integer, primary_key=True),
        Column("workspace", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("document", Text, nullable=False),
        Column("findings", Text, nullable=False),
        UniqueConstraint("workspace", "kind", "key"),
    )
    op.create_table(
        "revisions",
        Column("workspace", Text, primary_key=True),
        Column("revision", Integer, nullable=False),
    )
