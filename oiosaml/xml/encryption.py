"""XML encryption, the part of it that withstood the last fifteen years: AES-GCM for content, RSA-OAEP for its key.

Which algorithms a message names is decided before anything is decrypted (attacks ENC-01, ENC-02). Every failure to decrypt is one
`enc.failed` with one sentence: which key, which step and which byte stay unsaid (attack ENC-04).

Encryption proves nothing about the sender; what comes out is as unverified as before (attack ENC-05).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.keys import DecryptionKey
from oiosaml.uris import (
    AES128_GCM,
    AES256_GCM,
    DIGEST_SHA1,
    DIGEST_SHA256,
    DIGEST_SHA384,
    DIGEST_SHA512,
    MGF1_SHA1,
    MGF1_SHA256,
    NS_DS,
    NS_XENC,
    NS_XENC11,
    RSA_OAEP,
    RSA_OAEP_MGF1P,
)
from oiosaml.xml.base64_text import encode
from oiosaml.xml.encryption_profile import EncryptedParts, WrappedKey, read_encrypted
from oiosaml.xml.writing import NewElement

KEY_BYTES: Final[Mapping[str, int]] = MappingProxyType({AES128_GCM: 16, AES256_GCM: 32})
"""Block algorithm to the length of its key."""

DIGESTS: Final[Mapping[str, hashes.HashAlgorithm]] = MappingProxyType(
    {
        # SHA-1 inside OAEP is not a signature: its collisions do not matter there, and half of the stacks know nothing else.
        DIGEST_SHA1: hashes.SHA1(),  # noqa: S303 - see above
        DIGEST_SHA256: hashes.SHA256(),
        DIGEST_SHA384: hashes.SHA384(),
        DIGEST_SHA512: hashes.SHA512(),
    }
)

MGFS: Final[Mapping[str, hashes.HashAlgorithm]] = MappingProxyType(
    {
        MGF1_SHA1: hashes.SHA1(),  # noqa: S303 - see above
        MGF1_SHA256: hashes.SHA256(),
        f"{NS_XENC11}mgf1sha384": hashes.SHA384(),
        f"{NS_XENC11}mgf1sha512": hashes.SHA512(),
    }
)

_NAMESPACES: Final = frozenset({NS_XENC})
_IV_BYTES: Final = 12
_TAG_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class EncryptionMethod:
    """How to encrypt for one recipient, in the standards' URIs."""

    block: str
    key_transport: str
    digest: str
    mgf: str

    def __post_init__(self) -> None:
        """Refuse what no recipient should be sent.

        Raises:
            ValueError: if an algorithm is not one of ours, or `rsa-oaep-mgf1p` comes with another mask than its own.
        """
        known = self.block in KEY_BYTES and self.digest in DIGESTS and self.mgf in MGFS
        if not known or self.key_transport not in (RSA_OAEP, RSA_OAEP_MGF1P):
            raise ValueError(f"got {self}, expected AES-GCM with RSA-OAEP")
        if self.key_transport == RSA_OAEP_MGF1P and self.mgf != MGF1_SHA1:
            raise ValueError(f"got {self.mgf} with rsa-oaep-mgf1p, expected {MGF1_SHA1}")


OIOSAML_DEFAULT: Final = EncryptionMethod(AES256_GCM, RSA_OAEP, DIGEST_SHA256, MGF1_SHA256)
"""OIOSAML 3's own choice."""

RSA_OAEP_MGF1P_SHA1: Final = EncryptionMethod(AES256_GCM, RSA_OAEP_MGF1P, DIGEST_SHA1, MGF1_SHA1)
"""What stacks decrypt that know nothing newer."""


