"""How a home IdP's answer is used up, inside a transaction that others may add to: by itself, or with the end it leads to."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from context_handler.answer_in_hand import AnswerInHand
from context_handler.events import Event
from context_handler.login_state import TRANSITIONS, LoginState
from context_handler.ports import AnswerUsedError
from context_handler.store.database import to_microseconds
from context_handler.store.event_rows import Move, insert_events
from oiosaml.ids import WorkspaceId

# The request ID is compared too: meanwhile the person may have gone back and chosen another IdP.
_MOVE: Final = (
    "UPDATE logins SET state = ?, code = ? WHERE workspace = ? AND flow = ? AND state = ? AND idp_request_id = ?"
)
_AT_HOME_IDP: Final = str(LoginState.AT_HOME_IDP)


def accept(connection: sqlite3.Connection, workspace: WorkspaceId, answer: AnswerInHand) -> None:
    """Use up the pending login and remember the assertion.

    Raises:
        AnswerUsedError: if either was used before; an assertion seen before is a replay whatever became of the login.
    """
    _remember(connection, workspace, answer)
    _move(connection, workspace, answer, LoginState.ACCEPTED, None)
    insert_events(connection, workspace, answer.events, Move(LoginState.AT_HOME_IDP, LoginState.ACCEPTED))


def accept_and_end(
    connection: sqlite3.Connection,
    workspace: WorkspaceId,
    answer: AnswerInHand,
    state: LoginState,
    code: str | None,
    events: Sequence[Event],
) -> None:
    """Do the same, and end the login, in half the statements: one row of events tells both moves.

    Raises:
        AnswerUsedError: as `accept`.
        ValueError: if `state` is no end that an accepted answer can lead to.
    """
    if state not in TRANSITIONS[LoginState.ACCEPTED]:
        raise ValueError(f"got a move from accepted to {state}, expected an end that TRANSITIONS allows")
    _remember(connection, workspace, answer)
    _move(connection, workspace, answer, state, code)
    move = Move(LoginState.AT_HOME_IDP, state, through=LoginState.ACCEPTED)
    insert_events(connection, workspace, (*answer.events, *events), move)


def _remember(connection: sqlite3.Connection, workspace: WorkspaceId, answer: AnswerInHand) -> None:
    if answer.assertion is None:
        return
    issuer, assertion_id, until = answer.assertion
    fresh = connection.execute(
        "INSERT INTO accepted_assertions (workspace, issuer, assertion_id, flow, remember_until) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (workspace, issuer, assertion_id, answer.login.flow, to_microseconds(until)),
    )
    if fresh.rowcount == 0:
        raise AnswerUsedError(replay=True)


def _move(
    connection: sqlite3.Connection, workspace: WorkspaceId, answer: AnswerInHand, state: LoginState, code: str | None
) -> None:
    login = answer.login
    values = (str(state), code, workspace, login.flow, _AT_HOME_IDP, login.idp_request_id)
    if connection.execute(_MOVE, values).rowcount == 0:
        raise AnswerUsedError(replay=False)
