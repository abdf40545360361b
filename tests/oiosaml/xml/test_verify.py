"""What the verifier does where a signature stands otherwise than in most messages. Found by changing its lines: no test had noticed."""

import re
from base64 import b64encode
from dataclasses import replace

import pytest
import xmlsec
from lxml import etree
from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.messages.authn_request import write_authn_request
from oiosaml.uris import C14N_EXCLUSIVE, NS_DS
from oiosaml.xml.parse import parse_message
from oiosaml.xml.verify import MAXIMUM_KEYS, MAXIMUM_STRANGERS, verify_enveloped
from saml_web.error_pages import shown
from tests import builders
from tests.conftest import Member, make_member
from tests.trees import sign_enveloped

DS = f"{{{NS_DS}}}"


def request(*, issuer: bool = True) -> _Element:
    root = etree.fromstring(write_authn_request(builders.authn_request()).octets())
    if not issuer:
        root.remove(root[0])
    return root


def signed(root: _Element, signer: Member) -> _Element:
    sign_enveloped(root, signer.signing)
    return root


def verdict(root: _Element, *keys: Member, strangers: tuple[Member, ...] = ()) -> str:
    others = [each.verification for each in strangers]
    try:
        verify_enveloped(
            parse_message(etree.tostring(root)), [key.verification for key in keys], lambda _: None, strangers=others
        )
    except SamlError as refusal:
        return refusal.code
    return "accepted"


@pytest.mark.parametrize("issuer", [True, False])
@pytest.mark.parametrize("before", [None, "\n  "])
@pytest.mark.parametrize("behind", [None, "\n  "])
def test_text_round_a_signature_is_signed_content(*, issuer: bool, before: str | None, behind: str | None) -> None:
    """Before and behind it, whether it is the first child or not: taken out, it leaves all of its surroundings as they were."""
    idp, root = make_member("idp"), request(issuer=issuer)
    between = f"{before or ''}{behind or ''}" or None
    if issuer:
        root[0].tail = between
    else:
        root.text = between
    signature = signed(root, idp).find(f"{DS}Signature")
    assert signature is not None
    if issuer:
        root[0].tail = before
    else:
        root.text = before
    signature.tail = behind
    expected = etree.tostring(root, method="c14n", exclusive=True)
    verified = verify_enveloped(parse_message(etree.tostring(root)), [idp.verification], lambda _: None)
    start, end = expected.index(b"<ds:Signature"), expected.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    assert verified.octets == expected[:start] + expected[end:]


def test_signature_stands_first_where_there_is_no_issuer() -> None:
    root = signed(request(issuer=False), make_member("idp"))
    assert verdict(root, make_member("idp")) == "accepted"
    root.append(root[0])
    assert verdict(root, make_member("idp")) == "sig.structure"


@pytest.mark.parametrize("uri", ["#", "#XXXX", "", "#None"])
def test_an_element_without_an_id_is_covered_by_nothing(uri: str) -> None:
    root = signed(request(), make_member("idp"))
    del root.attrib["ID"]
    next(root.iter(f"{DS}Reference")).set("URI", uri)
    assert verdict(root, make_member("idp")) == "sig.coverage"


@pytest.mark.parametrize("keeps_key_info", [True, False])
def test_an_empty_object_is_refused_beside_key_info_and_in_its_place(*, keeps_key_info: bool) -> None:
    root = signed(request(), make_member("idp"))
    signature = next(root.iter(f"{DS}Signature"))
    if not keeps_key_info:
        signature.remove(signature[2])
    etree.SubElement(signature, f"{DS}Object")
    assert verdict(root, make_member("idp")) == "sig.structure"


