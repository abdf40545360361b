"""Signing refuses what could not be referred to, and puts the Signature where SAML wants it."""

import pytest
from lxml import etree

from oiosaml.uris import NS_DS
from oiosaml.xml.sign import sign_enveloped
from tests.conftest import Member


@pytest.mark.parametrize("attributes", ["", ' ID=""', ' ID="1"', ' ID="a&quot;b"', f' ID="_{"a" * 256}"'])
def test_refuses_an_element_that_has_no_name(attributes: str, idp: Member) -> None:
    with pytest.raises(ValueError, match="expected a name"):
        sign_enveloped(etree.fromstring(f"<a{attributes}/>"), idp.signing)


def test_signature_comes_first_where_there_is_no_issuer(idp: Member) -> None:
    element = etree.fromstring('<a ID="_a"><b/></a>')
    sign_enveloped(element, idp.signing)
    assert [child.tag for child in element] == [f"{{{NS_DS}}}Signature", "b"]
