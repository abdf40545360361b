"""The metadata of the parties that the simulator plays, from the world, the URLs and the keys: the same octets in every process.

The broker registers these octets and the party serves them, so nobody has to fetch anything before the first login.
"""

from dataclasses import replace
from typing import Final

from federation.dev_ca import KeyRing, KeySet
from federation.model import AttributeService, HomeIdp, Profile, UserFacingSystem, World
from federation.nemlogin_parties import nemlogin_metadata, nemlogin_metadata_towards_idps, with_clients
from federation.played import is_nemlogin
from federation.signed_metadata import public_key, sign_metadata
from federation.single_logout import of_idp, of_system
from federation.topology import Topology
from federation.urls import AttributeServiceUrls, IdpUrls, SystemUrls
from oiosaml import oiosaml2 as old
from oiosaml.attributes import (
    ASSURANCE_LEVEL,
    CPR_NUMBER,
    CVR,
    EMAIL,
    FRIENDLY_NAMES,
    FULL_NAME,
    KOMBIT_SPEC_VERSION,
    LOA,
    ORG_NAME,
    PRIVILEGES_INTERMEDIATE,
    PROFESSIONAL_UUID,
    SPEC_VERSION,
)
from oiosaml.keys import VerificationKey
from oiosaml.messages.metadata import (
    Endpoint,
    EntityDescriptor,
    KeyDescriptor,
    MetadataEncryptionMethod,
    RequestedAttribute,
    SpRole,
)
from oiosaml.messages.metadata_faces import attribute_authority, idp_face
from oiosaml.uris import (
    AES256_GCM,
    BINDING_POST,
    DIGEST_SHA1,
    DIGEST_SHA256,
    MGF1_SHA256,
    NAME_FORMAT_BASIC,
    NAME_FORMAT_URI,
    NAMEID_PERSISTENT,
    NAMEID_X509_SUBJECT_NAME,
    RSA_OAEP,
    RSA_OAEP_MGF1P,
)

DECRYPTED_BY_DEFAULT: Final = (
    MetadataEncryptionMethod(AES256_GCM),
    MetadataEncryptionMethod(RSA_OAEP, DIGEST_SHA256, MGF1_SHA256),
    MetadataEncryptionMethod(RSA_OAEP_MGF1P, DIGEST_SHA1),
)
"""What a system without an encryption setting announces: OIOSAML 3's own key transport first, then the older one."""

_OFFERED_BY_IDPS: Final = (SPEC_VERSION, KOMBIT_SPEC_VERSION, LOA, CVR, ORG_NAME, FULL_NAME, PROFESSIONAL_UUID, EMAIL)
"""What the mock IdP's token can hold (R3-MD-24), besides rights."""
_NAME_ID_FORMATS: Final = {Profile.OIOSAML2: NAMEID_X509_SUBJECT_NAME}
_REQUIRED_BY_SYSTEMS: Final = (SPEC_VERSION, KOMBIT_SPEC_VERSION, LOA, CVR, ORG_NAME, PRIVILEGES_INTERMEDIATE)
_WELCOME_TO_SYSTEMS: Final = (EMAIL, FULL_NAME)
"""Asked for but not required: a municipality may not know them."""


def with_own_metadata(world: World, topology: Topology, keys: KeyRing) -> World:
    """Give the world in which each party that the simulator plays has its metadata, signed with its own key.

    Raises:
        KeyError: if the topology or the key ring lacks such a party.
    """
    return replace(
        world,
        idps=tuple(
            replace(p, metadata=_metadata_of_idp(p, world, topology, keys)) if p.simulated else p for p in world.idps
        ),
        systems=tuple(
            replace(p, metadata=_metadata_of_system(p, world, topology, keys)) if p.simulated else p
            for p in world.systems
        ),
        attribute_services=tuple(
            replace(
                p,
                metadata=attribute_service_metadata(p, topology.attribute_service(p.id), keys.attribute_service(p.id)),
            )
            if p.simulated
            else p
            for p in world.attribute_services
        ),
        nemlogin=with_clients(world, topology, keys),
    )


def _metadata_of_idp(idp: HomeIdp, world: World, topology: Topology, keys: KeyRing) -> bytes:
    if idp.profile is Profile.NEMLOGIN3 and world.nemlogin is not None:
        return nemlogin_metadata(world.nemlogin, topology.nemlogin, keys.nemlogin)
    return idp_metadata(idp, topology.idp(idp.id), keys.idp(idp.id))


def _metadata_of_system(system: UserFacingSystem, world: World, topology: Topology, keys: KeyRing) -> bytes:
    if world.nemlogin is not None and is_nemlogin(system, world):
        return nemlogin_metadata_towards_idps(world.nemlogin, topology.nemlogin, keys.nemlogin)
    return system_metadata(system, topology.system(system.id), keys.system(system.id))


