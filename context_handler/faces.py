"""The broker's two faces as metadata documents, signed with the key in use."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from context_handler.name_ids import SUPPORTED_FORMATS
from context_handler.ports import Ports
from context_handler.release import MANDATORY
from federation.single_logout import of_broker_towards_idps, of_broker_towards_systems
from oiosaml import attributes as names
from oiosaml.keys import VerificationKey, read_verification_key
from oiosaml.messages.element import serialise
from oiosaml.messages.metadata import EntityDescriptor
from oiosaml.messages.metadata_faces import contact, idp_face, sp_face, with_attribute_service
from oiosaml.messages.metadata_writing import write_entity_descriptor
from oiosaml.xml.sign import sign_enveloped

METADATA_LIFETIME: Final = timedelta(days=7)
"""How long a copy of our metadata may be used: short enough that a rollover reaches everybody, long enough for a weekend."""

ASKED_OF_IDPS: Final = (names.SPEC_VERSION, names.KOMBIT_SPEC_VERSION, names.LOA, names.CVR)
"""What a municipal IdP must send; rights come from the token or from the attribute service (context-handler section 9)."""

WELCOME_FROM_IDPS: Final = (names.ORG_NAME, names.PRIVILEGES_INTERMEDIATE, names.EMAIL, names.FULL_NAME)
"""Asked for but not required. Some IdPs (pysaml2) release only what metadata asks for, and would leave rights out in silence."""


def metadata_towards_systems(ports: Ports, *, at: datetime) -> bytes:
    """Give the IdP face: what a system needs to send its users to us and to trust what we say of them."""
    face = idp_face(
        ports.entity_id_towards_systems,
        ports.urls.sso_url,
        signing_keys=_published(ports),
        name_id_formats=SUPPORTED_FORMATS,
        attribute_names=(*MANDATORY, names.EMAIL),
        single_logout_services=of_broker_towards_systems(ports.urls),
    )
    return _signed(with_attribute_service(face, ports.urls.attribute_service_url), ports, at)


def metadata_towards_idps(ports: Ports, *, at: datetime) -> bytes:
    """Give the SP face: what a home IdP needs to take our requests and to answer them."""
    face = sp_face(
        ports.entity_id_towards_idps,
        ports.urls.acs_url,
        signing_keys=_published(ports),
        encryption_keys=(read_verification_key(ports.keys.encryption_certificate),),
        required_attributes=ASKED_OF_IDPS,
        welcome_attributes=WELCOME_FROM_IDPS,
        single_logout_services=of_broker_towards_idps(ports.urls),
    )
    return _signed(face, ports, at)


def _published(ports: Ports) -> tuple[VerificationKey, ...]:
    """During a rollover both certificates: whoever reads us now trusts the next key before it signs."""
    return tuple(read_verification_key(certificate) for certificate in ports.keys.published_certificates)


def _signed(face: EntityDescriptor, ports: Ports, at: datetime) -> bytes:
    contacts = (contact(ports.contact),)
    root = write_entity_descriptor(
        replace(face, id=ports.ids.message_id(), valid_until=at + METADATA_LIFETIME, contacts=contacts)
    )
    sign_enveloped(root, ports.keys.signing)
    return serialise(root)
