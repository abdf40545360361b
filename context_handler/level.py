"""Which level a login must reach: what the system asked for, and what it is registered to need, both.

NSIS levels and NIST levels are two ladders. An NSIS level has a NIST counterpart, never the other way round (NSIS, LOA-2).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeVar

from federation.model import HomeIdp, Profile, UserFacingSystem
from oiosaml.messages.authn_request import RequestedAuthnContext
from oiosaml.nist import NistLevel, StatedLevel
from oiosaml.nsis import AssuranceLevel, Comparison, satisfies

Step = TypeVar("Step", AssuranceLevel, NistLevel)
"""A step of one of the two ladders."""


@dataclass(frozen=True, slots=True)
class LevelDemand:
    """A level asked for by comparison, and a floor under it. Both count, whatever the request said (NSIS, context-handler section 9)."""

    floor: AssuranceLevel
    """The lowest NSIS level that the system is registered to accept."""
    requested: AssuranceLevel | None = None
    comparison: Comparison = Comparison.MINIMUM
    assurance_floor: NistLevel | None = None
    """The lowest NIST level that the system is registered to accept; None if it accepts none."""
    requested_assurance: NistLevel | None = None
    in_nist: bool = False
    """Whether the system is told NIST levels: then an NSIS level must have a counterpart that is enough."""
    acceptable: tuple[AssuranceLevel, ...] = field(init=False, repr=False, compare=False)
    """The NSIS levels that would do, lowest first; empty if the request contradicts the floor or itself."""
    acceptable_assurance_levels: tuple[NistLevel, ...] = field(init=False, repr=False, compare=False)
    """The NIST levels that would do, lowest first; empty for a system that demands an NSIS level."""

    def __post_init__(self) -> None:
        """Compare with every level once: each IdP that may be chosen and half of the steps ask for it."""
        nsis = tuple([level for level in AssuranceLevel if self._met_by_nsis(level)])
        object.__setattr__(self, "acceptable", nsis)
        nist = tuple([level for level in NistLevel if self._met_by_nist(level)])
        object.__setattr__(self, "acceptable_assurance_levels", nist)

    @classmethod
    def of(cls, asked: RequestedAuthnContext | None, system: UserFacingSystem) -> "LevelDemand":
        """Read the demand from a request whose rules hold: it names at most one level (OIO-SP-06)."""
        levels = asked.levels if asked else ()
        assurance_levels = asked.assurance_levels if asked else ()
        return _demand(
            system.minimum_level,
            levels[0] if levels else None,
            asked.comparison if asked and (levels or assurance_levels) else Comparison.MINIMUM,
            system.minimum_assurance_level,
            assurance_levels[0] if assurance_levels else None,
            system.profile is Profile.OIOSAML2,
        )

    def met_by(self, level: StatedLevel) -> bool:
        """Tell whether a login at `level` is enough."""
        return self._met_by_nist(level) if isinstance(level, NistLevel) else self._met_by_nsis(level)

    def _met_by_nsis(self, level: AssuranceLevel) -> bool:
        counterpart = NistLevel.counterpart_of(level)
        if not level.meets(self.floor):
            return False
        if self.in_nist and self.assurance_floor is not None and not counterpart.meets(self.assurance_floor):
            return False
        if self.requested_assurance is not None:
            return counterpart.satisfies(self.requested_assurance, self.comparison)
        return self.requested is None or satisfies(level, self.requested, self.comparison)

    def _met_by_nist(self, level: NistLevel) -> bool:
        if self.assurance_floor is None or not level.meets(self.assurance_floor):
            return False
        if self.requested_assurance is not None:
            return level.satisfies(self.requested_assurance, self.comparison)
        return self.requested is None  # who names an NSIS level is never given another ladder's

    def rejects_ladder_of(self, level: StatedLevel) -> bool:
        """Tell whether no step of the ladder that `level` stands on would do: a NIST level, where NSIS is demanded."""
        return isinstance(level, NistLevel) and not self.acceptable_assurance_levels

    @property
    def is_in_nist(self) -> bool:
        """Tell whether the demand on an NSIS level is made by its NIST counterpart."""
        return self.in_nist or self.requested_assurance is not None

    @property
    def is_possible(self) -> bool:
        """Tell whether any level at all would do."""
        return bool(self.acceptable or self.acceptable_assurance_levels)

    @property
    def named(self) -> str:
        """The level to name to a person: the lowest that would do, or what was asked for in vain."""
        if self.is_in_nist or not self.acceptable:
            lowest = next(iter(self.acceptable_assurance_levels), self.requested_assurance or self.assurance_floor)
            if lowest is not None and self.requested is None:
                return lowest.spoken
        return (self.acceptable[0] if self.acceptable else (self.requested or self.floor)).attribute_value

    def reachable_with(self, idp: HomeIdp) -> bool:
        """Tell whether an IdP can meet the demand with the levels it is registered at and its profile can state."""
        nsis, nist = idp.nsis_reach, idp.maximum_assurance_level
        return (nsis is not None and any(level <= nsis for level in self.acceptable)) or (
            nist is not None and any(nist.meets(level) for level in self.acceptable_assurance_levels)
        )


def question(
    demand: LevelDemand, would_do: Sequence[Step], reach: Step | None, *, exactly: bool
) -> RequestedAuthnContext:
    """Say which level is wanted to an IdP that knows `minimum` and `exact` alone, as municipal IdPs do.

    `would_do` are the levels of its ladder that would, lowest first, at least one; `reach` is the highest that it may state. `better`
    becomes a minimum. So does `maximum` where the IdP reaches no further; where it does, it is asked for exactly the highest that would do
    ("as strong as possible without exceeding", SAML Core 3.3.2.2.1): asked for at least the lowest, it might log in above all of them.
    """
    highest = would_do[-1]
    exceeds = (
        demand.comparison is Comparison.MAXIMUM and reach is not None and reach.meets(highest) and reach != highest
    )
    if exceeds:
        return RequestedAuthnContext(Comparison.EXACT, (highest.uri,))
    return RequestedAuthnContext(Comparison.EXACT if exactly else Comparison.MINIMUM, (would_do[0].uri,))


_REMEMBERED_DEMANDS: Final = 1024
"""More than there are: a few levels, comparisons and floors."""

_demand: Final = lru_cache(_REMEMBERED_DEMANDS, typed=True)(LevelDemand)
"""Demands are values, and the same few come with every login. Typed: an NSIS level is a number, and never that number's namesake."""


def is_step_up(before: StatedLevel, now: StatedLevel) -> bool:
    """Tell whether a login reached a higher step of the ladder that the person stood on; another ladder is no step up."""
    if isinstance(before, NistLevel) or isinstance(now, NistLevel):
        return isinstance(before, NistLevel) and isinstance(now, NistLevel) and now.meets(before) and now is not before
    return now > before
