"""From octets on the wire to values somebody vouched for: the order of the steps is the defence.

Opening decodes, parses and checks the structure, and gives an `Unverified`: enough to find the sender's keys by, no more. Vouching and
unsealing verify with the keys handed in, which must be those registered for the claimed issuer, and give what was signed.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from lxml.etree import _Element

from oiosaml.bindings.post import read_post_form
from oiosaml.bindings.redirect import RedirectMessage, read_redirect, verify_redirect
from oiosaml.bindings.soap import unwrap
from oiosaml.errors import SamlError
from oiosaml.keys import DecryptionKey, VerificationKey
from oiosaml.messages.assertion import Assertion, read_assertion
from oiosaml.messages.attribute_query import AttributeQuery, read_attribute_query
from oiosaml.messages.authn_request import AuthnRequest, read_authn_request
from oiosaml.messages.element import child, children, qname
from oiosaml.messages.response import Answer, Response, read_response
from oiosaml.sealed import (
    SignedElement,
    checked,
    checked_redirect,
    count_assertions,
    seal,
    signed_element,
    unsealed,
)
from oiosaml.uris import NS_DS, NS_SAML, NS_SAMLP
from oiosaml.verified import Unverified, Verified
from oiosaml.xml.document import read_document
from oiosaml.xml.encryption import decrypt
from oiosaml.xml.plaintext import read_plaintext
from oiosaml.xml.verify import verify_enveloped

T = TypeVar("T")
S = TypeVar("S")

_AUTHN_REQUEST: Final = qname(NS_SAMLP, "AuthnRequest")
_RESPONSE: Final = qname(NS_SAMLP, "Response")
_ATTRIBUTE_QUERY: Final = qname(NS_SAMLP, "AttributeQuery")
_ASSERTION: Final = qname(NS_SAML, "Assertion")
_ENCRYPTED_ASSERTION: Final = qname(NS_SAML, "EncryptedAssertion")


def open_authn_request_redirect(raw_query: bytes) -> Unverified[AuthnRequest]:
    """Open an AuthnRequest from the query string exactly as received, without its question mark.

    Raises:
        SamlError: `size`, `req.relay-state`, `sig.structure`, a `bind.…` or an `xml.…` code.
    """
    message = read_redirect(raw_query, "SAMLRequest")
    return seal(message, checked_redirect(message, _AUTHN_REQUEST))


def open_authn_request_post(body: bytes) -> Unverified[AuthnRequest]:
    """Open an AuthnRequest from a form body exactly as received.

    Raises:
        SamlError: `size`, a `bind.…` or an `xml.…` code.
    """
    message = read_post_form(body, "SAMLRequest")
    element = read_document(message.octets, _AUTHN_REQUEST)
    return seal(SignedElement(element, message.relay_state), element)


def vouch_for_authn_request(
    unverified: Unverified[AuthnRequest],
    keys: Sequence[VerificationKey],
    *,
    strangers: Sequence[VerificationKey] = (),
) -> Verified[AuthnRequest]:
    """Verify the signature that the binding prescribes, and read what it covers. `strangers` only name the mistake.

    Raises:
        SamlError: `req.signature` if there is none, or, by Redirect, if it is wrong; else a `sig.…` code, or what reading raises.
    """
    sealed = unsealed(unverified)
    if isinstance(sealed, RedirectMessage):
        return verify_redirect(sealed, keys, read_authn_request, strangers=strangers)
    try:
        return verify_enveloped(sealed.element, keys, read_authn_request, strangers=strangers)
    except SamlError as error:
        if error.refusal.key == "sig.missing":
            # whatever the binding, an unsigned request has one code (attack REQ-02)
            raise SamlError("req.signature", error.detail) from error
        raise


def open_response(body: bytes) -> Unverified[Response]:
    """Open a Response from a form body exactly as received.

    Raises:
        SamlError: `size`, a `bind.…` or an `xml.…` code.
    """
    element = read_document(read_post_form(body, "SAMLResponse").octets, _RESPONSE)
    return seal(SignedElement(element), element)


def unseal_response(
    unverified: Unverified[Response],
    keys: Sequence[VerificationKey],
    decryption_keys: Sequence[DecryptionKey],
    *,
    strangers: Sequence[VerificationKey] = (),
    may_be_plain: bool = False,
) -> Answer:
    """Decrypt and verify a home IdP's answer with the keys of that IdP alone.

    Success must come with exactly one EncryptedAssertion, whose content is signed; a refusal with none. With `may_be_plain`, for an
    IdP of OIOSAML 2 that is registered so, an unencrypted Assertion does as well; it is signed in any case. A signature on the
    envelope is not needed, but if there is one it must be good and cover the envelope.

    Raises:
        SamlError: `proto.status`, `proto.assertion-count`, an `enc.…`, `sig.…` or `xml.…` code, or what reading raises.
    """
    envelope, signer, element = _open_envelope(signed_element(unverified), keys, strangers)
    if not envelope.status.is_success:
        _refuse_assertions(element, envelope)
        return Answer(envelope, signer, None)
    found = _only_assertion(element)
    if found.tag != _ENCRYPTED_ASSERTION:
        if may_be_plain:
            return Answer(envelope, signer, verify_enveloped(found, keys, read_assertion, strangers=strangers))
        raise SamlError("enc.structure", "got a plain Assertion, expected an EncryptedAssertion (R3-IDP-03)")
    return Answer(envelope, signer, _open_assertion(found, keys, decryption_keys, strangers))


def open_attribute_response(octets: bytes) -> Unverified[Response]:
    """Open an attribute service's Response from its SOAP envelope.

    Raises:
        SamlError: an `xml.…` code, or `aq.fault` for a SOAP Fault.
    """
    element = checked(unwrap(octets, _RESPONSE), _RESPONSE)
    return seal(SignedElement(element), element)


def unseal_attribute_response(
    unverified: Unverified[Response],
    keys: Sequence[VerificationKey],
    decryption_keys: Sequence[DecryptionKey],
    *,
    strangers: Sequence[VerificationKey] = (),
) -> Answer:
    """Verify an attribute service's answer with the keys of that service alone. Its assertion may be encrypted or not (AS-08).

    Raises:
        SamlError: `proto.status`, `proto.assertion-count`, an `enc.…`, `sig.…` or `xml.…` code, or what reading raises.
    """
    envelope, signer, element = _open_envelope(signed_element(unverified), keys, strangers)
    if not envelope.status.is_success:
        _refuse_assertions(element, envelope)
        return Answer(envelope, signer, None)
    found = _only_assertion(element)
    if found.tag == _ENCRYPTED_ASSERTION:
        return Answer(envelope, signer, _open_assertion(found, keys, decryption_keys, strangers))
    return Answer(envelope, signer, verify_enveloped(found, keys, read_assertion, strangers=strangers))


def open_attribute_query(octets: bytes) -> Unverified[AttributeQuery]:
    """Open an AttributeQuery from its SOAP envelope.

    Raises:
        SamlError: an `xml.…` code.
    """
    element = checked(unwrap(octets, _ATTRIBUTE_QUERY), _ATTRIBUTE_QUERY)
    return seal(SignedElement(element), element)


def vouch_for_attribute_query(
    unverified: Unverified[AttributeQuery],
    keys: Sequence[VerificationKey],
    *,
    strangers: Sequence[VerificationKey] = (),
) -> Verified[AttributeQuery]:
    """Verify the query's signature and read what it covers (AS-03). `strangers` only name the mistake.

    Raises:
        SamlError: a `sig.…` code, or what reading raises.
    """
    return verify_enveloped(signed_element(unverified), keys, read_attribute_query, strangers=strangers)


def _open_envelope(
    element: _Element, keys: Sequence[VerificationKey], strangers: Sequence[VerificationKey]
) -> tuple[Response, str | None, _Element]:
    """Give the envelope, who signed it if anybody did, and the element to go on with: the verified one if there is one."""
    if child(element, NS_DS, "Signature") is None:
        return read_response(element), None, element
    # a signature that stands here but covers only the assertion is refused: position is not coverage (attack XSW-13)
    verified = verify_enveloped(element, keys, _with(read_response), strangers=strangers)
    envelope, signed_element = verified.value
    return envelope, verified.signer, signed_element


def _with(read: Callable[[_Element], S]) -> Callable[[_Element], tuple[S, _Element]]:
    """Make a reader that gives the element it read from as well."""
    return lambda element: (read(element), element)


def _refuse_assertions(element: _Element, envelope: Response) -> None:
    count = count_assertions(element)
    if count:
        raise SamlError("proto.status", f"got {envelope.status.code} with {count} assertions, expected none")


def _only_assertion(element: _Element) -> _Element:
    """Give the one assertion of a successful answer, encrypted or not, which must stand directly in the Response."""
    count = count_assertions(element)
    direct = [*children(element, NS_SAML, "Assertion"), *children(element, NS_SAML, "EncryptedAssertion")]
    if count != 1 or len(direct) != 1:
        raise SamlError(
            "proto.assertion-count", f"got {count} assertions, {len(direct)} in their place, expected one, encrypted"
        )
    return direct[0]


def _open_assertion(
    encrypted: _Element,
    keys: Sequence[VerificationKey],
    decryption_keys: Sequence[DecryptionKey],
    strangers: Sequence[VerificationKey],
) -> Verified[Assertion]:
    """Decrypt, then treat what comes out as the stranger it is: anybody can encrypt to a public key (attack ENC-05)."""
    element = read_plaintext(decrypt(encrypted, decryption_keys), encrypted, expected=_ASSERTION)
    return verify_enveloped(element, keys, read_assertion, strangers=strangers)
