"""The Context Handler as home IdPs and attribute services see it: its SP face, read once from its metadata."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from oiosaml.errors import SamlError
from oiosaml.ids import EntityId
from oiosaml.keys import VerificationKey
from oiosaml.messages.encryption_choice import encryption_for
from oiosaml.messages.metadata import Endpoint, EntityDescriptor, signing_keys
from oiosaml.xml.encryption import EncryptionMethod


@dataclass(frozen=True, slots=True)
class SpFace:
    """Whom a home IdP answers: by which keys it is known, where it wants its answers, and how they are encrypted for it."""

    entity_id: EntityId
    keys: tuple[VerificationKey, ...]
    assertion_consumer_services: tuple[Endpoint, ...]
    encryption_key: RSAPublicKey
    encryption_method: EncryptionMethod
    single_logout_services: tuple[Endpoint, ...] = ()


def read_sp_face(metadata: EntityDescriptor) -> SpFace:
    """Read what is needed of the Context Handler's metadata towards IdPs.

    Raises:
        SamlError: `md.rule` if it is not an SP's, `md.key` if it lacks a key, `enc.algorithm` if it wants an encryption that is
            not allowed.
    """
    if metadata.sp is None:
        raise SamlError("md.rule", f"got metadata of {metadata.entity_id} without an SPSSODescriptor, expected one")
    keys = signing_keys(metadata.sp.keys)
    if not keys:
        raise SamlError("md.key", f"got metadata of {metadata.entity_id} without a signing key, expected one")
    encryption_key, encryption_method = encryption_for(metadata.sp.keys)
    return SpFace(
        entity_id=metadata.entity_id,
        keys=keys,
        assertion_consumer_services=metadata.sp.assertion_consumer_services,
        encryption_key=encryption_key,
        encryption_method=encryption_method,
        single_logout_services=metadata.sp.single_logout_services,
    )
