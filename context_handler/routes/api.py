"""The registration API under /_sim/api: one's own system or IdP joins a running simulator, and reads what happened in a login."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Response
from starlette.requests import Request

from context_handler.audit import audit
from context_handler.endings import endings, keys_of_members
from context_handler.merging import PartyRegistration, with_key_withdrawn
from context_handler.metadata_refresh import RefreshStates
from context_handler.prompts import STEPS, count_prompts
from context_handler.registration import Registrar, fits_the_federation
from context_handler.registry import RegistryCache
from context_handler.routes.api_answers import (
    AuditAnswer,
    EventAnswer,
    FlowAnswer,
    MembersAnswer,
    PartyAnswer,
    PersonAnswer,
    PromptAnswer,
    RefusedAnswer,
    RegisteredAnswer,
)
from context_handler.routes.api_guard import WORLD_TYPES, own_origin, require_json, require_type
from context_handler.routes.api_inputs import (
    KINDS,
    AttributeServiceInput,
    IdpInput,
    PartyInput,
    SystemInput,
)
from context_handler.routes.api_route import LARGEST_WORLD, guarded_route
from context_handler.store.record import LongReads, Record
from federation.documents import Kind, Registration, blocks_of_a_start, from_document, key_of, to_document
from federation.load import Parties, export_world, read_parties
from federation.model import AttributeService, HomeIdp, UserFacingSystem, World
from federation.problems import FederationError
from oiosaml.errors import SamlError
from oiosaml.ids import FlowId, MessageId, WorkspaceId
from oiosaml.keys import DecryptionKey
from oiosaml.messages.metadata import EntityDescriptor
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.rules.rule import Finding, enforce
from saml_web.error_pages import API_PREFIX
from saml_web.finding_documents import FindingDocument
from saml_web.inbound import read_body

ShortName = Annotated[
    str, Path(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60, description="Short name of the party.")
]
Replace = Annotated[
    bool, Query(description="Replace what the same organisation registered under the same entityID before.")
]
WithdrawnKey = Annotated[
    str | None, Query(pattern="^[0-9a-f]{64}$", description="Only this key: SHA-256 of the public key, in hexadecimal.")
]
REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": RefusedAnswer, "description": "A rule is broken; nothing was stored."},
    403: {"model": RefusedAnswer, "description": "The request comes from another site's page, or is no JSON."},
    404: {"model": RefusedAnswer, "description": "There is no such thing."},
    409: {"model": RefusedAnswer, "description": "The entityID is taken, or others name the party."},
    503: {"model": RefusedAnswer, "description": "The store cannot be used just now."},
}


@dataclass(frozen=True, slots=True)
class ApiPorts:
    """What the API needs."""

    workspace: WorkspaceId
    registrar: Registrar
    registry: RegistryCache
    record: Record
    long_reads: LongReads
    fetch_metadata: Callable[[str], Awaitable[bytes]]
    refreshes: RefreshStates
    clock: Callable[[], datetime]
    decryption_keys: Sequence[DecryptionKey]
    """The broker's own: what came in encrypted is shown to who reads the record."""
    base_url: str
    """The broker's own; requests from pages elsewhere change nothing, and make nothing long be read."""


def api_router(ports: ApiPorts) -> APIRouter:
    """Make the router; mount it as it is, its paths begin with /_sim/api."""
    router = APIRouter(prefix=API_PREFIX, responses=REFUSALS, route_class=guarded_route(ports.base_url))
    ours = [Depends(own_origin(ports.base_url))]
    for path, kind in KINDS.items():
        _add_parties(router, path, _Parties(ports, kind), ours)
    _add_world(router, _WholeWorld(ports), ours)
    _add_record(router, _Reading(ports), ours)
    return router


