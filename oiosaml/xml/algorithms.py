"""The signature algorithms we know. What is not in these tables does not exist: there is no default to fall back to (attack SIG-09)."""

import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from oiosaml.keys import PublicKey
from oiosaml.uris import (
    DIGEST_SHA256,
    DIGEST_SHA384,
    DIGEST_SHA512,
    ECDSA_SHA256,
    ECDSA_SHA384,
    ECDSA_SHA512,
    RSA_SHA256,
    RSA_SHA384,
    RSA_SHA512,
)

DIGESTS: Final[Mapping[str, Callable[[bytes], "hashlib._Hash"]]] = MappingProxyType(
    {DIGEST_SHA256: hashlib.sha256, DIGEST_SHA384: hashlib.sha384, DIGEST_SHA512: hashlib.sha512}
)
"""Digest URI to its function. SHA-1 is not among them (attack SIG-08)."""

_PKCS1: Final = PKCS1v15()

_RSA: Final[Mapping[str, hashes.HashAlgorithm]] = MappingProxyType(
    {RSA_SHA256: hashes.SHA256(), RSA_SHA384: hashes.SHA384(), RSA_SHA512: hashes.SHA512()}
)
_ECDSA: Final[Mapping[str, hashes.HashAlgorithm]] = MappingProxyType(
    {ECDSA_SHA256: hashes.SHA256(), ECDSA_SHA384: hashes.SHA384(), ECDSA_SHA512: hashes.SHA512()}
)

SIGNATURE_ALGORITHMS: Final = frozenset(_RSA) | frozenset(_ECDSA)
"""Public-key signatures only: with an HMAC among them, the public certificate could be the secret (attack SIG-10)."""


def signature_is_good(public_key: PublicKey, algorithm: str, *, signature: bytes, signed: bytes) -> bool:
    """Tell whether the key made `signature` over `signed` by that algorithm; a key of another kind made nothing."""
    try:
        if algorithm in _RSA and isinstance(public_key, rsa.RSAPublicKey):
            public_key.verify(signature, signed, _PKCS1, _RSA[algorithm])
            return True
        if algorithm in _ECDSA and isinstance(public_key, ec.EllipticCurvePublicKey):
            public_key.verify(_dss(signature, public_key), signed, ec.ECDSA(_ECDSA[algorithm]))
            return True
    except (InvalidSignature, ValueError):
        return False
    return False


def _dss(signature: bytes, public_key: ec.EllipticCurvePublicKey) -> bytes:
    """Turn XML Signature's `r` and `s` side by side, each as long as the curve's order, into DER (RFC 4051 section 2.3.6).

    Raises:
        ValueError: if the length is another.
    """
    half = (public_key.curve.key_size + 7) // 8
    if len(signature) != 2 * half:
        raise ValueError(f"got {len(signature)} bytes, expected {2 * half}")
    return encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
