"""How often people are asked to log in: read from the events, so that stricter login can be seen not to disturb daily work."""

import hmac
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final

from context_handler.events import Event
from context_handler.ports import Ports
from oiosaml.ids import EntityId, uuid_of
from oiosaml.name_id import NameId


class HowLoggedIn(StrEnum):
    """What a login meant for the person."""

    FROM_SESSION = "from-session"
    """Nothing: a session answered."""
    AT_IDP = "at-idp"
    """A way past the home IdP, which may have had a session of its own."""
    PROMPTED = "prompted"
    """The person logged in at the home IdP: its AuthnInstant is not before our question."""
    STEPPED_UP = "stepped-up"
    """To a higher level than the session had."""
    FORCED = "forced"
    """The system asked for a new login."""


STEPS: Final = frozenset({"find_session", "keep_session"})
"""The steps whose events tell of it."""

_LOGINS: Final = "logins"
"""Counted once for each login, beside the words of HowLoggedIn."""

_DETAIL = re.compile(r"person ([0-9a-f-]{36}): ([a-z -]+)")


@dataclass(frozen=True, slots=True)
class PromptCount:
    """One person's day."""

    day: date
    """In UTC."""
    idp: EntityId
    person: str
    """A pseudonym that is the same every day and leads to nobody (our choice)."""
    logins: int
    prompts: int
    from_session: int
    step_ups: int
    forced: int


def describe(name_id: NameId, idp: EntityId, ports: Ports, *how: HowLoggedIn) -> str:
    """Say in an event's detail who logged in how."""
    return f"person {_pseudonym(name_id, idp, ports.keys.pairwise_secret)}: {' '.join(how)}"


def count_prompts(events: Iterable[Event]) -> tuple[PromptCount, ...]:
    """Count by day, IdP and person, from the events of completed logins; by day and IdP, then by most prompts."""
    days: dict[tuple[date, EntityId, str], Counter[str]] = {}
    for event in events:
        found = _DETAIL.fullmatch(event.detail) if event.step in STEPS else None
        if found is not None and event.party is not None:
            day = days.setdefault((_day(event.at), event.party, found[1]), Counter())
            day.update({_LOGINS, *found[2].split()})
    counts = (_count(*key, times) for key, times in days.items())
    return tuple(sorted(counts, key=lambda count: (count.day, count.idp, -count.prompts, count.person)))


def _count(day: date, idp: EntityId, person: str, times: Counter[str]) -> PromptCount:
    return PromptCount(
        day=day,
        idp=idp,
        person=person,
        logins=times[_LOGINS],
        prompts=times[HowLoggedIn.PROMPTED],
        from_session=times[HowLoggedIn.FROM_SESSION],
        step_ups=times[HowLoggedIn.STEPPED_UP],
        forced=times[HowLoggedIn.FORCED],
    )


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _pseudonym(name_id: NameId, idp: EntityId, secret: bytes) -> str:
    message = "\x1f".join(("prompts", idp, name_id.format or "", name_id.value)).encode()
    return uuid_of(hmac.digest(secret, message, "sha256"))
