"""SIG: trust and structure of signatures, at the verifier. Each mutant is an accepted assertion with one thing changed."""

import hashlib
from base64 import b64encode
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree
from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.keys import read_verification_key
from oiosaml.messages.assertion import read_assertion
from oiosaml.xml.canonical import canonical_octets
from oiosaml.xml.parse import parse_message
from oiosaml.xml.verify import verify_enveloped
from tests.attacks.forge import (
    answer_by_post,
    clone,
    code_of,
    find,
    make_evil,
    message_e,
    naive,
    parse,
    signature_of,
    signed_assertion,
    strip,
)
from tests.builders import assertion
from tests.conftest import Member, certificate_of
from tests.trees import serialise

Mutation = Callable[[_Element], None]


def verdict(octets: bytes, *signers: Member, strangers: tuple[Member, ...] = ()) -> str:
    """The verifier's code, or `accepted`."""
    keys = [each.verification for each in signers]
    others = [each.verification for each in strangers]
    try:
        verified = verify_enveloped(parse_message(octets), keys, read_assertion, strangers=others)
    except SamlError as error:
        return error.code
    assert verified.signer in {key.fingerprint for key in keys}
    return "accepted"


def mutated(signer: Member, *mutations: Mutation) -> bytes:
    root = parse(signed_assertion(signer))
    for mutation in mutations:
        mutation(root)
    return serialise(root)


def sign_again(root: _Element, signer: Member) -> None:
    """Digest and sign anew with the honest key whatever SignedInfo now says: only the named fault is left."""
    signature = signature_of(root)
    bare = strip(clone(root))
    find(signature, "ds:DigestValue").text = b64encode(hashlib.sha256(canonical_octets(bare)).digest()).decode()
    signed_info = canonical_octets(find(signature, "ds:SignedInfo"))
    value = signer.private_key.sign(signed_info, PKCS1v15(), SHA256())
    find(signature, "ds:SignatureValue").text = b64encode(value).decode()


def test_sig_00_control_the_honest_assertion_is_accepted(idp: Member, stranger: Member) -> None:
    """The twin of every case, also when the right key is the second one tried (a rollover)."""
    octets = signed_assertion(idp)
    assert naive(octets, idp)
    verified = verify_enveloped(parse_message(octets), [stranger.verification, idp.verification], read_assertion)
    assert verified.value == assertion()
    assert verified.signer == idp.verification.fingerprint
    assert b"Signature" not in verified.octets
    assert verdict(mutated(idp, lambda root: sign_again(root, idp)), idp) == "accepted"


def test_sig_01_no_signature_at_all(idp: Member, broker: Member) -> None:
    """CVE-2025-59718, CVE-2026-28323: also with no key registered."""
    octets = mutated(idp, lambda root: strip(root) is None)
    assert verdict(octets, idp) == "sig.missing"
    assert verdict(octets) == "sig.missing"
    assert verdict(signed_assertion(idp)) == "sig.key"
    assert code_of(lambda: answer_by_post(serialise(message_e(octets, broker)), idp, broker)) == "sig.missing"


def test_sig_03_white_space_is_content(idp: Member) -> None:
    """A line break behind the Signature was not signed: the text behind a removed element must not vanish with it."""

    def change(root: _Element) -> None:
        signature_of(root).tail = "\n"

    assert verdict(mutated(idp, change), idp) == "sig.value"


@pytest.mark.parametrize("path", ["ds:Signature", "ds:SignedInfo", "ds:Reference"])
@pytest.mark.parametrize("text", ["evil", "\u00a0"])
def test_text_beside_what_is_signed_is_refused(path: str, text: str, idp: Member) -> None:
    """Found by comparing with libxmlsec, which refuses it in some places: in Signature itself nothing covers it."""

    def change(root: _Element) -> None:
        find(root, path)[0].tail = text

    assert verdict(mutated(idp, change), idp) == "sig.structure"


def test_sig_04_without_key_info_the_code_needs_a_hint(idp: Member, stranger: Member) -> None:
    """Nobody named a key: a wrong signature, unless another member's key is found to have made it. Never accepted."""
    root = parse(signed_assertion(stranger))
    signature = signature_of(root)
    signature.remove(find(signature, "ds:KeyInfo"))
    octets = serialise(root)
    assert verdict(octets, idp) == "sig.value"
    assert verdict(octets, idp, strangers=(stranger,)) == "sig.key"


@pytest.mark.parametrize("order", ["comment first", "comment last"])
def test_sig_11_comment_inside_digest_value(order: str, idp: Member) -> None:
    """CVE-2025-29775 ("SAMLStorm"): the parser refuses the comment; a tree that has one is refused by the profile."""
    root = make_evil(parse(signed_assertion(idp)))
    bare = strip(clone(root))
    digest = b64encode(hashlib.sha256(canonical_octets(bare)).digest()).decode()
    value = find(root, "ds:DigestValue")
    honest, comment = value.text, etree.Comment(digest)
    first = order == "comment first"
    value.text, comment.tail = (None, honest) if first else (honest, None)
    value.append(comment)
    octets = serialise(root)
    assert verdict(octets, idp) == "xml.text"
    assert code_of(lambda: verify_enveloped(root, [idp.verification], read_assertion)) == "sig.structure"


def test_sig_signature_out_of_place(idp: Member) -> None:
    """SAML's schemas put it right behind Issuer."""

    def last(root: _Element) -> None:
        root.append(signature_of(root))

    def twice(root: _Element) -> None:
        signature_of(root).addnext(clone(signature_of(root)))

    assert verdict(mutated(idp, last), idp) == "sig.structure"
    assert verdict(mutated(idp, twice), idp) == "sig.structure"


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_sig_ecdsa_is_r_and_s_of_full_length(curve: ec.EllipticCurve, idp: Member) -> None:
    """RFC 4051 section 2.3.6; DER in its place is refused, an RSA key does not fit, and the other way round."""
    private_key = ec.generate_private_key(curve)
    key = read_verification_key(certificate_of(private_key))
    root = parse(signed_assertion(idp))
    find(root, "ds:SignatureMethod").set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")
    signature = signature_of(root)
    signature.remove(find(signature, "ds:KeyInfo"))
    der = private_key.sign(canonical_octets(find(root, "ds:SignedInfo")), ec.ECDSA(SHA256()))
    half = (curve.key_size + 7) // 8
    r, s = decode_dss_signature(der)
    for value, expected in ((r.to_bytes(half, "big") + s.to_bytes(half, "big"), None), (der, "sig.value")):
        find(root, "ds:SignatureValue").text = b64encode(value).decode()
        octets = serialise(root)
        if expected is None:
            verified = verify_enveloped(parse_message(octets), [idp.verification, key], read_assertion)
            assert verified.signer == key.fingerprint
            assert verdict(octets, idp) == "sig.value"
        else:
            assert (
                code_of(lambda octets=octets: verify_enveloped(parse_message(octets), [key], read_assertion))
                == expected
            )
