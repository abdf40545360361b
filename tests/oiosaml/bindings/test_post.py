"""Forms, read from their raw octets."""

from base64 import encodebytes
from random import Random
from urllib.parse import quote, unquote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oiosaml.bindings.fields import MAXIMUM_OTHER_BYTES, read_fields
from oiosaml.bindings.post import PostForm, read_post_form, write_post_form
from oiosaml.errors import SamlError

RELAY_STATES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=200)


def code(body: bytes) -> str:
    with pytest.raises(SamlError) as caught:
        read_post_form(body)
    return caught.value.code


@settings(max_examples=60, deadline=None)
@given(octets=st.binary(max_size=300), relay_state=st.none() | RELAY_STATES)
def test_what_is_written_is_read(octets: bytes, relay_state: str | None) -> None:
    made = write_post_form("https://sp.test/acs", octets, relay_state=relay_state)
    assert made.action == "https://sp.test/acs"
    message = read_post_form(urlencode(made.fields).encode())
    assert (message.octets, message.relay_state) == (octets, relay_state)


def test_request_field() -> None:
    made = write_post_form("https://ch.test/sso", b"<a/>", relay_state=None, parameter="SAMLRequest")
    assert made == PostForm("https://ch.test/sso", (("SAMLRequest", "PGEvPg=="),))
    assert read_post_form(b"SAMLRequest=PGEvPg%3D%3D", "SAMLRequest").octets == b"<a/>"


@pytest.mark.parametrize("break_", ["\n", "\r\n"])
def test_lines_as_mime_encoders_wrap_them(break_: str) -> None:
    text = encodebytes(b"<a>" + b"x" * 200 + b"</a>").decode().replace("\n", break_)
    assert text.count(break_) > 2
    assert read_post_form(f"SAMLResponse={quote(text, safe='')}".encode()).octets.startswith(b"<a>x")


def test_a_field_of_another_name_is_passed_over() -> None:
    assert read_post_form(b"SAMLResponse=PGEvPg%3D%3D&submit=Continue").relay_state is None


def test_as_much_may_stand_beside_a_message_as_hints_need() -> None:
    """What no signature covers pads a message at will, and all of it is kept with the message (attack WEB-13)."""
    assert read_post_form(b"SAMLResponse=PGEvPg%3D%3D&x=" + b"A" * (MAXIMUM_OTHER_BYTES - 2)).octets == b"<a/>"
    assert read_post_form(b"SAMLResponse=" + b"PGE%2B" * 8 + b"%0D%0A" * 2).octets == b"<a>" * 8


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"SAMLResponse=QQ%3D%3D&SAMLResponse=QQ%3D%3D", "bind.params"),
        (b"SAMLResponse=QQ%3D%3D&RelayState=a&RelayState=a", "bind.params"),
        (b"SAMLResponse=QQ%3D%3D&SAMLRequest=QQ%3D%3D", "bind.params"),
        (b"SAMLRequest=QQ%3D%3D", "bind.params"),
        (b"", "bind.params"),
        (b"&".join([b"a=b"] * 17), "bind.params"),
        (b"SAMLResponse=QQ%3D%3D\n", "bind.params"),
        (b"SAMLResponse=%20QQ%3D%3D", "bind.base64"),
        (b"SAMLResponse=QQ%3D%3D&RelayState=%0a", "req.relay-state"),
        (b"SAMLResponse=QQ%3D%3D&RelayState=%ff", "bind.params"),
        (b"SAMLResponse=" + b"A" * 512 * 1024, "size"),
        (b"SAMLResponse=QQ%3D%3D&x=" + b"A" * (MAXIMUM_OTHER_BYTES - 1), "bind.params"),
        (b"SAMLResponse=QQ%3D%3D&a=" + b"A" * 1024 + b"&b=" + b"A" * 1024, "bind.params"),
        (b"SAMLResponse=QQ%3D%3D" + b"%0A" * 3, "bind.base64"),
        (b"SAMLResponse=" + b"QUFB" * 8 + b"%0D%0A" * 2 + b"%0A", "bind.base64"),
    ],
)
def test_refuses(body: bytes, expected: str) -> None:
    assert code(body) == expected


@given(st.text(), st.randoms(use_true_random=False))
def test_escapes_are_decoded_as_the_library_does(text: str, random: Random) -> None:
    """Also with escapes that nobody needed, in small letters and in capitals, and a space as `+`."""
    raw = "".join(_escaped(octet, random) for octet in text.encode())
    body = f"SAMLResponse=PGEvPg%3D%3D&RelayState={raw}".encode()
    assert read_fields(body, "SAMLResponse").text("RelayState") == unquote_plus(raw) == text


def _escaped(octet: int, random: Random) -> str:
    if octet == 0x20 and random.random() < 0.5:
        return "+"
    if chr(octet).isalnum() and octet < 0x80 and random.random() < 0.5:
        return chr(octet)
    return f"%{octet:02X}" if random.random() < 0.5 else f"%{octet:02x}"
