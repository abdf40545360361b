"""SIG: trust and structure of signatures, at the verifier. Each mutant is an accepted assertion with one thing changed."""

import hashlib
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree
from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.keys import SigningKey, read_verification_key
from oiosaml.messages.assertion import read_assertion
from oiosaml.messages.metadata import KeyDescriptor, signing_keys
from oiosaml.uris import C14N_EXCLUSIVE, NS_DS, TRANSFORM_ENVELOPED
from oiosaml.xml.canonical import canonical_octets
from oiosaml.xml.parse import parse_message
from oiosaml.xml.verify import verify_enveloped
from tests.attacks.forge import (
    answer_by_post,
    answer_by_soap,
    clone,
    code_of,
    find,
    make_evil,
    message_a,
    message_e,
    message_r,
    naive,
    name,
    parse,
    signature_of,
    signed_assertion,
    strip,
)
from tests.builders import assertion
from tests.conftest import Member, certificate_of
from tests.trees import serialise, sign_enveloped

Mutation = Callable[[_Element], None]
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"


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


def set_algorithm(path: str, uri: str) -> Mutation:
    return lambda root: find(root, path).set("Algorithm", uri)


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


def remove(path: str) -> Mutation:
    def mutation(root: _Element) -> None:
        element = find(root, path)
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return mutation


def blank(path: str) -> Mutation:
    def mutation(root: _Element) -> None:
        find(root, path).text = " "

    return mutation


@pytest.mark.parametrize(
    "mutation",
    [
        blank("ds:SignatureValue"),
        remove("ds:SignatureValue"),
        remove("ds:SignedInfo"),
        remove("ds:Reference"),
        remove("ds:DigestValue"),
        blank("ds:DigestValue"),
        remove("ds:Transforms"),
        set_algorithm("ds:CanonicalizationMethod", ""),
    ],
)
def test_sig_02_empty_or_partial_signature(mutation: Mutation, idp: Member) -> None:
    """Sustainsys VerifySignature_NoReference."""
    assert verdict(mutated(idp, mutation), idp) == "sig.structure"


FIELDS = (
    "saml:Issuer",
    "saml:NameID",
    "saml:Audience",
    "saml:AuthnContextClassRef",
    "saml:AttributeValue",
)
ATTRIBUTES = (
    ("saml:Conditions", "NotBefore"),
    ("saml:Conditions", "NotOnOrAfter"),
    ("saml:SubjectConfirmationData", "NotOnOrAfter"),
    ("saml:SubjectConfirmationData", "Recipient"),
    ("saml:SubjectConfirmationData", "InResponseTo"),
    ("saml:AuthnStatement", "SessionIndex"),
    ("saml:Attribute", "Name"),
)


@pytest.mark.parametrize("path", FIELDS)
def test_sig_03_signed_text_changed(path: str, idp: Member) -> None:
    """OIOSAML.Net EvilSaml2Assertion."""

    def change(root: _Element) -> None:
        element = find(root, path)
        element.text = (element.text or "")[:-1] + "x"

    octets = mutated(idp, change)
    assert not naive(octets, idp)
    assert verdict(octets, idp) == "sig.value"


@pytest.mark.parametrize(("path", "attribute"), ATTRIBUTES)
def test_sig_03_signed_attribute_changed(path: str, attribute: str, idp: Member) -> None:
    """OIOSAML.Net EvilSaml2Assertion."""

    def change(root: _Element) -> None:
        element = find(root, path)
        element.set(attribute, element.get(attribute, "") + "9")

    assert verdict(mutated(idp, change), idp) == "sig.value"


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


def test_sig_04_attackers_own_key_in_key_info(idp: Member, stranger: Member) -> None:
    """CVE-2021-21239."""
    root = make_evil(parse(signed_assertion(idp)))
    strip(root)
    sign_enveloped(root, stranger.signing)
    octets = serialise(root)
    assert naive(octets, stranger)
    assert verdict(octets, idp) == "sig.key"
    assert verdict(octets, stranger) == "accepted"


