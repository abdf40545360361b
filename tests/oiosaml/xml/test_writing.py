"""Our own writer against libxml2's: what we write is, octet for octet, the exclusive canonical form of what a parser reads in it."""

import os
from dataclasses import replace

import pytest
import xmlsec
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from oiosaml.attributes import Attribute
from oiosaml.messages.assertion import read_assertion, write_assertion
from oiosaml.messages.element import add, build, serialise
from oiosaml.messages.response import write_encrypted_assertion, write_response
from oiosaml.uris import NS_DS, NS_MD, NS_SAML, NS_SAMLP, NS_XENC, NS_XENC11
from oiosaml.xml.canonical import canonical_octets
from oiosaml.xml.encryption import OIOSAML_DEFAULT, encrypt
from oiosaml.xml.escaping import UnwritableText, writable
from oiosaml.xml.sign import sign_enveloped
from oiosaml.xml.verify import verify_enveloped
from oiosaml.xml.writing import PREFIXES, NewElement
from tests.builders import assertion, response
from tests.conftest import Member
from tests.trees import tree

HARD = ["", " ", "\r", "\r\n", "\t\n ", "]]>", "&amp;", "<!-- -->", "\"'`", "æøåÆØÅ é"]
HARD += ["\U0001f642\U00010000\U0010fffd", "\u0085\u2028\ufffd\ue000"]
XSI = PREFIXES["xsi"]
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
ALL = tuple(PREFIXES)


def _xml_allows(character: str) -> bool:
    number = ord(character)
    return number in (0x9, 0xA, 0xD) or 0x20 <= number <= 0xD7FF or 0xE000 <= number <= 0xFFFD or number >= 0x10000


texts = st.one_of(
    st.sampled_from(HARD),
    st.text(st.characters(exclude_categories=["Cs"]).filter(_xml_allows)),
    st.text("\t\n\r &<>\"'];#xæ\U0001f642"),
)
NAMES = ["ID", "Name", "NameFormat", "a", "B", "æ", XML_LANG]
NAMES += [f"{{{XSI}}}type", f"{{{XSI}}}nil", f"{{{NS_DS}}}x", f"{{{NS_SAML}}}y", f"{{{NS_XENC}}}z", f"{{{NS_XENC11}}}z"]
attributes = st.dictionaries(st.sampled_from(NAMES), st.none() | texts, max_size=6)
tags = st.tuples(st.sampled_from([*PREFIXES.values(), ""]), st.sampled_from(["Issuer", "Assertion", "a", "æble"]))
shapes = st.recursive(
    st.tuples(tags, attributes, st.none() | texts, st.just([])),
    lambda children: st.tuples(tags, attributes, st.none() | texts, st.lists(children, max_size=4)),
    max_leaves=12,
)


def written(shape, parent=None):  # type: ignore[no-untyped-def]
    """Build what a shape says; a child is sometimes made by itself and then appended."""
    (namespace, tag), attributes_, text, children = shape
    if parent is None:
        element = NewElement(frozenset(PREFIXES.values()), namespace, tag, attributes_, text)
    elif len(attributes_) % 2:
        element = NewElement(frozenset(PREFIXES.values()), namespace, tag, attributes_, text)
        parent.append(element)
    else:
        element = add(parent, namespace, tag, attributes_, text=text)
    for child in children:
        written(child, element)
    return element


@given(shapes)
def test_what_we_write_is_its_own_exclusive_canonical_form(shape: object) -> None:
    octets = serialise(written(shape))
    assert canonical_octets(etree.fromstring(octets)) == octets


@given(shapes)
def test_a_reader_finds_what_was_written(shape: object) -> None:
    assert_same(etree.fromstring(serialise(written(shape))), shape)


def assert_same(element, shape):  # type: ignore[no-untyped-def]
    (namespace, tag), attributes_, text, children = shape
    assert element.tag == (f"{{{namespace}}}{tag}" if namespace else tag)
    assert dict(element.attrib) == {name: value for name, value in attributes_.items() if value is not None}
    assert (element.text or "") == (text or "")
    assert len(element) == len(children)
    for child, child_shape in zip(element, children, strict=True):
        assert_same(child, child_shape)


@given(st.lists(texts, min_size=1, max_size=4), texts)
def test_libxmlsec_verifies_what_we_sign_whatever_it_says(idp: Member, values: list[str], issuer: str) -> None:
    said = replace(
        assertion(), attribute_statements=((Attribute("https://x.test/a", tuple(values), friendly_name=issuer),),)
    )
    element = write_assertion(said)
    sign_enveloped(element, idp.signing)
    root = etree.fromstring(serialise(element))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(idp.key_pem, xmlsec.constants.KeyDataFormatPem)
    context.register_id(root, "ID")
    context.verify(root[1])
    assert canonical_octets(root) == serialise(element)
    assert verify_enveloped(tree(element), [idp.verification], read_assertion).value == said


