"""Certificates come from strangers: in metadata, and in the KeyInfo of any message."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from oiosaml.errors import SamlError
from oiosaml.keys import MOST_KEYS_NAMED, read_verification_key, registered_keys_named
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


IDP, OTHER = make_member("idp").verification, make_member("other-idp").verification


def test_the_keys_that_count_are_named_once_each() -> None:
    assert registered_keys_named([IDP, IDP]).startswith(f"the registered key {IDP.fingerprint}; each is SHA-256")
    assert registered_keys_named([IDP, OTHER]).startswith(
        f"the registered key {IDP.fingerprint} or {OTHER.fingerprint}; "
    )


def test_a_key_that_is_barred_is_not_named_as_one_that_is_expected() -> None:
    barred = replace(IDP, barred="key.withdrawn")
    assert IDP.fingerprint not in registered_keys_named([barred, OTHER])
    assert registered_keys_named([barred]) == "a registered key, of which none counts any longer"


def test_of_many_keys_the_first_are_named_and_the_others_counted() -> None:
    many = [replace(IDP, fingerprint=f"{number:064x}") for number in range(MOST_KEYS_NAMED + 3)]
    named = registered_keys_named(many)
    assert [key.fingerprint in named for key in many] == [True] * MOST_KEYS_NAMED + [False] * 3
    assert " or 3 more; " in named


def test_openssl_gives_the_number_in_the_way_that_is_told(tmp_path: Path) -> None:
    """And another one in the way that most people know."""
    certificate = tmp_path / "certificate.pem"
    loaded = x509.load_der_x509_certificate(IDP.certificate_der or b"")
    certificate.write_bytes(loaded.public_bytes(Encoding.PEM))
    told = registered_keys_named([IDP])
    command = told[told.index("openssl x509 -in") : told.index("; x509 -fingerprint")].replace(
        "CERTIFICATE", str(certificate)
    )
    printed = subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True).stdout
    assert IDP.fingerprint in printed
    usual = ["openssl", "x509", "-in", str(certificate), "-noout", "-fingerprint", "-sha256"]
    printed = subprocess.run(usual, check=True, capture_output=True, text=True).stdout
    assert IDP.fingerprint not in printed.replace(":", "").lower()