def test_sig_04_without_key_info_the_code_needs_a_hint(idp: Member, stranger: Member) -> None:
    """Nobody named a key: a wrong signature, unless another member's key is found to have made it. Never accepted."""
    root = parse(signed_assertion(stranger))
    signature = signature_of(root)
    signature.remove(find(signature, "ds:KeyInfo"))
    octets = serialise(root)
    assert verdict(octets, idp) == "sig.value"
    assert verdict(octets, idp, strangers=(stranger,)) == "sig.key"


def test_sig_05_look_alike_certificate(idp: Member) -> None:
    """SAMLRaider's certificate cloning: same names, serial number and validity, another key."""
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    clone_der = certificate_of(other, "idp")
    honest = x509.load_der_x509_certificate(idp.signing.certificate_der)
    copy = x509.load_der_x509_certificate(clone_der)
    assert (copy.subject, copy.issuer, copy.serial_number) == (honest.subject, honest.issuer, honest.serial_number)
    root = strip(parse(signed_assertion(idp)))
    sign_enveloped(root, SigningKey(other, clone_der))
    assert verdict(serialise(root), idp) == "sig.key"


def test_sig_06_right_signature_other_members_key(idp: Member, member: Callable[[str], Member]) -> None:
    """The reason why keys are looked up by issuer."""
    other = member("idp-b")
    assert verdict(signed_assertion(other), idp, strangers=(other,)) == "sig.key"
    assert verdict(signed_assertion(other), idp) == "sig.key"


def test_sig_07_encryption_key_used_to_sign(idp: Member, member: Callable[[str], Member]) -> None:
    """SAML Metadata 2.4.1.1: `signing_keys` does not hand such a key over, so to the verifier it is nobody's."""
    encrypting = member("idp-encryption")
    keys = signing_keys(
        (KeyDescriptor("signing", idp.verification), KeyDescriptor("encryption", encrypting.verification))
    )
    assert keys == (idp.verification,)
    assert verdict(signed_assertion(encrypting), idp) == "sig.key"


SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"