def test_sealed_octets_stand_in_a_message_as_they_are(idp: Member, broker: Member) -> None:
    inner = write_assertion(assertion())
    sign_enveloped(inner, idp.signing)
    plain = serialise(write_response(response(), inner))
    assert serialise(inner) in plain
    assert canonical_octets(etree.fromstring(plain)) == plain
    encrypted_data = encrypt(serialise(inner), broker.public_key, OIOSAML_DEFAULT, entropy=os.urandom)
    sealed = write_response(response(), write_encrypted_assertion(encrypted_data))
    sign_enveloped(sealed, idp.signing)
    assert canonical_octets(etree.fromstring(serialise(sealed))) == serialise(sealed)
    assert verify_enveloped(tree(sealed), [idp.verification], lambda root: root.get("ID")).value == response().id


@pytest.mark.parametrize("with_certificate", [False, True])
def test_encrypted_data_is_canonical(with_certificate: bool, broker: Member) -> None:  # noqa: FBT001 - a case
    certificate = broker.signing.certificate_der if with_certificate else None
    data = encrypt(
        b"<a/>", broker.public_key, OIOSAML_DEFAULT, entropy=os.urandom, recipient_certificate_der=certificate
    )
    assert canonical_octets(etree.fromstring(serialise(data))) == serialise(data)


def test_sealed_octets_are_refused_where_they_would_not_be_canonical(idp: Member) -> None:
    inner = write_assertion(assertion())
    sign_enveloped(inner, idp.signing)
    outer = build(NS_SAML, "Advice", prefixes=("saml",))
    outer.append(inner)
    with pytest.raises(ValueError, match="declares the same namespaces"):
        serialise(outer)
    holder = build(NS_DS, "Object", prefixes=("ds",))
    holder.append(inner)  # its Signature declares ds
    with pytest.raises(ValueError, match="declares the same namespaces"):
        serialise(holder)


@pytest.mark.parametrize("sealed", [True, False])
def test_text_that_declares_is_refused_where_it_would_not_be_canonical(idp: Member, *, sealed: bool) -> None:
    inner = write_response(response())
    if sealed:
        sign_enveloped(inner, idp.signing)
    outer = build(NS_SAML, "Advice", prefixes=("saml",))
    outer.append(inner)  # its Issuer declares saml
    with pytest.raises(ValueError, match="declares the same namespaces"):
        serialise(outer)


def test_no_text_is_added_to_a_sealed_element(idp: Member) -> None:
    said = write_assertion(assertion())
    sign_enveloped(said, idp.signing)
    with pytest.raises(ValueError, match="sealed"):
        said.write("<saml:Advice></saml:Advice>")


@pytest.mark.parametrize("number", [*range(0x9), 0xB, 0xC, *range(0xE, 0x20), 0xD800, 0xDFFF, 0xFFFE, 0xFFFF])
def test_what_xml_cannot_hold_is_refused_by_name_and_place(number: int) -> None:
    root = build(NS_SAML, "Attribute", prefixes=("saml",))
    text = f"before{chr(number)}behind"
    with pytest.raises(UnwritableText, match=rf"U\+{number:04X} in AttributeValue"):
        add(root, NS_SAML, "AttributeValue", text=text)
    with pytest.raises(UnwritableText, match=rf"U\+{number:04X} in Name"):
        add(root, NS_SAML, "Attribute", {"Name": text})


def test_every_other_character_is_written() -> None:
    for start in range(0, 0x110000, 0x1000):
        block = "".join(map(chr, range(start, start + 0x1000)))
        text = "".join(each for each in block if _xml_allows(each))
        assert writable(text, "x") == text


@pytest.mark.parametrize("name", ["a b", "a>", "1a", "a:b", 'a="'])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected the name"):
        build(NS_SAML, name, prefixes=("saml",))
    with pytest.raises(ValueError, match="expected the name"):
        build(NS_SAML, "Attribute", {name: "x"}, prefixes=("saml",))


def test_only_namespaces_that_the_root_was_built_for_may_be_used() -> None:
    root = build(NS_SAMLP, "Response", prefixes=("samlp",))
    with pytest.raises(ValueError, match="expected a namespace that the root was built for"):
        add(root, NS_MD, "Organization")
    with pytest.raises(ValueError, match="expected a namespace that the root was built for"):
        add(root, NS_SAMLP, "Status", {f"{{{NS_XENC}}}x": "y"})
