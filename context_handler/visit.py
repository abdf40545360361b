"""One visit of a browser to the broker, and the steps it goes through: each step writes one event under its own name (design D8)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from context_handler.answer_in_hand import AnswerInHand
from context_handler.events import Event, EventOutcome, as_hearsay
from context_handler.login_state import PendingLogin
from context_handler.session import Participant, SessionId
from oiosaml.errors import Party, SamlError
from oiosaml.ids import EntityId, FlowId, MessageId
from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.rules.rule import Finding, RuleViolation
from oiosaml.value_type import value_type

P = ParamSpec("P")
R = TypeVar("R")

QUOTED_DETAIL: Final = 600
"""Longest detail kept in an event, in characters: enough for an engineer, too little to fill a disk with (invariant I4)."""

REPLAYS: Final = frozenset({"req.replay", "proto.replay"})
"""Refusals of a message that was used before."""


@value_type
class Requester:
    """A system whose request was vouched for: from here on it can be answered with a SAML status."""

    system: EntityId
    request: AuthnRequest
    relay_state: str | None
    acs_url: str


@dataclass(slots=True)
class Visit:
    """The record of one visit while it lasts. Steps note what they saw; nothing is written before the story hands the events over."""

    flow: FlowId
    at: datetime
    requester: Requester | None = None
    pending: PendingLogin | None = None
    session: SessionId | None = None
    """The session that the system's token will belong to."""
    participant: Participant | None = None
    """The system as that session knows it, once its token was composed."""
    ends_if_refused: bool = False
    """Whether a refusal ends the resumed login: the IdP's answer passed authentication and used it up, or no other choice helps."""
    in_hand: AnswerInHand | None = None
    """The IdP's answer, until a transaction uses it up."""
    vouched: bool = False
    """Whether a message of this visit passed authentication."""
    events: list[Event] = field(default_factory=list)
    _notes: dict[str, Any] = field(default_factory=dict)

    def note(
        self,
        *,
        party: EntityId | None = None,
        message_id: MessageId | None = None,
        octets_in: bytes | None = None,
        octets_out: bytes | None = None,
        findings: tuple[Finding, ...] | None = None,
        detail: str | None = None,
        asked: bool | None = None,
    ) -> None:
        """Add to the event that the running step will write."""
        notes = self._notes
        if party is not None:
            notes["party"] = party
        if message_id is not None:
            notes["message_id"] = message_id
        if octets_in is not None:
            notes["octets_in"] = octets_in
        if octets_out is not None:
            notes["octets_out"] = octets_out
        if findings is not None:
            notes["findings"] = findings
        if detail is not None:
            notes["detail"] = detail
        if asked:
            notes["outcome"] = EventOutcome.ASKED

    def known_requester(self) -> Requester:
        """Give the vouched-for requester.

        Raises:
            RuntimeError: before a step has vouched for it: a story told in the wrong order.
        """
        if self.requester is None:
            raise RuntimeError("no system has been vouched for on this visit")
        return self.requester

    def known_login(self) -> PendingLogin:
        """Give the login that was resumed.

        Raises:
            RuntimeError: before a step has resumed it.
        """
        if self.pending is None:
            raise RuntimeError("no login has been resumed on this visit")
        return self.pending

    def known_session(self) -> SessionId:
        """Give the session that the token will belong to.

        Raises:
            RuntimeError: before one was found or made.
        """
        if self.session is None:
            raise RuntimeError("no session has been found or made on this visit")
        return self.session

    def known_participant(self) -> Participant:
        """Give the system as the session knows it.

        Raises:
            RuntimeError: before its token was composed.
        """
        if self.participant is None:
            raise RuntimeError("no token has been composed on this visit")
        return self.participant

    def take_events(self) -> tuple[Event, ...]:
        """Give the events not handed over yet, in order."""
        events, self.events = tuple(self.events), []
        return events

    def put_answer_back(self) -> None:
        """Give up an answer that turned out to be used up already; the steps up to it are this visit's to write again."""
        if self.in_hand is not None:
            self.events = [*self.in_hand.events, *self.events]
            self.in_hand = None
            self.ends_if_refused = False

    def take_refused_events(self) -> tuple[Event, ...]:
        """Give them at the end of a visit that was refused: of a message that failed authentication not everything is kept.

        Nor of one that came before: anybody who has seen it can send it as often as they like.
        """
        if not self.vouched or any(event.code in REPLAYS for event in self.events):
            self.events = list(map(as_hearsay, self.events))
        return self.take_events()

    def continue_flow(self, flow: FlowId) -> None:
        """Go on with a flow begun on an earlier visit; what this visit recorded so far belongs to it."""
        self.events = [replace(event, flow=flow) for event in self.events]
        self.flow = flow

    def resume(self, pending: PendingLogin) -> None:
        """Go on with a login begun on an earlier visit."""
        self.continue_flow(pending.flow)
        self.pending = pending
        self.requester = Requester(pending.system, pending.request, pending.relay_state, pending.acs_url)

    def record(self, step_name: str, error: SamlError | None) -> None:
        """Write the running step's event from its notes."""
        notes, self._notes = self._notes, {}
        if error is not None:
            notes |= {"outcome": EventOutcome.REFUSED, "code": error.code, "detail": error.detail}
            if isinstance(error, RuleViolation):
                notes["findings"] = error.findings
        outcome = notes.pop("outcome", EventOutcome.PASSED)
        if "detail" in notes:
            notes["detail"] = notes["detail"][:QUOTED_DETAIL]
        self.events.append(Event(self.flow, self.at, step_name, outcome, **notes))


@value_type
class Step:
    """A step as the generated docs/login-flow.md shows it."""

    name: str
    sentence: str
    party: Party


STEPS: Final[list[Step]] = []
"""Every step there is, as it was announced; the story's own order is the order of its calls."""


def step(party: Party) -> Callable[[Callable[Concatenate[Visit, P], R]], Callable[Concatenate[Visit, P], R]]:
    """Make a function a step. Whatever its outcome, one event is recorded; a refusal is laid at `party`'s door unless it says otherwise."""

    def decorate(function: Callable[Concatenate[Visit, P], R]) -> Callable[Concatenate[Visit, P], R]:
        _announce(function, party)

        @wraps(function)
        def recorded(visit: Visit, /, *args: P.args, **kwargs: P.kwargs) -> R:
            try:
                result = function(visit, *args, **kwargs)
            except SamlError as error:
                error.party = error.party or party
                visit.record(function.__name__, error)
                raise
            visit.record(function.__name__, None)
            return result

        return recorded

    return decorate


def async_step(
    party: Party,
) -> Callable[[Callable[Concatenate[Visit, P], Awaitable[R]]], Callable[Concatenate[Visit, P], Awaitable[R]]]:
    """Do the same for a step that waits for somebody else."""

    def decorate(
        function: Callable[Concatenate[Visit, P], Awaitable[R]],
    ) -> Callable[Concatenate[Visit, P], Awaitable[R]]:
        _announce(function, party)

        @wraps(function)
        async def recorded(visit: Visit, /, *args: P.args, **kwargs: P.kwargs) -> R:
            try:
                result = await function(visit, *args, **kwargs)
            except SamlError as error:
                error.party = error.party or party
                visit.record(function.__name__, error)
                raise
            visit.record(function.__name__, None)
            return result

        return recorded

    return decorate


def _announce(function: Callable[..., Any], party: Party) -> None:
    sentence = (function.__doc__ or "").strip().partition("\n")[0]
    STEPS.append(Step(function.__name__, sentence, party))
