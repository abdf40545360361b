"""How a login ends, inside a transaction that others may add to."""

import sqlite3
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from context_handler.events import Event
from context_handler.login_state import PENDING_STATES, TRANSITIONS, LoginState
from context_handler.ports import AnswerUsedError
from context_handler.store.event_rows import Move, insert_events
from oiosaml.ids import FlowId, WorkspaceId


def end_login(
    connection: sqlite3.Connection,
    workspace: WorkspaceId,
    flow: FlowId,
    state: LoginState,
    code: str | None,
    events: Sequence[Event],
    *,
    origins: AbstractSet[LoginState] = PENDING_STATES,
) -> None:
    """End a login that is pending, and write its last events. It ends once.

    Raises:
        AnswerUsedError: if it stands at none of `origins`: it has ended already, or was never begun.
        ValueError: if `state` is no end, or cannot be reached from where the flow stands.
    """
    # Where it can stand at one place only, the update itself finds out whether it does.
    origin = next(iter(origins)) if len(origins) == 1 else state_of(connection, workspace, flow)
    if origin is None or origin not in origins:
        raise AnswerUsedError(replay=False)
    if state in PENDING_STATES or state not in TRANSITIONS[origin]:
        raise ValueError(f"got a move from {origin} to {state}, expected an end that TRANSITIONS allows")
    ended = connection.execute(
        "UPDATE logins SET state = ?, code = ? WHERE workspace = ? AND flow = ? AND state = ?",
        (str(state), code, workspace, flow, str(origin)),
    )
    if ended.rowcount == 0:
        raise AnswerUsedError(replay=False)
    insert_events(connection, workspace, events, Move(origin, state))


def state_of(connection: sqlite3.Connection, workspace: WorkspaceId, flow: FlowId) -> LoginState | None:
    """Read where a flow stands. Only inside a writing transaction, which keeps every other writer out, may a write rest on it."""
    row = connection.execute("SELECT state FROM logins WHERE workspace = ? AND flow = ?", (workspace, flow)).fetchone()
    return None if row is None else LoginState(row[0])
