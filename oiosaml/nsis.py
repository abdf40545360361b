"""NSIS levels of assurance and how a requested level is compared with a delivered one (NSIS 2.0.2, SAML Core 3.3.2.2.1)."""

from collections.abc import Iterable
from enum import IntEnum, StrEnum
from typing import Final

from oiosaml.uris import LOA_PREFIX


class AssuranceLevel(IntEnum):
    """One NSIS level; the numbers order the levels and are never written into a message."""

    LOW = 1
    SUBSTANTIAL = 2
    HIGH = 3

    @property
    def attribute_value(self) -> str:
        """The short name that the `loa` attribute carries: `Low`, `Substantial` or `High`."""
        return _ATTRIBUTE_VALUES[self]

    @property
    def spoken(self) -> str:
        """What refusals call it; pages translate it."""
        return self.attribute_value

    @property
    def uri(self) -> str:
        """The class reference that a request carries."""
        return LOA_PREFIX + self.attribute_value

    def meets(self, required: "AssuranceLevel") -> bool:
        """Tell whether this level is at least `required`."""
        return self >= required

    @classmethod
    def from_attribute(cls, text: str) -> "AssuranceLevel":
        """Read the value of a `loa` attribute, compared exactly.

        Raises:
            ValueError: for anything else, such as `substantial`, ` Low` or a URI (attack FED-06).
        """
        level = _BY_ATTRIBUTE_VALUE.get(text)
        if level is None:
            raise ValueError(f"got {text!r:.60}, expected Low, Substantial or High")
        return level

    @classmethod
    def from_uri(cls, uri: str) -> "AssuranceLevel | None":
        """Read a class reference; None if it does not name an NSIS level."""
        return _BY_URI.get(uri)


_ATTRIBUTE_VALUES: Final = {level: level.name.capitalize() for level in AssuranceLevel}
_BY_ATTRIBUTE_VALUE: Final = {value: level for level, value in _ATTRIBUTE_VALUES.items()}
_BY_URI: Final = {level.uri: level for level in AssuranceLevel}


class Comparison(StrEnum):
    """How RequestedAuthnContext wants its level compared; absent means exact."""

    EXACT = "exact"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    BETTER = "better"


def satisfies(actual: AssuranceLevel, requested: AssuranceLevel, comparison: Comparison) -> bool:
    """Tell whether a delivered level answers a requested one (SAML Core 3.3.2.2.1)."""
    match comparison:
        case Comparison.EXACT:
            return actual == requested
        case Comparison.MINIMUM:
            return actual >= requested
        case Comparison.MAXIMUM:
            return actual <= requested
        case Comparison.BETTER:
            return actual > requested


def lowest(levels: Iterable[AssuranceLevel]) -> AssuranceLevel:
    """Give the lowest of the levels on a path: no broker raises a level (LOA-1)."""
    return min(levels)
