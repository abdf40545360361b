"""Joining and leaving the federation: the use cases behind `nsis sp add`, `nsis apply` and the API. All of a change holds, or none of it.

A party's metadata must keep every MUST of its kind's rules; broken SHOULDs are stored with it. An entityID has one owner: another
organisation cannot take it over, since it would bring its own keys (attack MD-06).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, cast

from context_handler.merging import (
    PartyRegistration,
    keeping_withdrawals,
    lists_of,
    merge,
    metadata_of_simulated,
    owners_of,
    renewed_parties,
    who_name_it,
    with_authorities,
    with_metadata_of_simulated,
    world_from,
)
from context_handler.registry import RegisteredParty, RegistryCache, RegistrySnapshot
from context_handler.store.registrations import RegistrationStore, RegistryChangedError, StoredRegistration
from federation.documents import Kind, Registration, from_stored, key_of, kind_of, to_document
from federation.model import AttributeService, ContextHandler, HomeIdp, Profile, RoleCatalogue, UserFacingSystem, World
from federation.nemlogin import NemLogIn
from federation.problems import Problem
from federation.references import problems_of_references
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId, WorkspaceId
from oiosaml.messages.metadata import Endpoint, EntityDescriptor, MetadataDocument
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.rules.attribute_authority_metadata import ATTRIBUTE_AUTHORITY_METADATA_RULES
from oiosaml.rules.idp_metadata import IDP_METADATA_RULES
from oiosaml.rules.metadata import MetadataExpectations, bad_endpoints, bad_entity_id, unreadable_document
from oiosaml.rules.metadata_oiosaml2 import IDP_METADATA_RULES_OIOSAML2, SP_METADATA_RULES_OIOSAML2
from oiosaml.rules.rule import Breach, Finding, Rule, RuleViolation, enforce, examine, rule
from oiosaml.rules.sp_metadata import SP_METADATA_RULES

_ATTEMPTS: Final = 5
"""How often a change is decided anew when somebody else changed the registrations meanwhile."""

_RULES: Final = {
    Kind.IDP: IDP_METADATA_RULES,
    Kind.SYSTEM: SP_METADATA_RULES,
    Kind.ATTRIBUTE_SERVICE: ATTRIBUTE_AUTHORITY_METADATA_RULES,
}


_RULES_OIOSAML2: Final = {Kind.IDP: IDP_METADATA_RULES_OIOSAML2, Kind.SYSTEM: SP_METADATA_RULES_OIOSAML2}


@rule("REG-01", code="md.rule", source="our choice: federation.yaml")
def fits_the_federation(problems: tuple[Problem, ...], _: None) -> Iterator[Breach]:
    """What a registration names is there, and what must be its own is its own."""
    for problem in problems:
        yield Breach(str(problem), line=problem.line)


@rule("REG-02", code="md.rule", source="SAML Metadata 2.3.2")
def names_the_party(document: MetadataDocument, party: PartyRegistration) -> Iterator[Breach]:
    """The metadata is that of the party it is registered for."""
    if document.entity is not None and document.entity.entity_id != party.entity_id:
        mend = "Write the metadata's entityID exactly as it is registered; a slash at the end counts."
        got = f"got {document.entity.entity_id!r:.200}, expected {party.entity_id}"
        yield Breach(got, line=document.entity.line, mend=mend)


@rule("REG-03", code="md.endpoint", source="our choice, AS-12")
def catalogue_is_safe(catalogue: RoleCatalogue, allow_http: bool) -> Iterator[Breach]:  # noqa: FBT001 - what the rule expects
    """A role catalogue is asked by https; by http only at localhost, or in a simulator started with --lan."""
    at = datetime(1970, 1, 1, tzinfo=UTC)  # no time matters here
    yield from bad_endpoints((Endpoint("REST", catalogue.url),), MetadataExpectations(at, allow_http=allow_http))


REGISTRATION_RULES: Final = (fits_the_federation, names_the_party, catalogue_is_safe)


def _rules_for(party: PartyRegistration) -> tuple[Rule[MetadataDocument, MetadataExpectations], ...]:
    return _rules_of(kind_of(party), party.profile if isinstance(party, HomeIdp | UserFacingSystem) else None)


def _rules_of(kind: Kind, profile: Profile | None) -> tuple[Rule[MetadataDocument, MetadataExpectations], ...]:
    """Give what a party's metadata must keep: an older profile demands less of it (our choice: what it demands, it demands)."""
    return (_RULES_OIOSAML2 if profile is Profile.OIOSAML2 else _RULES)[kind]


