"""What others may ask of the record of flows: the audit, the portal and the inspector read, and never write."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from context_handler.events import Event
from context_handler.login_state import LoginState
from context_handler.ports import Counts, LogoutCounts
from oiosaml.ids import EntityId, FlowId, MessageId, WorkspaceId

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class FlowSummary:
    """One flow in a list. A flow refused before its request was vouched for has no system."""

    flow: FlowId
    state: LoginState
    code: str | None
    system: EntityId | None
    idp: EntityId | None
    started_at: datetime


@dataclass(frozen=True, slots=True)
class FlowTrace:
    """One flow as its two records tell it: the state table's row, and the moves that the events tell of, oldest first."""

    flow: FlowId
    state: LoginState | None
    """None if only events know the flow."""
    moves: tuple[tuple[LoginState | None, LoginState], ...]
    accepted_assertions: int


class Record(Protocol):
    """The durable record, read. Every method sees one consistent state of one workspace."""

    def counts(self, workspace: WorkspaceId, at: datetime) -> Counts:
        """Count the flows: started from the event stream, all else from the state table. Logins overdue at `at` count as expired."""
        ...

    def logout_counts(self, workspace: WorkspaceId) -> LogoutCounts:
        """Count the logouts: started from the event stream, all else from the state table."""
        ...

    def events_of(self, workspace: WorkspaceId, flow: FlowId) -> Sequence[Event]:
        """Give a flow's events, oldest first; none for a flow that is not there."""
        ...

    def events_of_completed_logins(self, workspace: WorkspaceId, steps: AbstractSet[str]) -> Iterator[Event]:
        """Give the events of these steps in every login that was completed: one at a time, in no order, without octets."""
        ...

    def flow_of(self, workspace: WorkspaceId, message_id: MessageId) -> FlowId | None:
        """Give the flow that a message with that ID belonged to last; None if no event names it."""
        ...

    def flows(self, workspace: WorkspaceId, *, limit: int) -> Sequence[FlowSummary]:
        """Give the flows begun last, newest first."""
        ...

    def traces(self, workspace: WorkspaceId) -> Iterator[FlowTrace]:
        """Give every flow that either record knows, for the audit."""
        ...


class LongReads(Protocol):
    """What reads the whole record while logins go on."""

    async def ask(self, question: Callable[[Record], R]) -> R:
        """Put a question to a record that no login waits for; it is asked where nothing but the record may be touched.

        Raises:
            SamlError: `web.unavailable` if the store cannot be used, or what the question raises.
        """
        ...
