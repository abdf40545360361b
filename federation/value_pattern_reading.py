"""Reads a regular expression into a tree: literals, classes, groups, alternatives, repetitions. The rest is refused with its place."""

from dataclasses import dataclass
from typing import Final, NoReturn, TypeAlias

MOST_REPETITIONS: Final = 1000
"""How often an expression may repeat a part: each repetition is a state to walk through."""

LONGEST_PATTERN: Final = 2000
"""Characters of an expression: what is made of it grows with them."""

DEEPEST: Final = 20
"""Groups within groups: reading goes one call deeper with each."""


class ValuePatternError(ValueError):
    """The expression cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """The characters that may stand at one place, as ranges."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False

    def has(self, character: str) -> bool:
        """Tell whether the character may stand there."""
        return any(low <= character <= high for low, high in self.ranges) is not self.negated


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the parts."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part several times; without end if `most` is None."""

    part: "Node"
    least: int
    most: int | None


Node: TypeAlias = CharacterSet | Sequence | Choice | Repeat

_DIGIT: Final = (("0", "9"),)
_WORD: Final = (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z"))
_SPACE: Final = ((" ", " "), ("\t", "\r"))
_ANY: Final = CharacterSet((("\n", "\n"),), negated=True)
_CLASSES: Final = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_SIMPLE: Final = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def read_pattern(text: str) -> Node:
    """Read the expression. `^` at its beginning and `$` at its end change nothing, since the whole value must match anyway.

    Raises:
        ValuePatternError: with the place and the reason.
    """
    if len(text) > LONGEST_PATTERN:
        raise ValuePatternError(f"got {len(text)} characters, expected at most {LONGEST_PATTERN}")
    reader = _Reader(text)
    reader.take("^")
    node = reader.choice(0)
    reader.end()
    return node


class _Reader:
    """Goes through the text once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def take(self, expected: str) -> bool:
        """Pass over `expected` if it stands here."""
        found = self._text.startswith(expected, self._at)
        self._at += len(expected) if found else 0
        return found

    def end(self) -> None:
        self.take("$")
        if self._at < len(self._text):
            self._refuse("a character that belongs to nothing before it")

    def choice(self, depth: int) -> Node:
        if depth > DEEPEST:
            self._refuse(f"groups deeper than {DEEPEST}")
        parts = [self._sequence(depth)]
        while self.take("|"):
            parts.append(self._sequence(depth))
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            if self._text[self._at :] == "$":
                break
            parts.append(self._repeated(self._atom(depth)))
        return Sequence(tuple(parts))

    def _repeated(self, part: Node) -> Node:
        bounds = self._bounds()
        if bounds is None:
            return part
        self.take("?")  # the shortest match first: the same values match
        if self._peek() in tuple("*+?{"):
            self._refuse("a repetition of a repetition; put the inner one in a group")
        return Repeat(part, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        sign = self._peek()
        if sign in _SIMPLE:
            self._at += 1
            return _SIMPLE[sign]
        if sign != "{":
            return None
        inside, closed, _ = self._text[self._at + 1 :].partition("}")
        low, comma, high = inside.partition(",")
        if not closed or not _is_number(low) or (high and not _is_number(high)):
            self._refuse("'{' that is no repetition such as {2}, {2,} or {2,4}; write \\{ for the character")
        least = int(low)
        most = (int(high) if high else None) if comma else least
        if max(least, most or 0) > MOST_REPETITIONS or (most is not None and most < least):
            self._refuse(f"a repetition that is not between 0 and {MOST_REPETITIONS} times, upwards")
        self._at += len(inside) + 2
        return least, most

    def _atom(self, depth: int) -> Node:
        sign = self._text[self._at]
        if sign == "(":
            return self._group(depth)
        if sign == "[":
            self._at += 1
            return self._class()
        self._at += 1
        if sign == ".":
            return _ANY
        if sign == "\\":
            ranges, negated = self._escape()
            return CharacterSet(ranges, negated)
        if sign in "*+?{}^$]":
            self._at -= 1
            self._refuse(f"{sign!r} that repeats nothing or stands in the middle; write \\{sign} for the character")
        return CharacterSet(((sign, sign),))

    def _group(self, depth: int) -> Node:
        self._at += 1
        if self._peek() == "?" and not self.take("?:"):
            self._refuse("a group such as (?=…), (?i) or (?P<name>…); only (…) and (?:…) are known here")
        node = self.choice(depth + 1)
        if not self.take(")"):
            self._refuse("a group that is not closed")
        return node

    def _class(self) -> Node:
        negated = self.take("^")
        ranges: list[tuple[str, str]] = []
        first = True
        while first or self._peek() != "]":
            first = False
            low = self._member()
            if isinstance(low, tuple):
                ranges += low
            elif self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._member()
                if isinstance(high, tuple) or high < low:
                    self._refuse("a range of characters that goes nowhere")
                ranges.append((low, high))
            else:
                ranges.append((low, low))
        self._at += 1
        return CharacterSet(tuple(ranges), negated)

    def _member(self) -> str | tuple[tuple[str, str], ...]:
        sign = self._peek()
        if not sign:
            self._refuse("a class of characters that is not closed")
        if sign == "[":
            self._refuse("'[' inside a class; write \\[")
        self._at += 1
        if sign != "\\":
            return sign
        ranges, negated = self._escape()
        if negated:
            self._refuse("a negated class inside a class")
        return ranges[0][0] if len(ranges) == 1 and ranges[0][0] == ranges[0][1] else ranges

    def _escape(self) -> tuple[tuple[tuple[str, str], ...], bool]:
        sign = self._peek()
        self._at += 1
        if sign.lower() in _CLASSES:
            return _CLASSES[sign.lower()], sign.isupper()
        if sign in _CONTROLS:
            return ((_CONTROLS[sign], _CONTROLS[sign]),), False
        if not sign or sign.isalnum():
            self._at -= 1
            self._refuse(f"'\\{sign}', which is not known here")
        return ((sign, sign),), False

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _refuse(self, what: str) -> NoReturn:
        raise ValuePatternError(f"got {what} (at character {self._at + 1} of {self._text!r:.80})")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6
