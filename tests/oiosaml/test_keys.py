"""Certificates come from strangers: in metadata, and in the KeyInfo of any message."""

import pytest

from oiosaml.errors import SamlError
from oiosaml.keys import read_verification_key
from tests.conftest import certificate_of, make_member

RSA_ENCRYPTION = bytes.fromhex("06092a864886f70d010101")
VERSION_3 = bytes.fromhex("a003020102")


def certificate_with(old: bytes, new: bytes) -> bytes:
    certificate = make_member("idp").signing.certificate_der
    assert certificate.count(old) == 1
    return certificate.replace(old, new)


@pytest.mark.parametrize(
    "certificate",
    [
        certificate_with(RSA_ENCRYPTION, RSA_ENCRYPTION[:-1] + b"\x7f"),
        certificate_with(VERSION_3, VERSION_3[:-1] + b"\x07"),
        certificate_with(VERSION_3, b"\xa0\x03\x02\x02\x02"),
        b"",
    ],
    ids=["a kind of key that nobody knows", "a version that is none", "not DER", "nothing"],
)
def test_certificate_that_cannot_be_read_is_refused(certificate: bytes) -> None:
    with pytest.raises(SamlError) as refused:
        read_verification_key(certificate)
    assert refused.value.code == "md.key"


COMMON_NAME = bytes.fromhex("0603550403")
UTF8_STRING, BIT_STRING = b"\x0c", b"\x03"


@pytest.mark.parametrize("place", ["issuer", "subject"])
@pytest.mark.parametrize(
    ("old", "new"),
    [(b"TEST ONLY", b"\xff\xfe\xfd ONLY"), (COMMON_NAME + UTF8_STRING, COMMON_NAME + BIT_STRING)],
    ids=["not UTF-8", "a string of bits"],
)
def test_certificate_with_a_name_that_is_none_is_refused(place: str, old: bytes, new: bytes) -> None:
    """Found by fuzzing: names are read when they are asked for, which was while metadata was checked, and nobody reckoned with it."""
    before, between, behind = certificate_of(make_member("idp").private_key).split(old)
    certificate = before + (new + between + old if place == "issuer" else old + between + new) + behind
    with pytest.raises(SamlError) as refused:
        read_verification_key(certificate)
    assert refused.value.code == "md.key"


def test_control_the_honest_certificate_is_read() -> None:
    assert read_verification_key(make_member("idp").signing.certificate_der) == make_member("idp").verification
