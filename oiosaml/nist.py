"""NIST levels as OIOSAML 2 carries them in its AssuranceLevel attribute. They are another ladder than NSIS: no NSIS level is made of one.

The other way there is a counterpart, for systems that can read nothing else (NSIS, reference mapping): Low 2, Substantial 3, High 3.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.uris import ASSURANCE_LEVEL_PREFIX


class NistLevel(StrEnum):
    """One AssuranceLevel, as the text that messages carry. Not comparable with an NSIS level, on purpose."""

    ONE = "1"
    TWO = "2"
    THREE = "3"
    FOUR = "4"

    @property
    def attribute_value(self) -> str:
        """The text that the AssuranceLevel attribute carries."""
        return self.value

    @property
    def uri(self) -> str:
        """The class reference that a request carries."""
        return ASSURANCE_LEVEL_PREFIX + self.value

    @property
    def spoken(self) -> str:
        """What people call it; never just a number, which could be taken for a step of NSIS."""
        return f"AssuranceLevel {self.value}"

    def meets(self, required: "NistLevel") -> bool:
        """Tell whether this level is at least `required`."""
        return self.value >= required.value

    def satisfies(self, requested: "NistLevel", comparison: Comparison) -> bool:
        """Tell whether a delivered level answers a requested one (SAML Core 3.3.2.2.1)."""
        match comparison:
            case Comparison.EXACT:
                return self is requested
            case Comparison.MINIMUM:
                return self.meets(requested)
            case Comparison.MAXIMUM:
                return requested.meets(self)
            case Comparison.BETTER:
                return self.meets(requested) and self is not requested

    @classmethod
    def from_attribute(cls, text: str) -> "NistLevel":
        """Read the value of an AssuranceLevel attribute, compared exactly.

        Raises:
            ValueError: for anything else, such as ` 3`, `03` or `Substantial` (attack FED-06).
        """
        try:
            return cls(text)
        except ValueError as error:
            raise ValueError(f"got {text!r:.60}, expected 1, 2, 3 or 4") from error

    @classmethod
    def from_uri(cls, uri: str) -> "NistLevel | None":
        """Read a class reference; None if it does not name a NIST level."""
        return _BY_URI.get(uri)

    @classmethod
    def counterpart_of(cls, level: AssuranceLevel) -> "NistLevel":
        """Give the number under which a system that reads only OIOSAML 2 is told of an NSIS level. There is no way back (LOA-2)."""
        return _COUNTERPARTS[level]


StatedLevel: TypeAlias = AssuranceLevel | NistLevel
"""What a home IdP states: a step of one ladder or of the other."""


def beside(named: str, level: StatedLevel) -> StatedLevel:
    """Give `level` as it compares with a level that people are told of: the counterpart of an NSIS level where that one is NIST's."""
    if isinstance(level, NistLevel) or all(named != each.spoken for each in NistLevel):
        return level
    return NistLevel.counterpart_of(level)


_BY_URI: Final[Mapping[str, NistLevel]] = MappingProxyType({level.uri: level for level in NistLevel})
_COUNTERPARTS: Final[Mapping[AssuranceLevel, NistLevel]] = MappingProxyType(
    {
        AssuranceLevel.LOW: NistLevel.TWO,
        AssuranceLevel.SUBSTANTIAL: NistLevel.THREE,
        AssuranceLevel.HIGH: NistLevel.THREE,
    }
)
