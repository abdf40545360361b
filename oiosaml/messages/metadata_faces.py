"""The metadata that the parties of this federation publish, as values: a broker's two faces, a municipal IdP, an attribute service."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from oiosaml.attributes import FRIENDLY_NAMES
from oiosaml.ids import EntityId
from oiosaml.keys import VerificationKey
from oiosaml.messages.metadata import (
    AttributeAuthorityRole,
    ContactPerson,
    Endpoint,
    EntityDescriptor,
    IdpRole,
    KeyDescriptor,
    MetadataEncryptionMethod,
    RequestedAttribute,
    SpRole,
)
from oiosaml.uris import (
    AES128_GCM,
    AES256_GCM,
    BINDING_POST,
    BINDING_REDIRECT,
    BINDING_SOAP,
    DIGEST_SHA1,
    DIGEST_SHA256,
    MGF1_SHA256,
    NAME_FORMAT_URI,
    NAMEID_X509_SUBJECT_NAME,
    RSA_OAEP,
    RSA_OAEP_MGF1P,
)

DECRYPTABLE: Final = (
    MetadataEncryptionMethod(AES256_GCM),
    MetadataEncryptionMethod(AES128_GCM),
    MetadataEncryptionMethod(RSA_OAEP, DIGEST_SHA256, MGF1_SHA256),
    MetadataEncryptionMethod(RSA_OAEP_MGF1P, DIGEST_SHA1),
)
"""What we decrypt, best first: OIOSAML 3's own choice, then the older interoperable one."""


def idp_face(
    entity_id: EntityId,
    sso_location: str,
    *,
    signing_keys: tuple[VerificationKey, ...],
    name_id_formats: tuple[str, ...],
    attribute_names: tuple[str, ...] = (),
    attribute_name_format: str = NAME_FORMAT_URI,
    single_logout_services: tuple[Endpoint, ...] = (),
    valid_until: datetime | None = None,
) -> EntityDescriptor:
    """Describe an IdP, or the broker towards systems. Several signing keys during a rollover: the first one signs now."""
    role = IdpRole(
        want_authn_requests_signed=True,
        keys=_signing(signing_keys),
        name_id_formats=name_id_formats,
        single_sign_on_services=(Endpoint(BINDING_REDIRECT, sso_location), Endpoint(BINDING_POST, sso_location)),
        single_logout_services=single_logout_services,
        attribute_names=attribute_names,
        attribute_name_format=attribute_name_format,
    )
    return EntityDescriptor(entity_id, valid_until, None, role, None)


def with_attribute_service(face: EntityDescriptor, location: str) -> EntityDescriptor:
    """Give an IdP's face with an attribute service at `location` that knows the IdP's users by its NameIDs (R3-MD-25)."""
    if face.idp is None:
        raise ValueError("got no IdP, expected one to add an attribute service to")
    idp = face.idp
    service = (Endpoint(BINDING_SOAP, location),)
    return replace(
        face,
        attribute_authority=AttributeAuthorityRole(idp.keys, service, idp.name_id_formats, idp.attribute_names),
    )


def sp_face(
    entity_id: EntityId,
    acs_location: str,
    *,
    signing_keys: tuple[VerificationKey, ...],
    encryption_keys: tuple[VerificationKey, ...],
    required_attributes: tuple[str, ...] = (),
    welcome_attributes: tuple[str, ...] = (),
    name_id_formats: tuple[str, ...] = (NAMEID_X509_SUBJECT_NAME,),
    single_logout_services: tuple[Endpoint, ...] = (),
) -> EntityDescriptor:
    """Describe a system, or the broker towards IdPs, whose NameID layout is X509SubjectName.

    Welcome attributes are asked for, but not required: some IdPs release nothing that is not asked for.
    """
    role = SpRole(
        authn_requests_signed=True,
        want_assertions_signed=True,
        keys=_signing(signing_keys) + tuple(KeyDescriptor("encryption", key, DECRYPTABLE) for key in encryption_keys),
        name_id_formats=name_id_formats,
        assertion_consumer_services=(Endpoint(BINDING_POST, acs_location, index=0, is_default=True),),
        single_logout_services=single_logout_services,
        requested_attributes=tuple(
            RequestedAttribute(
                name, NAME_FORMAT_URI, is_required=name in required_attributes, friendly_name=FRIENDLY_NAMES.get(name)
            )
            for name in required_attributes + welcome_attributes
        ),
        has_attribute_consuming_service=bool(required_attributes + welcome_attributes),
    )
    return EntityDescriptor(entity_id, None, role, None, None)


def attribute_authority(
    entity_id: EntityId,
    location: str,
    *,
    signing_keys: tuple[VerificationKey, ...],
    attribute_names: tuple[str, ...],
) -> EntityDescriptor:
    """Describe a municipal attribute service (AS-16)."""
    role = AttributeAuthorityRole(
        keys=_signing(signing_keys),
        attribute_services=(Endpoint(BINDING_SOAP, location),),
        name_id_formats=(NAMEID_X509_SUBJECT_NAME,),
        attribute_names=attribute_names,
    )
    return EntityDescriptor(entity_id, None, None, None, role)


def contact(email_address: str, contact_type: str = "administrative") -> ContactPerson:
    """Name whom to call; KOMBIT asks for an administrative contact (R3-MD-08)."""
    return ContactPerson(contact_type, (f"mailto:{email_address}",))


def _signing(keys: tuple[VerificationKey, ...]) -> tuple[KeyDescriptor, ...]:
    return tuple(KeyDescriptor("signing", key) for key in keys)
