"""One text for one value (attack XML-13); the standard library, asked to be strict, is the other opinion."""

import base64
import string
from binascii import Error, a2b_base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oiosaml.xml.base64_text import NotBase64, decode, decode_in_xml, encode

ALPHABET = string.ascii_letters + string.digits + "+/"
WHITE_SPACE = ["\n", "\r", " ", "\t"]


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


@given(st.binary(max_size=300))
def test_every_value_has_its_text_and_comes_back(octets: bytes) -> None:
    text = encode(octets)
    assert text == base64.b64encode(octets).decode()
    assert decode(text) == decode(text.encode()) == octets


@pytest.mark.parametrize("before", ["", "QUJD", "QUJD" * 1000], ids=["alone", "behind a group", "behind many"])
@pytest.mark.parametrize("in_octets", [False, True], ids=["text", "octets"])
def test_of_all_last_groups_only_the_one_that_is_written_decodes(before: str, *, in_octets: bool) -> None:
    accepted = {}
    for first in "AQz/":
        for group in (*(f"{first}{last}==" for last in ALPHABET), *(f"{first}Q{last}=" for last in ALPHABET)):
            text = before + group
            try:
                accepted[text] = decode(text.encode() if in_octets else text)
            except NotBase64:
                continue
    assert all(encode(octets) == text for text, octets in accepted.items())
    assert len(accepted) == 4 * (4 + 16)


@pytest.mark.parametrize(
    "text",
    [
        "Q", "QQ", "QQ=", "QQ===", "QQ==QQ==", "QUI", "QUI==", "=", "====", "QUJD=", "QUJDR", "QQ==QUJD", "=QUJ", "Q=Q=",
        "QUJD\n", "\nQUJD", "QU JD", "QUJD ", "QUJ\x00", "QUJ-", "QUJ_", "QUJ.", "QUJÆ", "ＱUJD", "%51UJD",
    ],
)  # fmt: skip
def test_every_other_text_is_refused(text: str) -> None:
    for given_text in (text, text.encode()):
        with pytest.raises(NotBase64, match=r"^got "):
            decode(given_text)


def test_nothing_is_the_text_of_nothing() -> None:
    assert (encode(b""), decode(""), decode(b"")) == ("", b"", b"")


@pytest.mark.parametrize("space", WHITE_SPACE)
@pytest.mark.parametrize(
    "wrapped", ["{0}QUJDRA==", "QUJD{0}RA==", "QUJDRA{0}=={0}{0}", "{0}Q{0}U{0}J{0}D{0}R{0}A{0}={0}={0}"]
)
def test_in_xml_lines_may_be_wrapped_by_xmls_white_space(wrapped: str, space: str) -> None:
    assert decode_in_xml(wrapped.format(space)) == b"ABCD"
    assert decode_in_xml(wrapped.format("".join(WHITE_SPACE))) == b"ABCD"


@pytest.mark.parametrize("space", ["\x0b", "\x0c", "\x85", "\u00a0", "\u2028"])
def test_in_xml_no_other_space_is_passed_over(space: str) -> None:
    with pytest.raises(NotBase64):
        decode_in_xml(f"QUJD{space}RA==")


@pytest.mark.parametrize("text", ["", " ", "\r\n\t "])
def test_in_xml_there_is_something(text: str) -> None:
    with pytest.raises(NotBase64, match="no base64"):
        decode_in_xml(text)


@given(st.binary(min_size=1, max_size=60))
def test_in_xml_only_the_white_space_is_left_out(octets: bytes) -> None:
    assert decode_in_xml(encode(octets)) == octets


def test_in_xml_it_is_as_strict_otherwise() -> None:
    with pytest.raises(NotBase64):
        decode_in_xml("QR==")
    assert decode_in_xml("XXXX") == base64.b64decode("XXXX")
