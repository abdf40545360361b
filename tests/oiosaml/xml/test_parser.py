"""The parser by itself, behind the looks that refuse a DOCTYPE or another encoding; and each limit, to the octet.

`parse_canonical` goes to the parser without a look: what it would expand, fetch or repair shows there.
"""

from pathlib import Path

import pytest
from lxml import etree

from oiosaml.errors import SamlError
from oiosaml.xml.parse import (
    MESSAGE_LIMITS,
    METADATA_LIMITS,
    parse_canonical,
    parse_message,
    parse_metadata,
)


def code_of(octets: bytes) -> str | None:
    try:
        parse_message(octets)
    except SamlError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("octets", "kept"),
    [
        (b'<!DOCTYPE a [<!ENTITY e "evil">]><a>&e;</a>', b"<a>&e;</a>"),
        (b'<!DOCTYPE a [<!ATTLIST a b CDATA "evil">]><a/>', b"<a/>"),
        (b"<!DOCTYPE a [<!ELEMENT a EMPTY>]><a>b</a>", b"<a>b</a>"),
        (b"<a xml:id='not a name'/>", b'<a xml:id="not a name"/>'),
        (b"<a><b xml:id='c'/><b xml:id='c'/></a>", b'<a><b xml:id="c"/><b xml:id="c"/></a>'),
        (b"<a><![CDATA[b]]></a>", b"<a>b</a>"),
        (b"<?xml version='1.0' encoding='iso-8859-1'?><a>\xc3\xb8</a>", "<a>ø</a>".encode()),
        (b"<a>b<!-- c --><?d?></a>", b"<a>b<!-- c --><?d?></a>"),
    ],
    ids=["entity", "default", "declared empty", "xml:id", "xml:id twice", "cdata", "encoding", "comment"],
)
def test_the_parser_adds_nothing_and_judges_nothing(octets: bytes, kept: bytes) -> None:
    assert etree.tostring(parse_canonical(octets), encoding="utf-8") == kept


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"<a>", "xml.malformed"),
        (b"<a><b></a>", "xml.malformed"),
        (b"<a>" * 257 + b"</a>" * 257, "xml.limits"),
        (b"<" + b"a" * 50_001 + b"/>", "xml.limits"),
    ],
    ids=["no end", "crossed", "deep", "long name"],
)
def test_the_parser_repairs_nothing_and_has_limits_of_its_own(octets: bytes, code: str) -> None:
    with pytest.raises(SamlError, match="does not parse") as refused:
        parse_canonical(octets)
    assert refused.value.code == code


@pytest.mark.parametrize("reference", ["SYSTEM '{}'", "PUBLIC 'x' '{}'"])
@pytest.mark.parametrize("content", ["<a/>", "<a>&e;</a>"])
def test_xml_04_the_parser_fetches_nothing(tmp_path: Path, content: str, reference: str) -> None:
    """libxml2 reads an external DTD where IDs are not collected, whatever `load_dtd` says."""
    outside = tmp_path / "evil.dtd"
    outside.write_text('<!ENTITY e "evil">', "utf-8")
    with pytest.raises(SamlError, match=r"evil\.dtd") as refused:
        parse_canonical(f"<!DOCTYPE a {reference.format(outside)}>{content}".encode())
    assert refused.value.code == "xml.dtd"


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"<!DOCTYPE a><a>", "xml.dtd"),
        (b'<a><!ENTITY e "x"></a>', "xml.dtd"),
        (b"<a>Oh! &lt;!DOCTYPE</a>", None),
        (b"\xef\xbb\xbf<?xml version='1.0' encoding='iso-8859-1'?><a/>", "xml.malformed"),
        (b"<?xml\nversion='1.1'?><a/>", "xml.malformed"),
        (b"<a b='\xef\xbb\xbf'/>", None),
    ],
)
def test_a_declaration_is_looked_for_before_anything_is_parsed(octets: bytes, code: str | None) -> None:
    assert code_of(octets) == code


def test_a_nul_octet_is_named() -> None:
    with pytest.raises(SamlError, match="NUL"):
        parse_message("<a/>".encode("utf-16"))


def test_metadata_loses_its_comments_and_instructions_and_nothing_else() -> None:
    root = parse_metadata(b"<?b?><a>c<!-- licence -->d<?e?></a>")
    assert etree.tostring(root) == b"<a>cd</a>"
    assert len(root) == 0


# Beyond so many octets an attribute may be too long, and more is asked of the tree.
LONG = b"<b>" + b"c" * MESSAGE_LIMITS.attribute_characters + b"</b>"
AT_THE_LIMIT = {
    "octets": lambda more: b"<a>" + b"b" * (MESSAGE_LIMITS.octets - 7 + more) + b"</a>",
    "tags": lambda more: b"<a>" + b"<b/>" * (2 * MESSAGE_LIMITS.elements + 14 + more) + b"</a>",
    "declarations": lambda more: b"<a>" + b"<b xmlns='urn:b'/>" * (MESSAGE_LIMITS.declarations + more) + b"</a>",
    # counted where it stands, since counting octets is the point: text that says it so often is no message either
    "the word": lambda more: b"<a>" + b"xmlns" * (MESSAGE_LIMITS.declarations + more) + b"</a>",
    "depth": lambda more: b"<a>" * (32 + more) + b"</a>" * (32 + more),
    "depth of much": lambda more: b"<a>" * (31 + more) + LONG + b"</a>" * (31 + more),
    "attributes": lambda more: b"<a" + b"".join(b" b%d=''" % number for number in range(32 + more)) + b"/>",
    "attributes of much": lambda more: (
        b"<a" + b"".join(b" b%d=''" % number for number in range(32 + more)) + b">" + LONG + b"</a>"
    ),
    "attribute": lambda more: b"<a b='" + b"c" * (MESSAGE_LIMITS.attribute_characters + more) + b"'/>",
}


@pytest.mark.parametrize("case", AT_THE_LIMIT)
def test_what_is_at_a_limit_is_read_and_one_more_is_not(case: str) -> None:
    assert code_of(AT_THE_LIMIT[case](0)) is None
    assert code_of(AT_THE_LIMIT[case](1)) == ("size" if case == "octets" else "xml.limits")


@pytest.mark.parametrize("hidden", [b"<!-- -->", b"<?p?>"])
def test_xml_08_what_hides_text_is_found_in_much_text_too(hidden: bytes) -> None:
    assert code_of(b"<a>" + LONG + b"</a>") is None
    assert code_of(b"<a>" + LONG + hidden + b"</a>") == "xml.text"


def test_metadata_has_limits_of_its_own() -> None:
    long = b"<a b='" + b"c" * METADATA_LIMITS.attribute_characters + b"'/>"
    assert parse_metadata(long).tag == "a"
    with pytest.raises(SamlError, match="longer"):
        parse_metadata(long.replace(b"'/>", b"c'/>"))
