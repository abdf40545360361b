"""Fields of a query or a form, decoded as the standard library decodes them."""

import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oiosaml.bindings.fields import read_fields
from oiosaml.errors import SamlError

VISIBLE = "".join(map(chr, range(0x21, 0x7F))).translate({ord(each): None for each in "%&"})
ESCAPES = st.integers(0, 0x7F).flatmap(lambda octet: st.sampled_from([f"%{octet:02X}", f"%{octet:02x}"]))


@given(
    st.lists(st.text(VISIBLE) | ESCAPES | st.sampled_from(["%C3%A6", "+", "=", "%3D", "%0D%0A", "%20"])).map("".join)
)
def test_a_field_is_decoded_as_the_standard_library_does(value: str) -> None:
    fields = read_fields(f"SAMLRequest=x&RelayState={value}".encode(), "SAMLRequest")
    assert fields.text("RelayState") == unquote_to_bytes(value.replace("+", " ")).decode()


CUT = st.sampled_from(["%", "%%", "%4", "%g1", "%1g"])
PLAIN = st.sampled_from(["a", "=", "+", "%41", "%3d", "%3D", "%25", "Q" * 30])


@pytest.mark.parametrize("name", ["SAMLResponse", "RelayState", "submit"])
@given(st.lists(PLAIN | CUT, max_size=200).map("".join))
def test_an_escape_that_is_not_whole_is_refused_wherever_it_stands(name: str, value: str) -> None:
    """Also among more escapes than are read one by one, and in a field that nobody reads."""
    others = "" if name == "SAMLResponse" else "SAMLResponse=x&"
    whole = re.search("%(?![0-9A-Fa-f]{2})", value) is None
    try:
        read = read_fields(f"{others}{name}={value}".encode(), "SAMLResponse").octets("SAMLResponse")
    except SamlError as refusal:
        assert (whole, refusal.code) == (False, "bind.params")
    else:
        assert whole
        assert read == (unquote_to_bytes(value.replace("+", " ")) if name == "SAMLResponse" else b"x")


@given(st.lists(st.sampled_from(["", "a", "a=b", "RelayState=r", "="]), max_size=20))
def test_fields_are_told_apart_as_by_splitting(others: list[str]) -> None:
    fields = ["SAMLResponse=x", *others]
    if len(fields) > 16:
        with pytest.raises(SamlError, match=f"got {len(fields)} fields"):
            read_fields("&".join(fields).encode(), "SAMLResponse")
    elif others.count("RelayState=r") > 1:
        with pytest.raises(SamlError, match="twice"):
            read_fields("&".join(fields).encode(), "SAMLResponse")
    else:
        raw = read_fields("&".join(fields).encode(), "SAMLResponse").raw
        assert raw == {"SAMLResponse": b"x"} | ({"RelayState": b"r"} if "RelayState=r" in others else {})
