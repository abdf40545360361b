"""What can hide text is refused wherever it stands, and what a limit says holds whatever else the document is like."""

import pytest

from oiosaml.errors import SamlError
from oiosaml.xml.parse import MESSAGE_LIMITS, parse_message
from oiosaml.xml.schema import check

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
BOM = "\ufeff"


def code_of(text: str) -> str:
    with pytest.raises(SamlError) as refused:
        parse_message(text.encode())
    return refused.value.code


@pytest.mark.parametrize("hidden", ["<!---->", "<!-- a -->", "<?p?>", "<?xml-stylesheet href='x'?>"])
@pytest.mark.parametrize("head", ["", DECLARATION, BOM, BOM + DECLARATION])
@pytest.mark.parametrize("place", ["{}<a>b</a>", "<a>{}b</a>", "<a>b<c/>{}</a>", "<a>b</a>{}", "<a>b</a>\n{}\n"])
def test_xml_08_comments_and_instructions_at_any_place(place: str, head: str, hidden: str) -> None:
    assert code_of(head + place.format(hidden)) == "xml.text"


@pytest.mark.parametrize("head", ["", DECLARATION, BOM, BOM + DECLARATION])
def test_what_only_looks_like_one_is_text(head: str) -> None:
    root = parse_message((head + "<a b='?>-->'><![CDATA[<!-- --><?p?>]]>&lt;?p?></a>").encode())
    assert root.text == "<!-- --><?p?><?p?>"


@pytest.mark.parametrize("name", ["evil", "a/b:c", "./a", "//host/a", "&#101;vil"])
@pytest.mark.parametrize("declaration", ["xmlns='{}'", 'xmlns:x = "{}"'])
def test_a_relative_namespace_name_is_refused_wherever_it_stands(declaration: str, name: str) -> None:
    """It has no canonical form: found by comparing with libxmlsec, which refuses it beside what is signed, too."""
    assert code_of(f"<a><b {declaration.format(name)}/></a>") == "xml.malformed"


def test_text_that_looks_like_a_declaration_is_text() -> None:
    root = parse_message(
        b"<a xmlns:u='urn:x' xmlns:v='urn&#58;x' b=\"xmlns='evil'\"><c xmlns=''>xmlns=\"evil\"</c></a>"
    )
    assert root[0].text == 'xmlns="evil"'


@pytest.mark.parametrize("value", ["b", "not a name", ""])
def test_an_identifier_by_another_name_is_refused(value: str) -> None:
    """Parsers that collect IDs refuse some of these documents, and others read them: found by comparing with libxmlsec."""
    assert code_of(f"<a><b xml:id='{value}'/></a>") == "xml.schema"
    parse_message(b"<a xml:lang='da'>xml:id</a>")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<a>" * 33 + "</a>" * 33, "deeper"),
        ("<a " + " ".join(f"b{number}='c'" for number in range(33)) + "/>", "attributes"),
        (f"<a b='{'c' * (MESSAGE_LIMITS.attribute_characters + 1)}'/>", "longer"),
    ],
)
def test_each_limit_is_named(text: str, said: str) -> None:
    with pytest.raises(SamlError, match=said) as refused:
        parse_message(text.encode())
    assert refused.value.code == "xml.limits"


def test_a_sequence_is_refused_the_second_time_too() -> None:
    """What comparing gave is remembered; a refusal must not be forgotten, nor an acceptance spread to another parent."""
    subject = '<saml:Subject xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{}</saml:Subject>'
    for _ in range(3):
        check(parse_message(subject.format("<saml:NameID>a</saml:NameID>").encode()))
        for wrong in ("<saml:NameID>a</saml:NameID>" * 2, "<saml:Audience>a</saml:Audience>"):
            with pytest.raises(SamlError, match="expected"):
                check(parse_message(subject.format(wrong).encode()))
