"""What a browser brings to NemLog-in, as values.

The login page carries the request along in its form, octet by octet, and every visit verifies it anew: nothing is remembered between a
request and its answer.
"""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """An AuthnRequest as it came: the raw query."""

    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PickedIdentity:
    """One click on an identity, and the test case to play if one was chosen."""

    identity_id: str
    scenario_id: str | None = None


class Refusal(StrEnum):
    """What a person or NemLog-in can answer instead of a login; the value stands in the login page's form."""

    CANCEL = "cancel"
    CANNOT_REACH_LEVEL = "cannot-reach-level"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class LookAgain:
    """No choice yet: the person wants the page in another language."""


Choice = PickedIdentity | Refusal | LookAgain


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is at the door: the handle in the browser's cookie, and the identity named without a page, if there is one."""

    session_handle: str | None = None
    named: PickedIdentity | None = None
