"""One event for each step of each flow: the only record there is of what happened (design D8)."""

import hashlib
from dataclasses import field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from oiosaml.ids import EntityId, FlowId, MessageId
from oiosaml.rules.rule import Finding
from oiosaml.value_type import value_type


class EventOutcome(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    ASKED = "asked"
    """The step handed the browser on: to discovery or to the home IdP."""
    REFUSED = "refused"


MAX_HEARSAY_OCTETS: Final = 32 * 1024
"""Octets kept of a message that failed authentication: an honest answer with some rights is below that, and anybody could have sent it."""


@value_type
class Whole:
    """What there was of octets that were cut."""

    octets: int
    sha256: str
    """In hexadecimal: whoever has the message can see that it is this one."""


@value_type
class Event:
    """What one step did. Octets are those on the wire, untouched; `detail` may quote a message, cut to a length."""

    flow: FlowId
    at: datetime
    step: str
    outcome: EventOutcome
    code: str | None = None
    detail: str = ""
    party: EntityId | None = None
    message_id: MessageId | None = None
    octets_in: bytes | None = field(default=None, repr=False)
    octets_out: bytes | None = field(default=None, repr=False)
    findings: tuple[Finding, ...] = ()
    whole_in: Whole | None = None
    """Of `octets_in`, where they were cut."""
    hearsay: bool = False
    """Whether it tells of a message that failed authentication: such events go first when there are too many."""


def as_hearsay(event: Event) -> Event:
    """Mark an event as one of a message that failed authentication, and keep no more of its octets than MAX_HEARSAY_OCTETS."""
    octets = event.octets_in
    if octets is None or len(octets) <= MAX_HEARSAY_OCTETS:
        return replace(event, hearsay=True)
    whole = Whole(len(octets), hashlib.sha256(octets).hexdigest())
    return replace(event, hearsay=True, octets_in=octets[:MAX_HEARSAY_OCTETS], whole_in=whole)
