"""`from_pattern`: a role's URI with named places, such as `http://…/ehealth_{role}/1`.

A pattern is no regular expression: what its author writes is taken literally but for the places, so none can take long.
"""

import re
from functools import lru_cache
from typing import Final

_PLACE: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_STRAY_BRACE: Final = re.compile(r"[{}]")
_WORD: Final = "[A-Za-z0-9_-]"
LONGEST_WORD: Final = 100
"""Characters that one place may stand for."""


class RolePatternError(ValueError):
    """The pattern or what is made of it cannot be used; the message says how to mend it."""


def check_role_pattern(pattern: str, to: str) -> None:
    """Check a pattern and the URI that is made from its places.

    Raises:
        RolePatternError: with the mend.
    """
    places = _PLACE.findall(pattern)
    if not places:
        raise RolePatternError(f"got {pattern!r:.80} without a place such as {{role}}; use 'from' for a single role")
    if len(set(places)) != len(places):
        raise RolePatternError(f"got {pattern!r:.80}, where a place stands twice; give each its own name")
    if _STRAY_BRACE.search(_PLACE.sub("", pattern)) or _STRAY_BRACE.search(_PLACE.sub("", to)):
        raise RolePatternError(
            f"got a brace in {pattern!r:.80} or {to!r:.80} that belongs to no place such as {{role}}"
        )
    # Two places side by side could be told apart in many ways, which takes many tries and means nothing.
    if any(re.fullmatch(f"{_WORD}*", between) for between in _PLACE.split(pattern)[2:-1:2]):
        raise RolePatternError(f"got {pattern!r:.80}; between two places must stand a sign such as '/', ':' or '.'")
    unknown = sorted(set(_PLACE.findall(to)) - set(places))
    if unknown:
        raise RolePatternError(f"got the place {{{unknown[0]}}} in {to!r:.80}, which the pattern does not have")


def fill(pattern: str, to: str, role: str) -> str | None:
    """Give `to` with the words that `role` has in the pattern's places; None if the role is not of that shape."""
    found = _compiled(pattern).fullmatch(role)
    return None if found is None else _PLACE.sub(lambda place: found[place[1]], to)


def sample_of(to: str) -> str:
    """Give a URI as the template makes it, for checks."""
    return _PLACE.sub("x", to)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = _PLACE.split(pattern)  # text, place, text, place, … text
    return re.compile(
        "".join(
            f"(?P<{part}>{_WORD}{{1,{LONGEST_WORD}}})" if index % 2 else re.escape(part)
            for index, part in enumerate(parts)
        )
    )
