"""The broker as the other houses know it where it runs elsewhere: from its URLs and its certificate, without a request to it.

In one process the houses ask the broker itself. Apart, they share the certificate directory, and so need no order of start.
"""

from federation.dev_ca import KeyRing
from federation.model import World
from federation.single_logout import of_broker_towards_idps, of_broker_towards_systems
from federation.sp_face import SpFace, read_sp_face
from federation.topology import Topology
from oiosaml.keys import VerificationKey, read_verification_key
from oiosaml.messages.element import serialise
from oiosaml.messages.metadata_faces import idp_face, sp_face, with_attribute_service
from oiosaml.messages.metadata_writing import write_entity_descriptor
from oiosaml.uris import NAMEID_PERSISTENT, NAMEID_TRANSIENT, NAMEID_X509_SUBJECT_NAME


def face_towards_idps(world: World, topology: Topology, keys: KeyRing) -> SpFace:
    """Give whom mock IdPs and attribute services answer; during a rollover they encrypt to the next key, as in the broker's metadata."""
    published = _published(keys)
    return read_sp_face(
        sp_face(
            world.context_handler.entity_id_towards_idps,
            topology.context_handler.acs_url,
            signing_keys=published,
            encryption_keys=published[-1:],
            single_logout_services=of_broker_towards_idps(topology.context_handler),
        )
    )


def metadata_towards_systems(world: World, topology: Topology, keys: KeyRing) -> bytes:
    """Give what demo systems read of the broker; unsigned, since it comes from our own disk."""
    face = idp_face(
        world.context_handler.entity_id_towards_systems,
        topology.context_handler.sso_url,
        signing_keys=_published(keys),
        name_id_formats=(NAMEID_PERSISTENT, NAMEID_X509_SUBJECT_NAME, NAMEID_TRANSIENT),
        single_logout_services=of_broker_towards_systems(topology.context_handler),
    )
    face = with_attribute_service(face, topology.context_handler.attribute_service_url)
    return serialise(write_entity_descriptor(face))


def _published(keys: KeyRing) -> tuple[VerificationKey, ...]:
    following = keys.next_context_handler
    certificates = [keys.context_handler.certificate_der, *([following.certificate_der] if following else [])]
    return tuple(read_verification_key(certificate) for certificate in certificates)
