"""Logouts on SQLite: sessions as they end, and every logout on its way. A session that was logged out of survives no loss of power."""

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from context_handler.events import Event, EventOutcome
from context_handler.login_state import PENDING_STATES, LoginState
from context_handler.logout_ports import EndedSession, OpenSession, SessionsToEnd
from context_handler.logout_state import (
    LOGOUT_LIFETIME,
    Initiator,
    Leg,
    LegState,
    Logout,
    LogoutMovedError,
    LogoutReplayedError,
    LogoutState,
    PartyKind,
)
from context_handler.session import SessionId
from context_handler.store.bounds import ROWS_AT_ONCE
from context_handler.store.database import Database, Survives, from_microseconds, to_microseconds
from context_handler.store.ended_rows import (
    end_session,
    ended_sessions_of,
    is_logged_out,
    log_out_by,
    log_out_of,
)
from context_handler.store.ending import end_login
from context_handler.store.event_rows import Move, insert_events
from context_handler.store.json_text import json_text, json_value
from context_handler.store.session_rows import (
    COLUMNS,
    name_id_of,
    name_id_text,
    participants_of,
    session_of,
)
from oiosaml.ids import EntityId, FlowId, MessageId, WorkspaceId
from oiosaml.name_id import NameId

END_LOGIN_STEP: Final = "log_out"
"""The step under which a login that a logout overtook is recorded."""

EXPIRE_STEP: Final = "expire_logout"

_LOGOUT: Final = "SELECT flow, state, started_at, kind, party, request_id, binding, relay_state, browser FROM logouts"
_LEGS: Final = (
    "SELECT number, kind, party, name_id, session_indexes, state, request_id, asked_at FROM logout_legs"
    " WHERE workspace = ? AND flow = ? ORDER BY number"
)
_SESSION_COLUMNS: Final = ", ".join(f"sessions.{column.strip()}" for column in COLUMNS.split(","))
_SESSIONS: Final = f"SELECT sessions.browser, sessions.handle IS NULL, {_SESSION_COLUMNS} FROM sessions"  # noqa: S608 - our own constants
_NAMES: Final = (
    "SELECT name_id FROM participants WHERE workspace = ? AND system = ?"
    " AND session_index IN (SELECT value FROM json_each(?)) ORDER BY session"
)


