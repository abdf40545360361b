"""What a browser brings to the IdP, as values.

The login page carries the request along in its form, octet by octet, and every visit verifies it anew. So the IdP remembers
nothing between a request and its answer, a restart loses no login, and a form somebody tampered with is a bad signature.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from oiosaml.errors import SamlError
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT


class Binding(StrEnum):
    """How the request came; the value stands in the login page's form."""

    REDIRECT = "redirect"
    POST = "post"

    @property
    def uri(self) -> str:
        """The binding's name in SAML."""
        return BINDING_REDIRECT if self is Binding.REDIRECT else BINDING_POST


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """An AuthnRequest as it came: the raw query, or the raw form body."""

    binding: Binding
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PickedPerson:
    """One click on a person."""

    person_id: str


@dataclass(frozen=True, slots=True)
class Password:
    """A user name and a password."""

    username: str
    password: str = field(repr=False)


class Refusal(StrEnum):
    """What a person or an IdP can answer instead of a login; the value stands in the login page's form."""

    CANCEL = "cancel"
    CANNOT_REACH_LEVEL = "cannot-reach-level"
    FAIL = "fail"


Choice = PickedPerson | Password | Refusal


def one_persona(named: Sequence[str]) -> str | None:
    """Give the persona that the query and the header name between them, or None.

    Raises:
        SamlError: `bind.params` if they name different ones: neither may win.
    """
    distinct = sorted(set(named))
    if len(distinct) > 1:
        raise SamlError("bind.params", f"got the personas {', '.join(distinct)!r:.120}, expected one")
    return distinct[0] if distinct else None
