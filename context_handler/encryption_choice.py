"""How to encrypt for one system: its registration decides, else its metadata, else OIOSAML 3's own choice."""

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from context_handler.ports import RegisteredSystem
from oiosaml.errors import Party, SamlError
from oiosaml.messages import encryption_choice as by_metadata
from oiosaml.xml.encryption import EncryptionMethod


def encryption_for(system: RegisteredSystem) -> tuple[RSAPublicKey, EncryptionMethod]:
    """Give the key to encrypt to and the algorithms.

    Raises:
        SamlError: `md.key` if the metadata has no RSA key for encryption, `enc.algorithm` if it lists only methods that are not allowed.
    """
    keys = system.metadata.sp.keys if system.metadata.sp else ()
    chosen = system.registration.encryption
    if chosen is None:
        return by_metadata.encryption_for(keys)
    try:
        method = EncryptionMethod(chosen.block, chosen.key_transport, chosen.digest, chosen.mgf)
    except ValueError as error:
        raise SamlError("enc.algorithm", str(error), party=Party.CONTEXT_HANDLER) from error
    _, public_key = by_metadata.encryption_key(keys)
    return public_key, method
