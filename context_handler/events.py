"""One event for each step of each flow: the only record there is of what happened (design D8)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from oiosaml.ids import EntityId, FlowId, MessageId
from oiosaml.rules.rule import Finding


class EventOutcome(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    ASKED = "asked"
    """The step handed the browser on: to discovery or to the home IdP."""
    REFUSED = "refused"


@dataclass(slots=True)
class Event:
    """What one step did. Octets are those on the wire, untouched; `detail` may quote a message, cut to a length.

    Not frozen: a login makes seventeen, and freezing is four fifths of what they cost. Nobody changes one but the visit that records it.
    """

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
