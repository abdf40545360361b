"""How much the record may hold, and what goes when it holds more: nobody fills the disk by being refused, and no clock empties it.

What goes is counted under the state it had, so that started = completed + refused + expired + pending holds on. Replay memory never goes.
Both bounds are about room and not about time: a clock that is set forward must not drop the record of this morning.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from context_handler.events import Event, EventOutcome
from context_handler.login_state import PENDING_STATES, WAITING_STATES, LoginState
from context_handler.logout_state import LogoutState
from context_handler.store.database import Database, Survives
from context_handler.store.ending import end_login
from oiosaml.ids import EntityId, FlowId, WorkspaceId

MOST_HEARSAY: Final = 10_000
"""Events kept of messages that failed authentication: at most 350 MB with MAX_HEARSAY_OCTETS each, and honest ones are a tenth as long."""

MOST_PENDING: Final = 50_000
"""Logins that may wait for a person at a time: five times the 10,000 of a country's busiest hour; then the oldest end as if expired."""

MAX_RECORD_BYTES: Final = 4 * 1024 * 1024 * 1024
"""Octets that the store's file may use before the oldest flows go: some 90,000 logins with all their octets, a fifth of a small disk."""

_ROWS_AT_ONCE: Final = 200
"""Rows dropped in one transaction: it holds the store for some milliseconds."""

_ALONE: Final = "workspace = ? AND hearsay AND (moved_to IS NULL OR moved_from IS NULL)"
"""Hearsay that moved no login but its own."""

_WAITING: Final = tuple(sorted(WAITING_STATES))
_SURPLUS_STEP: Final = "make_room"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much there may be."""

    hearsay: int = MOST_HEARSAY
    pending: int = MOST_PENDING
    octets: int = MAX_RECORD_BYTES


DEFAULT_BOUNDS: Final = Bounds()


def keep_within(database: Database, workspace: WorkspaceId, at: datetime, bounds: Bounds) -> bool:
    """Do one step towards the bounds; tell whether something was done, and so there may be more to do.

    Raises:
        SamlError: `web.unavailable` if the store cannot be written.
    """
    with database.reading() as connection:
        hearsay = _number(connection, f"SELECT COUNT(*) FROM events WHERE {_ALONE}", workspace) - bounds.hearsay  # noqa: S608 - our own constant
        waiting = f"SELECT COUNT(*) FROM logins WHERE workspace = ? AND state IN ('{_WAITING[0]}', '{_WAITING[1]}')"  # noqa: S608 - our own constants
        pending = _number(connection, waiting, workspace) - bounds.pending
        octets = _octets_used(connection) - bounds.octets
    if max(hearsay, pending, octets) <= 0:
        return False
    with database.writing(Survives.KILL) as connection:
        done = 0
        if hearsay > 0:
            done += _drop_hearsay(connection, workspace, min(hearsay, _ROWS_AT_ONCE))
        if pending > 0:
            done += _end_oldest(connection, workspace, at, min(pending, _ROWS_AT_ONCE))
        if octets > 0:
            done += _drop_oldest(connection, workspace)
    return done > 0


def dropped(connection: sqlite3.Connection, workspace: WorkspaceId) -> dict[str, int]:
    """Give how many flows were dropped, by the state they had."""
    return dict(connection.execute("SELECT state, number FROM dropped WHERE workspace = ?", (workspace,)))


def _drop_hearsay(connection: sqlite3.Connection, workspace: WorkspaceId, number: int) -> int:
    oldest = f"SELECT seq, flow, moved_to FROM events WHERE {_ALONE} ORDER BY seq LIMIT ?"  # noqa: S608 - our own constant
    rows = connection.execute(oldest, (workspace, number)).fetchall()
    connection.executemany("DELETE FROM events WHERE seq = ?", [(seq,) for seq, _, _ in rows])
    _forget(connection, workspace, [(flow, state) for _, flow, state in rows if state is not None])
    return len(rows)


def _end_oldest(connection: sqlite3.Connection, workspace: WorkspaceId, at: datetime, number: int) -> int:
    rows = connection.execute(
        "SELECT flow, system FROM logins WHERE workspace = ? AND state IN (?, ?) ORDER BY id LIMIT ?",
        (workspace, *_WAITING, number),
    ).fetchall()
    for flow, system in rows:
        detail = "more logins waited than there may be, and this was the oldest"
        event = Event(FlowId(flow), at, _SURPLUS_STEP, EventOutcome.REFUSED, "flow.expired", detail, EntityId(system))
        end_login(connection, workspace, FlowId(flow), LoginState.EXPIRED, "flow.expired", (event,))
    return len(rows)


def _drop_oldest(connection: sqlite3.Connection, workspace: WorkspaceId) -> int:
    """Drop the flows that the oldest events tell of, as far as they have ended."""
    oldest = "SELECT DISTINCT flow FROM (SELECT flow FROM events WHERE workspace = ? ORDER BY seq LIMIT ?)"
    flows = [flow for (flow,) in connection.execute(oldest, (workspace, _ROWS_AT_ONCE))]
    among = "workspace = ? AND flow IN (SELECT value FROM json_each(?))"
    values = (workspace, json.dumps(flows))
    states: dict[str, str] = {}
    for table in ("logins", "logouts"):
        states |= dict(connection.execute(f"SELECT flow, state FROM {table} WHERE {among}", values))  # noqa: S608 - our own constants
    going_on = {*PENDING_STATES, LogoutState.UNDER_WAY}
    ended = [flow for flow in flows if states.get(flow) not in going_on]
    values = (workspace, json.dumps(ended))
    gone = connection.execute(f"DELETE FROM events WHERE {among}", values).rowcount  # noqa: S608 - our own constants
    connection.execute(f"DELETE FROM logout_legs WHERE {among}", values)  # noqa: S608 - our own constants
    # The assertion stays used up; only which login it was for is known no longer.
    connection.execute(f"UPDATE accepted_assertions SET flow = '' WHERE {among}", values)  # noqa: S608 - our own constants
    _forget(connection, workspace, [(flow, states[flow]) for flow in ended if flow in states])
    return gone


def _forget(connection: sqlite3.Connection, workspace: WorkspaceId, flows: Iterable[tuple[str, str]]) -> None:
    """Take flows out of the state tables, and count them."""
    numbers: Counter[str] = Counter()
    for flow, state in flows:
        numbers[state] += 1
        for table in ("logins", "logouts"):
            connection.execute(f"DELETE FROM {table} WHERE workspace = ? AND flow = ?", (workspace, flow))  # noqa: S608 - our own constants
    connection.executemany(
        "INSERT INTO dropped (workspace, state, number) VALUES (?, ?, ?)"
        " ON CONFLICT (workspace, state) DO UPDATE SET number = number + excluded.number",
        [(workspace, state, number) for state, number in numbers.items()],
    )


def _octets_used(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _number(connection: sqlite3.Connection, query: str, workspace: WorkspaceId) -> int:
    return int(connection.execute(query, (workspace,)).fetchone()[0])
