"""How much the record may hold, and what goes when it holds more: nobody fills the disk by being refused, and no clock empties it.

What goes is counted under the state it had, so that started = completed + refused + expired + pending holds on. Replay memory never goes.
Both bounds are about room and not about time: a clock that is set forward must not drop the record of this morning.
"""

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
from context_handler.store.json_text import json_text
from oiosaml.ids import EntityId, FlowId, WorkspaceId

MOST_HEARSAY: Final = 10_000
"""Events kept of messages that failed authentication: at most 350 MB with MAX_HEARSAY_OCTETS each, and honest ones are a tenth as long."""

MOST_PENDING: Final = 50_000
"""Logins that may wait for a person at a time: five times the 10,000 of a country's busiest hour; then the oldest end as if expired."""

MOST_PENDING_OF_A_BROWSER: Final = 100
"""Logins that may wait in one browser: ten tabs, each of which tries again ten times in the hour that a login waits. Beyond it the
browser's own oldest end as if expired: they are what no tab shows any more. Refusing the newest would shut its person out for that hour."""

MAX_RECORD_BYTES: Final = 4 * 1024 * 1024 * 1024
"""Octets that the store's file may use before the oldest flows go: some 90,000 logins with all their octets, a fifth of a small disk."""

ROWS_AT_ONCE: Final = 200
"""Rows ended or dropped in one transaction: it holds the store for some milliseconds."""

_ALONE: Final = "workspace = ? AND hearsay AND (moved_to IS NULL OR moved_from IS NULL)"
"""Hearsay that moved no login but its own."""

_WAITING: Final = tuple(sorted(WAITING_STATES))
_WAIT: Final = f"workspace = ? AND state IN ('{_WAITING[0]}', '{_WAITING[1]}')"
"""Logins that wait for a person. The states stand in the text, so that each statement is prepared once."""

_SURPLUS_STEP: Final = "make_room"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much there may be."""

    hearsay: int = MOST_HEARSAY
    pending: int = MOST_PENDING
    of_a_browser: int = MOST_PENDING_OF_A_BROWSER
    octets: int = MAX_RECORD_BYTES


DEFAULT_BOUNDS: Final = Bounds()


def keep_within(database: Database, workspace: WorkspaceId, at: datetime, bounds: Bounds) -> bool:
    """Do one step towards the bounds; tell whether something was done, and so there may be more to do.

    Raises:
        SamlError: `web.unavailable` if the store cannot be written.
    """
    with database.reading() as connection:
        surplus = _surplus(connection, workspace, bounds)
        crowded = _crowded_browser(connection, workspace, bounds)
    if crowded is None and not surplus:
        return False
    with database.writing(Survives.KILL) as connection:
        # Looked at once more, for other workers keep house at the same moment: together they must not drop more than there is too much.
        surplus = _surplus(connection, workspace, bounds)
        done = 0
        if surplus.hearsay > 0:
            done += _drop_hearsay(connection, workspace, min(surplus.hearsay, ROWS_AT_ONCE))
        if crowded is not None:
            # As long as there is such a browser, nobody else makes room in its place.
            _end_oldest_of_browser(connection, workspace, at, crowded, bounds.of_a_browser)
        elif surplus.pending > 0:
            done += _end_oldest(connection, workspace, at, min(surplus.pending, ROWS_AT_ONCE))
        if surplus.octets > 0:
            done += _drop_oldest(connection, workspace)
    return done > 0 or crowded is not None


@dataclass(frozen=True, slots=True)
class _Surplus:
    """How much there is too much; false if nothing is."""

    hearsay: int
    pending: int
    octets: int

    def __bool__(self) -> bool:
        return max(self.hearsay, self.pending, self.octets) > 0


def _surplus(connection: sqlite3.Connection, workspace: WorkspaceId, bounds: Bounds) -> _Surplus:
    hearsay = _number(connection, f"SELECT COUNT(*) FROM events WHERE {_ALONE}", workspace)  # noqa: S608 - our own constant
    octets = _octets_used(connection)
    waiting = _waiting(connection, workspace)
    return _Surplus(hearsay - bounds.hearsay, waiting - bounds.pending, octets - bounds.octets)


def _crowded_browser(connection: sqlite3.Connection, workspace: WorkspaceId, bounds: Bounds) -> str | None:
    """Give the browser in which most logins wait, if they are too many.

    Every login that waits is read for it, once a minute: 2 ms for a thousand. An index would cost each login more.
    """
    if _waiting(connection, workspace) <= bounds.of_a_browser:
        return None
    by_browser = f"SELECT browser FROM logins WHERE {_WAIT} GROUP BY browser HAVING COUNT(*) > ?"  # noqa: S608 - our own constants
    row = connection.execute(
        f"{by_browser} ORDER BY COUNT(*) DESC LIMIT 1", (workspace, bounds.of_a_browser)
    ).fetchone()
    return None if row is None else str(row[0])


def _waiting(connection: sqlite3.Connection, workspace: WorkspaceId) -> int:
    return _number(connection, f"SELECT COUNT(*) FROM logins WHERE {_WAIT}", workspace)  # noqa: S608 - our own constants


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
    oldest = f"SELECT flow, system FROM logins WHERE {_WAIT} ORDER BY id LIMIT ?"  # noqa: S608 - our own constants
    rows = connection.execute(oldest, (workspace, number)).fetchall()
    return _end(connection, workspace, at, rows, "more logins waited than there may be, and this was the oldest")


def _end_oldest_of_browser(
    connection: sqlite3.Connection, workspace: WorkspaceId, at: datetime, browser: str, most: int
) -> None:
    """End all but the newest of one browser, some at a time."""
    beyond = f"SELECT flow, system FROM logins WHERE {_WAIT} AND browser = ? ORDER BY id DESC LIMIT ? OFFSET ?"  # noqa: S608 - our own constants
    rows = connection.execute(beyond, (workspace, browser, ROWS_AT_ONCE, most)).fetchall()
    _end(connection, workspace, at, rows, "more logins waited in this browser than there may be, and newer ones")


def _end(
    connection: sqlite3.Connection, workspace: WorkspaceId, at: datetime, rows: list[tuple[str, str]], detail: str
) -> int:
    for flow, system in rows:
        event = Event(FlowId(flow), at, _SURPLUS_STEP, EventOutcome.REFUSED, "flow.expired", detail, EntityId(system))
        end_login(connection, workspace, FlowId(flow), LoginState.EXPIRED, "flow.expired", (event,))
    return len(rows)


def _drop_oldest(connection: sqlite3.Connection, workspace: WorkspaceId) -> int:
    """Drop the flows that the oldest events tell of, as far as they have ended."""
    oldest = "SELECT DISTINCT flow FROM (SELECT flow FROM events WHERE workspace = ? ORDER BY seq LIMIT ?)"
    flows = [flow for (flow,) in connection.execute(oldest, (workspace, ROWS_AT_ONCE))]
    among = "workspace = ? AND flow IN (SELECT value FROM json_each(?))"
    values = (workspace, json_text(flows))
    states: dict[str, str] = {}
    for table in ("logins", "logouts"):
        states |= dict(connection.execute(f"SELECT flow, state FROM {table} WHERE {among}", values))  # noqa: S608 - our own constants
    going_on = {*PENDING_STATES, LogoutState.UNDER_WAY}
    ended = [flow for flow in flows if states.get(flow) not in going_on]
    values = (workspace, json_text(ended))
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
