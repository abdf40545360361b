"""What a browser brings to NemLog-in, as values.

The login page carries the request along in its form, octet by octet, and every visit verifies it anew: nothing is remembered between a
request and its answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from oiosaml.errors import SamlError
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT


class Binding(StrEnum):
    """How a logout message came."""

    REDIRECT = "redirect"
    POST = "post"

    @property
    def uri(self) -> str:
        """The binding's name in SAML."""
        return BINDING_REDIRECT if self is Binding.REDIRECT else BINDING_POST


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


Choice = PickedIdentity | Refusal


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is at the door: the handle in the browser's cookie, and the identity named without a page, if there is one."""

    session_handle: str | None = None
    named: PickedIdentity | None = None


def one_named(named: Sequence[str], what: str) -> str | None:
    """Give the one value that the query and a header name between them, or None.

    Raises:
        SamlError: `bind.params` if they name different ones: neither may win.
    """
    distinct = sorted(set(named))
    if len(distinct) > 1:
        raise SamlError("bind.params", f"got the {what} {', '.join(distinct)!r:.120}, expected one")
    return distinct[0] if distinct else None
