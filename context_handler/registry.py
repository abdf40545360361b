"""Who is registered, as one consistent view with everything parsed. A view never changes; a change makes the next visit get a new one."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from context_handler.barred_keys import with_barred_keys
from context_handler.ports import RegisteredAttributeService, RegisteredIdp, RegisteredSystem
from context_handler.revocation import Revocations
from context_handler.store.registrations import RegistrationStore, StoredRegistration, StoredWorld
from federation.documents import Kind, Registration, from_stored, key_of
from federation.model import AttributeService, Authority, HomeIdp, UserFacingSystem, World
from federation.person import Person
from federation.roles import ConstraintType, JobFunctionRole, SystemRole
from federation.translation.table import TranslationTable
from oiosaml.ids import Cvr, EntityId, WorkspaceId
from oiosaml.keys import VerificationKey
from oiosaml.messages.metadata import EntityDescriptor, signing_keys
from oiosaml.messages.metadata_reading import read_metadata

T = TypeVar("T")

RegisteredParty = RegisteredIdp | RegisteredSystem | RegisteredAttributeService

Entry = RegisteredParty | Registration
"""What one document becomes: a party with its metadata read, or the registration itself where there is no metadata."""


class RegistrySnapshot:
    """A Registry at one revision. Every look-up is one dictionary access."""

    def __init__(self, revision: int, entries: Iterable[Entry]) -> None:
        entries = tuple(entries)
        self.revision = revision
        self._idps = _by_key(entries, RegisteredIdp)
        self._systems = _by_key(entries, RegisteredSystem)
        self._services = _by_key(entries, RegisteredAttributeService)
        self._authorities = _by_key(entries, Authority)
        self._constraint_types = _by_key(entries, ConstraintType)
        self._system_roles = _by_key(entries, SystemRole)
        self._job_function_roles = _by_key(entries, JobFunctionRole)
        self._translations = _by_key(entries, TranslationTable)
        self._people = _by_key(entries, Person)
        self._all_idps = tuple(self._idps.values())
        self._all_systems = tuple(self._systems.values())
        self._keys_of_systems = tuple(key for system in self._all_systems for key in system.keys)
        self._keys_of_idps = tuple(key for idp in self._all_idps for key in idp.keys)
        self._dynamic_keys = _dynamic_keys(self._job_function_roles.values(), self._system_roles)
        self._services_by_cvr = {
            cvr: service for service in self._services.values() for cvr in service.registration.cvrs
        }
        self._world = self._as_values()

    def idp(self, entity_id: EntityId) -> RegisteredIdp | None:
        """Look an IdP up."""
        return self._idps.get(entity_id)

    def system(self, entity_id: EntityId) -> RegisteredSystem | None:
        """Look a system up."""
        return self._systems.get(entity_id)

    def idps(self) -> Sequence[RegisteredIdp]:
        """Every IdP, in the order of registration."""
        return self._all_idps

    def systems(self) -> Sequence[RegisteredSystem]:
        """Every system, in the order of registration."""
        return self._all_systems

    def keys_of_systems(self) -> Sequence[VerificationKey]:
        """The signing keys of all systems, never to verify with."""
        return self._keys_of_systems

    def keys_of_idps(self) -> Sequence[VerificationKey]:
        """The signing keys of all IdPs, never to verify with."""
        return self._keys_of_idps

    def party(self, kind: Kind, entity_id: EntityId) -> RegisteredParty | None:
        """Look up a party of that kind; None for a kind that is no party's."""
        parties: dict[Kind, Mapping[str, RegisteredParty]] = {
            Kind.IDP: self._idps,
            Kind.SYSTEM: self._systems,
            Kind.ATTRIBUTE_SERVICE: self._services,
        }
        return parties.get(kind, {}).get(entity_id)

    def attribute_service(self, entity_id: EntityId) -> RegisteredAttributeService | None:
        """Look an attribute service up."""
        return self._services.get(entity_id)

    def attribute_services(self) -> Sequence[RegisteredAttributeService]:
        """Every attribute service, in the order of registration."""
        return tuple(self._services.values())

    def attribute_service_for(self, cvr: Cvr) -> RegisteredAttributeService | None:
        """Give the service of an organisation. Registration sees to it that there is at most one (AS-13)."""
        return self._services_by_cvr.get(cvr)

    def job_function_role(self, uri: str) -> JobFunctionRole | None:
        """Look a job function role up."""
        return self._job_function_roles.get(uri)

    def system_role(self, uri: str) -> SystemRole | None:
        """Look a user system role up."""
        return self._system_roles.get(uri)

    def constraint_type(self, uri: str) -> ConstraintType | None:
        """Look a data constraint type up."""
        return self._constraint_types.get(uri)

    def dynamic_keys(self, cvr: Cvr, system: EntityId) -> Sequence[str]:
        """Give the keys of the dynamic data constraints that an organisation's own roles have in a system."""
        return self._dynamic_keys.get((cvr, system), ())

    def translation_table(self, target: str) -> TranslationTable | None:
        """Look a translation table up."""
        return self._translations.get(target)

    def organisation_name(self, cvr: Cvr) -> str | None:
        """Give an organisation's name."""
        authority = self._authorities.get(cvr)
        return None if authority is None else authority.name

    def people(self) -> Sequence[Person]:
        """Every invented person."""
        return tuple(self._people.values())

    def world(self) -> World:
        """Give everything as values, as an export writes it; the same object at every call."""
        return self._world

    def _as_values(self) -> World:
        return World(
            authorities=tuple(self._authorities.values()),
            idps=tuple(idp.registration for idp in self._idps.values()),
            systems=tuple(system.registration for system in self._systems.values()),
            attribute_services=tuple(service.registration for service in self._services.values()),
            constraint_types=tuple(self._constraint_types.values()),
            system_roles=tuple(self._system_roles.values()),
            job_function_roles=tuple(self._job_function_roles.values()),
            translations=tuple(self._translations.values()),
            people=tuple(self._people.values()),
        )


