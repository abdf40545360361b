"""The shape of a signature, before any cryptography: all of it is read, and whatever else it could be has its code."""

import pytest
from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.uris import (
    C14N_EXCLUSIVE,
    DIGEST_SHA256,
    ECDSA_SHA256,
    NS_DS,
    NS_SAML,
    RSA_SHA256,
    TRANSFORM_ENVELOPED,
)
from oiosaml.xml.parse import parse_message
from oiosaml.xml.signature_profile import read_signature

INCLUSIVE = f'<e:InclusiveNamespaces xmlns:e="{C14N_EXCLUSIVE}" PrefixList="xs xsi"/>'
KEY_INFO = "<ds:KeyInfo><ds:KeyName>k</ds:KeyName><ds:KeyValue/><ds:X509Data><x/></ds:X509Data></ds:KeyInfo>"
ENVELOPED = f'<ds:Transform Algorithm="{TRANSFORM_ENVELOPED}"/>'
EXCLUSIVE = f'<ds:Transform Algorithm="{C14N_EXCLUSIVE}"/>'
DIGEST_VALUE = "<ds:DigestValue>ZGln\nZXN0</ds:DigestValue>"
SIGNATURE_VALUE = "<ds:SignatureValue>c2lnbmF0dXJl</ds:SignatureValue>"
CANONICALISATION = f'<ds:CanonicalizationMethod Algorithm="{C14N_EXCLUSIVE}"/>'
METHOD = f'<ds:SignatureMethod Algorithm="{RSA_SHA256}"/>'
DIGEST_METHOD = f'<ds:DigestMethod Algorithm="{DIGEST_SHA256}"/>'
TRANSFORMS = f"<ds:Transforms>{ENVELOPED}{EXCLUSIVE}</ds:Transforms>"
REFERENCE = f'<ds:Reference URI="#_1">{TRANSFORMS}{DIGEST_METHOD}{DIGEST_VALUE}</ds:Reference>'
SIGNED_INFO = f"<ds:SignedInfo>{CANONICALISATION}{METHOD}{REFERENCE}</ds:SignedInfo>"
SIGNATURE = f"<ds:Signature>{SIGNED_INFO}{SIGNATURE_VALUE}</ds:Signature>"
ISSUER = "<saml:Issuer>i</saml:Issuer>"
SIGNED = f'<a ID="_1">{ISSUER}{SIGNATURE}<b/></a>'
DOCUMENT = f'<root xmlns:ds="{NS_DS}" xmlns:saml="{NS_SAML}"><before/>{SIGNED}</root>'


def holding(tag: str, content: str) -> str:
    """The empty element of `tag`, with something in it."""
    return f"{tag[:-2]}>{content}</{tag[1:].partition(' ')[0]}>"


def listing(prefixes: str) -> str:
    return INCLUSIVE.replace("xs xsi", prefixes)


def element_of(old: str = "", new: str = "") -> _Element:
    """The signed element of an honest document, in which something was replaced."""
    assert old in DOCUMENT
    return parse_message((DOCUMENT.replace(old, new) if old else DOCUMENT).encode())[1]


def refusal_of(old: str, new: str) -> SamlError:
    with pytest.raises(SamlError) as refused:
        read_signature(element_of(old, new))
    return refused.value


def test_everything_is_read() -> None:
    element = element_of()
    parts = read_signature(element)
    assert parts.signature is element[1]
    assert parts.signed_info is element[1][0]
    assert (parts.signature_algorithm, parts.signature_value) == (RSA_SHA256, b"signature")
    assert (parts.digest_algorithm, parts.digest_value) == (DIGEST_SHA256, b"digest")
    assert (parts.signed_info_prefixes, parts.content_prefixes, parts.key_info) == ((), (), None)


def test_the_signature_stands_first_where_there_is_no_issuer() -> None:
    element = element_of(ISSUER, "")
    assert read_signature(element).signature is element[0]


def test_key_info_is_handed_on() -> None:
    element = element_of(SIGNATURE_VALUE, SIGNATURE_VALUE + KEY_INFO)
    assert read_signature(element).key_info is element[1][2]


