"""How a login begins, inside a transaction that others may add to."""

import sqlite3

from context_handler.login_state import PendingLogin
from context_handler.ports import AnswerUsedError
from context_handler.store.login_rows import INSERT_LOGIN, login_row
from oiosaml.ids import WorkspaceId


def begin_login(connection: sqlite3.Connection, workspace: WorkspaceId, login: PendingLogin) -> None:
    """Write a login and use up its request's ID.

    Raises:
        AnswerUsedError: with `replay` if this system already sent a request with that ID (attack REQ-10).
    """
    fresh = connection.execute(
        "INSERT INTO seen_requests (workspace, system, request_id, flow) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (workspace, login.system, login.request.id, login.flow),
    )
    if fresh.rowcount == 0:
        raise AnswerUsedError(replay=True)
    connection.execute(INSERT_LOGIN, (workspace, *login_row(login)))