class SqliteLogouts:
    """A LogoutStore in one SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sessions_of_participant(
        self, workspace: WorkspaceId, system: EntityId, name_id: NameId
    ) -> Sequence[OpenSession]:
        """Give the sessions in which this system takes part under this NameID."""
        where = (
            "JOIN participants ON participants.workspace = sessions.workspace AND participants.session = sessions.id"
            " WHERE participants.workspace = ? AND participants.system = ? AND participants.name_id = ?"
        )
        return self._open(workspace, where, (workspace, system, name_id_text(name_id)))

    def names_in_sessions(
        self, workspace: WorkspaceId, system: EntityId, session_indexes: Collection[str]
    ) -> Sequence[NameId]:
        """Give the NameIDs under which this system takes part in open sessions that it knows by these SessionIndexes."""
        with self._database.reading() as connection:
            rows = connection.execute(_NAMES, (workspace, system, json_text(sorted(session_indexes)))).fetchall()
        return tuple(name_id_of(name_id) for (name_id,) in rows)

    def sessions_of_subject(self, workspace: WorkspaceId, idp: EntityId, name_id: NameId) -> Sequence[OpenSession]:
        """Give the sessions of a person with a home IdP."""
        where = "WHERE sessions.workspace = ? AND sessions.idp = ? AND sessions.name_id = ?"
        return self._open(workspace, where, (workspace, idp, name_id_text(name_id)))

    def sessions_of_browser(self, workspace: WorkspaceId, handle: str) -> Sequence[OpenSession]:
        """Give the sessions of a browser, and those it left behind."""
        # Two look-ups, each by its index: an OR of them would read every session.
        own = (
            "WHERE sessions.workspace = ? AND sessions.id IN (SELECT id FROM sessions WHERE workspace = ? AND handle = ?"
            " UNION ALL SELECT id FROM sessions WHERE workspace = ? AND left_in = ?)"
        )
        return self._open(workspace, own, (workspace, workspace, handle, workspace, handle))

    def ended_sessions(
        self,
        workspace: WorkspaceId,
        kind: PartyKind,
        party: EntityId,
        name_id: NameId,
        session_indexes: Sequence[str],
    ) -> Sequence[EndedSession]:
        """Give the sessions that this party knew by these names, and that have ended of late."""
        with self._database.reading() as connection:
            return ended_sessions_of(connection, workspace, kind, party, name_id, session_indexes)

    def begin(self, workspace: WorkspaceId, logout: Logout, sessions: SessionsToEnd, events: Sequence[Event]) -> None:
        """Begin a logout.

        Raises:
            LogoutReplayedError: if the initiator sent a request with that ID before.
        """
        with self._database.writing(Survives.POWER_LOSS) as connection:
            _use_up_request(connection, workspace, logout)
            browsers = {_browser_of(connection, workspace, each) for each in sessions.ids}
            if logout.initiator.party is None:
                browsers.add(logout.browser)  # a party's request may be carried to a stranger's browser (attack SLO-02)
            for session in sessions.ids:
                end_session(connection, workspace, session, logout.started_at)
            if logout.initiator.party is not None:
                log_out_of(connection, workspace, sessions, logout.initiator.kind, logout.initiator.party)
            for browser in sorted(each for each in browsers if each):
                _end_logins_under_way(connection, workspace, browser, logout.started_at)
            _insert(connection, workspace, logout)
            insert_events(connection, workspace, events, Move(None, logout.state))

    def save(self, workspace: WorkspaceId, before: Logout, after: Logout, events: Sequence[Event]) -> None:
        """Write what a visit changed.

        Raises:
            LogoutMovedError: if the logout stands elsewhere by now.
        """
        with self._database.writing(Survives.KILL) as connection:
            stood = connection.execute(
                "UPDATE logouts SET state = ? WHERE workspace = ? AND flow = ? AND state = ?",
                (after.state, workspace, after.flow, before.state),
            )
            if stood.rowcount == 0:
                raise LogoutMovedError
            for old, new in zip(before.legs, after.legs, strict=True):
                if old != new:
                    _save_leg(connection, workspace, after.flow, old, new)
                    if new.state is LegState.LOGGED_OUT:
                        log_out_by(connection, workspace, new)
            move = Move(before.state, after.state) if before.state is not after.state else None
            insert_events(connection, workspace, events, move)

    def by_flow(self, workspace: WorkspaceId, flow: FlowId) -> Logout | None:
        """Read a logout."""
        return self._one(
            workspace, f"{_LOGOUT} WHERE workspace = ? AND flow = ? AND kind IS NOT NULL", (workspace, flow)
        )

    def by_request(self, workspace: WorkspaceId, request_id: MessageId) -> Logout | None:
        """Read the logout that a LogoutRequest of ours belongs to."""
        row = self._database.row(
            "SELECT flow FROM logout_legs WHERE workspace = ? AND request_id = ?", (workspace, request_id)
        )
        return None if row is None else self.by_flow(workspace, FlowId(row[0]))

    def under_way(self, workspace: WorkspaceId, browser: str) -> Sequence[Logout]:
        """Give the logouts under way in a browser."""
        where = "WHERE workspace = ? AND state = ? AND browser = ? ORDER BY id DESC"
        return self._many(workspace, f"{_LOGOUT} {where}", (workspace, LogoutState.UNDER_WAY, browser))

    def logged_out_meanwhile(self, workspace: WorkspaceId, logout: Logout) -> Sequence[Leg]:
        """Give those a logout still counts as logged in who are known to be logged out by another one."""
        with self._database.reading() as connection:
            return tuple(leg for leg in logout.still_logged_in if is_logged_out(connection, workspace, leg))

    def begun_by(self, workspace: WorkspaceId, party: EntityId, request_id: MessageId) -> Logout | None:
        """Give the logout that this request began."""
        where = "WHERE workspace = ? AND state = ? AND party = ? AND request_id = ?"
        return self._one(workspace, f"{_LOGOUT} {where}", (workspace, LogoutState.UNDER_WAY, party, request_id))

    def refuse(self, workspace: WorkspaceId, flow: FlowId, at: datetime, code: str, events: Sequence[Event]) -> None:
        """Write a logout that was refused before anything was ended."""
        with self._database.writing(Survives.KILL) as connection:
            connection.execute(
                "INSERT INTO logouts (workspace, flow, state, code, started_at) VALUES (?, ?, ?, ?, ?)",
                (workspace, flow, LogoutState.REFUSED, code, to_microseconds(at)),
            )
            insert_events(connection, workspace, events, Move(None, LogoutState.REFUSED))

    def expire(self, workspace: WorkspaceId, at: datetime) -> int:
        """End some of the logouts that took too long, as they stand, each in a transaction of its own; tell how many."""
        values = (workspace, LogoutState.UNDER_WAY, to_microseconds(at - LOGOUT_LIFETIME))
        overdue = "WHERE workspace = ? AND state = ? AND started_at <= ? LIMIT ?"
        logouts = self._many(workspace, f"{_LOGOUT} {overdue}", (*values, ROWS_AT_ONCE))
        return sum(self._expire(workspace, logout, at) for logout in logouts)

    def _expire(self, workspace: WorkspaceId, logout: Logout, at: datetime) -> bool:
        """End one; False if its last answer came meanwhile, or another worker that keeps house at this moment was first."""
        after = logout.without(self.logged_out_meanwhile(workspace, logout)).ended()
        left = ", ".join(leg.party for leg in after.still_logged_in) or "nobody but the initiator's answer"
        event = Event(logout.flow, at, EXPIRE_STEP, EventOutcome.REFUSED, "flow.expired", f"not heard of: {left}")
        try:
            self.save(workspace, logout, after, (event,))
        except LogoutMovedError:
            return False
        return True

    def _open(self, workspace: WorkspaceId, where: str, values: tuple[str, ...]) -> Sequence[OpenSession]:
        with self._database.reading() as connection:
            rows = connection.execute(f"{_SESSIONS} {where} ORDER BY sessions.id", values).fetchall()
            return tuple(
                OpenSession(
                    session_of(row),
                    browser,
                    tuple(participants_of(connection, workspace, SessionId(row[0]))),
                    bool(left_behind),
                )
                for browser, left_behind, *row in rows
            )

    def _one(self, workspace: WorkspaceId, query: str, values: tuple[str, ...]) -> Logout | None:
        return next(iter(self._many(workspace, query, values)), None)

    def _many(self, workspace: WorkspaceId, query: str, values: tuple[object, ...]) -> tuple[Logout, ...]:
        with self._database.reading() as connection:
            rows = connection.execute(query, values).fetchall()
            return tuple(_logout_of(row, connection.execute(_LEGS, (workspace, row[0])).fetchall()) for row in rows)


def _use_up_request(connection: sqlite3.Connection, workspace: WorkspaceId, logout: Logout) -> None:
    initiator = logout.initiator
    if initiator.party is None:
        return
    fresh = connection.execute(
        "INSERT INTO seen_requests (workspace, system, request_id, flow) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (workspace, initiator.party, initiator.request_id, logout.flow),
    )
    if fresh.rowcount == 0:
        raise LogoutReplayedError


def _browser_of(connection: sqlite3.Connection, workspace: WorkspaceId, session: SessionId) -> str:
    row = connection.execute(
        "SELECT browser FROM sessions WHERE workspace = ? AND id = ?", (workspace, session)
    ).fetchone()
    return "" if row is None else str(row[0])


def _end_logins_under_way(connection: sqlite3.Connection, workspace: WorkspaceId, browser: str, at: datetime) -> None:
    """No session may outlive the logout by a login that was on its way when it came."""
    marks = ", ".join("?" * len(PENDING_STATES))
    rows = connection.execute(
        f"SELECT flow, system FROM logins WHERE workspace = ? AND state IN ({marks}) AND browser = ?",  # noqa: S608 - question marks
        (workspace, *sorted(PENDING_STATES), browser),
    ).fetchall()
    for flow, system in rows:
        event = Event(FlowId(flow), at, END_LOGIN_STEP, EventOutcome.REFUSED, "flow.logged-out", party=EntityId(system))
        end_login(connection, workspace, FlowId(flow), LoginState.EXPIRED, "flow.logged-out", (event,))


def _insert(connection: sqlite3.Connection, workspace: WorkspaceId, logout: Logout) -> None:
    initiator = logout.initiator
    connection.execute(
        "INSERT INTO logouts (workspace, flow, state, started_at, kind, party, request_id, binding, relay_state, browser)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            workspace,
            logout.flow,
            logout.state,
            to_microseconds(logout.started_at),
            initiator.kind,
            initiator.party,
            initiator.request_id,
            initiator.binding,
            initiator.relay_state,
            logout.browser,
        ),
    )
    connection.executemany(
        "INSERT INTO logout_legs (workspace, flow, number, kind, party, name_id, session_indexes, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                workspace,
                logout.flow,
                leg.number,
                leg.kind,
                leg.party,
                name_id_text(leg.name_id),
                json_text(leg.session_indexes),
                leg.state,
            )
            for leg in logout.legs
        ],
    )


def _save_leg(connection: sqlite3.Connection, workspace: WorkspaceId, flow: FlowId, old: Leg, new: Leg) -> None:
    moved = connection.execute(
        "UPDATE logout_legs SET state = ?, request_id = ?, asked_at = ?"
        " WHERE workspace = ? AND flow = ? AND number = ? AND state = ?",
        (
            new.state,
            new.request_id,
            None if new.asked_at is None else to_microseconds(new.asked_at),
            workspace,
            flow,
            new.number,
            old.state,
        ),
    )
    if moved.rowcount == 0:
        raise LogoutMovedError


def _logout_of(row: tuple[Any, ...], legs: Sequence[tuple[Any, ...]]) -> Logout:
    flow, state, started_at, kind, party, request_id, binding, relay_state, browser = row
    return Logout(
        flow=FlowId(flow),
        state=LogoutState(state),
        initiator=Initiator(
            kind=PartyKind(kind),
            party=None if party is None else EntityId(party),
            request_id=None if request_id is None else MessageId(request_id),
            binding=binding,
            relay_state=relay_state,
        ),
        browser=browser,
        started_at=from_microseconds(started_at),
        legs=tuple(_leg_of(leg) for leg in legs),
    )


def _leg_of(row: tuple[Any, ...]) -> Leg:
    number, kind, party, name_id, session_indexes, state, request_id, asked_at = row
    return Leg(
        number=number,
        kind=PartyKind(kind),
        party=EntityId(party),
        name_id=name_id_of(name_id),
        session_indexes=tuple(json_value(session_indexes)),
        state=LegState(state),
        request_id=None if request_id is None else MessageId(request_id),
        asked_at=None if asked_at is None else from_microseconds(asked_at),
    )
