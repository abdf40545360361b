"""Who took part in a session that has ended, and who of them is known to be logged out: what a late logout still has to tell."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Final

from context_handler.logout_ports import EndedSession, ParticipantName, SessionsToEnd
from context_handler.logout_state import Leg, PartyKind
from context_handler.session import SessionId
from context_handler.store.database import to_microseconds
from context_handler.store.json_text import json_text
from context_handler.store.session_rows import name_id_of, name_id_text
from oiosaml.ids import EntityId, WorkspaceId
from oiosaml.name_id import NameId

_COLUMNS: Final = "workspace, session, kind, party, name_id, session_index, ended_at"
_REMEMBER_SYSTEMS: Final = (
    f"INSERT OR IGNORE INTO ended_participants ({_COLUMNS})"  # noqa: S608 - our own constants
    f" SELECT workspace, session, '{PartyKind.SYSTEM}', system, name_id, session_index, ?"
    " FROM participants WHERE workspace = ? AND session = ?"
)
# A home IdP that gave no SessionIndex took part all the same: its row has an empty one.
_REMEMBER_HOME_IDP: Final = (
    f"INSERT OR IGNORE INTO ended_participants ({_COLUMNS})"  # noqa: S608 - our own constants
    f" SELECT sessions.workspace, sessions.id, '{PartyKind.HOME_IDP}', idp, name_id, json_each.value, ? FROM sessions,"
    " json_each(CASE sessions.session_indexes WHEN '[]' THEN '[\"\"]' ELSE sessions.session_indexes END)"
    " WHERE workspace = ? AND sessions.id = ?"
)
_OF_PARTY: Final = "workspace = ? AND kind = ? AND party = ? AND name_id = ?"
_NAMED: Final = f"{_OF_PARTY} AND session_index IN (SELECT value FROM json_each(?))"  # noqa: S608 - our own constant
_SELECT: Final = (
    "SELECT session, kind, party, name_id, session_index, logged_out FROM ended_participants"
    " WHERE workspace = ? AND session IN (SELECT session FROM ended_participants WHERE"
)


def end_session(connection: sqlite3.Connection, workspace: WorkspaceId, session: SessionId, at: datetime) -> None:
    """Take a session away, and remember who took part: of none of them it is known yet that they are logged out."""
    values = (to_microseconds(at), workspace, session)
    connection.execute(_REMEMBER_SYSTEMS, values)
    connection.execute(_REMEMBER_HOME_IDP, values)
    connection.execute("DELETE FROM participants WHERE workspace = ? AND session = ?", (workspace, session))
    connection.execute("DELETE FROM sessions WHERE workspace = ? AND id = ?", (workspace, session))


def ended_sessions_of(
    connection: sqlite3.Connection,
    workspace: WorkspaceId,
    kind: PartyKind,
    party: EntityId,
    name_id: NameId,
    session_indexes: Sequence[str],
) -> tuple[EndedSession, ...]:
    """Read the ended sessions that a party knows by these names; without a SessionIndex all under its NameID."""
    name = name_id_text(name_id)
    values = [workspace, workspace, kind, party, name]
    if session_indexes:
        rows = connection.execute(f"{_SELECT} {_NAMED}) ORDER BY session", (*values, json_text(session_indexes)))
    else:
        rows = connection.execute(f"{_SELECT} {_OF_PARTY}) ORDER BY session", values)
    return tuple(
        _ended_session(SessionId(session), list(group), (kind, party, name))
        for session, group in groupby(rows.fetchall(), key=itemgetter(0))
    )


def log_out_of(
    connection: sqlite3.Connection,
    workspace: WorkspaceId,
    sessions: SessionsToEnd,
    kind: PartyKind,
    party: EntityId,
) -> None:
    """Write that a party said by itself that the person is logged out there, of these ended sessions: of what it named, or of all."""
    of_party = "workspace = ? AND kind = ? AND party = ? AND session IN (SELECT value FROM json_each(?))"
    connection.execute(
        f"UPDATE ended_participants SET logged_out = 1 WHERE {of_party}"  # noqa: S608 - our own constant
        " AND (? OR session_index IN (SELECT value FROM json_each(?)))",
        (workspace, kind, party, json_text(sessions.ids), not sessions.named, json_text(sessions.named)),
    )


def log_out_by(connection: sqlite3.Connection, workspace: WorkspaceId, leg: Leg) -> None:
    """Write that a participant answered that the person is logged out there, of the sessions that had ended when it was asked.

    An answer may be held back until a later session has ended, and without a SessionIndex all of a person's have one name. Asked without
    one, it answered about all that it has under the name (SAML Core 3.7.1).
    """
    if leg.asked_at is None:  # crossed off unasked: its answer to another logout is written already
        return
    where, values = _names_of(workspace, leg)
    connection.execute(
        f"UPDATE ended_participants SET logged_out = 1 WHERE {where} AND ended_at <= ?",  # noqa: S608 - our own constant
        (*values, to_microseconds(leg.asked_at)),
    )


def is_logged_out(connection: sqlite3.Connection, workspace: WorkspaceId, leg: Leg) -> bool:
    """Tell whether a participant is known to be logged out under every name it is to be asked by."""
    where, values = _names_of(workspace, leg)
    known, all_out = connection.execute(
        f"SELECT COUNT(DISTINCT session_index), MIN(logged_out) FROM ended_participants WHERE {where}",  # noqa: S608 - our own constant
        values,
    ).fetchone()
    return bool(all_out) and known >= len(leg.session_indexes)


def _names_of(workspace: WorkspaceId, leg: Leg) -> tuple[str, tuple[str, ...]]:
    """Give which rows a leg is about, as a condition and its values: without a SessionIndex all under the name."""
    party = (workspace, leg.kind, leg.party, name_id_text(leg.name_id))
    return (_NAMED, (*party, json_text(leg.session_indexes))) if leg.session_indexes else (_OF_PARTY, party)


def _ended_session(
    session: SessionId, rows: Sequence[tuple[str, str, str, str, str, int]], asker: tuple[str, str, str]
) -> EndedSession:
    return EndedSession(
        session,
        tuple(index for _, *party, index, _ in rows if tuple(party) == asker),
        tuple(
            ParticipantName(PartyKind(kind), EntityId(party), name_id_of(name_id), index)
            for _, kind, party, name_id, index, logged_out in rows
            if not logged_out
        ),
    )
