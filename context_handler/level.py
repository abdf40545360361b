"""Which NSIS level a login must reach: what the system asked for, and what it is registered to need, both."""

from dataclasses import dataclass

from oiosaml.messages.authn_request import RequestedAuthnContext
from oiosaml.nsis import AssuranceLevel, Comparison, satisfies


@dataclass(frozen=True, slots=True)
class LevelDemand:
    """A level asked for by comparison, and a floor under it. Both count, whatever the request said (NSIS, context-handler section 9)."""

    floor: AssuranceLevel
    """The lowest level that the system is registered to accept."""
    requested: AssuranceLevel | None = None
    comparison: Comparison = Comparison.MINIMUM

    @classmethod
    def of(cls, asked: RequestedAuthnContext | None, floor: AssuranceLevel) -> "LevelDemand":
        """Read the demand from a request whose rules hold: it names at most one level (OIO-SP-06)."""
        if asked is None or not asked.levels:
            return cls(floor)
        return cls(floor, asked.levels[0], asked.comparison)

    def met_by(self, level: AssuranceLevel) -> bool:
        """Tell whether a login at `level` is enough."""
        return level.meets(self.floor) and (self.requested is None or satisfies(level, self.requested, self.comparison))

    @property
    def acceptable(self) -> tuple[AssuranceLevel, ...]:
        """The levels that would do, lowest first; empty if the request contradicts the floor or itself."""
        return tuple(level for level in AssuranceLevel if self.met_by(level))

    @property
    def named(self) -> str:
        """The level to name to a person: the lowest that would do, or what was asked for in vain."""
        return (self.acceptable[0] if self.acceptable else (self.requested or self.floor)).attribute_value

    def reachable_with(self, maximum: AssuranceLevel) -> bool:
        """Tell whether an IdP registered up to `maximum` can meet the demand."""
        return any(level <= maximum for level in self.acceptable)