class Registrar:
    """Changes who is registered in one workspace."""

    def __init__(
        self,
        store: RegistrationStore,
        registry: RegistryCache,
        workspace: WorkspaceId,
        *,
        context_handler: ContextHandler,
        nemlogin: NemLogIn | None = None,
        allow_http: bool = False,
    ) -> None:
        """`allow_http` lets endpoints of others than loopback be plain http, for closed test networks."""
        self._store = store
        self._registry = registry
        self._workspace = workspace
        self._context_handler = context_handler
        self._nemlogin = nemlogin
        self._allow_http = allow_http
        self._opened_with = World()

    def open_world(self, world: World, at: datetime) -> None:
        """Make the start's registrations: all of `world` in an empty store; later only fresh metadata of parties that are simulated.

        Its simulated parties can be registered again without metadata for as long as this process runs.

        Raises:
            SamlError: as `register`, if the world cannot be used.
        """
        self._opened_with = world
        for _ in range(_ATTEMPTS):
            present = self._registry()
            if present.revision == 0:
                self.register(world, at, replacing=True)
                return
            put = [_stored(party, ()) for party in renewed_parties(world, present.world())]
            try:
                if put:
                    self._store.change(self._workspace, seen_revision=present.revision, put=put)
            except RegistryChangedError:
                continue  # another process started at the same moment
            return
        raise _crowded()

    def register(self, additions: World, at: datetime, *, replacing: bool = False) -> tuple[Finding, ...]:
        """Add registrations, all or none, and give what the rules advise. With `replacing`, those that are there already are replaced.

        An organisation whose CVR number is new becomes an authority by the name in its metadata. What the rules advise about metadata that
        the simulator wrote is stored and not given: whoever registers cannot mend it.

        Raises:
            RuleViolation: if metadata breaks a MUST, or the registrations do not fit together; with every finding.
            SamlError: `md.conflict` if a key is taken: without `replacing` by anybody, with it by another organisation.
        """
        for _ in range(_ATTEMPTS):
            present = self._registry()
            # What is registered counts: another process may have written it after this one started.
            known = metadata_of_simulated(self._opened_with, present.world())
            renewed = with_metadata_of_simulated(keeping_withdrawals(additions, present.world()), known)
            complete = with_authorities(renewed, present.world())
            registrations = tuple(_registrations(complete))
            put = self._all_examined(registrations, present, at)
            merged = merge(present.world(), complete, replacing=replacing)
            self._require_fit(merged)
            try:
                self._store.change(self._workspace, seen_revision=present.revision, put=put)
            except RegistryChangedError:
                continue
            return tuple(_advice(registrations, put))
        raise _crowded()

    def renew(self, party: PartyRegistration, newer: Callable[[RegisteredParty], bytes | None], at: datetime) -> bool:
        """Put newer metadata in the place of what a party has; tell whether there was any.

        All else of the registration stays as it is at that moment. `newer` is asked of that moment's registration, and anew if that
        changed meanwhile: it gives octets, None if there are none for this registration, or refuses.

        Raises:
            RuleViolation, SamlError: as `register`, and what `newer` refuses with.
        """
        for _ in range(_ATTEMPTS):
            present = self._registry()
            registered = present.party(kind_of(party), party.entity_id)
            metadata = None if registered is None else newer(registered)
            if registered is None or metadata is None:
                return False
            put = self._examined(replace(registered.registration, metadata=metadata), present, at)
            try:
                self._store.change(self._workspace, seen_revision=present.revision, put=(put,))
            except RegistryChangedError:
                continue
            return True
        raise _crowded()

    def played(self) -> tuple[EntityId, ...]:
        """Give the entityIDs of the parties that can be registered without metadata: those that the simulator plays."""
        return self.played_among(self._registry().world())

    def played_among(self, present: World) -> tuple[EntityId, ...]:
        """Give the same for a federation that was read before; may be called from another thread."""
        return tuple(metadata_of_simulated(self._opened_with, present))

    def remove(self, kind: Kind, key: str) -> None:
        """Take a registration out.

        Raises:
            SamlError: `md.conflict:in-use` if another one names it, `md.conflict:withdrawn` if it is withdrawn.
        """
        for _ in range(_ATTEMPTS):
            present = self._registry()
            self._refuse_withdrawn(present.world(), kind, key)
            left = {
                k: tuple(r for r in items if (k, key_of(r)) != (kind, key)) for k, items in lists_of(present.world())
            }
            without = self._world(left)
            problems = problems_of_references(without)
            if problems:
                named = f"got {key!r:.200}, which is named by {who_name_it(without, problems)}"
                raise SamlError("md.conflict:in-use", f"{named}; change or remove those first")
            try:
                self._store.change(self._workspace, seen_revision=present.revision, put=(), remove=((kind, key),))
            except RegistryChangedError:
                continue
            return
        raise _crowded()

    def _refuse_withdrawn(self, present: World, kind: Kind, key: str) -> None:
        # Whoever could remove it and register it anew would undo the emergency.
        for each in dict(lists_of(present))[kind]:
            if key_of(each) == key and isinstance(each, PartyRegistration) and (each.withdrawn or each.withdrawn_keys):
                raise SamlError(
                    "md.conflict:withdrawn", f"got {key!r:.200}, which is withdrawn; restore it first (nsis restore)"
                )

    def set_enabled(self, party: PartyRegistration, *, enabled: bool, at: datetime) -> None:
        """Switch a party on or off; it takes effect at the next step of every login (attack FED-08).

        Switching off always works; who is switched on must keep the rules as they are now.

        Raises:
            SamlError: as `register`.
        """
        if enabled:
            self.register(_world_of(replace(party, enabled=True)), at, replacing=True)
            return
        self.amend(party, lambda present: replace(present, enabled=False))

    def amend(self, party: PartyRegistration, change: Callable[[PartyRegistration], PartyRegistration]) -> None:
        """Change a registration as it stands now without asking the rules: what takes something away must always work.

        Raises:
            SamlError: `web.not-found` if it was removed meanwhile.
        """
        for _ in range(_ATTEMPTS):
            stored = self._store.world(self._workspace)
            own = [each for each in stored.registrations if (each.kind, each.key) == (kind_of(party), key_of(party))]
            if not own:
                raise SamlError("web.not-found", f"got {key_of(party)!r:.200}, expected a registered party")
            present = cast("PartyRegistration", from_stored(own[0].kind, json.loads(own[0].document)))
            put = [replace(_stored(change(present), ()), findings=own[0].findings)]
            try:
                self._store.change(self._workspace, seen_revision=stored.revision, put=put)
            except RegistryChangedError:
                continue
            return
        raise _crowded()

    def export(self) -> World:
        """Give the whole world: `load_world` of its YAML gives the same registrations."""
        return replace(self._registry().world(), context_handler=self._context_handler, nemlogin=self._nemlogin)

    def named_entity(
        self, metadata: bytes, kind: Kind, profile: Profile | None, expected: MetadataExpectations
    ) -> EntityDescriptor:
        """Give whom metadata speaks of, for a caller who does not say whom he registers.

        Raises:
            RuleViolation: if it cannot be read or its entityID is none; with every finding. Nothing could be registered of it, and the
                rules of metadata know line and mend.
        """
        document, rules = read_metadata(metadata), _rules_of(kind, profile)
        findings = examine(rules, document, replace(expected, allow_http=self._allow_http))
        unnamed = {each.id for each in rules if each.check in (unreadable_document, bad_entity_id)}
        if document.entity is None or not unnamed.isdisjoint(each.rule_id for each in findings):
            raise RuleViolation(findings)
        return document.entity

    def _all_examined(
        self, registrations: Sequence[Registration], present: RegistrySnapshot, at: datetime
    ) -> Sequence[StoredRegistration]:
        """Examine all before any is refused, so that everything that is wrong is told at once."""
        put: list[StoredRegistration] = []
        broken: list[Finding] = []
        for registration in registrations:
            try:
                put.append(self._examined(registration, present, at))
            except RuleViolation as violation:
                broken += _about(registration, violation.findings)
        if broken:
            raise RuleViolation(tuple(broken))
        return put

    def _examined(self, registration: Registration, present: RegistrySnapshot, at: datetime) -> StoredRegistration:
        if not isinstance(registration, HomeIdp | UserFacingSystem | AttributeService):
            return _stored(registration, ())
        if isinstance(registration, AttributeService) and registration.role_catalogue is not None:
            enforce((catalogue_is_safe,), registration.role_catalogue, self._allow_http)
            if not registration.metadata:
                return _stored(registration, ())
        document = read_metadata(registration.metadata)
        expected = MetadataExpectations(
            at=at,
            registered_cvr=owners_of(registration)[0],
            allow_http=self._allow_http,
            other_fingerprints=_fingerprints_of_others(present, registration),
            chosen_encryption=_chosen_encryption(registration),
        )
        enforce((names_the_party,), document, registration)
        return _stored(registration, enforce(_rules_for(registration), document, expected))

    def _require_fit(self, world: World) -> None:
        enforce(
            (fits_the_federation,),
            problems_of_references(replace(world, context_handler=self._context_handler, nemlogin=self._nemlogin)),
            None,
        )

    def _world(self, lists: dict[Kind, tuple[Registration, ...]]) -> World:
        return replace(world_from(lists), context_handler=self._context_handler)


