"""Enveloped signatures: always rsa-sha256 over exclusive canonical form, with our certificate beside it (OIOSAML 3, chapter 3)."""

import hashlib
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from oiosaml.keys import SigningKey
from oiosaml.uris import C14N_EXCLUSIVE, DIGEST_SHA256, NS_DS, RSA_SHA256, TRANSFORM_ENVELOPED
from oiosaml.xml.base64_text import encode
from oiosaml.xml.names import is_ncname
from oiosaml.xml.writing import NewElement

_PADDING: Final = PKCS1v15()
_SHA256: Final = SHA256()
_DECLARATION: Final = f' xmlns:ds="{NS_DS}"'

# Written in canonical form: what is signed is this very text, which a verifier finds again by canonicalising the element.
_SIGNED_INFO: Final = (
    f"<ds:SignedInfo{_DECLARATION}>"
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
    f"<ds:Signature{_DECLARATION}>"
    "{signed_info}<ds:SignatureValue>{value}</ds:SignatureValue>"
    "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    "</ds:Signature>"
)


def sign_enveloped(element: NewElement, key: SigningKey) -> None:
    """Sign the element by its ID, put the Signature where SAML wants it, after Issuer, else first, and seal the element.

    A sealed element takes no change, and neither does anything in it: sign last, and what stands inside before what stands around it.

    Raises:
        ValueError: if the element has no ID that can be referred to, or was signed already.
    """
    reference = element.identifier or ""
    if not is_ncname(reference):
        raise ValueError(f"got ID={reference!r:.80}, expected a name that a Reference can point to")
    before, behind = element.halves(after="saml:Issuer")
    digest = encode(hashlib.sha256((before + behind).encode()).digest())
    signed_info = _SIGNED_INFO.format(id=reference, digest=digest)
    value = encode(sign_octets(signed_info.encode(), key))
    certificate = _as_text(key.certificate_der)
    # the declaration of ds stands on Signature alone, as it does in the canonical form of the whole
    inside = signed_info.replace(_DECLARATION, "", 1)
    signature = _SIGNATURE.format(signed_info=inside, value=value, certificate=certificate)
    element.seal(before + signature + behind, "ds")


@lru_cache(maxsize=16)
def _as_text(certificate_der: bytes) -> str:
    return encode(certificate_der)


def sign_octets(octets: bytes, key: SigningKey) -> bytes:
    """Give the rsa-sha256 signature over `octets`, for bindings that sign what they send (SAML Bindings 3.4.4.1)."""
    return key.private_key.sign(octets, _PADDING, _SHA256)
