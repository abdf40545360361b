"""What is looked at before a foreign stack sees a message: size, encoding, parser attacks, and the shape of every signature.

Not a second SAML implementation: nothing is believed that is read here. It closes the doors the stacks leave open (README table): both
hand a signature to libxmlsec with any transform it names, and libxmlsec runs XSLT and opens files before it knows the signature is good
(catalogue section 5); pysaml2 inflates without a limit; both decode base64 leniently.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from oiosaml.errors import Party, SamlError
from oiosaml.uris import (
    AES128_GCM,
    AES256_GCM,
    C14N_EXCLUSIVE,
    DIGEST_SHA256,
    DIGEST_SHA384,
    DIGEST_SHA512,
    NS_DS,
    NS_SAML,
    NS_SAMLP,
    NS_XENC,
    RSA_OAEP,
    RSA_OAEP_MGF1P,
    RSA_SHA256,
    RSA_SHA384,
    RSA_SHA512,
    STATUS_SUCCESS,
    TRANSFORM_ENVELOPED,
)
from oiosaml.xml.parse import parse_message

MAX_RESPONSE_BYTES: Final = 384 * 1024
"""Longest Response after base64. The largest honest one seen, with rights, is below 100 kB."""

RESPONSE: Final = f"{{{NS_SAMLP}}}Response"
ASSERTION: Final = f"{{{NS_SAML}}}Assertion"
ENCRYPTED_ASSERTION: Final = f"{{{NS_SAML}}}EncryptedAssertion"
SIGNATURE: Final = f"{{{NS_DS}}}Signature"

_SIGNED: Final = frozenset({RESPONSE, ASSERTION, f"{{{NS_SAMLP}}}LogoutRequest", f"{{{NS_SAMLP}}}LogoutResponse"})
_TRANSFORMS: Final = (TRANSFORM_ENVELOPED, C14N_EXCLUSIVE)
_SIGNATURES: Final = frozenset({RSA_SHA256, RSA_SHA384, RSA_SHA512})
_DIGESTS: Final = frozenset({DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512})
_CIPHERS: Final = frozenset({AES128_GCM, AES256_GCM})
_KEY_TRANSPORTS: Final = frozenset({RSA_OAEP, RSA_OAEP_MGF1P})


@dataclass(frozen=True, slots=True)
class Envelope:
    """A Response that passed the front door. Nothing in it is believed: `in_response_to` only finds the pending login.

    Attributes:
        octets: the Response exactly as it came, after base64.
        encoded: the same, still in base64, as python3-saml wants it.
    """

    octets: bytes
    encoded: str
    root: etree._Element
    in_response_to: str | None
    status: tuple[str, str | None, str | None]
    """Top-level code, second-level code, message."""

    @property
    def successful(self) -> bool:
        """Whether it claims success, and so has to hold an assertion."""
        return self.status[0] == STATUS_SUCCESS


def open_envelope(encoded: str, *, may_be_plain: bool = False) -> Envelope:
    """Let a SAMLResponse field in, or not. With `may_be_plain`, for OIOSAML 2, its one assertion may be unencrypted; signed it must be.

    Raises:
        SamlError: `bind.base64`, `size`, `xml.*`, `sig.*`, `enc.*` or `proto.assertion-count`.
    """
    octets = _decode(encoded)
    root = parse(octets)
    if root.tag != RESPONSE:
        raise refuse("xml.root", f"got {root.tag!r:.100}, expected {RESPONSE}")
    envelope = Envelope(octets, encoded, root, root.get("InResponseTo"), _status(root))
    _require_one_assertion(envelope, may_be_plain=may_be_plain)
    return envelope


def parse(octets: bytes) -> etree._Element:
    """Parse with our own hardened parser, and look at every signature's shape.

    Raises:
        SamlError: `size`, `xml.*` or `sig.*`.
    """
    try:
        root = parse_message(octets)
    except SamlError as error:
        raise refuse(error.refusal.key, error.detail) from error
    require_plain(root)
    return root


def require_plain(root: etree._Element) -> None:
    """Refuse comments, doubled IDs, and signatures of any shape but SAML's own; also of a tree that a stack has parsed.

    Raises:
        SamlError: `xml.text`, `xml.schema` or `sig.*`.
    """
    # A comment inside a value cuts it short for some readers: admin<!-- -->.evil
    if any(not isinstance(node.tag, str) for node in root.iter()):
        raise refuse("xml.text", "got a comment or processing instruction, expected none")
    ids = [node.get("ID") for node in root.iter() if node.get("ID") is not None]
    if len(ids) != len(set(ids)):
        raise refuse("xml.schema", "got the same ID twice, expected each once")
    for signature in root.iter(SIGNATURE):
        _require_saml_signature(signature)


def refuse(key: str, detail: str) -> SamlError:
    """Give the refusal of a message from the Context Handler."""
    return SamlError(key, detail, party=Party.CONTEXT_HANDLER)


def _decode(encoded: str) -> bytes:
    try:
        octets = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise refuse("bind.base64", f"got a SAMLResponse that is no base64 ({error!s:.80})") from error
    if len(octets) > MAX_RESPONSE_BYTES:
        raise refuse("size", f"got a Response of {len(octets)} bytes, expected at most {MAX_RESPONSE_BYTES}")
    return octets


def _require_saml_signature(signature: etree._Element) -> None:
    parent = signature.getparent()
    if parent is None or parent.tag not in _SIGNED:
        raise refuse("sig.structure", "got a Signature elsewhere, expected it in a message or an Assertion")
    references = list(signature.iter(f"{{{NS_DS}}}Reference"))
    if len(references) != 1 or references[0].get("URI") != f"#{parent.get('ID')}":
        raise refuse("sig.coverage", "got a Signature over something else, expected it over the element it stands in")
    if any(True for _ in signature.iter(f"{{{NS_DS}}}Object", f"{{{NS_DS}}}Manifest", f"{{{NS_DS}}}RetrievalMethod")):
        raise refuse("sig.structure", "got Object, Manifest or RetrievalMethod, expected none")
    transforms = tuple(transform.get("Algorithm") for transform in signature.iter(f"{{{NS_DS}}}Transform"))
    if transforms != _TRANSFORMS:
        raise refuse("sig.structure", f"got the transforms {transforms!r:.200}, expected {_TRANSFORMS}")
    _require_algorithms(signature, "CanonicalizationMethod", frozenset({C14N_EXCLUSIVE}), key="sig.structure")
    _require_algorithms(signature, "SignatureMethod", _SIGNATURES, key="sig.algorithm")
    _require_algorithms(signature, "DigestMethod", _DIGESTS, key="sig.algorithm")


def _require_algorithms(signature: etree._Element, name: str, allowed: frozenset[str], *, key: str) -> None:
    for element in signature.iter(f"{{{NS_DS}}}{name}"):
        algorithm = element.get("Algorithm")
        if algorithm not in allowed:
            raise refuse(key, f"got {name} {algorithm!r:.100}, expected one of {sorted(allowed)}")


def _require_one_assertion(envelope: Envelope, *, may_be_plain: bool) -> None:
    assertions = sum(1 for _ in envelope.root.iter(ASSERTION))
    encrypted = sum(1 for _ in envelope.root.iter(ENCRYPTED_ASSERTION))
    expected = 1 if envelope.successful else 0
    plain_in_place = may_be_plain and not encrypted and len(envelope.root.findall(ASSERTION)) == assertions == expected
    if plain_in_place and assertions:
        if envelope.root.find(f"{ASSERTION}/{SIGNATURE}") is None:
            raise refuse("sig.missing", "got an assertion without a Signature of its own, expected one")
        return
    if assertions or encrypted != expected or len(envelope.root.findall(ENCRYPTED_ASSERTION)) != expected:
        raise refuse(
            "proto.assertion-count",
            f"got {assertions} plain and {encrypted} encrypted assertions, expected {expected} encrypted (R3-IDP-03)",
        )
    for element in envelope.root.iter(f"{{{NS_XENC}}}EncryptionMethod"):
        allowed = _KEY_TRANSPORTS if _local_parent(element) == "EncryptedKey" else _CIPHERS
        if element.get("Algorithm") not in allowed:
            raise refuse("enc.algorithm", f"got {element.get('Algorithm')!r:.100}, expected one of {sorted(allowed)}")
    # libxmlsec follows both to wherever they point.
    for name in (f"{{{NS_XENC}}}CipherReference", f"{{{NS_DS}}}RetrievalMethod"):
        if next(envelope.root.iter(name), None) is not None:
            raise refuse("enc.structure", f"got {name}, expected the ciphertext itself")


def _local_parent(element: etree._Element) -> str:
    parent = element.getparent()
    return "" if parent is None else etree.QName(parent).localname


def _status(root: etree._Element) -> tuple[str, str | None, str | None]:
    codes = list(_status_codes(root))
    if not codes:
        raise refuse("xml.schema", "got a Response without StatusCode")
    message = root.findtext(f"{{{NS_SAMLP}}}Status/{{{NS_SAMLP}}}StatusMessage")
    return codes[0], codes[1] if len(codes) > 1 else None, message


def _status_codes(root: etree._Element) -> Iterator[str]:
    tag = f"{{{NS_SAMLP}}}StatusCode"
    found = root.find(f"{{{NS_SAMLP}}}Status/{tag}")
    while found is not None:
        yield found.get("Value", "")
        found = found.find(tag)
