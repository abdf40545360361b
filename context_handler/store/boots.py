"""What began before the machine last went down is ended: a loss of power may have undone what was written last (docs/adr/0013).

Were a login from before it let in, an answer whose acceptance was undone could be accepted a second time. A process that was killed loses
nothing, so that within one boot nothing is ended.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from context_handler.events import Event, EventOutcome
from context_handler.login_state import PENDING_STATES, LoginState
from context_handler.store.database import Database, Survives, to_microseconds
from context_handler.store.ending import end_login
from oiosaml.ids import EntityId, FlowId, WorkspaceId

INTERRUPT_STEP: Final = "interrupt"
"""The step under which a login that a new boot ended is recorded."""

INTERRUPTED: Final = "flow.interrupted"

_LAST_BOOT: Final = "SELECT boot FROM boots ORDER BY seq DESC LIMIT 1"
_PENDING: Final = tuple(sorted(PENDING_STATES))


@dataclass(frozen=True, slots=True)
class Boot:
    """Which start of the machine this is, as it stands when a store is opened."""

    id: str
    """The same for all processes until the machine goes down, and never the same again."""
    at: datetime


def enter_boot(database: Database, boot: Boot) -> int:
    """End every pending login that was written under another boot, each with one event, and tell how many.

    Processes that open the store together do it once. Whatever is written later lies behind it in the log, so that no loss of power
    brings a login back that was ended here and loses it afterwards.

    Raises:
        SamlError: `web.unavailable` if the store cannot be written.
    """
    if database.row(_LAST_BOOT, ()) == (boot.id,):
        return 0
    with database.writing(Survives.KILL) as connection:
        entered_meanwhile = connection.execute(_LAST_BOOT).fetchone() == (boot.id,)
        return 0 if entered_meanwhile else _end_all(connection, boot)


def _end_all(connection: sqlite3.Connection, boot: Boot) -> int:
    logins = connection.execute(
        "SELECT workspace, flow, system FROM logins WHERE state IN (?, ?, ?)", _PENDING
    ).fetchall()
    for workspace, flow, system in logins:
        event = Event(FlowId(flow), boot.at, INTERRUPT_STEP, EventOutcome.REFUSED, INTERRUPTED, party=EntityId(system))
        end_login(connection, WorkspaceId(workspace), FlowId(flow), LoginState.EXPIRED, INTERRUPTED, (event,))
    connection.execute(
        "INSERT INTO boots (boot, at, ended) VALUES (?, ?, ?)", (boot.id, to_microseconds(boot.at), len(logins))
    )
    return len(logins)
