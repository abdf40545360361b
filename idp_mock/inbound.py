"""What a browser brings to the IdP, as values.

The login page carries the request along in its form, octet by octet, and every visit verifies it anew. So the IdP remembers
nothing between a request and its answer, a restart loses no login under way, and a form somebody tampered with is a bad signature.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from oiosaml.errors import SamlError
from oiosaml.nsis import AssuranceLevel
from saml_web.front_channel import Binding


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """An AuthnRequest as it came: the raw query, or the raw form body."""

    binding: Binding
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PickedPerson:
    """One click on a person. `level` None is the highest they can reach."""

    person_id: str
    level: AssuranceLevel | None = None


@dataclass(frozen=True, slots=True)
class Password:
    """A user name and a password."""

    username: str
    password: str = field(repr=False)
    level: AssuranceLevel | None = None


class Refusal(StrEnum):
    """What a person or an IdP can answer instead of a login; the value stands in the login page's form."""

    CANCEL = "cancel"
    CANNOT_REACH_LEVEL = "cannot-reach-level"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class LookAgain:
    """No choice yet: the person wants the page in another language, with what it says of a wrong password."""

    wrong_password_for: str | None = None


Choice = PickedPerson | Password | Refusal | LookAgain


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is at the door: the handle in the browser's cookie, and the person named without a page, if there is one."""

    session_handle: str | None = None
    named: PickedPerson | None = None


def read_level(text: str | None) -> AssuranceLevel | None:
    """Read the level to log in at; None and an empty text are the highest that the person can reach.

    Raises:
        SamlError: `web.form` for any other word than Low, Substantial and High.
    """
    try:
        return AssuranceLevel.from_attribute(text) if text else None
    except ValueError as error:
        raise SamlError("web.form", f"{error!s:.120}") from error
