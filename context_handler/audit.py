"""Was anything lost? The event stream and the state table are compared, flow by flow.

What must hold is `started = completed + refused + expired + pending`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from context_handler.login_state import TRANSITIONS, LoginState
from context_handler.ports import Counts, LogoutCounts
from context_handler.store.record import FlowTrace, Record
from oiosaml.ids import FlowId, WorkspaceId

BEGINNINGS: Final = frozenset(
    {LoginState.CHOOSING_IDP, LoginState.AT_HOME_IDP, LoginState.COMPLETED, LoginState.REFUSED}
)
"""How a flow may begin: with the choice of an IdP, already at the only one, answered by a session, or refused before anything was kept."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A flow whose two records disagree, or whose moves are not those of a login."""

    flow: FlowId
    detail: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """How all flows stand, and every one that does not add up."""

    counts: Counts
    logouts: LogoutCounts
    discrepancies: tuple[Discrepancy, ...]

    @property
    def conserved(self) -> bool:
        """Tell whether nothing was lost and nothing made up."""
        return self.counts.conserved and self.logouts.conserved and not self.discrepancies


def audit(record: Record, workspace: WorkspaceId, at: datetime) -> AuditReport:
    """Examine every flow of a workspace."""
    discrepancies = [
        Discrepancy(trace.flow, detail) for trace in record.traces(workspace) for detail in discrepancies_of(trace)
    ]
    return AuditReport(
        record.counts(workspace, at),
        record.logout_counts(workspace),
        tuple(sorted(discrepancies, key=lambda each: each.flow)),
    )


def discrepancies_of(trace: FlowTrace) -> Iterator[str]:
    """Give what does not add up in one flow."""
    if not trace.moves or trace.state is None:
        yield f"got {len(trace.moves)} moves in the events and the state {trace.state}, expected both records to know the flow"
        return
    yield from _broken_moves(trace)
    told = trace.moves[-1][1]
    if told is not trace.state:
        yield f"got the state {trace.state}, expected {told}, which the events tell"
    accepted = sum(target is LoginState.ACCEPTED for _, target in trace.moves)
    if trace.accepted_assertions > accepted:
        yield f"got {trace.accepted_assertions} remembered assertions, expected at most {accepted}"
    if trace.state is LoginState.COMPLETED and trace.accepted_assertions != accepted:
        # none if a session answered: then no answer of an IdP was accepted either
        yield f"got {trace.accepted_assertions} remembered assertions for a completed login, expected exactly {accepted}"


def _broken_moves(trace: FlowTrace) -> Iterator[str]:
    stands: LoginState | None = None
    for origin, target in trace.moves:
        allowed = BEGINNINGS if origin is None else TRANSITIONS[origin]
        if origin is not stands or target not in allowed:
            yield f"got a move from {origin} to {target} of a flow that stood at {stands}"
        stands = target