def test_prefixes_of_signed_info_are_signed_as_they_are_listed() -> None:
    """A PrefixList on CanonicalizationMethod adds declarations to SignedInfo, and to nothing else."""
    root, idp = request(), make_member("idp")
    constants = xmlsec.constants
    signature = xmlsec.template.create(root, constants.TransformExclC14N, constants.TransformRsaSha256, ns="ds")
    reference = xmlsec.template.add_reference(signature, constants.TransformSha256, uri=f"#{root.get('ID')}")
    xmlsec.template.add_transform(reference, constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, constants.TransformExclC14N)
    method = next(signature.iter(f"{DS}CanonicalizationMethod"))
    etree.SubElement(method, f"{{{C14N_EXCLUSIVE}}}InclusiveNamespaces", PrefixList="samlp")
    root.insert(1, signature)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(idp.key_pem, constants.KeyDataFormatPem)
    context.register_id(root, "ID")
    context.sign(signature)
    assert verdict(root, idp) == "accepted"


@pytest.mark.parametrize(
    ("others", "code"),
    [
        (0, "sig.key"),
        (MAXIMUM_KEYS + 1, "sig.key"),
        (MAXIMUM_STRANGERS - 1, "sig.key"),
        (MAXIMUM_STRANGERS, "sig.value"),
    ],
)
def test_a_strangers_key_is_found_among_many_and_not_among_any_number(others: int, code: str) -> None:
    root = signed(request(), make_member("stranger"))
    signature = next(root.iter(f"{DS}Signature"))
    signature.remove(signature[2])
    strangers = (*[make_member("other-idp")] * others, make_member("stranger"))
    assert verdict(root, make_member("idp"), strangers=strangers) == code


@pytest.mark.parametrize("key_info", [True, False], ids=["names its key", "names none"])
@pytest.mark.parametrize("known", [True, False], ids=["another member's", "nobody's"])
def test_a_wrong_key_is_told_with_the_senders_own(*, key_info: bool, known: bool) -> None:
    """The key of a signature without KeyInfo is not known, so that a wrong key and a changed text look alike."""
    root = signed(request(), make_member("stranger"))
    if not key_info:
        signature = next(root.iter(f"{DS}Signature"))
        signature.remove(signature[2])
    keys = [replace(make_member("idp").verification, fingerprint=f"{number:064x}") for number in range(12)]
    strangers = [make_member("stranger").verification] if known else []
    with pytest.raises(SamlError) as refused:
        verify_enveloped(parse_message(etree.tostring(root)), keys, lambda _: None, strangers=strangers)
    told = refused.value.detail
    assert f"the registered key {'0' * 64} or " in told and "openssl" in told and "nsis parties" in told
    assert shown(told) == told and told.endswith("prints another number")
    assert refused.value.code == ("sig.key" if key_info or known else "sig.value")


def test_a_signature_that_names_a_registered_key_is_told_of_no_other() -> None:
    root = signed(request(), make_member("stranger"))
    claimed = next(root.iter(f"{DS}X509Certificate"))
    claimed.text = b64encode(make_member("idp").signing.certificate_der).decode()
    with pytest.raises(SamlError) as refused:
        verify_enveloped(parse_message(etree.tostring(root)), [make_member("idp").verification], lambda _: None)
    assert (refused.value.code, refused.value.detail.endswith("exactly this SignedInfo")) == ("sig.value", True)


@pytest.mark.parametrize("place", ["AuthnRequest", "SignedInfo", "Reference", "Extensions"])
def test_a_relative_namespace_has_no_canonical_form(place: str) -> None:
    """Found by comparing with libxmlsec: whoever sent one, without any key, made the canonicaliser fail."""
    octets = etree.tostring(signed(request(), make_member("idp")))
    octets = octets.replace(b"</ds:Signature>", b"</ds:Signature><samlp:Extensions/>")
    tag = next(each for each in re.findall(rb"<[\w:]+", octets) if each.endswith(place.encode()))
    octets = octets.replace(tag, tag + b' xmlns:evil="evil"', 1)
    with pytest.raises(SamlError) as refused:
        verify_enveloped(parse_message(octets), [make_member("idp").verification], lambda _: None)
    assert refused.value.code == "xml.malformed"
