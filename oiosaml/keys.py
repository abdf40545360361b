"""Keys as values. They are read from octets that the caller already has; a key never comes out of a message."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from oiosaml.errors import SamlError

MINIMUM_RSA_BITS: Final = 2048
"""Below this no RSA key is read (R3-MD-09)."""

MINIMUM_RSA_EXPONENT: Final = 65_537
"""FIPS 186-5. A signature by a key with exponent 1 is the padded digest itself: anybody can write it (attack MD-08)."""

MAXIMUM_RSA_EXPONENT: Final = 2**32
"""A long exponent makes verifying as dear as signing."""

MAXIMUM_RSA_BITS: Final = 8192
"""Above this one verification costs enough to be a weapon."""

MOST_KEYS_NAMED: Final = 2
"""How many of a sender's keys a detail names: a rollover needs two, and a detail is cut off where it grows too long to be shown."""

ALLOWED_CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")

_HOW_TO_COMPARE: Final = (
    "each is SHA-256 of the public key, as nsis parties shows it and openssl x509 -in CERTIFICATE -noout -pubkey | "
    "openssl pkey -pubin -outform DER | openssl sha256; x509 -fingerprint prints another number"
)

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key registered for one issuer."""

    public_key: PublicKey
    fingerprint: str
    """SHA-256 of the SubjectPublicKeyInfo, in hexadecimal."""
    certificate_der: bytes | None = field(default=None, repr=False)
    barred: str | None = None
    """The refusal for whatever this key signed, once it counts no longer; nothing is encrypted to it."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Our own RSA private key with the certificate that goes into KeyInfo."""

    private_key: rsa.RSAPrivateKey = field(repr=False)
    certificate_der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DecryptionKey:
    """Our own RSA private key for unwrapping content keys."""

    private_key: rsa.RSAPrivateKey = field(repr=False)
    fingerprint: str


def require_not_barred(key: VerificationKey) -> None:
    """Let a key count, or not.

    Raises:
        SamlError: what the key is barred with.
    """
    if key.barred is not None:
        raise SamlError(key.barred, f"got a signature by the key {key.fingerprint}, expected one that still counts")


def registered_keys_named(keys: Sequence[VerificationKey]) -> str:
    """Name the keys that count for a sender, for a detail, and say how its engineer gets the same number from a certificate."""
    counting = list(dict.fromkeys(key.fingerprint for key in keys if key.barred is None))
    if not counting:
        return "a registered key, of which none counts any longer"
    left_out = len(counting) - MOST_KEYS_NAMED
    more = f" or {left_out} more" if left_out > 0 else ""
    return f"the registered key {' or '.join(counting[:MOST_KEYS_NAMED])}{more}; {_HOW_TO_COMPARE}"


def fingerprint_of(public_key: PublicKey) -> str:
    """Give the SHA-256 of the key's SubjectPublicKeyInfo, in hexadecimal."""
    return hashlib.sha256(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def read_verification_key(certificate_der: bytes) -> VerificationKey:
    """Read the public key of a DER certificate.

    The certificate's own validity and issuer are not examined: in SAML the registration is the trust, the certificate its wrapping. But
    they can be read, once this function has read the key.

    Raises:
        SamlError: `md.key` if it does not parse or the key is too weak, too large or on a curve not listed.
    """
    try:
        certificate = x509.load_der_x509_certificate(certificate_der)
        public_key = certificate.public_key()
        # Read when they are asked for, which is later, where nobody reckons with a name that is none.
        _ = certificate.subject, certificate.issuer, certificate.serial_number
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm) as error:
        raise SamlError(
            "md.key", f"got a certificate that does not parse ({error}), expected an X.509 certificate in DER"
        ) from error
    match public_key:
        case rsa.RSAPublicKey():
            if not MINIMUM_RSA_BITS <= public_key.key_size <= MAXIMUM_RSA_BITS:
                raise SamlError(
                    "md.key",
                    f"got an RSA key of {public_key.key_size} bits, expected {MINIMUM_RSA_BITS} to {MAXIMUM_RSA_BITS}",
                )
            exponent = public_key.public_numbers().e
            if not MINIMUM_RSA_EXPONENT <= exponent <= MAXIMUM_RSA_EXPONENT:
                raise SamlError(
                    "md.key", f"got an RSA key with the public exponent {exponent:.3g}, expected {MINIMUM_RSA_EXPONENT}"
                )
        case ec.EllipticCurvePublicKey():
            if public_key.curve.name not in ALLOWED_CURVES:
                raise SamlError(
                    "md.key",
                    f"got a key on the curve {public_key.curve.name}, expected one of {', '.join(ALLOWED_CURVES)}",
                )
        case _:
            raise SamlError(
                "md.key", f"got a key of kind {type(public_key).__name__}, expected RSA or an elliptic curve"
            )
    return VerificationKey(public_key, fingerprint_of(public_key), certificate_der)


def read_signing_key(private_key_pem: bytes, certificate_pem: bytes) -> SigningKey:
    """Read our own signing key from PEM; takes some 40 ms, so do it once, at start.

    Raises:
        ValueError: if either does not parse, the key is not RSA, or the two do not belong together.
    """
    private_key = _read_rsa(private_key_pem)
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    if certificate.public_key() != private_key.public_key():
        raise ValueError("the certificate does not belong to the private key")
    return SigningKey(private_key, certificate.public_bytes(Encoding.DER))


def read_decryption_key(private_key_pem: bytes) -> DecryptionKey:
    """Read our own decryption key from PEM.

    Raises:
        ValueError: if it does not parse or is not RSA.
    """
    private_key = _read_rsa(private_key_pem)
    return DecryptionKey(private_key, fingerprint_of(private_key.public_key()))


def _read_rsa(private_key_pem: bytes) -> rsa.RSAPrivateKey:
    private_key = load_pem_private_key(private_key_pem, password=None)
    if not isinstance(private_key, rsa.RSAPrivateKey):
        raise ValueError(f"got a private key of kind {type(private_key).__name__}, expected RSA")
    return private_key
