"""LogoutRequest and LogoutResponse from octets on the wire to values somebody vouched for, by Redirect, POST and SOAP.

As in `openings`: opening checks the structure, vouching verifies with the keys registered for the claimed issuer. Whatever the binding, a
logout message is signed: whoever could forge one could keep a municipality out of its systems (attack SLO-01).
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from lxml.etree import _Element

from oiosaml.bindings.post import read_post_form
from oiosaml.bindings.redirect import RedirectMessage, read_redirect, verify_redirect
from oiosaml.bindings.soap import unwrap
from oiosaml.errors import SamlError
from oiosaml.keys import VerificationKey
from oiosaml.messages.element import qname
from oiosaml.messages.logout import LogoutRequest, LogoutResponse, read_logout_request, read_logout_response
from oiosaml.sealed import SignedElement, checked, checked_redirect, seal, unsealed
from oiosaml.uris import NS_SAMLP
from oiosaml.verified import Unverified, Verified
from oiosaml.xml.document import read_document
from oiosaml.xml.verify import verify_enveloped

T = TypeVar("T")

_LOGOUT_REQUEST: Final = qname(NS_SAMLP, "LogoutRequest")
_LOGOUT_RESPONSE: Final = qname(NS_SAMLP, "LogoutResponse")


def open_logout_request_redirect(raw_query: bytes) -> Unverified[LogoutRequest]:
    """Open a LogoutRequest from the query string exactly as received, without its question mark.

    Raises:
        SamlError: `size`, `req.relay-state`, `sig.structure`, a `bind.…` or an `xml.…` code.
    """
    message = read_redirect(raw_query, "SAMLRequest")
    return seal(message, checked_redirect(message, _LOGOUT_REQUEST))


def open_logout_request_post(body: bytes) -> Unverified[LogoutRequest]:
    """Open a LogoutRequest from a form body exactly as received.

    Raises:
        SamlError: `size`, `req.relay-state`, a `bind.…` or an `xml.…` code.
    """
    message = read_post_form(body, "SAMLRequest")
    element = read_document(message.octets, _LOGOUT_REQUEST)
    return seal(SignedElement(element, message.relay_state), element)


def open_logout_request_soap(octets: bytes) -> Unverified[LogoutRequest]:
    """Open a LogoutRequest from its SOAP envelope.

    Raises:
        SamlError: an `xml.…` code.
    """
    element = checked(unwrap(octets, _LOGOUT_REQUEST), _LOGOUT_REQUEST)
    return seal(SignedElement(element), element)


def vouch_for_logout_request(
    unverified: Unverified[LogoutRequest],
    keys: Sequence[VerificationKey],
    *,
    strangers: Sequence[VerificationKey] = (),
) -> Verified[LogoutRequest]:
    """Verify the signature that the binding prescribes, and read what it covers. `strangers` only name the mistake.

    Raises:
        SamlError: a `sig.…` code, or what reading raises.
    """
    return _vouch(unverified, keys, read_logout_request, strangers)


def open_logout_response_redirect(raw_query: bytes) -> Unverified[LogoutResponse]:
    """Open a LogoutResponse from the query string exactly as received, without its question mark.

    Raises:
        SamlError: `size`, `req.relay-state`, `sig.structure`, a `bind.…` or an `xml.…` code.
    """
    message = read_redirect(raw_query, "SAMLResponse")
    return seal(message, checked_redirect(message, _LOGOUT_RESPONSE))


def open_logout_response_post(body: bytes) -> Unverified[LogoutResponse]:
    """Open a LogoutResponse from a form body exactly as received.

    Raises:
        SamlError: `size`, `req.relay-state`, a `bind.…` or an `xml.…` code.
    """
    message = read_post_form(body, "SAMLResponse")
    element = read_document(message.octets, _LOGOUT_RESPONSE)
    return seal(SignedElement(element, message.relay_state), element)


def open_logout_response_soap(octets: bytes) -> Unverified[LogoutResponse]:
    """Open a LogoutResponse from its SOAP envelope.

    Raises:
        SamlError: an `xml.…` code, or `slo.fault` for a SOAP Fault.
    """
    element = checked(unwrap(octets, _LOGOUT_RESPONSE), _LOGOUT_RESPONSE)
    return seal(SignedElement(element), element)


def vouch_for_logout_response(
    unverified: Unverified[LogoutResponse],
    keys: Sequence[VerificationKey],
    *,
    strangers: Sequence[VerificationKey] = (),
) -> Verified[LogoutResponse]:
    """Verify the signature that the binding prescribes, and read what it covers. `strangers` only name the mistake.

    Raises:
        SamlError: a `sig.…` code, or what reading raises.
    """
    return _vouch(unverified, keys, read_logout_response, strangers)


def _vouch(
    unverified: Unverified[T],
    keys: Sequence[VerificationKey],
    read: Callable[[_Element], T],
    strangers: Sequence[VerificationKey],
) -> Verified[T]:
    sealed = unsealed(unverified)
    if isinstance(sealed, SignedElement):
        return verify_enveloped(sealed.element, keys, read, strangers=strangers)
    return _vouch_for_query(sealed, keys, read, strangers)


def _vouch_for_query(
    message: RedirectMessage,
    keys: Sequence[VerificationKey],
    read: Callable[[_Element], T],
    strangers: Sequence[VerificationKey],
) -> Verified[T]:
    try:
        return verify_redirect(message, keys, read, strangers=strangers)
    except SamlError as error:
        if error.refusal.key != "req.signature":
            raise
        # that code speaks of a request to log in; a logout message has the same two whatever the binding (attack SLO-01)
        signed = message.signature is not None and message.sig_alg is not None
        raise SamlError("sig.value" if signed else "sig.missing", error.detail) from error