@pytest.mark.parametrize(
    ("old", "new", "signed_info", "content"),
    [
        (CANONICALISATION, holding(CANONICALISATION, INCLUSIVE), ("xs", "xsi"), ()),
        (EXCLUSIVE, holding(EXCLUSIVE, INCLUSIVE), (), ("xs", "xsi")),
        (EXCLUSIVE, holding(EXCLUSIVE, listing("#default")), (), ("#default",)),
        (EXCLUSIVE, holding(EXCLUSIVE, INCLUSIVE.replace(' PrefixList="xs xsi"', "")), (), ()),
        (EXCLUSIVE, holding(EXCLUSIVE, listing("p " * 16)), (), ("p",) * 16),
    ],
    ids=["of SignedInfo", "of the content", "the default one", "none", "as many as may be"],
)
def test_prefixes_belong_to_what_is_canonicalised(
    old: str, new: str, signed_info: tuple[str, ...], content: tuple[str, ...]
) -> None:
    parts = read_signature(element_of(old, new))
    assert (parts.signed_info_prefixes, parts.content_prefixes) == (signed_info, content)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (RSA_SHA256, ECDSA_SHA256),
        (SIGNED_INFO, f"\n\t {SIGNED_INFO}\r\n"),
        (REFERENCE, f"\n{REFERENCE}\n"),
        (TRANSFORMS, f" {TRANSFORMS} "),
        ("<b/>", "<b ID='_2'/>"),
        ("<b/>", "<b Name='_1'/>"),
        ("ZGln\nZXN0", "AAAA" * 1024),
    ],
)
def test_what_stacks_differ_in_is_accepted(old: str, new: str) -> None:
    read_signature(element_of(old, new))


STRUCTURE: dict[str, tuple[str, str]] = {
    "two signatures": (SIGNATURE, SIGNATURE * 2),
    "signature behind content": (f"{SIGNATURE}<b/>", f"<b/>{SIGNATURE}"),
    "second without an issuer": (ISSUER, "<b/>"),
    "no SignedInfo": (SIGNED_INFO, ""),
    "two SignedInfos": (SIGNED_INFO, SIGNED_INFO * 2),
    "no Reference": (REFERENCE, ""),
    "two References": (REFERENCE, REFERENCE * 2),
    "value before SignedInfo": (SIGNED_INFO + SIGNATURE_VALUE, SIGNATURE_VALUE + SIGNED_INFO),
    "no SignatureValue": (SIGNATURE_VALUE, ""),
    "an Object": (SIGNATURE_VALUE, SIGNATURE_VALUE + "<ds:Object/>"),
    "two KeyInfos": (SIGNATURE_VALUE, SIGNATURE_VALUE + "<ds:KeyInfo/>" * 2),
    "method before canonicalisation": (CANONICALISATION + METHOD, METHOD + CANONICALISATION),
    "no DigestMethod": (DIGEST_METHOD, ""),
    "two digests": (DIGEST_VALUE, DIGEST_VALUE * 2),
    "no transforms": (TRANSFORMS, ""),
    "text first in the Signature": (SIGNED_INFO, f"x{SIGNED_INFO}"),
    "text last in the Signature": (SIGNATURE_VALUE, f"{SIGNATURE_VALUE}x"),
    "text in SignedInfo": (METHOD, f"{METHOD}x"),
    "text in the Reference": (DIGEST_METHOD, f"{DIGEST_METHOD}x"),
    "a no-break space": (METHOD, f"{METHOD}\u00a0"),
    "retrieval": (SIGNATURE_VALUE, f"{SIGNATURE_VALUE}{KEY_INFO.replace('<ds:KeyValue/>', '<ds:RetrievalMethod/>')}"),
    "a key info of another namespace": (SIGNATURE_VALUE, f"{SIGNATURE_VALUE}<ds:KeyInfo><KeyName/></ds:KeyInfo>"),
    "no signature algorithm": (f' Algorithm="{RSA_SHA256}"', ""),
    "no digest algorithm": (f' Algorithm="{DIGEST_SHA256}"', ""),
    "parameters of the signature": (METHOD, holding(METHOD, "<x/>")),
    "parameters of the digest": (DIGEST_METHOD, holding(DIGEST_METHOD, "<x/>")),
    "no canonicalisation algorithm": (CANONICALISATION, "<ds:CanonicalizationMethod/>"),
    "an empty canonicalisation algorithm": (CANONICALISATION, '<ds:CanonicalizationMethod Algorithm=""/>'),
    "transforms the other way round": (ENVELOPED + EXCLUSIVE, EXCLUSIVE + ENVELOPED),
    "one transform": (ENVELOPED + EXCLUSIVE, ENVELOPED),
    "three transforms": (EXCLUSIVE, EXCLUSIVE * 2),
    "a transform without algorithm": (ENVELOPED, "<ds:Transform/>"),
    "an unknown transform": (EXCLUSIVE, '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>'),
    "a transform by another name": (EXCLUSIVE, EXCLUSIVE.replace("ds:Transform", "ds:Transforms")),
    "content in the enveloped transform": (ENVELOPED, holding(ENVELOPED, "<x/>")),
    "something else among prefixes": (EXCLUSIVE, holding(EXCLUSIVE, "<x/>")),
    "two lists of prefixes": (EXCLUSIVE, holding(EXCLUSIVE, INCLUSIVE * 2)),
    "a list that holds something": (
        EXCLUSIVE,
        holding(EXCLUSIVE, holding(INCLUSIVE, "<x/>")),
    ),
    "too many prefixes": (EXCLUSIVE, holding(EXCLUSIVE, listing("p " * 17))),
    "a prefix that is none": (EXCLUSIVE, holding(EXCLUSIVE, listing("xs x:y"))),
    "an element in the digest": ("ZGln\n", "<x/>"),
    "an element behind the digest": ("ZXN0", "ZXN0<x/>"),
    "a digest that is no base64": ("ZGln\n", "*"),
    "no digest": ("ZGln\nZXN0", ""),
    "a value that is no base64": ("c2lnbmF0dXJl", "c2lnbmF0dXJ"),
    "a value without end": ("c2lnbmF0dXJl", "AAAA" * 1024 + "AAAA"),
}


