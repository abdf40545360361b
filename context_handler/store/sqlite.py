"""The Store protocol on SQLite: one transaction for each method, races decided by unique keys and compare-and-set.

Replay memory is never dropped because a clock says so: a workspace's clock may be set forward and back again, and what was forgotten on
the way would be accepted a second time. An entry takes about 150 octets.

Everything withstands `kill -9`. A loss of power may undo what was written last; that no answer is accepted a second time then is seen to
when the store is opened under the next boot (docs/adr/0013).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from context_handler.answer_in_hand import AnswerInHand
from context_handler.events import Event, EventOutcome
from context_handler.login_state import PENDING_STATES, TRANSITIONS, WAITING_STATES, LoginState, PendingLogin
from context_handler.store.accepting import accept, accept_and_end
from context_handler.store.beginning import begin_login
from context_handler.store.boots import Boot, enter_boot
from context_handler.store.bounds import DEFAULT_BOUNDS, ROWS_AT_ONCE, Bounds, keep_within
from context_handler.store.database import Database, Survives, to_microseconds
from context_handler.store.ending import end_login, state_of
from context_handler.store.event_rows import Move, insert_events
from context_handler.store.login_rows import SELECT_LOGIN, login_of
from oiosaml.ids import EntityId, FlowId, MessageId, WorkspaceId

EXPIRE_STEP: Final = "expire"
"""The step under which a login that took too long is recorded."""

_PENDING: Final = tuple(sorted(PENDING_STATES))


class SqliteStore:
    """A Store in one SQLite file."""

    def __init__(self, database: Database, boot: Boot, *, bounds: Bounds = DEFAULT_BOUNDS) -> None:
        """Open the store under `boot`: logins from before the machine last went down are ended.

        Raises:
            SamlError: `web.unavailable` if the file cannot be used.
        """
        enter_boot(database, boot)
        self._database = database
        self._bounds = bounds

    def save_pending(self, workspace: WorkspaceId, login: PendingLogin, events: Sequence[Event]) -> None:
        """Begin a flow.

        Raises:
            AnswerUsedError: with `replay` if this system already sent a request with that ID.
        """
        with self._database.writing(Survives.KILL) as connection:
            begin_login(connection, workspace, login)
            insert_events(connection, workspace, events, Move(None, login.state))

    def pending_by_handle(self, workspace: WorkspaceId, flow: FlowId) -> PendingLogin | None:
        """Read a login by its flow id, in whatever state it is."""
        return self._login(f"{SELECT_LOGIN} AND flow = ?", (workspace, flow))

    def pending_by_request(self, workspace: WorkspaceId, idp_request_id: MessageId) -> PendingLogin | None:
        """Read a login by the ID of our AuthnRequest to the home IdP, in whatever state it is."""
        return self._login(f"{SELECT_LOGIN} AND idp_request_id = ?", (workspace, idp_request_id))

    def save_idp_choice(self, workspace: WorkspaceId, login: PendingLogin, events: Sequence[Event]) -> bool:
        """Move a login to at-home-idp with the IdP and request ID it now has; False if TRANSITIONS does not allow it any more."""
        asked_at = None if login.idp_request_at is None else to_microseconds(login.idp_request_at)
        with self._database.writing(Survives.KILL) as connection:
            origin = state_of(connection, workspace, login.flow)
            if origin is None or LoginState.AT_HOME_IDP not in TRANSITIONS[origin]:
                return False
            connection.execute(
                "UPDATE logins SET state = ?, idp = ?, idp_request_id = ?, idp_request_at = ?"
                " WHERE workspace = ? AND flow = ? AND state = ?",
                (LoginState.AT_HOME_IDP, login.idp, login.idp_request_id, asked_at, workspace, login.flow, origin),
            )
            insert_events(connection, workspace, events, Move(origin, LoginState.AT_HOME_IDP))
        return True

    def accept_answer(self, workspace: WorkspaceId, answer: AnswerInHand) -> None:
        """Use up the pending login and remember the assertion.

        Raises:
            AnswerUsedError: if either was used before; an assertion seen before is a replay whatever became of the login.
        """
        with self._database.writing(Survives.KILL) as connection:
            accept(connection, workspace, answer)

    def finish(
        self,
        workspace: WorkspaceId,
        flow: FlowId,
        state: LoginState,
        code: str | None,
        events: Sequence[Event],
        in_hand: AnswerInHand | None = None,
    ) -> None:
        """End a flow as completed, refused or expired and write its last events; the answer in hand is used up with it.

        Raises:
            AnswerUsedError: if the flow has ended already, or was never begun, or the answer was used before: it ends once (our choice).
            ValueError: if `state` is no end, or cannot be reached from where the flow stands.
        """
        with self._database.writing(Survives.KILL) as connection:
            if in_hand is not None:
                accept_and_end(connection, workspace, in_hand, state, code, events)
                return
            if state is LoginState.COMPLETED and state_of(connection, workspace, flow) in WAITING_STATES:
                raise ValueError(
                    "got a login completed without an answer, expected what TRANSITIONS allows: a session that answers"
                )
            end_login(connection, workspace, flow, state, code, events)

    def refuse_unstarted(
        self, workspace: WorkspaceId, flow: FlowId, at: datetime, code: str, events: Sequence[Event]
    ) -> None:
        """Write a flow that was refused before it had a pending login: it counts as started and refused."""
        instant = to_microseconds(at)
        with self._database.writing(Survives.KILL) as connection:
            connection.execute(
                "INSERT INTO logins (workspace, flow, state, code, started_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
                (workspace, flow, LoginState.REFUSED, code, instant, instant),
            )
            insert_events(connection, workspace, events, Move(None, LoginState.REFUSED))

    def record(self, workspace: WorkspaceId, events: Sequence[Event]) -> None:
        """Write events of a message that was refused without ending its flow."""
        with self._database.writing(Survives.KILL) as connection:
            insert_events(connection, workspace, events)

    def make_room(self, workspace: WorkspaceId, at: datetime) -> bool:
        """Keep the record within DEFAULT_BOUNDS by a step; tell whether there is more to do. Cheap when there is nothing."""
        return keep_within(self._database, workspace, at, self._bounds)

    def expire(self, workspace: WorkspaceId, at: datetime) -> int:
        """End some of the logins that took too long, each with one event, and tell how many: 0 once none is left. Cheap when there is none.

        All of them in one transaction would keep every login of every process waiting (attack WEB-13). A login whose answer was accepted
        but never finished ends here too: its worker died on the way.
        """
        overdue = (
            "SELECT flow, system FROM logins WHERE workspace = ? AND state IN (?, ?, ?) AND expires_at <= ? LIMIT ?"
        )
        values = (workspace, *_PENDING, to_microseconds(at))
        if self._database.row(overdue, (*values, 1)) is None:
            return 0
        with self._database.writing(Survives.KILL) as connection:
            flows = connection.execute(overdue, (*values, ROWS_AT_ONCE)).fetchall()
            for flow, system in flows:
                event = Event(
                    FlowId(flow), at, EXPIRE_STEP, EventOutcome.REFUSED, "flow.expired", party=EntityId(system)
                )
                end_login(connection, workspace, FlowId(flow), LoginState.EXPIRED, "flow.expired", (event,))
        return len(flows)

    def _login(self, query: str, values: tuple[str, str]) -> PendingLogin | None:
        row = self._database.row(query, values)
        return None if row is None else login_of(row)
