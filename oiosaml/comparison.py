"""Two tokens side by side, attribute by attribute, whatever profile each of them is in."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from oiosaml import attributes as names
from oiosaml import oiosaml2 as old
from oiosaml.errors import SamlError
from oiosaml.privileges import read_privileges

Values = tuple[str, ...]


class Verdict(StrEnum):
    """How the two sides of a row stand to each other."""

    SAME = "same"
    """The same name and the same values."""
    OTHER_NAME = "other name"
    """The same values under another name."""
    OTHER_VALUE = "other value"
    """The same question with another answer."""
    ONLY_FIRST = "only in the first"
    ONLY_SECOND = "only in the second"


@dataclass(frozen=True, slots=True)
class Side:
    """An attribute of one token, under its own name."""

    name: str
    values: Values


@dataclass(frozen=True, slots=True)
class Row:
    """One question, and what each token says to it."""

    meaning: str
    """OIOSAML 3's name of the attribute; the levels of both ladders answer one question and stand together."""
    first: Side | None
    second: Side | None
    verdict: Verdict


def compare(first: Mapping[str, Values], second: Mapping[str, Values]) -> tuple[Row, ...]:
    """Give a row for each question that either token answers, in the order of the first token."""
    left, right = _by_meaning(first), _by_meaning(second)
    return tuple(_row(meaning, left.get(meaning), right.get(meaning)) for meaning in dict.fromkeys((*left, *right)))


def _by_meaning(attributes: Mapping[str, Values]) -> dict[str, Side]:
    sides: dict[str, Side] = {}
    for name, values in attributes.items():
        meaning = names.LOA if name == names.ASSURANCE_LEVEL else old.meaning_of(name)
        # beside a loa, an AssuranceLevel is a question of its own
        sides[name if meaning in sides else meaning] = Side(name, values)
    return sides


def _row(meaning: str, first: Side | None, second: Side | None) -> Row:
    if first is None or second is None:
        return Row(meaning, first, second, Verdict.ONLY_FIRST if second is None else Verdict.ONLY_SECOND)
    if _said(meaning, first) != _said(meaning, second):
        return Row(meaning, first, second, Verdict.OTHER_VALUE)
    return Row(meaning, first, second, Verdict.SAME if first == second else Verdict.OTHER_NAME)


def _said(meaning: str, side: Side) -> object:
    """What the values say: rights are compared as rights, since each profile writes them in its own namespace."""
    if meaning != names.PRIVILEGES_INTERMEDIATE:
        return side.values
    try:
        return tuple(read_privileges(value).groups for value in side.values)
    except SamlError:
        return side.values
