"""XML: what the parser, the bindings and the content models refuse, at parse level. Files and sockets named in a message stay untouched."""

import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest
from lxml import etree

from oiosaml.bindings.post import read_post_form
from oiosaml.bindings.redirect import read_redirect
from oiosaml.xml.parse import parse_message, text_of
from tests.attacks.forge import (
    code_of,
    message_a,
    name,
)
from tests.conftest import Member
from tests.cpu_time import cpu_seconds_of
from tests.trees import serialise


@pytest.fixture
def message(idp: Member) -> bytes:
    return serialise(message_a(idp))


def test_xml_00_control_the_honest_message_parses(message: bytes) -> None:
    """The twin of every case; also with the byte order mark and the declaration that .NET writes."""
    declaration = b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>\r\n'
    assert parse_message(message).tag == parse_message(declaration + message).tag == name("samlp:Response")


def test_xml_08_text_with_children_is_no_text() -> None:
    """lxml's `.text` stops at the first child: the one helper refuses (a fact of the library, kept as a test)."""
    element = etree.fromstring("<a>admin<!-- -->.evil</a>")
    assert element.text == "admin"
    assert code_of(lambda: text_of(element)) == "xml.text"
    assert text_of(etree.fromstring("<a> x </a>")) == " x "
    assert text_of(etree.fromstring("<a/>")) == ""


@pytest.mark.parametrize(("depth", "code"), [(33, "xml.limits"), (200, "xml.limits"), (100_000, "size")])
def test_xml_09_deep_nesting(depth: int, code: str) -> None:
    """libxml2's own ceiling is 256."""
    assert code_of(lambda: parse_message(b"<a>" * depth + b"</a>" * depth)) == code
    parse_message(b"<a>" * 32 + b"</a>" * 32)


WIDE: dict[str, tuple[Callable[[], bytes], str]] = {
    "long attribute": (lambda: b'<a b="' + b"x" * 5_000_000 + b'"/>', "size"),
    "long text": (lambda: b"<a>" + b"x" * 5_000_000 + b"</a>", "size"),
    "many attributes": (lambda: b"<a" + b"".join(b' b%d=""' % n for n in range(100_000)) + b"/>", "size"),
    "rather many attributes": (lambda: b"<a" + b"".join(b' b%d=""' % n for n in range(33)) + b"/>", "xml.limits"),
    "rather long attribute": (lambda: b'<a b="' + b"x" * 8193 + b'"/>', "xml.limits"),
    "many declarations": (
        lambda: b"<a" + b"".join(b' xmlns:n%d="u"' % n for n in range(2_001)) + b"/>",
        "xml.limits",
    ),
    "many elements": (lambda: b"<a>" + b"<b/>" * 12_000 + b"</a>", "xml.limits"),
}


@pytest.mark.parametrize("case", WIDE)
def test_xml_10_wide_input(case: str) -> None:
    """CVE-2025-54572; libxml2 accepts 100 000 attributes."""
    make, code = WIDE[case]
    octets = make()
    codes: list[str] = []
    assert cpu_seconds_of(lambda: codes.append(code_of(lambda: parse_message(octets)))) < 0.25
    assert codes == [code]


def deflated(octets: bytes) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"SAMLRequest=" + quote(b64encode(stream.compress(octets) + stream.flush()), safe="").encode()


@pytest.mark.parametrize(
    "text",
    [
        urlsafe_b64encode(b"\xfb\xff<a/>").decode(),
        b64encode(b"<a/>").decode().rstrip("="),
        b64encode(b"<aaa/>>>").decode().replace("P", "P "),
        b64encode(b"<a/>").decode() * 2,
        b64encode(b"<a/>").decode() + "!",
        "QR==",
        "QQ=",
        "Q",
        "\tQQ==",
    ],
)
def test_xml_13_base64_that_is_not(text: str) -> None:
    """One text for one value, or replay memory and filters see another message than we do."""
    assert code_of(lambda: read_post_form(b"SAMLResponse=" + quote(text, safe="").encode())) == "bind.base64"
    assert code_of(lambda: read_redirect(b"SAMLRequest=" + quote(text, safe="").encode())) == "bind.base64"


def test_xml_13_plus_sent_bare() -> None:
    """A bare + is a space in a form; only %2B is a plus."""
    text = b64encode(b"\xfb\xef\xbe<a/>  ").decode()
    assert "+" in text
    assert code_of(lambda: read_post_form(f"SAMLResponse={text}".encode())) == "bind.base64"
    assert read_post_form(f"SAMLResponse={quote(text, safe='')}".encode()).octets == b"\xfb\xef\xbe<a/>  "


@pytest.mark.parametrize("size", [50_000_000, 128 * 1024 + 1])
def test_xml_14_deflate_bomb(size: int) -> None:
    """CVE-2025-25293, CVE-2023-28119."""
    query = deflated(b"x" * size)
    assert len(query) < 64 * 1024 * 2
    code = code_of(lambda: read_redirect(query))
    assert code == ("bind.deflate" if len(query) <= 64 * 1024 else "size")


@pytest.mark.parametrize("tail", [b"\x00", b"trailing"])
def test_xml_14_bytes_behind_the_stream(tail: bytes) -> None:
    """A second blob behind the first one is read by some and not by others."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    good = stream.compress(b"<a/>") + stream.flush()
    query = b"SAMLRequest=" + quote(b64encode(good), safe="").encode()
    assert read_redirect(query).octets == b"<a/>"
    for bad in (good + tail, good[:-1], b"\xff" + good, b""):
        query = b"SAMLRequest=" + quote(b64encode(bad), safe="").encode()
        assert code_of(lambda query=query: read_redirect(query)) == "bind.deflate"
