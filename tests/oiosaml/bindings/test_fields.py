"""Fields of a query or a form, decoded as the standard library decodes them."""

from urllib.parse import unquote_to_bytes

from hypothesis import given
from hypothesis import strategies as st

from oiosaml.bindings.fields import read_fields

VISIBLE = "".join(map(chr, range(0x21, 0x7F))).translate({ord(each): None for each in "%&"})
ESCAPES = st.integers(0, 0x7F).flatmap(lambda octet: st.sampled_from([f"%{octet:02X}", f"%{octet:02x}"]))


@given(
    st.lists(st.text(VISIBLE) | ESCAPES | st.sampled_from(["%C3%A6", "+", "=", "%3D", "%0D%0A", "%20"])).map("".join)
)
def test_a_field_is_decoded_as_the_standard_library_does(value: str) -> None:
    fields = read_fields(f"SAMLRequest=x&RelayState={value}".encode(), "SAMLRequest")
    assert fields.text("RelayState") == unquote_to_bytes(value.replace("+", " ")).decode()