@pytest.mark.parametrize(
    ("path", "uri"),
    [("ds:SignatureMethod", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"), ("ds:DigestMethod", SHA1)],
)
@pytest.mark.parametrize("base", [message_a, message_r])
def test_sig_08_sha1(path: str, uri: str, base: Callable[[Member], _Element], idp: Member) -> None:
    """OIOSAML 3, section 3.3."""
    root = base(idp)
    find(root, path).set("Algorithm", uri)
    assert code_of(lambda: answer_by_soap(serialise(root), idp)) == "sig.algorithm"


@pytest.mark.parametrize("uri", ["urn:made-up", "none", "http://www.w3.org/2001/04/xmldsig-more#none"])
@pytest.mark.parametrize("path", ["ds:SignatureMethod", "ds:DigestMethod", "ds:CanonicalizationMethod"])
def test_sig_09_unknown_algorithm(path: str, uri: str, idp: Member) -> None:
    """The JWT "none" family carried over."""
    assert verdict(mutated(idp, set_algorithm(path, uri)), idp) == "sig.algorithm"


@pytest.mark.parametrize("path", ["ds:SignatureMethod", "ds:DigestMethod"])
def test_sig_09_empty_algorithm(path: str, idp: Member) -> None:
    """No default to fall back to."""
    assert verdict(mutated(idp, set_algorithm(path, "")), idp) == "sig.algorithm"


@pytest.mark.parametrize("secret", ["pem", "der", "key"])
def test_sig_10_hmac_with_the_public_certificate_as_secret(secret: str, idp: Member) -> None:
    """Algorithm confusion; CVE-2025-48994."""
    octets = {
        "pem": idp.certificate_pem,
        "der": idp.signing.certificate_der,
        "key": idp.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    }[secret]
    root = strip(parse(signed_assertion(idp)))
    template = xmlsec.template.create(root, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.HMAC_SHA256, ns="ds")
    root.insert(1, template)
    reference = xmlsec.template.add_reference(template, xmlsec.Transform.SHA256, uri="#" + root.get("ID", ""))
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, octets)
    context.register_id(root, "ID")
    context.sign(template)
    assert verdict(serialise(root), idp) == "sig.algorithm"


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


@pytest.mark.parametrize("position", [0, 1])
def test_sig_12_two_signed_infos(position: int, idp: Member) -> None:
    """CVE-2025-29774, CVE-2019-3465."""

    def change(root: _Element) -> None:
        signature = signature_of(root)
        signature.insert(position, clone(find(signature, "ds:SignedInfo")))

    assert verdict(mutated(idp, change), idp) == "sig.structure"


def test_sig_13_two_references(idp: Member) -> None:
    """SAML Core 5.4.2."""

    def change(root: _Element) -> None:
        signed_info = find(root, "ds:SignedInfo")
        signed_info.append(clone(find(signed_info, "ds:Reference")))
        value = idp.private_key.sign(canonical_octets(signed_info), PKCS1v15(), SHA256())
        find(root, "ds:SignatureValue").text = b64encode(value).decode()

    octets = mutated(idp, change)
    assert naive(octets, idp)
    assert verdict(octets, idp) == "sig.structure"


@pytest.mark.parametrize("uri", ["", "#", "#_another", None])
def test_sig_14_reference_to_something_else(uri: str | None, idp: Member) -> None:
    """SAML Core 5.4.2: an empty URI is the whole document, none at all whatever the application thinks of."""

    def change(root: _Element) -> None:
        reference = find(root, "ds:Reference")
        reference.attrib.pop("URI")
        if uri is not None:
            reference.set("URI", uri)
        sign_again(root, idp)

    octets = mutated(idp, change)
    if uri == "":
        assert naive(octets, idp)
    assert verdict(octets, idp) == "sig.coverage"


def transforms(*algorithms: str, inside: str = "") -> Mutation:
    def mutation(root: _Element) -> None:
        parent = find(root, "ds:Transforms")
        for child in list(parent):
            parent.remove(child)
        for algorithm in algorithms:
            transform = etree.SubElement(parent, name("ds:Transform"), Algorithm=algorithm)
            if inside:
                transform.append(etree.fromstring(inside))

    return mutation


STYLESHEET = (
    '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/">'
    '<xsl:call-template name="t"><xsl:with-param name="n" select="24"/></xsl:call-template></xsl:template>'
    '<xsl:template name="t"><xsl:param name="n"/><xsl:if test="$n &gt; 0">'
    '<xsl:call-template name="t"><xsl:with-param name="n" select="$n - 1"/></xsl:call-template>'
    '<xsl:call-template name="t"><xsl:with-param name="n" select="$n - 1"/></xsl:call-template>'
    "</xsl:if></xsl:template></xsl:stylesheet>"
)


def test_sig_15_xslt_in_the_transforms(idp: Member) -> None:
    """python3-saml#447, pysaml2#1035: code of the attacker's choice never runs, so it costs nothing."""
    octets = mutated(idp, transforms(XSLT, inside=STYLESHEET))
    started = time.process_time()
    assert verdict(octets, idp) == "sig.structure"
    assert time.process_time() - started < 0.05


def test_sig_16_xpath_transform_that_cuts_content_out(idp: Member) -> None:
    """W3C XML Signature Best Practices."""
    inside = (
        f'<ds:XPath xmlns:ds="{NS_DS}" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">'
        "not(ancestor-or-self::saml:AttributeStatement)</ds:XPath>"
    )
    octets = mutated(idp, transforms(TRANSFORM_ENVELOPED, XPATH, C14N_EXCLUSIVE, inside=inside))
    assert verdict(octets, idp) == "sig.structure"


@pytest.mark.parametrize(
    "algorithms",
    [
        (TRANSFORM_ENVELOPED,),
        (C14N_EXCLUSIVE,),
        (C14N_EXCLUSIVE, TRANSFORM_ENVELOPED),
        (TRANSFORM_ENVELOPED, C14N_EXCLUSIVE, C14N_EXCLUSIVE),
        (TRANSFORM_ENVELOPED, "http://www.w3.org/2000/09/xmldsig#base64"),
    ],
)
def test_sig_16_other_transforms(algorithms: tuple[str, ...], idp: Member) -> None:
    """Exactly two, in their order."""
    octets = mutated(idp, transforms(*algorithms), lambda root: sign_again(root, idp))
    assert verdict(octets, idp) == "sig.structure"


def test_sig_17_reference_to_the_outside(idp: Member, tmp_path: Path) -> None:
    """pysaml2 changelog 4.6.0: no file is opened, nothing is fetched."""
    canary = tmp_path / "canary.xml"
    canary.write_text("<a/>")
    before = canary.stat().st_atime_ns
    for uri in (canary.as_uri(), "http://127.0.0.1:9/canary"):
        octets = mutated(idp, lambda root, uri=uri: find(root, "ds:Reference").set("URI", uri))
        assert verdict(octets, idp) == "sig.coverage"
    assert canary.stat().st_atime_ns == before


def key_info(*children: str) -> Mutation:
    def mutation(root: _Element) -> None:
        parent = find(root, "ds:KeyInfo")
        for child in list(parent):
            parent.remove(child)
        for child in children:
            parent.append(etree.fromstring(child))

    return mutation


def test_sig_18_key_info_that_asks_to_fetch(idp: Member) -> None:
    """Decided: what asks to be fetched is refused, what only names is ignored."""
    retrieval = f'<ds:RetrievalMethod xmlns:ds="{NS_DS}" URI="http://127.0.0.1:9/key"/>'
    key_name = f'<ds:KeyName xmlns:ds="{NS_DS}">http://127.0.0.1:9/key</ds:KeyName>'
    unknown = '<wsse:SecurityTokenReference xmlns:wsse="urn:wsse"/>'
    assert verdict(mutated(idp, key_info(retrieval)), idp) == "sig.structure"
    assert verdict(mutated(idp, key_info(unknown)), idp) == "sig.structure"
    assert verdict(mutated(idp, key_info(key_name)), idp) == "accepted"
    assert verdict(mutated(idp, key_info()), idp) == "accepted"


@pytest.mark.parametrize("place", ["transform", "method"])
def test_sig_19_canonicalisation_with_comments(place: str, idp: Member) -> None:
    """jellyfin#137: what is signed must be what is read."""
    uri = C14N_EXCLUSIVE + "WithComments"
    change = (
        transforms(TRANSFORM_ENVELOPED, uri)
        if place == "transform"
        else set_algorithm("ds:CanonicalizationMethod", uri)
    )
    octets = mutated(idp, change, lambda root: sign_again(root, idp))
    assert naive(octets, idp)
    assert verdict(octets, idp) == "sig.algorithm"


def test_sig_20_only_the_response_is_signed(idp: Member, broker: Member) -> None:
    """OIOSAML 3, sections 4 and 5: the assertion itself must be."""
    octets = serialise(message_r(idp))
    assert naive(octets, idp)
    assert code_of(lambda: answer_by_soap(octets, idp)) == "sig.missing"
    encrypted = message_e(serialise(strip(parse(signed_assertion(idp)))), broker)
    sign_enveloped(encrypted, idp.signing)
    assert code_of(lambda: answer_by_post(serialise(encrypted), idp, broker)) == "sig.missing"


def test_sig_21_key_that_has_left_the_metadata(idp: Member, member: Callable[[str], Member]) -> None:
    """After the rollover only the new key counts; a certificate's own dates do not (the registration is the trust)."""
    new = member("idp-new")
    assert verdict(signed_assertion(idp), idp, new) == "accepted"
    assert verdict(signed_assertion(idp), new) == "sig.key"


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
