"""A single logout on its way through the participants of a session: what is kept, and which moves are allowed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from oiosaml.ids import EntityId, FlowId, MessageId
from oiosaml.name_id import NameId

LOGOUT_LIFETIME: Final = timedelta(minutes=10)
"""How long a logout may take on its way; whoever has not answered by then counts as still logged in."""


class LogoutState(StrEnum):
    """Where a logout stands. The values differ from those of a login: both stand in one stream of events."""

    UNDER_WAY = "logout-under-way"
    COMPLETED = "logout-completed"
    """Everybody is logged out."""
    PARTIAL = "logout-partial"
    """It went on where it could, and somebody is still logged in."""
    REFUSED = "logout-refused"
    """Nothing was ended."""


LOGOUT_TRANSITIONS: Final[Mapping[LogoutState, frozenset[LogoutState]]] = MappingProxyType(
    {
        LogoutState.UNDER_WAY: frozenset({LogoutState.COMPLETED, LogoutState.PARTIAL}),
        LogoutState.COMPLETED: frozenset(),
        LogoutState.PARTIAL: frozenset(),
        LogoutState.REFUSED: frozenset(),
    }
)
"""Every move there is. A logout begins under way, or refused."""


class LegState(StrEnum):
    """How one participant stands in a logout."""

    WAITING = "waiting"
    ASKED = "asked"
    """The browser is on its way to it."""
    LOGGED_OUT = "logged-out"
    FAILED = "failed"
    """Cannot or must not be asked, refused, answered wrongly, or was left out."""


LEG_TRANSITIONS: Final[Mapping[LegState, frozenset[LegState]]] = MappingProxyType(
    {
        LegState.WAITING: frozenset({LegState.ASKED, LegState.LOGGED_OUT, LegState.FAILED}),
        LegState.ASKED: frozenset({LegState.LOGGED_OUT, LegState.FAILED}),
        LegState.LOGGED_OUT: frozenset(),
        # A participant that was given up may still say that it is logged out, by itself or to another logout: two crossed.
        LegState.FAILED: frozenset({LegState.LOGGED_OUT}),
    }
)
"""Every move of a participant."""


class PartyKind(StrEnum):
    """Which of our faces a participant knows."""

    SYSTEM = "system"
    HOME_IDP = "home-idp"
    USER = "user"
    """Not a participant: the person began the logout on our own page."""


@dataclass(frozen=True, slots=True)
class Initiator:
    """Who began the logout, and how the answer goes back."""

    kind: PartyKind
    party: EntityId | None = None
    request_id: MessageId | None = None
    binding: str | None = None
    relay_state: str | None = None


BY_PERSON: Final = Initiator(PartyKind.USER)


@dataclass(frozen=True, slots=True)
class Leg:
    """One participant to be asked."""

    number: int
    kind: PartyKind
    party: EntityId
    name_id: NameId
    session_indexes: tuple[str, ...]
    state: LegState = LegState.WAITING
    request_id: MessageId | None = None
    """The ID of our LogoutRequest, once it was asked."""
    asked_at: datetime | None = None

    def moved(self, state: LegState) -> "Leg":
        """Give the leg in another state.

        Raises:
            ValueError: if LEG_TRANSITIONS does not allow it.
        """
        if state not in LEG_TRANSITIONS[self.state]:
            raise ValueError(f"got a move of a participant from {self.state} to {state}")
        return replace(self, state=state)


@dataclass(frozen=True, slots=True)
class Logout:
    """A logout as it stands."""

    flow: FlowId
    state: LogoutState
    initiator: Initiator
    browser: str
    """`browser_id` of the transaction cookie: answers must come by the same browser."""
    started_at: datetime
    legs: tuple[Leg, ...]

    @property
    def still_logged_in(self) -> tuple[Leg, ...]:
        """Those of whom nobody knows that they are logged out."""
        return tuple(leg for leg in self.legs if leg.state is not LegState.LOGGED_OUT)

    @property
    def asked(self) -> Leg | None:
        """The participant that the browser is at."""
        return next((leg for leg in self.legs if leg.state is LegState.ASKED), None)

    def waiting(self) -> tuple[Leg, ...]:
        """Those who are still to be asked, in order."""
        return tuple(leg for leg in self.legs if leg.state is LegState.WAITING)

    def with_leg(self, leg: Leg) -> "Logout":
        """Give the logout with one leg as it stands now."""
        return replace(self, legs=tuple(leg if each.number == leg.number else each for each in self.legs))

    def without(self, logged_out: Iterable[Leg]) -> "Logout":
        """Give the logout with these crossed off: they are logged out, and need not be asked."""
        numbers = {leg.number for leg in logged_out}
        legs = (leg.moved(LegState.LOGGED_OUT) if leg.number in numbers else leg for leg in self.legs)
        return replace(self, legs=tuple(legs))

    def ended(self) -> "Logout":
        """Give the logout at its end."""
        return replace(self, state=LogoutState.PARTIAL if self.still_logged_in else LogoutState.COMPLETED)

    def has_expired(self, at: datetime) -> bool:
        """Tell whether it took too long."""
        return at >= self.started_at + LOGOUT_LIFETIME


class LogoutReplayedError(Exception):
    """A participant sent a LogoutRequest with that ID before."""


class LogoutMovedError(Exception):
    """The logout was moved on meanwhile, in another tab."""
