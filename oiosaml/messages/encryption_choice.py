"""How to encrypt for a party: to the RSA key its metadata names, by the methods it lists, else by OIOSAML 3's own choice."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from oiosaml.errors import SamlError
from oiosaml.messages.metadata import KeyDescriptor, MetadataEncryptionMethod, encryption_keys
from oiosaml.uris import AES128_GCM, AES256_GCM, DIGEST_SHA1, MGF1_SHA1, RSA_OAEP, RSA_OAEP_MGF1P
from oiosaml.xml.encryption import OIOSAML_DEFAULT, EncryptionMethod

BLOCK_ALGORITHMS: Final = frozenset({AES256_GCM, AES128_GCM})
KEY_TRANSPORTS: Final = frozenset({RSA_OAEP, RSA_OAEP_MGF1P})
_KEY_TRANSPORT_NAME: Final = "#rsa-"
"""Every key transport with RSA has a URI that ends so; what is not one is a block algorithm."""


def encryption_for(keys: tuple[KeyDescriptor, ...]) -> tuple[RSAPublicKey, EncryptionMethod]:
    """Give the key to encrypt to and the algorithms; the order in metadata is the owner's preference (SAML Metadata 2.4.1.1).

    Raises:
        SamlError: `md.key` if there is no RSA key for encryption, `enc.algorithm` if only methods are listed that are not
            allowed.
    """
    descriptor, public_key = encryption_key(keys)
    return public_key, method_for(descriptor.encryption_methods)


def encryption_key(keys: tuple[KeyDescriptor, ...]) -> tuple[KeyDescriptor, RSAPublicKey]:
    """Give the first RSA key one may encrypt to, with its descriptor.

    Raises:
        SamlError: `md.key` if there is none, what it is barred with if there is one that counts no longer.
    """
    for descriptor in encryption_keys(keys):
        if descriptor.key is not None and isinstance(descriptor.key.public_key, RSAPublicKey):
            return descriptor, descriptor.key.public_key
    for descriptor in keys:
        if descriptor.key is not None and descriptor.key.barred is not None and descriptor.use in (None, "encryption"):
            raise SamlError(
                f"{descriptor.key.barred}:encryption",
                f"got only the key {descriptor.key.fingerprint}, which counts no longer",
            )
    raise SamlError("md.key", "got metadata without an RSA key for encryption, expected one")


def method_for(listed: tuple[MetadataEncryptionMethod, ...]) -> EncryptionMethod:
    """Give the first listed methods that are allowed; nothing listed of a kind means OIOSAML 3's own choice.

    Raises:
        SamlError: `enc.algorithm` if only methods of a kind are listed that are not allowed.
    """
    transports = key_transports(listed)
    blocks = tuple(each for each in listed if each not in transports)
    block = _first(blocks, BLOCK_ALGORITHMS)
    transport = _first(transports, KEY_TRANSPORTS)
    digest, mgf = _digest_and_mgf(transport)
    try:
        return EncryptionMethod(
            block=OIOSAML_DEFAULT.block if block is None else block.algorithm,
            key_transport=OIOSAML_DEFAULT.key_transport if transport is None else transport.algorithm,
            digest=digest,
            mgf=mgf,
        )
    except ValueError as error:
        raise SamlError("enc.algorithm", f"got metadata whose key transport cannot be used: {error!s:.300}") from error


def key_transports(listed: tuple[MetadataEncryptionMethod, ...]) -> tuple[MetadataEncryptionMethod, ...]:
    """Give those of the listed methods that transport a key, allowed or not."""
    return tuple(each for each in listed if _KEY_TRANSPORT_NAME in each.algorithm)


def _first(listed: tuple[MetadataEncryptionMethod, ...], allowed: frozenset[str]) -> MetadataEncryptionMethod | None:
    usable = next((each for each in listed if each.algorithm in allowed), None)
    if listed and usable is None:
        found = ", ".join(each.algorithm for each in listed)
        raise SamlError(
            "enc.algorithm", f"got metadata that lists only {found:.200}, expected one of {sorted(allowed)}"
        )
    return usable


def _digest_and_mgf(transport: MetadataEncryptionMethod | None) -> tuple[str, str]:
    """Fill in what the standard implies where the metadata is silent (XML Encryption 5.5.2)."""
    if transport is None or (transport.algorithm == RSA_OAEP and not transport.digest_method and not transport.mgf):
        # bare rsa-oaep in Danish metadata means the profile's pair; SHA-1 by omission would be a downgrade (our choice)
        return OIOSAML_DEFAULT.digest, OIOSAML_DEFAULT.mgf
    return transport.digest_method or DIGEST_SHA1, transport.mgf or MGF1_SHA1
