"""Whether and how to encrypt for one system: its registration decides, else its metadata, else its profile's own choice."""

from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from context_handler.ports import REMEMBERED_SYSTEMS, RegisteredSystem
from context_handler.profiles.registered import profile_of_system
from oiosaml.errors import Party, SamlError
from oiosaml.messages import encryption_choice as by_metadata
from oiosaml.messages.metadata import KeyDescriptor, wants_encryption
from oiosaml.xml.encryption import EncryptionMethod


def may_be_plain(system: RegisteredSystem) -> bool:
    """Tell whether nothing says how to encrypt for a system: no key in its metadata, no choice in its registration.

    A key that was withdrawn or revoked says it as one that counts does. It is barred because somebody else may read with it; in clear
    everybody could (attack ENC-07).
    """
    return system.registration.encryption is None and not wants_encryption(_keys_of(system))


@lru_cache(REMEMBERED_SYSTEMS)
def encryption_for(system: RegisteredSystem) -> tuple[RSAPublicKey, EncryptionMethod] | None:
    """Give the key to encrypt to and the algorithms; None for an OIOSAML 2 system without an encryption key and without a wish for one.

    Raises:
        SamlError: `md.key` if the metadata has no RSA key for encryption, `key.withdrawn` or `key.revoked` if it has only such as count no
            longer, `enc.algorithm` if it lists only methods that are not allowed. Its party is said.
    """
    if may_be_plain(system) and not profile_of_system(system).encrypts_always:
        return None
    chosen, keys = system.registration.encryption, _keys_of(system)
    try:
        if chosen is None:
            return by_metadata.encryption_for(keys)
        _, public_key = by_metadata.encryption_key(keys)
    except SamlError as error:
        error.party = Party.SYSTEM
        raise
    try:
        return public_key, EncryptionMethod(chosen.block, chosen.key_transport, chosen.digest, chosen.mgf)
    except ValueError as error:
        raise SamlError("enc.algorithm", str(error), party=Party.CONTEXT_HANDLER) from error


@lru_cache(REMEMBERED_SYSTEMS)
def encryption_told(system: RegisteredSystem) -> str:
    """Say for the record of a login which algorithms are chosen, in the words with which their URIs end.

    Raises:
        SamlError: as `encryption_for`.
    """
    chosen = encryption_for(system)
    if chosen is None:
        return "not encrypted: the system's metadata names nothing to encrypt to"
    method = chosen[1]
    block, transport, digest, mask = (
        uri.rpartition("#")[2] for uri in (method.block, method.key_transport, method.digest, method.mgf)
    )
    return f"encrypted by {block} and {transport} ({digest}, {mask})"


def _keys_of(system: RegisteredSystem) -> tuple[KeyDescriptor, ...]:
    return system.metadata.sp.keys if system.metadata.sp else ()