class _Parties:
    """The parties of one kind."""

    def __init__(self, ports: ApiPorts, kind: Kind) -> None:
        self._ports = ports
        self.kind = kind

    async def add_system(self, system: SystemInput, *, replace: Replace = False) -> RegisteredAnswer:
        """Register a user-facing system."""
        return self._register([(Kind.SYSTEM, await self._document(system))], replacing=replace)

    async def add_idp(self, idp: IdpInput, *, replace: Replace = False) -> RegisteredAnswer:
        """Register a municipal IdP, and its attribute service in the same step."""
        documents = [(Kind.IDP, await self._document(idp))]
        documents[0][1].pop("attribute_service", None)
        if idp.attribute_service is not None:
            documents.append((Kind.ATTRIBUTE_SERVICE, await self._document(idp.attribute_service)))
        return self._register(documents, replacing=replace)

    async def add_attribute_service(
        self, service: AttributeServiceInput, *, replace: Replace = False
    ) -> RegisteredAnswer:
        """Register a municipality's attribute service."""
        return self._register([(Kind.ATTRIBUTE_SERVICE, await self._document(service))], replacing=replace)

    async def change(self, name: ShortName, document: dict[str, Any]) -> RegisteredAnswer:
        """Replace a registration: the document with the keys of federation.yaml, complete, as `GET` gives it."""
        self._find(name)
        return self._register([(self.kind, {"id": name} | document)], replacing=True)

    async def switch(self, name: ShortName, *, enabled: bool) -> None:
        """Switch a party on or off; it counts from the next step of every login."""
        self._ports.registrar.set_enabled(self._find(name), enabled=enabled, at=self._ports.clock())

    async def withdraw(self, name: ShortName, *, withdrawn: bool, key: WithdrawnKey = None) -> None:
        """Withdraw a party in an emergency, or one of its keys, or restore what was withdrawn; it counts at once."""
        party = self._find(name)
        if key is None:
            self._ports.registrar.amend(party, lambda present: changed(present, withdrawn=withdrawn))
        else:
            self._ports.registrar.amend(party, lambda present: with_key_withdrawn(present, key, withdrawn=withdrawn))

    async def remove(self, name: ShortName) -> None:
        """Take a party out."""
        self._ports.registrar.remove(self.kind, self._find(name).entity_id)

    async def one(self, name: ShortName) -> PartyAnswer:
        """Give one party's registration."""
        return _party_answer(self._find(name))

    async def all(self) -> tuple[PartyAnswer, ...]:
        """List the parties of a kind."""
        return tuple(_party_answer(party) for party in self._parties())

    def _parties(self) -> tuple[PartyRegistration, ...]:
        parties: tuple[PartyRegistration, ...] = getattr(self._ports.registry().world(), self.kind.value)
        return parties

    def _find(self, name: str) -> PartyRegistration:
        for party in self._parties():
            if party.id == name:
                return party
        raise SamlError("web.not-found", f"got {name!r:.80}, expected the id of one of the {self.kind}")

    async def _document(self, party: PartyInput) -> dict[str, Any]:
        if party.metadata is None and party.metadata_url is None and not party.needs_metadata:
            return party.document(None, "")
        if (party.metadata is None) == (party.metadata_url is None):
            raise SamlError("web.form", "got both metadata and metadata_url, or neither; expected one of them")
        octets = (party.metadata or "").encode("utf-8", "replace")  # JSON can hold half a character, XML cannot
        if party.metadata_url is not None:
            octets = await self._ports.fetch_metadata(party.metadata_url)
        return party.document(self._entity(party, octets), octets.decode("utf-8", "replace"))

    def _entity(self, party: PartyInput, octets: bytes) -> EntityDescriptor | None:
        if party.entity_id is not None:
            return read_metadata(octets).entity
        expected = party.expectations(self._ports.clock())
        return self._ports.registrar.named_entity(octets, party.kind, party.spoken_profile, expected)

    def _register(self, documents: list[tuple[Kind, dict[str, Any]]], *, replacing: bool) -> RegisteredAnswer:
        registrations = [_registration(kind, document) for kind, document in documents]
        lists: dict[str, Any] = {}
        for (kind, _), registration in zip(documents, registrations, strict=True):
            lists[kind.value] = (*lists.get(kind.value, ()), registration)
        findings = self._ports.registrar.register(World(**lists), self._ports.clock(), replacing=replacing)
        return _registered(registrations, findings)


