"""The sessions of browsers on SQLite. A session changes in the transaction that completes a login, and in no other way but by its end.

Losing one to a power failure costs a prompt, so its transactions withstand `kill -9` and no more (docs/adr/0011).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from context_handler.answer_in_hand import AnswerInHand
from context_handler.events import Event
from context_handler.login_state import WAITING_STATES, LoginState, PendingLogin
from context_handler.ports import KnownSubject
from context_handler.session import (
    ENDED_REMEMBERED,
    AnsweredTooOftenError,
    Session,
    SessionEndedError,
    SessionId,
    SessionKept,
    SessionUsed,
)
from context_handler.store.accepting import accept_and_end
from context_handler.store.beginning import begin_login
from context_handler.store.bounds import ROWS_AT_ONCE
from context_handler.store.database import Database, Survives, to_microseconds
from context_handler.store.ended_rows import end_session
from context_handler.store.ending import end_login
from context_handler.store.event_rows import Move, insert_events
from context_handler.store.json_text import json_text
from context_handler.store.session_rows import (
    COLUMNS,
    hand_on,
    insert_session,
    name_id_text,
    renew_session,
    session_of,
    take_part,
    take_part_again,
)
from federation.model import Profile
from oiosaml.ids import EntityId, FlowId, WorkspaceId
from oiosaml.messages.assertion import read_assertion
from oiosaml.name_id import NameId
from oiosaml.uris import NAMEID_X509_SUBJECT_NAME
from oiosaml.xml.parse import parse_canonical

_KNOWN: Final = (
    "SELECT sessions.idp, sessions.profile, sessions.signer, sessions.assertion FROM participants JOIN sessions"
    " ON sessions.workspace = participants.workspace AND sessions.id = participants.session"
    " WHERE participants.workspace = ? AND participants.system = ? AND participants.name_id = ? AND sessions.ends_at > ?"
    " ORDER BY sessions.authn_instant DESC LIMIT 1"
)
_NAMED: Final = (
    "SELECT 1 FROM participants JOIN sessions"
    " ON sessions.workspace = participants.workspace AND sessions.id = participants.session"
    " WHERE participants.workspace = ? AND participants.name_id = ? AND sessions.ends_at > ?"
)
_NAMED_IN_SESSION: Final = f"{_NAMED} AND participants.session_index IN (SELECT value FROM json_each(?))"  # noqa: S608 - our own constant
_ACCEPTED: Final = frozenset({LoginState.ACCEPTED})
# The plus sign keeps SQLite from going through a whole workspace, which it thinks narrower: what has ended is found by the index of ends.
_ENDED: Final = "SELECT id FROM sessions WHERE +workspace = ? AND ends_at <= ? LIMIT ?"
_KEY: Final = "workspace, session, kind, party, name_id, session_index"
_LONG_ENDED: Final = f"SELECT {_KEY} FROM ended_participants WHERE +workspace = ? AND ended_at <= ? LIMIT ?"  # noqa: S608 - our own constant
_FORGET: Final = f"DELETE FROM ended_participants WHERE ({_KEY}) IN ({_LONG_ENDED})"  # noqa: S608 - our own constants


class SqliteSessions:
    """A SessionStore in one SQLite file, which also knows who is logged in where."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def in_browser(self, workspace: WorkspaceId, handle: str) -> Sequence[Session]:
        """Give the sessions of a browser, those that are over too."""
        with self._database.reading() as connection:
            rows = connection.execute(
                f"SELECT {COLUMNS} FROM sessions WHERE workspace = ? AND handle = ? ORDER BY idp",  # noqa: S608 - our own constant
                (workspace, handle),
            ).fetchall()
        return tuple(session_of(row) for row in rows)

    def complete(
        self,
        workspace: WorkspaceId,
        flow: FlowId,
        kept: SessionKept,
        events: Sequence[Event],
        in_hand: AnswerInHand | None = None,
    ) -> None:
        """End a flow as completed and write the session it leaves; the answer in hand is used up with it.

        Raises:
            AnswerUsedError: if the flow has ended already, or the answer was used before.
            SessionEndedError: if it renews a session that was ended meanwhile.
        """
        with self._database.writing(Survives.KILL) as connection:
            if in_hand is None:
                end_login(connection, workspace, flow, LoginState.COMPLETED, None, events, origins=_ACCEPTED)
            else:
                accept_and_end(connection, workspace, in_hand, LoginState.COMPLETED, None, events)
            hand_on(connection, workspace, kept)
            if not kept.renews:
                insert_session(connection, workspace, kept)
            elif not renew_session(connection, workspace, kept):
                raise SessionEndedError
            take_part(connection, workspace, kept.session.id, kept.participant)

    def answer(self, workspace: WorkspaceId, login: PendingLogin, used: SessionUsed, events: Sequence[Event]) -> None:
        """Complete a login that a session answered: one that begins and ends here, or one that was waiting for its IdP.

        Raises:
            AnswerUsedError: with `replay` if this system already sent a request with that ID, without if the flow has ended already.
            SessionEndedError: if the session is not in this browser any more.
            AnsweredTooOftenError: if it answered this system too often of late; then nothing was written.
        """
        with self._database.writing(Survives.KILL) as connection:
            alive = connection.execute(
                "UPDATE sessions SET used_at = max(used_at, ?) WHERE workspace = ? AND id = ? AND handle = ?",
                (to_microseconds(used.at), workspace, used.id, used.handle),
            )
            if alive.rowcount == 0:
                raise SessionEndedError
            if login.state is LoginState.COMPLETED:
                begin_login(connection, workspace, login)
                insert_events(connection, workspace, events, Move(None, LoginState.COMPLETED))
            else:
                end_login(connection, workspace, login.flow, LoginState.COMPLETED, None, events, origins=WAITING_STATES)
            if not take_part_again(connection, workspace, used.id, used.participant, used.at):
                raise AnsweredTooOftenError

    def forget(self, workspace: WorkspaceId, at: datetime) -> int:
        """Drop some of the sessions that have come to their end, with their participants. Cheap when there is nothing to do.

        What ended longer ago than ENDED_REMEMBERED is forgotten altogether. It tells how much it dropped: 0 once nothing is left.
        """
        values = (workspace, to_microseconds(at))
        long_ago = (workspace, to_microseconds(at - ENDED_REMEMBERED))
        with self._database.reading() as connection:
            due = connection.execute(_ENDED, (*values, 1)).fetchone()
            if due is None and connection.execute(_LONG_ENDED, (*long_ago, 1)).fetchone() is None:
                return 0
        with self._database.writing(Survives.KILL) as connection:
            forgotten = connection.execute(_FORGET, (*long_ago, ROWS_AT_ONCE)).rowcount
            ended = [session for (session,) in connection.execute(_ENDED, (*values, ROWS_AT_ONCE))]
            for session in ended:
                end_session(connection, workspace, SessionId(session), at)
        return len(ended) + forgotten

    def find(self, workspace: WorkspaceId, system: EntityId, name_id: NameId, at: datetime) -> KnownSubject | None:
        """Give whom `system` was told of under exactly this NameID, while the session has not come to its absolute end.

        The idle limit does not count: somebody who works in one system all morning is still logged in there.
        """
        row = self._database.row(_KNOWN, (workspace, system, name_id_text(name_id), to_microseconds(at)))
        if row is None:
            return None
        idp, profile, signer, assertion = row
        return KnownSubject(EntityId(idp), Profile(profile), signer, read_assertion(parse_canonical(assertion)))

    def is_named_elsewhere(
        self, workspace: WorkspaceId, name_id: NameId, at: datetime, session_indexes: Sequence[str] = ()
    ) -> bool:
        """Tell whether any system was told of somebody under this NameID, or of this session under a name that is the same everywhere."""
        named = (workspace, name_id_text(name_id), to_microseconds(at))
        if name_id.format != NAMEID_X509_SUBJECT_NAME:
            return self._database.row(_NAMED, named) is not None
        return self._database.row(_NAMED_IN_SESSION, (*named, json_text(tuple(session_indexes)))) is not None
