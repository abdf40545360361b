"""A federation of few, registered in a real store: builders for registrations, their metadata, and a registrar over a file of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from context_handler.registration import Registrar
from context_handler.registry import RegistryCache
from context_handler.store.database import Database
from context_handler.store.sqlite_registrations import SqliteRegistrations
from federation.model import SIMULATED_CONTEXT_HANDLER, AttributeService, Authority, HomeIdp, UserFacingSystem, World
from oiosaml.attributes import PRIVILEGES_INTERMEDIATE
from oiosaml.ids import DEFAULT_WORKSPACE, Cvr, EntityId
from oiosaml.messages.element import serialise
from oiosaml.messages.metadata import Endpoint, EntityDescriptor, KeyDescriptor, SpRole
from oiosaml.messages.metadata_faces import attribute_authority, idp_face
from oiosaml.messages.metadata_writing import write_entity_descriptor
from oiosaml.nsis import AssuranceLevel
from oiosaml.uris import BINDING_POST, NAMEID_PERSISTENT, NAMEID_X509_SUBJECT_NAME
from tests.builders import ATTRIBUTE_SERVICE, IDP, KORSBAEK, SKOVRUP, SYSTEM
from tests.conftest import make_member
from tests.empty_store import empty_store


def system_metadata(
    entity_id: EntityId = SYSTEM, *, key: str = "system", acs: str = "https://own.sim.test/acs"
) -> bytes:
    """A valid SP's metadata; rules only advise about it."""
    verification = make_member(key).verification
    role = SpRole(
        authn_requests_signed=True,
        want_assertions_signed=True,
        keys=(KeyDescriptor("signing", verification), KeyDescriptor("encryption", verification)),
        name_id_formats=(NAMEID_PERSISTENT,),
        assertion_consumer_services=(Endpoint(BINDING_POST, acs, index=0, is_default=True),),
    )
    entity = EntityDescriptor(entity_id, None, role, None, None, organization_name="Egen Leverandør")
    return serialise(write_entity_descriptor(entity))


def idp_metadata(entity_id: EntityId = IDP, *, key: str = "idp") -> bytes:
    """A valid IdP's metadata."""
    verification = make_member(key).verification
    entity = idp_face(
        entity_id,
        "https://idp.own.test/sso",
        signing_keys=(verification,),
        name_id_formats=(NAMEID_X509_SUBJECT_NAME,),
        attribute_names=(PRIVILEGES_INTERMEDIATE,),
    )
    return serialise(write_entity_descriptor(entity))


def service_metadata(entity_id: EntityId = ATTRIBUTE_SERVICE) -> bytes:
    """A valid attribute service's metadata."""
    verification = make_member("attribute-service").verification
    names = (PRIVILEGES_INTERMEDIATE,)
    entity = attribute_authority(
        entity_id, "https://attributter.own.test/soap", signing_keys=(verification,), attribute_names=names
    )
    return serialise(write_entity_descriptor(entity))


def a_system(**changes: Any) -> UserFacingSystem:
    valid: dict[str, Any] = {
        "entity_id": SYSTEM,
        "id": "byggesag",
        "name": "Byggesag",
        "cvr": KORSBAEK,
        "minimum_level": AssuranceLevel.SUBSTANTIAL,
    } | changes
    return UserFacingSystem(metadata=valid.pop("metadata", system_metadata(valid["entity_id"])), **valid)


def an_idp(**changes: Any) -> HomeIdp:
    valid: dict[str, Any] = {
        "entity_id": IDP,
        "id": "korsbaek",
        "name": "Korsbæk Kommune",
        "cvrs": (KORSBAEK,),
        "maximum_level": AssuranceLevel.SUBSTANTIAL,
        "knows_roles": True,
    } | changes
    return HomeIdp(metadata=valid.pop("metadata", idp_metadata(valid["entity_id"])), **valid)


def a_service(**changes: Any) -> AttributeService:
    valid: dict[str, Any] = {
        "entity_id": ATTRIBUTE_SERVICE,
        "id": "skovrup",
        "name": "Skovrup attributter",
        "cvrs": (SKOVRUP,),
    } | changes
    return AttributeService(metadata=valid.pop("metadata", service_metadata(valid["entity_id"])), **valid)


def a_world(**changes: Any) -> World:
    """Korsbæk with its IdP, Skovrup with its attribute service, and Byggesag."""
    valid: dict[str, Any] = {
        "authorities": (
            Authority("korsbaek", "Korsbæk Kommune", KORSBAEK),
            Authority("skovrup", "Skovrup Kommune", SKOVRUP),
        ),
        "idps": (an_idp(),),
        "systems": (a_system(),),
        "attribute_services": (a_service(),),
    } | changes
    return World(**valid)


OTHER_OWNER = Cvr("97000011")


@dataclass(frozen=True, slots=True)
class FederationRig:
    """A registrar and the registry that sees what it does."""

    database: Database
    registrations: SqliteRegistrations
    registry: RegistryCache
    registrar: Registrar


MakeRig = Callable[[Path], FederationRig]


def make_federation_rig(directory: Path) -> FederationRig:
    """Open a rig on the store file in `directory`; a second rig on the same directory is another process's view."""
    database = Database(empty_store(directory / "store.db"), busy_timeout=timedelta(seconds=5))
    registrations = SqliteRegistrations(database)
    registry = RegistryCache(registrations, DEFAULT_WORKSPACE)
    registrar = Registrar(registrations, registry, DEFAULT_WORKSPACE, context_handler=SIMULATED_CONTEXT_HANDLER)
    return FederationRig(database, registrations, registry, registrar)
