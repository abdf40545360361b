"""Whether the value of a data constraint is one that its type allows; at registration for static values, at login for dynamic ones.

A value that two readers could read in two ways fits nothing: what one of them takes for "no limit" would widen a right (attack PRV-11).
"""

import re
from typing import Final

from federation.roles import ConstraintKind, ConstraintType
from federation.value_pattern import LONGEST_VALUE, value_pattern

_STRAY: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def fits(text: str, constraint_type: ConstraintType) -> bool:
    """Tell whether `text` is one value of the type, or several with commas between where it is MULTI; the pattern sees the whole."""
    if not text.strip() or len(text) > LONGEST_VALUE or _STRAY.search(text):
        return False  # engines differ on whether a pattern's end lies before or behind a last line break
    parts = [text] if constraint_type.kind is ConstraintKind.TEXT else [part.strip() for part in text.split(",")]
    if constraint_type.kind is ConstraintKind.SINGLE and len(parts) > 1:
        return False
    if not all(parts) or (constraint_type.values and not set(parts) <= set(constraint_type.values)):
        return False
    return constraint_type.pattern is None or value_pattern(constraint_type.pattern).matches(text)