def encrypt(
    octets: bytes,
    public_key: rsa.RSAPublicKey,
    method: EncryptionMethod,
    *,
    entropy: Callable[[int], bytes],
    recipient_certificate_der: bytes | None = None,
) -> NewElement:
    """Encrypt one serialised element as an xenc:EncryptedData with the wrapped key inside its KeyInfo.

    `entropy` gives that many unpredictable bytes, `os.urandom` outside tests: the content key and the nonce are made of it. A certificate,
    if given, is written beside the wrapped key for recipients that look up their own key by it.
    """
    content_key, nonce = entropy(KEY_BYTES[method.block]), entropy(_IV_BYTES)
    ciphertext = nonce + AESGCM(content_key).encrypt(nonce, octets, None)
    wrapped = public_key.encrypt(content_key, _oaep(method.digest, method.mgf))
    text = _ENCRYPTED_DATA.format(
        block=method.block,
        key_transport=method.key_transport,
        digest=method.digest,
        mgf=_MGF.format(method.mgf) if method.key_transport == RSA_OAEP else "",
        recipient="" if recipient_certificate_der is None else _RECIPIENT.format(encode(recipient_certificate_der)),
        wrapped=encode(wrapped),
        ciphertext=encode(ciphertext),
    )
    encrypted_data = NewElement(_NAMESPACES, NS_XENC, "EncryptedData")
    encrypted_data.seal(text, "xenc", "ds", "xenc11")
    return encrypted_data


def decrypt(encrypted: _Element, keys: Sequence[DecryptionKey]) -> bytes:
    """Decrypt what a saml:EncryptedAssertion (or EncryptedID) holds and give the octets, as unverified as they came.

    Only `keys` are tried, which are our own; what the message says about its recipient is not looked at.

    Raises:
        SamlError: `enc.structure` or `enc.algorithm`, both before any decryption, and `enc.failed` for everything after.
    """
    parts = read_encrypted(encrypted)
    content_key = _unwrap(parts, keys)
    try:
        nonce, sealed = parts.ciphertext[:_IV_BYTES], parts.ciphertext[_IV_BYTES:]
        # A key that did not come out is replaced by one that cannot fit, so that both failures take the same way.
        octets = AESGCM(content_key or bytes(KEY_BYTES[parts.block])).decrypt(nonce, sealed, None)
    except (InvalidTag, ValueError):
        octets = None
    if content_key is None or octets is None:
        raise SamlError("enc.failed", "got an encrypted assertion that does not decrypt, expected one made for our key")
    return octets


def _unwrap(parts: EncryptedParts, keys: Sequence[DecryptionKey]) -> bytes | None:
    """Give the first content key of the right length that one of our keys unwraps."""
    for wrapped in parts.wrapped_keys:
        for key in keys:
            content_key = _unwrap_one(wrapped, key)
            if content_key is not None and len(content_key) == KEY_BYTES[parts.block]:
                return content_key
    return None


def _unwrap_one(wrapped: WrappedKey, key: DecryptionKey) -> bytes | None:
    try:
        return key.private_key.decrypt(wrapped.ciphertext, _oaep(wrapped.digest, wrapped.mgf))
    except ValueError:
        return None


@cache
def _oaep(digest: str, mgf: str) -> OAEP:
    return OAEP(mgf=MGF1(MGFS[mgf]), algorithm=DIGESTS[digest], label=None)


_RECIPIENT: Final = "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"

# In canonical form, as everything we write, so that a Response round it can be signed.
_ENCRYPTED_DATA: Final = (
    f'<xenc:EncryptedData xmlns:xenc="{NS_XENC}" Type="{NS_XENC}Element">'
    '<xenc:EncryptionMethod Algorithm="{block}"></xenc:EncryptionMethod>'
    f'<ds:KeyInfo xmlns:ds="{NS_DS}"><xenc:EncryptedKey>'
    '<xenc:EncryptionMethod Algorithm="{key_transport}"><ds:DigestMethod Algorithm="{digest}"></ds:DigestMethod>{mgf}'
    "</xenc:EncryptionMethod>"
    "{recipient}<xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData>"
    "</xenc:EncryptedKey></ds:KeyInfo>"
    "<xenc:CipherData><xenc:CipherValue>{ciphertext}</xenc:CipherValue></xenc:CipherData>"
    "</xenc:EncryptedData>"
)
_MGF: Final = f'<xenc11:MGF xmlns:xenc11="{NS_XENC11}" Algorithm="{{}}"></xenc11:MGF>'
