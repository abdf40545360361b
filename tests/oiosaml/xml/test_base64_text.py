"""Base64 is read in one way only; the standard library, asked to be strict, is the other opinion."""

from binascii import Error, a2b_base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oiosaml.xml.base64_text import NotBase64, decode, decode_in_xml, encode


@given(st.binary(max_size=300))
@example(b"")
@example(b"\x00")
@example(bytes(range(256)) * 64)
def test_what_is_written_is_read_back(octets: bytes) -> None:
    text = encode(octets)
    assert a2b_base64(text, strict_mode=True) == octets
    assert decode(text) == octets
    assert decode(text.encode("ascii")) == octets


@given(st.text(alphabet="AQgw+/=-_ \n\x00\xe9", max_size=12))
@example("QQ=")
@example("QQ===")
@example("QQ==QQ==")
@example("=QQ=")
@example("QUJD=")
@example("QUJDQ")
def test_no_text_is_read_that_the_standard_library_refuses(text: str) -> None:
    try:
        expected: bytes | None = a2b_base64(text, strict_mode=True)
    except (Error, ValueError):
        expected = None
    # Strict or not, the library takes bits to spare: QR== for QQ== (attack XML-13).
    if expected is not None and encode(expected) != text:
        expected = None
    for form in (text, text.encode("latin-1")):
        if expected is None:
            with pytest.raises(NotBase64):
                decode(form)
        else:
            assert decode(form) == expected


@pytest.mark.parametrize("text", ["QR==", "QUJ=", "QUK=", "Q-_=", "QUI=\n", " QUI=", "QU I="])
def test_near_misses_are_refused(text: str) -> None:
    with pytest.raises(NotBase64):
        decode(text)


def test_lines_may_be_wrapped_in_xml_only() -> None:
    wrapped = "\r\n  QUJD\n\tREVG \n"
    assert decode_in_xml(wrapped) == b"ABCDEF"
    with pytest.raises(NotBase64):
        decode(wrapped)
    with pytest.raises(NotBase64, match="no base64 at all"):
        decode_in_xml(" \n")
    with pytest.raises(NotBase64):
        decode_in_xml("QUJD\xa0REVG")
