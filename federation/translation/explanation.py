"""What became of each right, and why: the engine's second answer, which the dry run prints and the broker records."""

from dataclasses import dataclass
from enum import StrEnum

from oiosaml.privileges import PrivilegeList


class Outcome(StrEnum):
    """What became of one right that came in."""

    TRANSLATED = "translated"
    KEPT = "kept"
    DROPPED = "dropped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table: its list and its number there, counted from 1."""

    part: str
    number: int

    def __str__(self) -> str:
        return f"{self.part} {self.number}"


@dataclass(frozen=True, slots=True)
class TranslatedRole:
    """What a right is called over there, and which line says so; `line` None if it kept its name."""

    to: str
    line: Line | None


@dataclass(frozen=True, slots=True)
class TranslatedConstraint:
    """What limits a right over there: the values are alternatives, one unless the line splits. `line` None if it kept its name."""

    name: str
    value: str
    to: str
    values: tuple[str, ...]
    line: Line | None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a right was dropped, or the whole list refused: a key of the table of refusals, and a sentence for the engineer."""

    key: str
    sentence: str

    @property
    def code(self) -> str:
        """The public code."""
        return self.key.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Fate:
    """One right that came in, and what became of it."""

    group: int
    """The group it came in, counted from 1."""
    scope: str
    privilege: str
    outcome: Outcome
    roles: tuple[TranslatedRole, ...] = ()
    constraints: tuple[TranslatedConstraint, ...] = ()
    groups_out: tuple[int, ...] = ()
    """The groups of the result that hold it, counted from 1."""
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Translated:
    """The rights over there, how each came about, and what forbids to use them at all."""

    privileges: PrivilegeList
    """Empty if anything refuses: half a translation is none."""
    fates: tuple[Fate, ...]
    refusals: tuple[Reason, ...] = ()
