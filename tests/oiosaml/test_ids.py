"""Identifiers as texts."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from oiosaml.ids import uuid_of


@given(st.binary(min_size=16, max_size=32))
def test_a_uuid_is_what_the_standard_library_makes_of_the_first_sixteen_octets(octets: bytes) -> None:
    assert uuid_of(octets) == str(UUID(bytes=octets[:16], version=4))