@dataclass(frozen=True, slots=True)
class _Read(Generic[T]):
    """An entry and the text it was read from."""

    document: str
    entry: T


class RegistryCache:
    """Gives the view of a workspace's registrations as they are now; call it once per visit.

    Asks the store for the revision each time, so a change made by any process counts at once. Reads anew only the documents that changed.
    """

    def __init__(
        self, store: RegistrationStore, workspace: WorkspaceId, revocations: Revocations | None = None
    ) -> None:
        """Without `revocations` no certificate is revoked."""
        self._store = store
        self._revocations = revocations
        self._read_with = 0
        self._workspace = workspace
        self._entries: Mapping[tuple[Kind, str], _Read[Entry]] = {}
        self._snapshot: RegistrySnapshot | None = None

    def __call__(self) -> RegistrySnapshot:
        """Give the present view.

        Raises:
            SamlError: `web.unavailable` if the store cannot be read.
        """
        snapshot = self._snapshot
        listed = 0 if self._revocations is None else self._revocations.version
        if snapshot is None or listed != self._read_with or snapshot.revision != self._store.revision(self._workspace):
            if listed != self._read_with:
                self._entries, self._read_with = {}, listed
            snapshot = self._read(self._store.world(self._workspace))
        return snapshot

    def _read(self, stored: StoredWorld) -> RegistrySnapshot:
        known = self._entries
        entries = {
            (each.kind, each.key): self._read_again(known.get((each.kind, each.key)), each)
            for each in stored.registrations
        }
        snapshot = RegistrySnapshot(stored.revision, (read.entry for read in entries.values()))
        self._entries, self._snapshot = entries, snapshot
        return snapshot

    def _read_again(self, known: _Read[Entry] | None, stored: StoredRegistration) -> _Read[Entry]:
        if known is not None and known.document == stored.document:
            return known
        registration = from_stored(stored.kind, json.loads(stored.document))
        return _Read(stored.document, entry_of(registration, self._revocations))


def entry_of(registration: Registration, revocations: Revocations | None = None) -> Entry:
    """Read a party's metadata and keys, once for as long as the registration and the revocation list stand."""
    if not isinstance(registration, HomeIdp | UserFacingSystem | AttributeService):
        return registration
    metadata, checked = with_barred_keys(_metadata_of(registration), registration.withdrawn_keys, revocations)
    match registration:
        case HomeIdp():
            keys = signing_keys(metadata.idp.keys) if metadata.idp else ()
            return RegisteredIdp(registration, metadata, keys, checked)
        case UserFacingSystem():
            keys = signing_keys(metadata.sp.keys) if metadata.sp else ()
            return RegisteredSystem(registration, metadata, keys, checked)
        case AttributeService():
            authority = metadata.attribute_authority
            return RegisteredAttributeService(
                registration, metadata, signing_keys(authority.keys) if authority else (), checked
            )


def _metadata_of(party: HomeIdp | UserFacingSystem | AttributeService) -> EntityDescriptor:
    # Metadata that cannot be read any more leaves a party without keys and endpoints: known, and unable to do anything.
    return read_metadata(party.metadata).entity or EntityDescriptor(party.entity_id, None, None, None, None)


def _by_key(entries: tuple[Entry, ...], kind: type[T]) -> dict[str, T]:
    return {_key(entry): entry for entry in entries if isinstance(entry, kind)}


def _dynamic_keys(
    roles: Iterable[JobFunctionRole], system_roles: Mapping[str, SystemRole]
) -> Mapping[tuple[Cvr, EntityId], tuple[str, ...]]:
    keys: dict[tuple[Cvr, EntityId], dict[str, None]] = {}
    for role in roles:
        for assignment in role.assignments:
            system_role = system_roles.get(assignment.system_role)
            dynamic = [value.value for value in assignment.values if value.dynamic]
            if system_role is not None and dynamic:
                keys.setdefault((role.cvr, system_role.system), {}).update(dict.fromkeys(dynamic))
    return {place: tuple(names) for place, names in keys.items()}


def _key(entry: Entry) -> str:
    if isinstance(entry, RegisteredParty):
        return entry.registration.entity_id
    return key_of(entry)
