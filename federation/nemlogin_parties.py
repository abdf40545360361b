"""The metadata round NemLog-in: its own two faces, and what its simulated clients have uploaded there (nemlogin3, sections 1 and 3)."""

from dataclasses import replace
from typing import Final

from federation import single_logout
from federation.dev_ca import KeyRing, KeySet
from federation.model import World
from federation.nemlogin import LocalIdp, NemLogIn, NemLogInClient
from federation.signed_metadata import public_key, sign_metadata
from federation.topology import Topology
from federation.urls import NemLogInUrls, SystemUrls
from oiosaml import attributes as names
from oiosaml.ids import EntityId
from oiosaml.messages.metadata import AttributeAuthorityRole, Endpoint, EntityDescriptor, IdpRole, KeyDescriptor
from oiosaml.messages.metadata_faces import sp_face
from oiosaml.uris import BINDING_REDIRECT, BINDING_SOAP, NAMEID_PERSISTENT, NAMEID_TRANSIENT

DELIVERED: Final = (
    names.SPEC_VERSION,
    names.LOA,
    names.FULL_NAME,
    names.FIRST_NAME,
    names.LAST_NAME,
    names.EMAIL,
    names.CPR_NUMBER,
    names.CPR_UUID,
    names.PROFESSIONAL_UUID,
    names.CVR,
    names.ORG_NAME,
    names.PRIVILEGES_INTERMEDIATE,
)
"""What NemLog-in's metadata says it can deliver."""

_FORMATS: Final = (NAMEID_TRANSIENT, NAMEID_PERSISTENT)
"""In NemLog-in's own order."""

_CONTEXT_HANDLER_NEEDS: Final = (names.SPEC_VERSION, names.LOA, names.CVR, names.ORG_NAME, names.PROFESSIONAL_UUID)
_CONTEXT_HANDLER_LIKES: Final = (names.FULL_NAME, names.FIRST_NAME, names.LAST_NAME, names.EMAIL)
_SERVICE_NEEDS: Final = (names.SPEC_VERSION, names.LOA)
_SERVICE_LIKES: Final = (
    names.FULL_NAME,
    names.CVR,
    names.ORG_NAME,
    names.PROFESSIONAL_UUID,
    names.CPR_UUID,
    names.EMAIL,
    names.PRIVILEGES_INTERMEDIATE,
)
_LOCAL_IDP_SENDS: Final = (names.SPEC_VERSION, names.LOA, names.CVR, names.ORG_NAME)


def nemlogin_metadata(nemlogin: NemLogIn, urls: NemLogInUrls, keys: KeySet) -> bytes:
    """Give NemLog-in's metadata towards its clients: no encryption key, and an attribute authority beside the IdP."""
    signing = (KeyDescriptor("signing", public_key(keys)),)
    idp = IdpRole(
        want_authn_requests_signed=True,
        keys=signing,
        name_id_formats=_FORMATS,
        single_sign_on_services=(Endpoint(BINDING_REDIRECT, urls.sso_url),),
        attribute_names=DELIVERED,
        single_logout_services=single_logout.of_nemlogin(urls),
    )
    authority = AttributeAuthorityRole(
        keys=signing,
        attribute_services=(Endpoint(BINDING_SOAP, urls.attribute_query_url),),
        name_id_formats=_FORMATS,
        attribute_names=DELIVERED,
    )
    return sign_metadata(EntityDescriptor(nemlogin.entity_id, None, None, idp, authority), nemlogin.name, keys)


def nemlogin_metadata_towards_idps(nemlogin: NemLogIn, urls: NemLogInUrls, keys: KeySet) -> bytes:
    """Give NemLog-in's metadata towards local IdPs: what one of those is asked to send (nemlogin3, section 4)."""
    key = (public_key(keys),)
    entity = sp_face(
        nemlogin.entity_id_towards_idps,
        urls.acs_url,
        signing_keys=key,
        encryption_keys=key,
        required_attributes=_LOCAL_IDP_SENDS,
        name_id_formats=(NAMEID_PERSISTENT,),
        single_logout_services=single_logout.of_nemlogin_towards_idps(urls),
    )
    return sign_metadata(entity, nemlogin.name, keys)


def with_clients(world: World, topology: Topology, keys: KeyRing) -> NemLogIn | None:
    """Give NemLog-in with the metadata of its simulated clients; None if nobody plays it."""
    nemlogin = world.nemlogin
    if nemlogin is None:
        return None
    clients = (
        replace(c, metadata=_service_metadata(c, topology.system(c.id), keys.system(c.id))) if c.simulated else c
        for c in nemlogin.clients
    )
    local_idps = (
        replace(p, metadata=_local_idp_metadata(p, world, topology, keys)) if p.simulated else p
        for p in nemlogin.local_idps
    )
    return replace(nemlogin, clients=tuple(clients), local_idps=tuple(local_idps))


def _local_idp_metadata(local: LocalIdp, world: World, topology: Topology, keys: KeyRing) -> bytes:
    """Give what has been uploaded to NemLog-in: Redirect alone, NameID persistent, four attributes (nemlogin3, section 4)."""
    if local.entity_id == world.context_handler.entity_id_towards_systems:
        own = [keys.context_handler, *([keys.next_context_handler] if keys.next_context_handler else [])]
        sso_url = topology.context_handler.sso_url
        logout = single_logout.of_broker_towards_systems(topology.context_handler)
    else:
        own, sso_url = [keys.idp(local.id)], topology.idp(local.id).sso_url
        logout = single_logout.of_local_idp(topology.idp(local.id))
    role = IdpRole(
        want_authn_requests_signed=True,
        keys=tuple(KeyDescriptor("signing", public_key(each)) for each in own),
        name_id_formats=(NAMEID_PERSISTENT,),
        single_sign_on_services=(Endpoint(BINDING_REDIRECT, sso_url),),
        attribute_names=_LOCAL_IDP_SENDS,
        single_logout_services=logout,
    )
    return sign_metadata(EntityDescriptor(local.entity_id, None, None, role, None), local.name, own[0])


def context_handler_as_client(world: World, topology: Topology, keys: KeyRing) -> NemLogInClient:
    """The Context Handler as it has connected to NemLog-in. The document is uploaded there, and so may differ from what it publishes."""
    broker = world.context_handler
    published = [keys.context_handler, *([keys.next_context_handler] if keys.next_context_handler else [])]
    entity = sp_face(
        broker.entity_id_towards_idps,
        topology.context_handler.acs_url,
        signing_keys=tuple(public_key(each) for each in published),
        encryption_keys=(public_key(published[-1]),),
        required_attributes=_CONTEXT_HANDLER_NEEDS,
        welcome_attributes=_CONTEXT_HANDLER_LIKES,
        name_id_formats=(NAMEID_PERSISTENT,),
        single_logout_services=single_logout.of_broker_towards_idps(topology.context_handler),
    )
    metadata = sign_metadata(entity, broker.name, keys.context_handler, contact_type="technical")
    return NemLogInClient(EntityId(entity.entity_id), "context-handler", broker.name, broker.cvr, metadata)


def _service_metadata(client: NemLogInClient, urls: SystemUrls, keys: KeySet) -> bytes:
    key = (public_key(keys),)
    entity = sp_face(
        client.entity_id,
        urls.acs_url,
        signing_keys=key,
        encryption_keys=key,
        required_attributes=_SERVICE_NEEDS,
        welcome_attributes=_SERVICE_LIKES,
        name_id_formats=(NAMEID_PERSISTENT,),
        single_logout_services=single_logout.of_system(urls, client.id),
    )
    return sign_metadata(entity, client.name, keys, contact_type="technical")
