"""The attribute service's own metadata: what the Context Handler registers of it (AS-16)."""

from dataclasses import replace

from federation.model import AttributeService
from federation.topology import AttributeServiceUrls
from oiosaml.attributes import PRIVILEGES_INTERMEDIATE
from oiosaml.ids import IdSource
from oiosaml.keys import SigningKey, read_verification_key
from oiosaml.messages.element import serialise
from oiosaml.messages.metadata_faces import attribute_authority, contact
from oiosaml.messages.metadata_writing import write_entity_descriptor
from oiosaml.xml.sign import sign_enveloped


def write_metadata(
    service: AttributeService, *, urls: AttributeServiceUrls, signing: SigningKey, ids: IdSource
) -> bytes:
    """Give the metadata of `service` at `urls`, signed with the key it names."""
    entity = attribute_authority(
        service.entity_id,
        urls.soap_url,
        signing_keys=(read_verification_key(signing.certificate_der),),
        attribute_names=(PRIVILEGES_INTERMEDIATE,),
    )
    element = write_entity_descriptor(
        replace(
            entity,
            id=ids.message_id(),
            organization_name=service.name,
            contacts=(contact(f"it@{service.id}.test"),),
        )
    )
    sign_enveloped(element, signing)
    return serialise(element)
