"""Keys and certificates for the whole session: made once, for making an RSA key costs as much as a hundred signatures."""

import gc
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, settings

from oiosaml.keys import DecryptionKey, SigningKey, VerificationKey, fingerprint_of, read_verification_key

# A time limit for one example, or for making ten of them, fails on a busy machine and says nothing about the code. The examples are the
# same each time, so that what is green stays green; what looks for new ones is `make fuzz`.
settings.register_profile(
    "nsis", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("nsis")

ROOT = Path(__file__).parent
FIRST = ({"load"}, {"browser", "chaos"}, {"interop"}, {"flows"}, {"attacks"}, {"oracles"})
"""What takes long begins early, so that no worker is left alone with it; in turn, what fills a core and what waits."""


def pytest_collection() -> None:
    """Look for no cycles while collecting: nearly all of what it makes stays."""
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the files in the order in which workers take them, each whole: starting what they meet takes as long as their tests."""
    items.sort(key=lambda item: _turn(item.path.relative_to(ROOT)))


def _turn(file: Path) -> tuple[int, str]:
    late = (len(FIRST), "")
    return next(((turn, file.name) for turn, rooms in enumerate(FIRST) if file.parts[0] in rooms), late)


def pytest_collection_finish() -> None:
    """Look for cycles again, and never in what collecting six thousand tests has made: that stays until the end."""
    gc.collect()
    gc.freeze()
    gc.enable()


PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the federation with one key for everything."""

    private_key: rsa.RSAPrivateKey
    signing: SigningKey
    verification: VerificationKey
    decryption: DecryptionKey

    @property
    def public_key(self) -> rsa.RSAPublicKey:
        return self.private_key.public_key()

    @property
    def key_pem(self) -> bytes:
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def certificate_pem(self) -> bytes:
        return x509.load_der_x509_certificate(self.signing.certificate_der).public_bytes(Encoding.PEM)


FOR_THE_CENTURY: Final = datetime(2099, 1, 1, tzinfo=UTC)


def certificate_of(
    private_key: PrivateKey,
    common_name: str = "TEST ONLY",
    *,
    serial_number: int = 1,
    until: datetime = FOR_THE_CENTURY,
) -> bytes:
    """A self-signed certificate in DER, good for the century unless it is said to end."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(serial_number)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(until)
    )
    return builder.sign(private_key, SHA256()).public_bytes(Encoding.DER)


@cache
def make_member(name: str) -> Member:
    """The member of that name: the same key for the same name, for the whole session."""
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = certificate_of(private_key, name)
    return Member(
        private_key,
        SigningKey(private_key, certificate),
        read_verification_key(certificate),
        DecryptionKey(private_key, fingerprint_of(private_key.public_key())),
    )


@pytest.fixture(scope="session")
def member() -> Callable[[str], Member]:
    """Gives members by name."""
    return make_member


@pytest.fixture(scope="session")
def idp() -> Member:
    """The honest home IdP."""
    return make_member("idp")


@pytest.fixture(scope="session")
def stranger() -> Member:
    """Somebody whose key nobody registered: "a second key" of the attack catalogue."""
    return make_member("stranger")


@pytest.fixture(scope="session")
def broker() -> Member:
    """The Context Handler."""
    return make_member("broker")


@pytest.fixture(scope="session")
def entropy() -> Callable[[int], bytes]:
    """Real randomness for encryption."""
    return os.urandom
