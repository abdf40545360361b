"""Algorithms by the short names that people use, for the command line; documents and metadata name them by URI."""

from enum import StrEnum

from oiosaml.uris import (
    AES128_GCM,
    AES256_GCM,
    DIGEST_SHA1,
    DIGEST_SHA256,
    MGF1_SHA1,
    MGF1_SHA256,
    RSA_OAEP,
    RSA_OAEP_MGF1P,
)


class KeyTransport(StrEnum):
    """How the content key is wrapped."""

    RSA_OAEP = "rsa-oaep"
    """OIOSAML 3's own: SHA-256 and MGF1 with SHA-256."""
    RSA_OAEP_MGF1P = "rsa-oaep-mgf1p"
    """The older one that every stack knows: SHA-1 and MGF1 with SHA-1."""


class BlockCipher(StrEnum):
    """How the assertion is encrypted."""

    AES256_GCM = "aes256-gcm"
    AES128_GCM = "aes128-gcm"


_KEY_TRANSPORTS = {
    KeyTransport.RSA_OAEP: {"key_transport": RSA_OAEP, "digest": DIGEST_SHA256, "mgf": MGF1_SHA256},
    KeyTransport.RSA_OAEP_MGF1P: {"key_transport": RSA_OAEP_MGF1P, "digest": DIGEST_SHA1, "mgf": MGF1_SHA1},
}
_BLOCK_CIPHERS = {BlockCipher.AES256_GCM: AES256_GCM, BlockCipher.AES128_GCM: AES128_GCM}


def encryption_document(key_transport: KeyTransport | None, block_cipher: BlockCipher | None) -> dict[str, str] | None:
    """Give a system's encryption setting; None, where neither is said, leaves the choice to its metadata.

    What is not said is OIOSAML 3's own choice.
    """
    if key_transport is None and block_cipher is None:
        return None
    return {
        "block": _BLOCK_CIPHERS[block_cipher or BlockCipher.AES256_GCM],
        **_KEY_TRANSPORTS[key_transport or KeyTransport.RSA_OAEP],
    }
