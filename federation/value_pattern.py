"""The regular expressions of data constraint types, matched without backtracking.

Whoever registers a constraint type writes an expression, and whoever logs in sends the value: an engine that backtracks could be made to
run for hours by the two of them (ReDoS). This one keeps the set of all places where the match may stand and moves it on once for each
character (Glushkov's automaton), so its time is bounded by the two limits below, whatever the expression. What it does not know, such as
back-references and look-around, is refused at registration. Digits, letters and spaces as classes are ASCII's only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from federation.value_pattern_reading import (
    CharacterSet,
    Choice,
    Node,
    Repeat,
    Sequence,
    ValuePatternError,
    read_pattern,
)

__all__ = ["LONGEST_VALUE", "MOST_PLACES", "ValuePattern", "ValuePatternError", "value_pattern"]

LONGEST_VALUE: Final = 8192
"""Characters of a constraint's value that are looked at; some two hundred UUIDs with commas between."""

MOST_PLACES: Final = 500
"""Places in an expression where a character can stand, after repetitions are written out. KOMBIT's own have under a hundred."""

_MOST_WORK: Final = 20_000
"""Parts that are put together: repetitions of nothing make work without making a place."""

_MOST_REMEMBERED: Final = 4096
"""Steps that are remembered from one match to the next, for each expression."""

_MOST_VALUES: Final = 512
"""How many values are remembered with their outcome, for each expression: registered values come with every login."""

_REMEMBERED_LENGTH: Final = 128
"""Characters of the longest value that is remembered so."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the automaton: whether it may be empty, and at which places it begins and ends (sets of places as bits)."""

    empty: bool
    first: int
    last: int


_NOTHING: Final = _Part(empty=True, first=0, last=0)


class ValuePattern:
    """One expression, ready to match. The whole value must match."""

    def __init__(self, text: str) -> None:
        """Read an expression.

        Raises:
            ValuePatternError: if it is wrong, uses what is not known here, or is too large.
        """
        self._sets: list[CharacterSet] = []
        self._follow: list[int] = []
        self._work = 0
        self._whole = self._build(read_pattern(text))
        self._standing_at: dict[str, int] = {}
        self._next: dict[int, int] = {}
        self._outcomes: dict[str, bool] = {}

    def matches(self, value: str) -> bool:
        """Tell whether the whole value matches; one that is longer than LONGEST_VALUE never does."""
        outcome = self._outcomes.get(value)
        if outcome is None:
            outcome = len(value) <= LONGEST_VALUE and self._walk(value)
            if len(value) <= _REMEMBERED_LENGTH and len(self._outcomes) < _MOST_VALUES:
                self._outcomes[value] = outcome
        return outcome

    def _walk(self, value: str) -> bool:
        here, possible = 0, self._whole.first
        for character in value:
            here = possible & self._places_of(character)
            if not here:
                return False
            possible = self._after(here)
        return bool(here & self._whole.last) if value else self._whole.empty

    def _places_of(self, character: str) -> int:
        places = self._standing_at.get(character)
        if places is None:
            places = sum(1 << place for place, each in enumerate(self._sets) if each.has(character))
            if len(self._standing_at) < _MOST_REMEMBERED:
                self._standing_at[character] = places
        return places

    def _after(self, here: int) -> int:
        possible = self._next.get(here)
        if possible is None:
            possible = 0
            for place in _bits(here):
                possible |= self._follow[place]
            if len(self._next) < _MOST_REMEMBERED:
                self._next[here] = possible
        return possible

    def _build(self, node: Node) -> _Part:
        self._work += 1
        if self._work > _MOST_WORK:
            raise ValuePatternError(_TOO_LARGE)
        match node:
            case CharacterSet():
                return self._place(node)
            case Sequence():
                whole = _NOTHING
                for each in node.parts:
                    whole = self._then(whole, self._build(each))
                return whole
            case Choice():
                parts = [self._build(each) for each in node.parts]
                first, last = 0, 0
                for part in parts:
                    first, last = first | part.first, last | part.last
                return _Part(any(part.empty for part in parts), first, last)
            case Repeat():
                return self._repeat(node)

    def _place(self, characters: CharacterSet) -> _Part:
        if len(self._sets) >= MOST_PLACES:
            raise ValuePatternError(_TOO_LARGE)
        bit = 1 << len(self._sets)
        self._sets.append(characters)
        self._follow.append(0)
        return _Part(empty=False, first=bit, last=bit)

    def _repeat(self, node: Repeat) -> _Part:
        whole = _NOTHING
        for _ in range(node.least):
            whole = self._then(whole, self._build(node.part))
        if node.most is None:
            again = self._build(node.part)
            self._join(again, again)
            return self._then(whole, _Part(empty=True, first=again.first, last=again.last))
        for _ in range(node.most - node.least):
            more = self._build(node.part)
            whole = self._then(whole, _Part(empty=True, first=more.first, last=more.last))
        return whole

    def _then(self, left: _Part, right: _Part) -> _Part:
        self._join(left, right)
        return _Part(
            left.empty and right.empty,
            left.first | (right.first if left.empty else 0),
            right.last | (left.last if right.empty else 0),
        )

    def _join(self, left: _Part, right: _Part) -> None:
        for place in _bits(left.last):
            self._follow[place] |= right.first


_TOO_LARGE: Final = f"it is too large: expected at most {MOST_PLACES} characters after repetitions are written out"


def _bits(places: int) -> Iterator[int]:
    while places:
        lowest = places & -places
        yield lowest.bit_length() - 1
        places ^= lowest


@lru_cache(maxsize=256)
def value_pattern(text: str) -> ValuePattern:
    """Give the expression, read once.

    Raises:
        ValuePatternError: as `ValuePattern`.
    """
    return ValuePattern(text)
