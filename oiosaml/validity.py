"""Instants and windows of time: exact texts, UTC only, and one clock skew for the whole project."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from oiosaml.errors import SamlError
from oiosaml.value_type import value_type

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far two honest clocks may differ, each way (OIOSAML 3 chapter 3; SAML errata E92: 3 to 5 minutes)."""

_DURATION = re.compile(r"P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})(?:\.\d+)?S)?)?", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z", re.ASCII)


def parse_instant(text: str) -> datetime:
    """Read an xs:dateTime in UTC with `Z`, as SAML Core 1.3.3 demands; digits after microseconds are cut.

    Raises:
        SamlError: `proto.time-format` for any other text, another zone or a day that does not exist.
    """
    if _INSTANT.fullmatch(text) is None:
        raise SamlError("proto.time-format", f"got {text!r:.60}, expected a UTC time such as 2025-03-04T08:15:30Z")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise SamlError("proto.time-format", f"got {text!r:.60}, expected a time that exists ({error})") from error


def parse_duration(text: str) -> timedelta | None:
    """Read an xs:duration of days, hours, minutes and seconds; None for any other text: a month has no length of its own."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


@lru_cache(maxsize=64)
def format_instant(at: datetime) -> str:
    """Write an instant as SAML wants it, in whole seconds of UTC with `Z`. A message names the same few instants again and again."""
    return at.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


@value_type
class Window:
    """A span of validity. The start belongs to it, `not_on_or_after` does not; None means open on that side.

    Any two instants can be compared: they are subtracted, since a sum may leave the calendar.
    """

    not_before: datetime | None
    not_on_or_after: datetime | None

    def has_begun(self, at: datetime, skew: timedelta = CLOCK_SKEW) -> bool:
        """Tell whether the window has begun, allowing for a clock that is `skew` behind."""
        return self.not_before is None or self.not_before - at <= skew

    def has_ended(self, at: datetime, skew: timedelta = CLOCK_SKEW) -> bool:
        """Tell whether the window has ended, allowing for a clock that is `skew` ahead."""
        return self.not_on_or_after is not None and at - self.not_on_or_after >= skew

    def contains(self, at: datetime, skew: timedelta = CLOCK_SKEW) -> bool:
        """Tell whether `at` lies within, give or take `skew`."""
        return self.has_begun(at, skew) and not self.has_ended(at, skew)


OPEN_WINDOW: Final = Window(None, None)
"""A window without ends: nothing was said about time."""
