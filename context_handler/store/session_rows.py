"""Sessions and their participants as rows of the store: every field comes back as it went in."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from context_handler.session import LOOP_ANSWERS, LOOP_WINDOW, Participant, Session, SessionId, SessionKept
from context_handler.store.database import from_microseconds, to_microseconds
from context_handler.store.json_text import json_text, json_value
from federation.model import Profile
from oiosaml.ids import EntityId, WorkspaceId
from oiosaml.name_id import NameId
from oiosaml.nist import NistLevel, StatedLevel
from oiosaml.nsis import AssuranceLevel

COLUMNS: Final = "id, idp, profile, name_id, session_indexes, level, signer, authn_instant, used_at, ends_at, assertion"
"""What `session_of` takes, in its order."""

_INSERT: Final = (
    f"INSERT INTO sessions (workspace, browser, handle, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - our own constant
)
_RENEW: Final = (
    "UPDATE sessions SET browser = ?, handle = ?, profile = ?, session_indexes = ?, level = ?, signer = ?,"
    " authn_instant = ?, used_at = ?, ends_at = ?, assertion = ? WHERE workspace = ? AND id = ?"
)
_UPSERT_PARTICIPANT: Final = (
    "INSERT INTO participants (workspace, session, system, name_id, session_index) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (workspace, session, system) DO UPDATE SET name_id = excluded.name_id, session_index = excluded.session_index"
)
_INSTANT_DIGITS: Final = 16
"""An instant in `answered_at`: microseconds in hexadecimal, so that the texts sort as the instants do."""

_KEPT_DIGITS: Final = LOOP_ANSWERS * _INSTANT_DIGITS
_ANSWER: Final = (
    "INSERT INTO participants (workspace, session, system, name_id, session_index, answered_at)"  # noqa: S608 - our own constants
    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (workspace, session, system) DO UPDATE SET"
    " name_id = excluded.name_id, session_index = excluded.session_index,"
    f" answered_at = substr(answered_at || excluded.answered_at, -{_KEPT_DIGITS})"
    f" WHERE length(answered_at) < {_KEPT_DIGITS} OR substr(answered_at, 1, {_INSTANT_DIGITS}) <= ?"
)

SessionRow = tuple[str, str, str, str, str, int, str, int, int, int, bytes]


def name_id_text(name_id: NameId) -> str:
    """Write a NameID as one text: equal texts are equal names, all four parts of them."""
    return json_text((name_id.value, name_id.format, name_id.name_qualifier, name_id.sp_name_qualifier))


def name_id_of(text: str) -> NameId:
    """Read back what `name_id_text` wrote."""
    value, name_format, name_qualifier, sp_name_qualifier = json_value(text)
    return NameId(value, name_format, name_qualifier, sp_name_qualifier)


def session_of(row: SessionRow) -> Session:
    """Give back the session from a row of COLUMNS."""
    session_id, idp, profile, name_id, indexes, level, signer, authn_instant, used_at, end, assertion = row
    return Session(
        id=SessionId(session_id),
        idp=EntityId(idp),
        profile=Profile(profile),
        name_id=name_id_of(name_id),
        session_indexes=tuple(json_value(indexes)),
        level=_level_of(level),
        signer=signer,
        authn_instant=from_microseconds(authn_instant),
        used_at=from_microseconds(used_at),
        ends_at=from_microseconds(end),
        assertion=assertion,
    )


def insert_session(connection: sqlite3.Connection, workspace: WorkspaceId, kept: SessionKept) -> None:
    """Write a session that was not there before."""
    session = kept.session
    connection.execute(
        _INSERT,
        (
            workspace,
            kept.browser,
            kept.handle,
            session.id,
            session.idp,
            session.profile.value,
            name_id_text(session.name_id),
            json_text(session.session_indexes),
            _number_of(session.level),
            session.signer,
            to_microseconds(session.authn_instant),
            to_microseconds(session.used_at),
            to_microseconds(session.ends_at),
            session.assertion,
        ),
    )


def renew_session(connection: sqlite3.Connection, workspace: WorkspaceId, kept: SessionKept) -> bool:
    """Write what a new login of the same person changed; False if the session is gone."""
    session = kept.session
    renewed = connection.execute(
        _RENEW,
        (
            kept.browser,
            kept.handle,
            session.profile.value,
            json_text(session.session_indexes),
            _number_of(session.level),
            session.signer,
            to_microseconds(session.authn_instant),
            to_microseconds(session.used_at),
            to_microseconds(session.ends_at),
            session.assertion,
            workspace,
            session.id,
        ),
    )
    return renewed.rowcount == 1


def hand_on(connection: sqlite3.Connection, workspace: WorkspaceId, kept: SessionKept) -> None:
    """Put the browser's other sessions under its fresh cookie: those that go on, and those it left behind, which it can only log out of.

    It leaves behind another person's session with the same IdP, found by the session cookie that came with the login. The transaction
    cookie finds none: one that was planted or copied would show a victim's session to whoever knows it (attack WEB-03).
    """
    if kept.handle_before is not None:
        before = (kept.handle, workspace, kept.handle_before)
        connection.execute("UPDATE sessions SET handle = ? WHERE workspace = ? AND handle = ?", before)
        connection.execute("UPDATE sessions SET left_in = ? WHERE workspace = ? AND left_in = ?", before)
    if kept.displaced is not None:
        connection.execute(
            "UPDATE sessions SET handle = NULL, left_in = ? WHERE workspace = ? AND id = ?",
            (kept.handle, workspace, kept.displaced),
        )


def take_part(
    connection: sqlite3.Connection, workspace: WorkspaceId, session: SessionId, participant: Participant
) -> None:
    """Write that a system takes part in a session, once however often it logs the person in."""
    connection.execute(
        _UPSERT_PARTICIPANT,
        (workspace, session, participant.system, name_id_text(participant.name_id), participant.session_index),
    )


def take_part_again(
    connection: sqlite3.Connection, workspace: WorkspaceId, session: SessionId, participant: Participant, at: datetime
) -> bool:
    """Write that a session answered a system; False if it has done so LOOP_ANSWERS times within the LOOP_WINDOW that ends now.

    The last LOOP_ANSWERS instants are kept, and no more.
    """
    name, index = name_id_text(participant.name_id), participant.session_index
    now, began = _instant(at), _instant(at - LOOP_WINDOW)
    answered = connection.execute(_ANSWER, (workspace, session, participant.system, name, index, now, began))
    return answered.rowcount == 1


def participants_of(
    connection: sqlite3.Connection, workspace: WorkspaceId, session: SessionId
) -> Sequence[Participant]:
    """Read who takes part in a session, in a stable order."""
    rows = connection.execute(
        "SELECT system, name_id, session_index FROM participants WHERE workspace = ? AND session = ? ORDER BY system",
        (workspace, session),
    )
    return tuple(Participant(EntityId(system), name_id_of(name_id), index) for system, name_id, index in rows)


def _instant(at: datetime) -> str:
    return f"{to_microseconds(at):0{_INSTANT_DIGITS}x}"


def _number_of(level: StatedLevel) -> int:
    """Give an NSIS level as its number, a NIST level as a negative one: in one column, and never one ladder's step for the other's."""
    return -int(level.value) if isinstance(level, NistLevel) else level.value


def _level_of(number: int) -> StatedLevel:
    return NistLevel(str(-number)) if number < 0 else AssuranceLevel(number)