def idp_metadata(idp: HomeIdp, urls: IdpUrls, keys: KeySet) -> bytes:
    """Give a mock IdP's metadata; what it offers is named in its profile's words."""
    offered = (
        *_OFFERED_BY_IDPS,
        *((CPR_NUMBER,) if idp.sends_cpr else ()),
        *((PRIVILEGES_INTERMEDIATE,) if idp.knows_roles else ()),
    )
    entity = idp_face(
        idp.entity_id,
        urls.sso_url,
        signing_keys=(public_key(keys),),
        name_id_formats=(NAMEID_X509_SUBJECT_NAME,),
        attribute_names=_in_words_of(idp.profile, offered),
        attribute_name_format=_name_format(idp.profile),
        single_logout_services=of_idp(urls),
    )
    return sign_metadata(entity, idp.name, keys)


def attribute_service_metadata(service: AttributeService, urls: AttributeServiceUrls, keys: KeySet) -> bytes:
    """Give an attribute service's metadata (AS-16)."""
    entity = attribute_authority(
        service.entity_id,
        urls.soap_url,
        signing_keys=(public_key(keys),),
        attribute_names=(PRIVILEGES_INTERMEDIATE,),
    )
    return sign_metadata(entity, service.name, keys)


def name_id_format_of(system: UserFacingSystem) -> str:
    """Give the one format of NameID that a demo system's metadata names and its requests ask for."""
    return system.name_id_format or _NAME_ID_FORMATS.get(system.profile, NAMEID_PERSISTENT)


def system_metadata(system: UserFacingSystem, urls: SystemUrls, keys: KeySet) -> bytes:
    """Give a demo system's metadata: it asks for KOMBIT's profile and names what its stack can decrypt."""
    key = public_key(keys)
    role = SpRole(
        authn_requests_signed=True,
        want_assertions_signed=True,
        keys=(KeyDescriptor("signing", key), *_encryption_key(system, key)),
        name_id_formats=(name_id_format_of(system),),
        assertion_consumer_services=(Endpoint(BINDING_POST, urls.acs_url, index=0, is_default=True),),
        single_logout_services=of_system(urls, system.id),
        requested_attributes=(
            *_requested(system.profile, _REQUIRED_BY_SYSTEMS, required=True),
            *_requested(system.profile, _WELCOME_TO_SYSTEMS, required=False),
            *_requested(system.profile, system.requested_attributes, required=False),
        ),
        has_attribute_consuming_service=True,
        service_name=system.name,
    )
    return sign_metadata(EntityDescriptor(system.entity_id, None, role, None, None), system.name, keys)


def _encryption_key(system: UserFacingSystem, key: VerificationKey) -> tuple[KeyDescriptor, ...]:
    """A system of OIOSAML 2 has one only if its registration says how to encrypt (our choice: so one can see what it is to have none)."""
    if system.profile is Profile.OIOSAML2 and system.encryption is None:
        return ()
    return (KeyDescriptor("encryption", key, _encryption_methods(system)),)


def _encryption_methods(system: UserFacingSystem) -> tuple[MetadataEncryptionMethod, ...]:
    choice = system.encryption
    if choice is None:
        return DECRYPTED_BY_DEFAULT
    # mgf1p says by its name which mask generation it has (XML Encryption 5.5.2).
    mgf = None if choice.key_transport == RSA_OAEP_MGF1P else choice.mgf
    return (
        MetadataEncryptionMethod(choice.block),
        MetadataEncryptionMethod(choice.key_transport, choice.digest, mgf),
    )


def _requested(profile: Profile, names: tuple[str, ...], *, required: bool) -> tuple[RequestedAttribute, ...]:
    friendly = old.FRIENDLY_NAMES if profile is Profile.OIOSAML2 else FRIENDLY_NAMES
    return tuple(
        RequestedAttribute(name, _name_format(profile), is_required=required, friendly_name=friendly.get(name))
        for name in _in_words_of(profile, names)
    )


def _in_words_of(profile: Profile, names: tuple[str, ...]) -> tuple[str, ...]:
    """Give the profile's own names of attributes; what OIOSAML 2 has no name for is left out, and its level is NIST's."""
    if profile is not Profile.OIOSAML2:
        return names
    own = {**old.NAMES, LOA: ASSURANCE_LEVEL}
    return tuple(own[name] for name in names if name in own)


def _name_format(profile: Profile) -> str:
    return NAME_FORMAT_BASIC if profile is Profile.OIOSAML2 else NAME_FORMAT_URI
