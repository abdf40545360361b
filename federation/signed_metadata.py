"""A simulated party's metadata as octets: named, given a contact and signed with the party's own key, the same in every process."""

from dataclasses import replace
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from federation.dev_ca import KeySet
from oiosaml.keys import VerificationKey, read_verification_key
from oiosaml.messages.element import serialise
from oiosaml.messages.metadata import EntityDescriptor
from oiosaml.messages.metadata_faces import contact
from oiosaml.messages.metadata_writing import write_entity_descriptor
from oiosaml.xml.sign import sign_enveloped


def public_key(keys: KeySet) -> VerificationKey:
    """Give the key as metadata publishes it."""
    return read_verification_key(keys.certificate_der)


def sign_metadata(entity: EntityDescriptor, name: str, keys: KeySet, *, contact_type: str = "administrative") -> bytes:
    """Write and sign the metadata of a party called `name`; people are sent to `drift@` its host."""
    host = urlsplit(entity.entity_id).hostname or "simulator.test"
    element = write_entity_descriptor(
        replace(
            entity,
            # From the entityID and not at random: several processes write this document and must agree on it.
            id=f"_{uuid5(NAMESPACE_URL, entity.entity_id).hex}",
            organization_name=name,
            contacts=(contact(f"drift@{host}", contact_type),),
        )
    )
    sign_enveloped(element, keys.signing)
    return serialise(element)
