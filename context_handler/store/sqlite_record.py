"""The record of flows read from SQLite."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime

from context_handler.events import Event
from context_handler.login_state import PENDING_STATES, LoginState
from context_handler.logout_state import LogoutState
from context_handler.ports import Counts, LogoutCounts
from context_handler.store import event_rows
from context_handler.store.bounds import dropped
from context_handler.store.database import Database, from_microseconds, to_microseconds
from context_handler.store.record import FlowSummary, FlowTrace
from oiosaml.ids import EntityId, FlowId, MessageId, WorkspaceId


class SqliteRecord:
    """A Record in one SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def counts(self, workspace: WorkspaceId, at: datetime) -> Counts:
        """Count the flows of a workspace."""
        with self._database.reading() as connection:
            (started,) = connection.execute(
                "SELECT COUNT(*) FROM events WHERE workspace = ? AND moved_to IS NOT NULL AND moved_from IS NULL"
                " AND moved_to NOT LIKE 'logout-%'",
                (workspace,),
            ).fetchone()
            rows = connection.execute(
                "SELECT state, expires_at <= ?, COUNT(*) FROM logins WHERE workspace = ? GROUP BY 1, 2",
                (to_microseconds(at), workspace),
            ).fetchall()
            gone = dropped(connection, workspace)
        ends = Counter({state: gone.get(state, 0) for state in LoginState})
        pending = 0
        for text, overdue, number in rows:
            state = LoginState(text)
            if state not in PENDING_STATES:
                ends[state] += number
            elif overdue:
                ends[LoginState.EXPIRED] += number
            else:
                pending += number
        return Counts(
            started=started + sum(gone.get(state, 0) for state in LoginState),
            completed=ends[LoginState.COMPLETED],
            refused=ends[LoginState.REFUSED],
            expired=ends[LoginState.EXPIRED],
            pending=pending,
        )

    def logout_counts(self, workspace: WorkspaceId) -> LogoutCounts:
        """Count the logouts of a workspace."""
        with self._database.reading() as connection:
            (started,) = connection.execute(
                "SELECT COUNT(*) FROM events WHERE workspace = ? AND moved_from IS NULL AND moved_to LIKE 'logout-%'",
                (workspace,),
            ).fetchone()
            rows = connection.execute(
                "SELECT state, COUNT(*) FROM logouts WHERE workspace = ? GROUP BY state", (workspace,)
            ).fetchall()
            gone = dropped(connection, workspace)
        stand = Counter({state: gone.get(state, 0) for state in LogoutState})
        for state, number in rows:
            stand[LogoutState(state)] += number
        return LogoutCounts(
            started=started + sum(gone.get(state, 0) for state in LogoutState),
            completed=stand[LogoutState.COMPLETED],
            partial=stand[LogoutState.PARTIAL],
            refused=stand[LogoutState.REFUSED],
            under_way=stand[LogoutState.UNDER_WAY],
        )

    def events_of(self, workspace: WorkspaceId, flow: FlowId) -> tuple[Event, ...]:
        """Give a flow's events, oldest first."""
        with self._database.reading() as connection:
            return event_rows.events_of(connection, workspace, flow)

    def events_of_completed_logins(self, workspace: WorkspaceId, steps: AbstractSet[str]) -> Iterator[Event]:
        """Give the events of these steps in every login that was completed: one at a time, in no order, without octets."""
        with self._database.reading() as connection:
            yield from event_rows.events_of_completed_logins(connection, workspace, steps)

    def flow_of(self, workspace: WorkspaceId, message_id: MessageId) -> FlowId | None:
        """Give the flow that a message with that ID belonged to last."""
        with self._database.reading() as connection:
            return event_rows.flow_of(connection, workspace, message_id)

    def flows(self, workspace: WorkspaceId, *, limit: int) -> tuple[FlowSummary, ...]:
        """Give the flows begun last, newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT flow, state, code, system, idp, started_at FROM logins WHERE workspace = ?"
                " ORDER BY id DESC LIMIT ?",
                (workspace, limit),
            )
            return tuple(
                FlowSummary(
                    flow=FlowId(flow),
                    state=LoginState(state),
                    code=code,
                    system=None if system is None else EntityId(system),
                    idp=None if idp is None else EntityId(idp),
                    started_at=from_microseconds(started_at),
                )
                for flow, state, code, system, idp, started_at in rows
            )

    def traces(self, workspace: WorkspaceId) -> Iterator[FlowTrace]:
        """Give every flow that either record knows."""
        with self._database.reading() as connection:
            states = dict(connection.execute("SELECT flow, state FROM logins WHERE workspace = ?", (workspace,)))
            moves = _moves(connection, workspace)
            accepted = Counter(
                flow
                for (flow,) in connection.execute(
                    "SELECT flow FROM accepted_assertions WHERE workspace = ? AND flow != ''", (workspace,)
                )
            )
        for flow in states.keys() | moves.keys() | accepted.keys():
            state = states.get(flow)
            yield FlowTrace(
                flow=FlowId(flow),
                state=None if state is None else LoginState(state),
                moves=tuple(moves.get(flow, ())),
                accepted_assertions=accepted[flow],
            )


def _moves(
    connection: sqlite3.Connection, workspace: WorkspaceId
) -> dict[str, list[tuple[LoginState | None, LoginState]]]:
    moves: dict[str, list[tuple[LoginState | None, LoginState]]] = {}
    rows = connection.execute(
        "SELECT flow, moved_from, moved_through, moved_to FROM events WHERE workspace = ? AND moved_to IS NOT NULL"
        " AND moved_to NOT LIKE 'logout-%' ORDER BY seq",
        (workspace,),
    )
    for flow, moved_from, moved_through, moved_to in rows:
        stands = None if moved_from is None else LoginState(moved_from)
        for target in (moved_through, moved_to):
            if target is not None:
                moves.setdefault(flow, []).append((stands, LoginState(target)))
                stands = LoginState(target)
    return moves