@pytest.mark.parametrize(("old", "new"), STRUCTURE.values(), ids=STRUCTURE)
def test_another_structure_is_refused(old: str, new: str) -> None:
    error = refusal_of(old, new)
    assert error.code == "sig.structure"
    assert error.detail.startswith("got ")


def test_a_text_is_not_decoded_before_its_length_is_known() -> None:
    assert "4097 characters" in refusal_of("c2lnbmF0dXJl", "*" * 4097).detail


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (' URI="#_1"', ""),
        ('URI="#_1"', 'URI=""'),
        ('URI="#_1"', 'URI="_1"'),
        ('URI="#_1"', 'URI="#_2"'),
        ('<a ID="_1"', '<a ID="1"'),
        ('<a ID="_1"', '<a Id="_1"'),
        ("<before/>", '<before ID="_1"/>'),
        ("<before/>", '<before Id="_1"/>'),
        ("<before/>", '<before><c id="_1"/></before>'),
        ("<before/>", '<before xmlns:w="urn:w" w:Id="_1"/>'),
        ("<b/>", '<b ID="_1"/>'),
    ],
)
def test_a_signature_covers_the_element_that_it_stands_in(old: str, new: str) -> None:
    assert refusal_of(old, new).code == "sig.coverage"


@pytest.mark.parametrize("also", ['<before SessionIndex="_1"/>', '<before InResponseTo="_1"/><after x="_1"/>'])
def test_an_id_may_stand_elsewhere_as_something_else(also: str) -> None:
    """Some IdPs give the assertion's ID as its SessionIndex."""
    element = parse_message(DOCUMENT.replace("<before/>", "").replace("</a></root>", f"</a>{also}</root>").encode())[0]
    assert read_signature(element).digest_value


def test_without_an_id_an_empty_reference_covers_nothing() -> None:
    document = DOCUMENT.replace('<a ID="_1">', "<a>").replace("#_1", "#")
    with pytest.raises(SamlError) as refused:
        read_signature(parse_message(document.encode())[1])
    assert refused.value.code == "sig.coverage"


def test_a_signature_further_down_is_none() -> None:
    assert refusal_of(SIGNATURE, f"<b>{SIGNATURE}</b>").code == "sig.missing"
    assert refusal_of(SIGNATURE, SIGNATURE.replace("ds:Signature>", "saml:Signature>")).code == "sig.missing"


OTHERS = (
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2006/12/xml-c14n11",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
    "http://www.w3.org/2006/12/xml-c14n11#WithComments",
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (RSA_SHA256, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        (RSA_SHA256, DIGEST_SHA256),
        (DIGEST_SHA256, "http://www.w3.org/2000/09/xmldsig#sha1"),
        (DIGEST_SHA256, RSA_SHA256),
        (CANONICALISATION, '<ds:CanonicalizationMethod Algorithm="urn:x"/>'),
        *[(CANONICALISATION, f'<ds:CanonicalizationMethod Algorithm="{uri}"/>') for uri in OTHERS],
        *[(EXCLUSIVE, f'<ds:Transform Algorithm="{uri}"/>') for uri in OTHERS],
        *[(ENVELOPED, f'<ds:Transform Algorithm="{uri}"/>') for uri in OTHERS],
    ],
)
def test_another_algorithm_is_named_as_one(old: str, new: str) -> None:
    error = refusal_of(old, new)
    assert error.code == "sig.algorithm"
    assert error.detail.startswith("got ")
