"""XSW: signature wrapping. Every case is refused by the ACS and by the attribute query's client, before a look-up by ID could go wrong.

`naive` is what a bare `xmlsec` verification of the same octets says: where it verifies, the mutant is the attack that it claims to be.
"""

from lxml import etree
from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.xml.parse import parse_message
from oiosaml.xml.verify import verify_enveloped
from tests.attacks.forge import (
    EVIL,
    answer_by_post,
    answer_by_soap,
    clone,
    code_of,
    evil,
    extensions_of,
    find,
    make_evil,
    message_a,
    message_ar,
    message_e,
    message_r,
    naive,
    name,
    parse,
    signature_of,
    signed_assertion,
    strip,
    verifier_code,
)
from tests.builders import assertion
from tests.conftest import Member
from tests.trees import serialise


def refused(root: _Element, idp: Member, broker: Member, *, naively: bool | None = None) -> str:
    """Assert that both receivers refuse with one code, and give what the verifier alone says about the assertion readers would take."""
    octets = serialise(root)
    if naively is not None:
        assert naive(octets, idp) is naively
    codes = {
        code_of(lambda: answer_by_post(octets, idp, broker)),
        code_of(lambda: answer_by_soap(octets, idp)),
    }
    assert codes == {"proto.assertion-count"}
    first = find(parse_message(octets), "saml:Assertion")
    try:
        verified = verify_enveloped(first, [idp.verification], lambda element: find(element, "saml:NameID").text)
    except SamlError as error:
        return error.code
    assert verified.value != EVIL
    return "accepted"


def test_xsw_00_control_the_honest_messages_are_accepted(idp: Member) -> None:
    """The twin of every case: without the fault the message is good."""
    for base in (message_a, message_ar):
        answer = answer_by_soap(serialise(base(idp)), idp)
        assert answer.assertion is not None
        assert answer.assertion.value == assertion()


def test_xsw_01_response_moved_inside_its_own_signature(idp: Member, broker: Member) -> None:
    """XSW1, On Breaking SAML."""
    root = message_r(idp)
    original = strip(clone(root))
    root.set("ID", "_evil")
    make_evil(root)
    signature_of(root).append(original)
    refused(root, idp, broker)
    assert verifier_code(parse_message(serialise(root)), idp) == "sig.coverage"


def test_xsw_02_response_moved_beside_its_signature(idp: Member, broker: Member) -> None:
    """XSW2, On Breaking SAML."""
    root = message_r(idp)
    original = strip(clone(root))
    signature_of(root).addprevious(original)
    root.set("ID", "_evil")
    make_evil(root)
    refused(root, idp, broker)
    assert verifier_code(parse_message(serialise(root)), idp) == "sig.structure"


def test_xsw_03_evil_assertion_before_the_signed_one(idp: Member, broker: Member) -> None:
    """XSW3, CVE-2026-47201."""
    root = message_a(idp)
    honest = find(root, "saml:Assertion")
    root.insert(root.index(honest), evil(honest))
    assert refused(root, idp, broker, naively=True) == "sig.missing"


def test_xsw_04_signed_assertion_inside_the_evil_one(idp: Member, broker: Member) -> None:
    """XSW4, CVE-2020-5390."""
    root = message_a(idp)
    honest = find(root, "saml:Assertion")
    forged = evil(honest)
    root.append(forged)
    forged.append(honest)
    assert refused(root, idp, broker, naively=True) == "sig.missing"


def test_xsw_05_evil_takes_over_the_signature(idp: Member, broker: Member) -> None:
    """XSW5, On Breaking SAML."""
    root = message_a(idp)
    honest = find(root, "saml:Assertion")
    original = strip(clone(honest))
    honest.set("ID", "_evil")
    make_evil(honest)
    root.append(original)
    assert refused(root, idp, broker, naively=True) == "sig.coverage"


def test_xsw_06_original_inside_the_evil_assertions_signature(idp: Member, broker: Member) -> None:
    """XSW6, On Breaking SAML."""
    root = message_a(idp)
    honest = find(root, "saml:Assertion")
    original = strip(clone(honest))
    honest.set("ID", "_evil")
    make_evil(honest)
    signature_of(honest).append(original)
    assert refused(root, idp, broker) == "sig.coverage"


