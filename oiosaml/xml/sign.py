"""Enveloped signatures: always rsa-sha256 over exclusive canonical form, with our certificate beside it (OIOSAML 3, chapter 3)."""

import hashlib
from typing import Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from lxml.etree import _Element

from oiosaml.keys import SigningKey
from oiosaml.uris import C14N_EXCLUSIVE, DIGEST_SHA256, NS_DS, NS_SAML, RSA_SHA256, TRANSFORM_ENVELOPED
from oiosaml.xml.base64_text import encode
from oiosaml.xml.canonical import canonical_octets
from oiosaml.xml.names import is_ncname
from oiosaml.xml.parse import parse_canonical

# Written in canonical form: what is signed is this very text, which a verifier finds again by canonicalising the element.
_SIGNED_INFO: Final = (
    f'<ds:SignedInfo xmlns:ds="{NS_DS}">'
    f'<ds:CanonicalizationMethod Algorithm="{C14N_EXCLUSIVE}"></ds:CanonicalizationMethod>'
    f'<ds:SignatureMethod Algorithm="{RSA_SHA256}"></ds:SignatureMethod>'
    '<ds:Reference URI="#{id}"><ds:Transforms>'
    f'<ds:Transform Algorithm="{TRANSFORM_ENVELOPED}"></ds:Transform>'
    f'<ds:Transform Algorithm="{C14N_EXCLUSIVE}"></ds:Transform>'
    "</ds:Transforms>"
    f'<ds:DigestMethod Algorithm="{DIGEST_SHA256}"></ds:DigestMethod>'
    "<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
)

_SIGNATURE: Final = (
    f'<ds:Signature xmlns:ds="{NS_DS}">'
    "{signed_info}<ds:SignatureValue>{value}</ds:SignatureValue>"
    "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    "</ds:Signature>"
)


def sign_enveloped(element: _Element, key: SigningKey) -> None:
    """Sign the element where it stands, by its ID, and put the Signature where SAML wants it: after Issuer, else first.

    Sign last: any later change to the element, even a line break, breaks the signature. An ancestor may still be signed afterwards.

    Raises:
        ValueError: if the element has no ID that can be referred to.
    """
    reference = element.get("ID", "")
    if not is_ncname(reference):
        raise ValueError(f"got ID={reference!r:.80}, expected a name that a Reference can point to")
    digest = encode(hashlib.sha256(canonical_octets(element)).digest())
    signed_info = _SIGNED_INFO.format(id=reference, digest=digest)
    value = encode(key.private_key.sign(signed_info.encode(), PKCS1v15(), SHA256()))
    certificate = encode(key.certificate_der)
    text = _SIGNATURE.format(signed_info=signed_info, value=value, certificate=certificate)
    issued = len(element) > 0 and element[0].tag == f"{{{NS_SAML}}}Issuer"
    element.insert(1 if issued else 0, parse_canonical(text.encode()))


def sign_octets(octets: bytes, key: SigningKey) -> bytes:
    """Give the rsa-sha256 signature over `octets`, for bindings that sign what they send (SAML Bindings 3.4.4.1)."""
    return key.private_key.sign(octets, PKCS1v15(), SHA256())
