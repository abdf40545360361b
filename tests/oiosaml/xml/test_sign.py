"""Signing refuses what could not be referred to, puts the Signature where SAML wants it, and lets nobody add to what is signed."""

import pytest

from oiosaml.messages.assertion import write_assertion
from oiosaml.messages.element import add, build
from oiosaml.messages.response import write_response
from oiosaml.uris import NS_DS, NS_MD, NS_SAML
from oiosaml.xml.sign import sign_enveloped
from oiosaml.xml.verify import verify_enveloped
from tests.builders import assertion, response
from tests.conftest import Member
from tests.trees import tree


@pytest.mark.parametrize("identifier", [None, "", "1", 'a"b', f"_{'a' * 256}"])
def test_refuses_an_element_that_has_no_name(identifier: str | None, idp: Member) -> None:
    with pytest.raises(ValueError, match="expected a name"):
        sign_enveloped(build(NS_SAML, "Assertion", {"ID": identifier}, prefixes=("saml",)), idp.signing)


def test_signature_comes_first_where_there_is_no_issuer(idp: Member) -> None:
    element = build(NS_MD, "EntityDescriptor", {"ID": "_a"}, prefixes=("md",))
    add(element, NS_MD, "Organization")
    sign_enveloped(element, idp.signing)
    assert [child.tag for child in tree(element)] == [f"{{{NS_DS}}}Signature", f"{{{NS_MD}}}Organization"]


def test_signature_comes_behind_the_issuer(idp: Member) -> None:
    element = write_assertion(assertion())
    sign_enveloped(element, idp.signing)
    assert [child.tag.partition("}")[2] for child in tree(element)][:3] == ["Issuer", "Signature", "Subject"]


def test_what_is_signed_takes_nothing_more(idp: Member) -> None:
    element = build(NS_SAML, "Assertion", {"ID": "_a"}, prefixes=("saml",))
    below = add(add(element, NS_SAML, "AttributeStatement"), NS_SAML, "Attribute")
    sign_enveloped(element, idp.signing)
    for sealed in (element, below):
        with pytest.raises(ValueError, match="sealed"):
            add(sealed, NS_SAML, "AttributeValue", text="more rights")
    with pytest.raises(ValueError, match="sealed"):
        sign_enveloped(element, idp.signing)


def test_what_stands_inside_a_signed_element_is_not_signed_afterwards(idp: Member) -> None:
    inner = write_assertion(assertion())
    outer = write_response(response(), inner)
    sign_enveloped(outer, idp.signing)
    with pytest.raises(ValueError, match="sealed"):
        sign_enveloped(inner, idp.signing)
    assert verify_enveloped(tree(outer), [idp.verification], lambda read: read.get("ID")).value == response().id