def test_xsw_07_evil_assertion_in_extensions(idp: Member, broker: Member) -> None:
    """XSW7, On Breaking SAML."""
    root = message_a(idp)
    forged = make_evil(strip(clone(find(root, "saml:Assertion"))))
    extensions_of(root).append(forged)
    assert refused(root, idp, broker) == "sig.missing"
    direct = parse_message(serialise(root)).find(name("saml:Assertion"))
    assert direct is not None
    assert verifier_code(direct, idp) == "sig.coverage"


def test_xsw_08_original_in_an_object(idp: Member, broker: Member) -> None:
    """XSW8, On Breaking SAML."""
    root = message_a(idp)
    honest = find(root, "saml:Assertion")
    original = strip(clone(honest))
    honest.set("ID", "_evil")
    make_evil(honest)
    etree.SubElement(signature_of(honest), name("ds:Object")).append(original)
    assert refused(root, idp, broker) == "sig.coverage"


def test_xsw_09_unsigned_assertion_after_the_signed_one(idp: Member, broker: Member) -> None:
    """CVE-2021-28091, CVE-2022-41912."""
    root = message_a(idp)
    root.append(evil(find(root, "saml:Assertion")))
    assert (
        refused(root, idp, broker, naively=True) == "accepted"
    )  # the honest one alone is good; the count is what refuses


def test_xsw_10_original_in_extensions_and_a_forged_twin(idp: Member, broker: Member) -> None:
    """CVE-2026-63182."""
    root = message_a(idp)
    honest = find(root, "saml:Assertion")
    extensions_of(root).append(strip(clone(honest)))
    make_evil(honest)
    assert refused(root, idp, broker, naively=True) == "sig.missing"
    direct = parse_message(serialise(root)).find(name("saml:Assertion"))
    assert direct is not None
    assert verifier_code(direct, idp) == "sig.coverage"


def test_xsw_11_original_hidden_in_the_status(idp: Member, broker: Member) -> None:
    """CVE-2024-45409."""
    root = message_a(idp)
    honest = find(root, "saml:Assertion")
    etree.SubElement(find(root, "samlp:Status"), name("samlp:StatusDetail")).append(clone(honest))
    honest.set("ID", "_evil")
    make_evil(honest)
    octets = serialise(root)
    assert naive(octets, idp)
    assert code_of(lambda: answer_by_soap(octets, idp)) == "proto.assertion-count"
    assert code_of(lambda: answer_by_post(octets, idp, broker)) == "proto.assertion-count"
    direct = parse_message(octets).find(name("saml:Assertion"))
    assert direct is not None
    assert verifier_code(direct, idp) == "sig.coverage"


def test_xsw_12_two_elements_with_one_id(idp: Member) -> None:
    """Sustainsys VerifySignature_RejectsDuplicateIdsEvenIfCaseDiffer."""
    for place, attribute in (
        (".", "ID"),
        ("samlp:Status", "ID"),
        ("saml:AttributeValue", "Id"),
        ("saml:AttributeValue", "id"),
    ):
        root = message_a(idp)
        identifier = find(root, "saml:Assertion").get("ID", "")
        (root if place == "." else find(root, place)).set(attribute, identifier)
        octets = serialise(root)
        assert code_of(lambda octets=octets: answer_by_soap(octets, idp)) == "xml.schema"
        alone = find(parse_message(octets), "saml:Assertion")
        assert verifier_code(alone, idp) == "sig.coverage"


def test_xsw_12_plaintext_with_one_id_twice(idp: Member, broker: Member) -> None:
    """The same inside an EncryptedAssertion, whose plaintext is a document of its own."""
    inner = parse(signed_assertion(idp))
    find(inner, "saml:AttributeValue").set("ID", inner.get("ID", ""))
    octets = serialise(message_e(serialise(inner), broker))
    assert code_of(lambda: answer_by_post(octets, idp, broker)) == "xml.schema"


def test_xsw_13_signature_on_one_element_reference_to_another(idp: Member) -> None:
    """CVE-2024-8698."""
    root = message_a(idp)
    root.insert(1, signature_of(find(root, "saml:Assertion")))
    root.set("InResponseTo", "_another")
    octets = serialise(root)
    assert naive(octets, idp)
    assert code_of(lambda: answer_by_soap(octets, idp)) == "sig.coverage"


def test_xsw_nested_assertion_in_the_plaintext(idp: Member, broker: Member) -> None:
    """XSW-04 inside an EncryptedAssertion."""
    honest = parse(signed_assertion(idp))
    forged = evil(honest)
    forged.append(honest)
    octets = serialise(message_e(serialise(forged), broker))
    assert code_of(lambda: answer_by_post(octets, idp, broker)) == "proto.assertion-count"
