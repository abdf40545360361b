"""How a home IdP's answer is used up, inside a transaction that others may add to."""

import sqlite3
from typing import Final

from context_handler.answer_in_hand import AnswerInHand
from context_handler.login_state import LoginState
from context_handler.ports import AnswerUsedError
from context_handler.store.database import to_microseconds
from context_handler.store.event_rows import Move, insert_events
from oiosaml.ids import WorkspaceId

_AT_HOME_IDP: Final = str(LoginState.AT_HOME_IDP)
_ACCEPTED: Final = str(LoginState.ACCEPTED)


def accept(connection: sqlite3.Connection, workspace: WorkspaceId, answer: AnswerInHand) -> None:
    """Use up the pending login and remember the assertion.

    Raises:
        AnswerUsedError: if either was used before; an assertion seen before is a replay whatever became of the login.
    """
    login = answer.login
    if answer.assertion is not None:
        issuer, assertion_id, until = answer.assertion
        fresh = connection.execute(
            "INSERT INTO accepted_assertions (workspace, issuer, assertion_id, flow, remember_until) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (workspace, issuer, assertion_id, login.flow, to_microseconds(until)),
        )
        if fresh.rowcount == 0:
            raise AnswerUsedError(replay=True)
    # The request ID is compared too: meanwhile the person may have gone back and chosen another IdP.
    accepted = connection.execute(
        "UPDATE logins SET state = ? WHERE workspace = ? AND flow = ? AND state = ? AND idp_request_id = ?",
        (_ACCEPTED, workspace, login.flow, _AT_HOME_IDP, login.idp_request_id),
    )
    if accepted.rowcount == 0:
        raise AnswerUsedError(replay=False)
    insert_events(connection, workspace, answer.events, Move(LoginState.AT_HOME_IDP, LoginState.ACCEPTED))