class _WholeWorld:
    """Many registrations at a time."""

    def __init__(self, ports: ApiPorts) -> None:
        self._ports = ports
        self._one_at_a_time = asyncio.Lock()

    async def apply(self, request: Request) -> RegisteredAnswer:
        """Add or replace many registrations in one step, as `nsis apply` does: YAML or JSON with the keys of federation.yaml."""
        require_type(request, WORLD_TYPES)
        octets = await read_body(request, limit=LARGEST_WORLD)
        try:
            parties = await self._parties_in(octets.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise SamlError("web.form", "got a document that is not UTF-8, expected UTF-8") from error
        except FederationError as error:
            enforce((fits_the_federation,), error.problems, None)
            raise
        world = parties.world
        findings = self._ports.registrar.register(world, self._ports.clock(), replacing=True)
        done = _registered([each for kind in Kind for each in getattr(world, kind.value)], findings)
        return done.model_copy(update={"not_applied": self._not_applied(parties)})

    def _not_applied(self, parties: Parties) -> tuple[str, ...]:
        asked, running = blocks_of_a_start(parties.world), blocks_of_a_start(self._ports.registrar.export())
        return tuple(name for name in parties.blocks_of_a_start if asked[name] != running.get(name))

    async def _parties_in(self, text: str) -> Parties:
        """Read a document beside the logins, since the longest takes a second; one at a time, so that half a core is left to them."""
        present = self._ports.registry().world()
        async with self._one_at_a_time:
            return await asyncio.to_thread(read_parties, text, lambda: self._ports.registrar.played_among(present))

    async def played(self) -> tuple[str, ...]:
        """List the entityIDs of those that the simulator plays, whom `apply` takes without metadata."""
        return self._ports.registrar.played()

    async def export(self) -> Response:
        """Give the whole federation as YAML; a simulator started from it has the same registrations."""
        return Response(export_world(self._ports.registrar.export()), media_type="application/yaml")


class _Reading:
    """What happened, and who can log in."""

    def __init__(self, ports: ApiPorts) -> None:
        self._ports = ports

    async def people(self) -> tuple[PersonAnswer, ...]:
        """List the invented people who can log in."""
        registry = self._ports.registry()
        return tuple(PersonAnswer.of(person, registry.organisation_name(person.cvr)) for person in registry.people())

    async def members(self) -> MembersAnswer:
        """Give what of the members ends within 30 days, how the metadata stands that is fetched again, and every key."""
        ports = self._ports
        states = ports.refreshes.all(ports.workspace).values()
        registry = ports.registry()
        return MembersAnswer.of(endings(registry, ports.clock()), states, keys_of_members(registry))

    async def flow(self, flow: Annotated[str, Path(max_length=100)]) -> FlowAnswer:
        """Give every event of one flow with the octets on the wire."""
        events = self._ports.record.events_of(self._ports.workspace, FlowId(flow))
        if not events:
            raise SamlError("web.not-found", f"got {flow!r:.100}, expected the id of a flow")
        return FlowAnswer(
            flow=flow, events=tuple(EventAnswer.of(event, self._ports.decryption_keys) for event in events)
        )

    async def flow_of_message(self, message_id: Annotated[str, Path(max_length=200)]) -> FlowAnswer:
        """Give the flow that a SAML message belonged to, by the ID of any message in it, such as your system's AuthnRequest."""
        workspace = self._ports.workspace
        flow = await self._ports.long_reads.ask(lambda record: record.flow_of(workspace, MessageId(message_id)))
        if flow is None:
            raise SamlError("web.not-found", f"got {message_id!r:.100}, expected the ID of a message that came by")
        return await self.flow(flow)

    async def prompts(self) -> Response:
        """Count how often people were asked to log in, by day, municipality and person."""
        workspace = self._ports.workspace
        names = {idp.registration.entity_id: idp.registration.name for idp in self._ports.registry().idps()}

        def counted(record: Record) -> str:
            counts = count_prompts(record.events_of_completed_logins(workspace, STEPS))
            # Written here, one by one: a long answer written on the event loop would keep the logins waiting again.
            answers = (PromptAnswer.of(count, names.get(count.idp, count.idp)) for count in counts)
            return f"[{','.join(answer.model_dump_json() for answer in answers)}]"

        return Response(await self._ports.long_reads.ask(counted), media_type="application/json")

    async def audit(self) -> AuditAnswer:
        """Count all flows and compare both records of each."""
        workspace, at = self._ports.workspace, self._ports.clock()
        return AuditAnswer.of(await self._ports.long_reads.ask(lambda record: audit(record, workspace, at)))


def _add_parties(router: APIRouter, path: str, parties: _Parties, ours: list[Any]) -> None:
    as_json = [*ours, Depends(require_json)]
    add: dict[Kind, Callable[..., Awaitable[RegisteredAnswer]]] = {
        Kind.SYSTEM: parties.add_system,
        Kind.IDP: parties.add_idp,
        Kind.ATTRIBUTE_SERVICE: parties.add_attribute_service,
    }
    tags: list[Any] = ["Registration"]
    one = {Kind.SYSTEM: "system", Kind.IDP: "IdP", Kind.ATTRIBUTE_SERVICE: "attribute service"}[parties.kind]
    router.get(path, tags=tags, summary=f"List every {one}")(parties.all)
    router.post(path, status_code=201, dependencies=as_json, tags=tags, summary=f"Register your {one}")(
        add[parties.kind]
    )
    named = f"{path}/{{name}}"
    router.get(named, tags=tags, summary=f"Show one {one}")(parties.one)
    router.put(named, dependencies=as_json, tags=tags, summary=f"Replace one {one}")(parties.change)
    router.put(
        f"{named}/enabled", status_code=204, dependencies=ours, tags=tags, summary=f"Switch one {one} on or off"
    )(parties.switch)
    router.put(
        f"{named}/withdrawn",
        status_code=204,
        dependencies=ours,
        tags=tags,
        summary=f"Withdraw one {one} in an emergency, or restore it",
    )(parties.withdraw)
    router.delete(named, status_code=204, dependencies=ours, tags=tags, summary=f"Remove one {one}")(parties.remove)


def _add_world(router: APIRouter, world: _WholeWorld, ours: list[Any]) -> None:
    content = {media_type: {"schema": {"type": "string"}} for media_type in sorted(WORLD_TYPES)}
    router.post(
        "/apply",
        dependencies=ours,
        tags=["World"],
        summary="Add or replace several registrations at once",
        openapi_extra={"requestBody": {"required": True, "content": content}},
    )(world.apply)
    router.get("/played", tags=["World"], summary="List whom the simulator plays itself")(world.played)
    router.get(
        "/export",
        dependencies=ours,
        tags=["World"],
        response_class=Response,
        summary="Export everything registered as YAML",
    )(world.export)


def _add_record(router: APIRouter, reading: _Reading, ours: list[Any]) -> None:
    """Add what is read of the record. What is dear to read is not read for another site's page, which has it asked for by an image."""
    router.get("/people", tags=["World"], summary="List the people who can log in")(reading.people)
    router.get("/flows/{flow}", tags=["Record"], summary="Show every step of one login")(reading.flow)
    dear: dict[str, Any] = {"dependencies": ours, "tags": ["Record"]}
    router.get("/messages/{message_id}/flow", summary="Find the login a message belongs to", **dear)(
        reading.flow_of_message
    )
    router.get("/members", summary="See what ends soon, and whose metadata cannot be fetched", **dear)(reading.members)
    asked: dict[str, Any] = {"response_model": tuple[PromptAnswer, ...], **dear}
    router.get("/prompts", summary="Count how often people were asked to log in", **asked)(reading.prompts)
    router.get("/audit", summary="Count all logins: was none lost?", **dear)(reading.audit)


def _registration(kind: Kind, document: dict[str, Any]) -> Registration:
    try:
        return from_document(kind, document)
    except FederationError as error:
        enforce((fits_the_federation,), error.problems, None)
        raise


def _registered(registrations: list[Registration], findings: tuple[Finding, ...]) -> RegisteredAnswer:
    return RegisteredAnswer(
        registered=tuple(key_of(each) for each in registrations),
        findings=tuple(FindingDocument.of(finding) for finding in findings),
    )


def _party_answer(party: HomeIdp | UserFacingSystem | AttributeService) -> PartyAnswer:
    return PartyAnswer(id=party.id, entity_id=party.entity_id, registration=dict(to_document(party)))
