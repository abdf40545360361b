"""When a message was made: one judgement for every kind of message.

Instants are subtracted, never added to: whoever writes one may write 9999-12-31, and a sum would leave the calendar (attack PRO-16).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from oiosaml.validity import Window, format_instant

MAXIMUM_AGE: Final = timedelta(minutes=5)
"""How old a message may be on arrival, besides the clock skew (SPQ-10; our choice for answers)."""


def in_the_future(made_at: datetime, at: datetime, skew: timedelta) -> Iterator[str]:
    """Yield a breach if the instant lies further ahead than two honest clocks may differ."""
    if not Window(made_at, None).has_begun(at, skew):
        yield f"got {format_instant(made_at)}, expected at most {format_instant(at + skew)}"


def too_old(made_at: datetime, at: datetime, skew: timedelta) -> Iterator[str]:
    """Yield a breach if the message was on its way for longer than `MAXIMUM_AGE` and the skew."""
    if at - made_at >= MAXIMUM_AGE + skew:
        yield f"got {format_instant(made_at)}, expected after {format_instant(at - skew - MAXIMUM_AGE)}"


def before_the_question(made_at: datetime, asked_at: datetime, skew: timedelta) -> Iterator[str]:
    """Yield a breach if an answer is older than what it answers."""
    if asked_at - made_at > skew:
        yield f"got {format_instant(made_at)}, expected not before the request of {format_instant(asked_at)}"