def _registrations(world: World) -> Iterator[Registration]:
    for _, registrations in lists_of(world):
        yield from registrations


def _advice(registrations: Sequence[Registration], put: Sequence[StoredRegistration]) -> Iterator[Finding]:
    for registration, stored in zip(registrations, put, strict=True):
        if not (isinstance(registration, PartyRegistration) and registration.simulated):
            yield from stored.findings


def _about(registration: Registration, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Give findings with whose metadata they are about: several parties may be registered at once."""
    return tuple(replace(finding, entity_id=key_of(registration)) for finding in findings)


def _world_of(registration: Registration) -> World:
    return world_from({kind_of(registration): (registration,)})


def _stored(registration: Registration, findings: tuple[Finding, ...]) -> StoredRegistration:
    text = json.dumps(to_document(registration), ensure_ascii=False, sort_keys=True)
    return StoredRegistration(kind_of(registration), key_of(registration), text, _about(registration, findings))


def _fingerprints_of_others(present: RegistrySnapshot, party: PartyRegistration) -> frozenset[str]:
    others: list[RegisteredParty] = [*present.idps(), *present.systems(), *present.attribute_services()]
    return frozenset(
        key.fingerprint for other in others for key in other.keys if other.registration.entity_id != party.entity_id
    )


def _chosen_encryption(party: PartyRegistration) -> frozenset[str]:
    chosen = party.encryption if isinstance(party, UserFacingSystem) else None
    return frozenset() if chosen is None else frozenset((chosen.block, chosen.key_transport))


def _crowded() -> SamlError:
    return SamlError("web.unavailable", f"got {_ATTEMPTS} changes by others at once, expected to be let in between")
