"""What every opening shares: the rules of the whole document, and a message sealed until somebody vouches for it."""

from typing import Final, TypeVar

from lxml import etree
from lxml.etree import _Element

from oiosaml.bindings.redirect import RedirectMessage
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId, MessageId
from oiosaml.messages.element import child, child_text
from oiosaml.uris import NS_DS, NS_SAML
from oiosaml.value_type import value_type
from oiosaml.verified import Unverified
from oiosaml.xml.document import check_document, require_name

T = TypeVar("T")

_COUNT_ASSERTIONS: Final = etree.XPath(
    "count(//saml:Assertion | //saml:EncryptedAssertion)", namespaces={"saml": NS_SAML}
)


@value_type
class SignedElement:
    """A message that carries its signature within."""

    element: _Element
    relay_state: str | None = None


def checked(element: _Element, expected: str) -> _Element:
    """Apply the rules of the whole document to a message in it: its name, one assertion at most, the structure, every ID once.

    Raises:
        SamlError: `xml.root`, `proto.assertion-count` or `xml.schema`.
    """
    require_name(element, expected)
    check_document(element)
    return element


def checked_redirect(message: RedirectMessage, expected: str) -> _Element:
    """Parse and check a message that a query carried; its signature must stand in the query and nowhere else.

    Raises:
        SamlError: `sig.structure` or an `xml.…` code.
    """
    element = message.opened(expected)
    if child(element, NS_DS, "Signature") is not None:
        # SAML Bindings 3.4.4.1 has it removed: of two signatures on one message, which one counts?
        raise SamlError("sig.structure", "got a Signature inside a redirected message, expected it in the query alone")
    return element


def count_assertions(element: _Element) -> int:
    """Count assertions wherever they hide: in Extensions, in StatusDetail, inside a signature (attacks XSW-03 to XSW-11)."""
    return int(_COUNT_ASSERTIONS(element.getroottree()))


def seal(sealed: object, element: _Element) -> Unverified[T]:
    """Seal a message; what it claims about itself is for finding keys and open requests by, and is believed by nobody."""
    issuer, in_response_to = child_text(element, NS_SAML, "Issuer"), element.get("InResponseTo")
    return Unverified(
        sealed,
        claimed_issuer=None if issuer is None else EntityId(issuer),
        claimed_id=MessageId(element.get("ID", "")) or None,
        claimed_in_response_to=None if in_response_to is None else MessageId(in_response_to),
    )


def unsealed(unverified: Unverified[T]) -> SignedElement | RedirectMessage:
    """Give what was sealed here, for a verifier.

    Raises:
        TypeError: if something else made the `Unverified`.
    """
    sealed = unverified._sealed  # noqa: SLF001 - sealed in this module
    if not isinstance(sealed, SignedElement | RedirectMessage):
        raise TypeError(f"got {type(sealed).__name__}, expected a message sealed here")
    return sealed


def signed_element(unverified: Unverified[T]) -> _Element:
    """Give the element of a message that carries its signature within.

    Raises:
        TypeError: if the signature is in a query instead.
    """
    sealed = unsealed(unverified)
    if not isinstance(sealed, SignedElement):
        raise TypeError(f"got {type(sealed).__name__}, expected a message opened with its signature within")
    return sealed.element


def relay_state_of(unverified: Unverified[T]) -> str | None:
    """Give the RelayState that came with the message. Carry it back to the registered endpoint; never interpret it (REQ-11)."""
    return unsealed(unverified).relay_state
