"""Enveloped signatures, verified: the structure first, then the key, then the content; after that only what was signed is read.

Keys come from the argument and never from the message. A certificate in KeyInfo is looked at only after verification has failed, to
choose between two codes: `sig.key` if it is not a registered one, `sig.value` otherwise.
"""

import hmac
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.keys import VerificationKey, read_verification_key, registered_keys_named, require_not_barred
from oiosaml.uris import NS_DS
from oiosaml.verified import Verified
from oiosaml.xml.algorithms import DIGESTS, signature_is_good
from oiosaml.xml.base64_text import NotBase64, decode_in_xml
from oiosaml.xml.canonical import canonical_octets
from oiosaml.xml.names import local_name
from oiosaml.xml.parse import parse_canonical, text_of
from oiosaml.xml.signature_profile import SignatureParts, read_signature

T = TypeVar("T")

MAXIMUM_KEYS: Final = 8
"""Most keys tried for one issuer. A rollover needs two; each attempt costs a public-key operation."""

MAXIMUM_STRANGERS: Final = 64
"""Most other members' keys tried to name the mistake."""


def verify_enveloped(
    element: _Element,
    keys: Sequence[VerificationKey],
    read: Callable[[_Element], T],
    *,
    strangers: Sequence[VerificationKey] = (),
) -> Verified[T]:
    """Verify the Signature that is a child of `element`, then read the canonical octets that it covers, parsed anew.

    `element` comes from `parse_message` and is changed: its Signature is taken out. Use what is returned and drop the tree.
    `strangers` are other members' keys. A signature that one of them made is still refused, only by its right name: `sig.key`.

    Raises:
        SamlError: `sig.missing`, `sig.structure`, `sig.coverage`, `sig.algorithm`, `sig.key` or `sig.value`; `key.withdrawn` or
            `key.revoked` if the key that signed counts no longer.
    """
    parts = read_signature(element)
    signed_info = canonical_octets(parts.signed_info, inclusive_prefixes=parts.signed_info_prefixes)
    key = _key_that_signed(signed_info, parts, keys)
    if key is None:
        raise _refusal(signed_info, parts, keys, strangers)
    require_not_barred(key)
    _take_out(parts.signature)
    octets = canonical_octets(element, inclusive_prefixes=parts.content_prefixes)
    digest = DIGESTS[parts.digest_algorithm](octets).digest()
    if not hmac.compare_digest(digest, parts.digest_value):
        raise SamlError(
            "sig.value", f"got {local_name(element)} with another digest than was signed, expected no change"
        )
    return Verified(read(parse_canonical(octets)), key.fingerprint, octets)


def _key_that_signed(
    signed_info: bytes, parts: SignatureParts, keys: Sequence[VerificationKey]
) -> VerificationKey | None:
    for key in keys[:MAXIMUM_KEYS]:
        if signature_is_good(
            key.public_key, parts.signature_algorithm, signature=parts.signature_value, signed=signed_info
        ):
            return key
    return None


def _take_out(signature: _Element) -> None:
    """Remove the Signature as the enveloped transform does: the text behind it stays, for it was signed."""
    parent, tail = signature.getparent(), signature.tail
    if parent is None:  # cannot be: it was found as somebody's child
        raise SamlError("sig.structure", "got a Signature without a parent, expected an enveloped one")
    before = signature.getprevious()
    parent.remove(signature)
    if not tail:
        return
    if before is None:
        parent.text = (parent.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail


def _refusal(
    signed_info: bytes,
    parts: SignatureParts,
    keys: Sequence[VerificationKey],
    strangers: Sequence[VerificationKey],
) -> SamlError:
    if not keys:
        return SamlError("sig.key", "got a signature, but no signing key is registered for the sender")
    named = _certificate_named(parts.key_info)
    if named is not None and named not in {key.fingerprint for key in keys}:
        return SamlError(
            "sig.key", f"got a signature said to be by the key {named}, expected {registered_keys_named(keys)}"
        )
    stranger = _key_that_signed_of_many(signed_info, parts, strangers)
    if stranger is not None:
        return SamlError(
            "sig.key",
            f"got a signature by another member's key {stranger.fingerprint}, expected {registered_keys_named(keys)}",
        )
    # one that names a registered key was made over something else; one that names none may be by any key
    by = f" by {registered_keys_named(keys)}" if named is None else ""
    return SamlError(
        "sig.value", f"got a signature that no registered key verifies, expected one over exactly this SignedInfo{by}"
    )


def _key_that_signed_of_many(
    signed_info: bytes, parts: SignatureParts, strangers: Sequence[VerificationKey]
) -> VerificationKey | None:
    return next(
        (
            key
            for start in range(0, min(len(strangers), MAXIMUM_STRANGERS), MAXIMUM_KEYS)
            if (key := _key_that_signed(signed_info, parts, strangers[start : start + MAXIMUM_KEYS])) is not None
        ),
        None,
    )


def _certificate_named(key_info: _Element | None) -> str | None:
    """Give the fingerprint of the first certificate in KeyInfo, `unreadable` for one that is not, None if there is none."""
    if key_info is None:
        return None
    certificate = key_info.find(f"{{{NS_DS}}}X509Data/{{{NS_DS}}}X509Certificate")
    if certificate is None:
        return None
    try:
        return read_verification_key(decode_in_xml(text_of(certificate))).fingerprint
    except (SamlError, NotBase64):
        return "unreadable"
