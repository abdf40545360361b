"""A Context Handler on the bench: a real store, a registry in memory, and honest peers that say what a test tells them to.

The messages are real octets, signed and encrypted; only the sockets are missing. Every default is valid: a test changes one thing.
"""

import base64
import os
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from lxml import etree

from context_handler.answering import RefusedLogin
from context_handler.asking import OutboundMessage, PostTo, RedirectTo
from context_handler.discovery import AskForHomeIdp, Wishes
from context_handler.inbound import AnswerFromIdp, ChosenIdp, RequestFromSystem, browser_id
from context_handler.login import begin_login, continue_login, finish_login
from context_handler.ports import (
    BrokerKeys,
    Ports,
    RegisteredAttributeService,
    RegisteredIdp,
    RegisteredSystem,
)
from context_handler.store.database import Database
from context_handler.store.sqlite import SqliteStore
from context_handler.store.sqlite_logouts import SqliteLogouts
from context_handler.store.sqlite_queries import SqliteQueries
from context_handler.store.sqlite_record import SqliteRecord
from context_handler.store.sqlite_sessions import SqliteSessions
from federation.model import AttributeService, HomeIdp, UserFacingSystem
from federation.person import Person
from federation.roles import (
    ConstraintKind,
    ConstraintType,
    ConstraintUse,
    ConstraintValue,
    JobFunctionRole,
    RoleAssignment,
    SystemRole,
)
from federation.translation.table import TranslationTable
from federation.urls import ContextHandlerUrls
from oiosaml.bindings.redirect import write_redirect
from oiosaml.bindings.soap import unwrap, wrap
from oiosaml.ids import DEFAULT_WORKSPACE, Cvr, EntityId, FlowId, MessageId
from oiosaml.keys import VerificationKey
from oiosaml.messages.assertion import Assertion, write_assertion
from oiosaml.messages.attribute_query import AttributeQuery, read_attribute_query
from oiosaml.messages.authn_request import AuthnRequest, read_authn_request, write_authn_request
from oiosaml.messages.element import serialise
from oiosaml.messages.metadata import EntityDescriptor, KeyDescriptor, RequestedAttribute
from oiosaml.messages.metadata_faces import attribute_authority, idp_face, sp_face
from oiosaml.messages.response import Response, write_encrypted_assertion, write_response
from oiosaml.nsis import AssuranceLevel
from oiosaml.openings import open_response, unseal_response
from oiosaml.uris import (
    BINDING_REDIRECT,
    CONSTRAINT_KLE,
    CONSTRAINT_ORGANISATION_UNIT,
    NAME_FORMAT_URI,
    NAMEID_PERSISTENT,
    NS_SAMLP,
)
from oiosaml.xml.encryption import OIOSAML_DEFAULT, encrypt
from oiosaml.xml.sign import sign_enveloped
from saml_web.ids import SystemIds
from tests import builders
from tests.builders import ATTRIBUTE_SERVICE, IDP, KORSBAEK, NOW, SKOVRUP, SYSTEM, SYSTEM_ACS
from tests.conftest import Member, make_member
from tests.context_handler.boots import BOOT
from tests.empty_store import empty_store

T = TypeVar("T")

BASE_URL = "https://ch.sim.test"
OTHER_IDP = EntityId("https://saml.idp.skovrup.test")
IDP_SSO = "https://idp.korsbaek.test/sso"
OTHER_IDP_SSO = "https://idp.skovrup.test/sso"
BROWSER = browser_id("the browser's handle")

HINTED = Wishes(hint=IDP)

CASE_WORKER = "http://byggesag.sim.test/roles/usersystemrole/sagsbehandler/1"
READER = "http://byggesag.sim.test/roles/usersystemrole/laeseadgang/1"
FOREIGN_ROLE = "http://ydelser.sim.test/roles/usersystemrole/sagsbehandler/1"
JOB_FUNCTION_ROLE = builders.JOB_FUNCTION_ROLE
UNIT = "5f0c9b0e-4a7e-4d1c-9b3e-2f6f8d1a7c10"


def home_idp(**changes: Any) -> HomeIdp:
    valid = HomeIdp(
        entity_id=IDP,
        id="korsbaek",
        name="Korsbæk Kommune",
        cvrs=(KORSBAEK,),
        maximum_level=AssuranceLevel.SUBSTANTIAL,
        knows_roles=True,
        metadata=b"",
    )
    return replace(valid, **changes)


def other_idp(**changes: Any) -> HomeIdp:
    return home_idp(
        **({"entity_id": OTHER_IDP, "id": "skovrup", "name": "Skovrup Kommune", "cvrs": (SKOVRUP,)} | changes)
    )


def user_facing_system(**changes: Any) -> UserFacingSystem:
    valid = UserFacingSystem(
        entity_id=SYSTEM,
        id="byggesag",
        name="Byggesag",
        cvr=Cvr("95000013"),
        minimum_level=AssuranceLevel.SUBSTANTIAL,
        metadata=b"",
    )
    return replace(valid, **changes)


def system_metadata(
    member: Member, *, requested: Sequence[str] = (), name_id_formats: tuple[str, ...] = (NAMEID_PERSISTENT,)
) -> EntityDescriptor:
    face = sp_face(
        SYSTEM,
        SYSTEM_ACS,
        signing_keys=(member.verification,),
        encryption_keys=(member.verification,),
        name_id_formats=name_id_formats,
    )
    assert face.sp is not None
    attributes = tuple(RequestedAttribute(name, NAME_FORMAT_URI, is_required=True) for name in requested)
    keys = tuple(replace(key, encryption_methods=()) for key in face.sp.keys)
    return replace(face, sp=replace(face.sp, keys=keys, requested_attributes=attributes))


def registered_system(member: Member, metadata: EntityDescriptor | None = None, **changes: Any) -> RegisteredSystem:
    return RegisteredSystem(user_facing_system(**changes), metadata or system_metadata(member), (member.verification,))


def with_encryption_keys(system: RegisteredSystem, *keys: KeyDescriptor) -> RegisteredSystem:
    """The system with these to encrypt to, and its own to sign with."""
    sp = system.metadata.sp
    assert sp is not None
    signing = tuple(each for each in sp.keys if each.use == "signing")
    assert signing
    return replace(system, metadata=replace(system.metadata, sp=replace(sp, keys=(*signing, *keys))))


def read_by(member: Member, *, barred: str | None = None) -> KeyDescriptor:
    """What stands in metadata for the key that `member` decrypts with."""
    return KeyDescriptor("encryption", replace(member.verification, barred=barred))


def registered_idp(member: Member, registration: HomeIdp, sso: str) -> RegisteredIdp:
    face = idp_face(registration.entity_id, sso, signing_keys=(member.verification,), name_id_formats=())
    return RegisteredIdp(registration, face, (member.verification,))


def registered_service(member: Member, **changes: Any) -> RegisteredAttributeService:
    registration = AttributeService(
        entity_id=ATTRIBUTE_SERVICE, id="skovrup", name="Skovrup", cvrs=(KORSBAEK, SKOVRUP), metadata=b""
    )
    face = attribute_authority(
        ATTRIBUTE_SERVICE,
        builders.ATTRIBUTE_SERVICE_LOCATION,
        signing_keys=(member.verification,),
        attribute_names=(),
    )
    return RegisteredAttributeService(replace(registration, **changes), face, (member.verification,))


CONSTRAINT_TYPES = (
    ConstraintType(CONSTRAINT_KLE, "KLE", ConstraintKind.MULTI, r"\d\d(\.\d\d){0,2}(,\d\d(\.\d\d){0,2})*"),
    ConstraintType(CONSTRAINT_ORGANISATION_UNIT, "Organisationsenhed", ConstraintKind.MULTI),
)
SYSTEM_ROLES = (
    SystemRole(CASE_WORKER, "Sagsbehandler", SYSTEM, constraints=(ConstraintUse(CONSTRAINT_KLE, required=True),)),
    SystemRole(READER, "Læseadgang", SYSTEM),
    SystemRole(FOREIGN_ROLE, "Sagsbehandler", EntityId("https://saml.ydelser.sim.test")),
)
CASE_WORKER_ROLE = JobFunctionRole(
    JOB_FUNCTION_ROLE,
    "Byggesagsbehandler",
    KORSBAEK,
    (
        RoleAssignment(
            CASE_WORKER,
            (ConstraintValue(CONSTRAINT_KLE, "02.34.02"), ConstraintValue(CONSTRAINT_ORGANISATION_UNIT, UNIT)),
        ),
        RoleAssignment(READER),
        RoleAssignment(FOREIGN_ROLE),
    ),
)


@dataclass(slots=True)
class MemoryRegistry:
    """A Registry that a test fills by hand."""

    idp_list: list[RegisteredIdp]
    system_list: list[RegisteredSystem]
    service: RegisteredAttributeService | None = None
    job_function_roles: list[JobFunctionRole] = field(default_factory=lambda: [CASE_WORKER_ROLE])
    system_roles: list[SystemRole] = field(default_factory=lambda: list(SYSTEM_ROLES))
    constraint_types: list[ConstraintType] = field(default_factory=lambda: list(CONSTRAINT_TYPES))
    translations: dict[str, TranslationTable] = field(default_factory=dict)

    def translation_table(self, target: str) -> TranslationTable | None:
        return self.translations.get(target)

    def dynamic_keys(self, cvr: Cvr, system: EntityId) -> Sequence[str]:
        mine = {role.entity_id for role in self.system_roles if role.system == system}
        assignments = [a for role in self.job_function_roles if role.cvr == cvr for a in role.assignments]
        return [v.value for a in assignments if a.system_role in mine for v in a.values if v.dynamic]

    def idp(self, entity_id: EntityId) -> RegisteredIdp | None:
        return next((p for p in self.idp_list if p.registration.entity_id == entity_id), None)

    def system(self, entity_id: EntityId) -> RegisteredSystem | None:
        return next((p for p in self.system_list if p.registration.entity_id == entity_id), None)

    def idps(self) -> Sequence[RegisteredIdp]:
        return tuple(self.idp_list)

    def systems(self) -> Sequence[RegisteredSystem]:
        return tuple(self.system_list)

    def keys_of_systems(self) -> Sequence[VerificationKey]:
        return [key for system in self.system_list for key in system.keys]

    def keys_of_idps(self) -> Sequence[VerificationKey]:
        return [key for idp in self.idp_list for key in idp.keys]

    def attribute_service_for(self, cvr: Cvr) -> RegisteredAttributeService | None:
        return self.service if self.service and cvr in self.service.registration.cvrs else None

    def job_function_role(self, uri: str) -> JobFunctionRole | None:
        return next((r for r in self.job_function_roles if r.entity_id == uri), None)

    def system_role(self, uri: str) -> SystemRole | None:
        return next((r for r in self.system_roles if r.entity_id == uri), None)

    def constraint_type(self, uri: str) -> ConstraintType | None:
        return next((t for t in self.constraint_types if t.entity_id == uri), None)

    def people(self) -> tuple[Person, ...]:
        return ()

    def organisation_name(self, cvr: Cvr) -> str | None:
        return {KORSBAEK: "Korsbæk Kommune"}.get(cvr)


@dataclass(slots=True)
class Service:
    """An attribute service at the other end of a wire that is not there."""

    member: Member
    answer: Callable[[AttributeQuery, bytes], Awaitable[bytes]] | None = None
    asked: list[AttributeQuery] = field(default_factory=list)

    async def post_soap(self, url: str, envelope: bytes) -> bytes:
        assert url == builders.ATTRIBUTE_SERVICE_LOCATION
        query = read_attribute_query(unwrap(envelope, f"{{{NS_SAMLP}}}AttributeQuery"))
        self.asked.append(query)
        if self.answer is not None:
            return await self.answer(query, envelope)
        return self.say(query)

    def say(
        self,
        query: AttributeQuery,
        *,
        response: dict[str, Any] | None = None,
        assertion: dict[str, Any] | None = None,
        signer: Member | None = None,
    ) -> bytes:
        """The honest answer about the subject asked for, changed as a test says."""
        subject = builders.Subject(query.subject)
        said = builders.attribute_assertion(**({"subject": subject} | (assertion or {})))
        element = write_assertion(said)
        sign_enveloped(element, (signer or self.member).signing)
        envelope = builders.attribute_response(**({"in_response_to": query.id} | (response or {})))
        content = (element,) if envelope.status.is_success else ()
        return wrap(serialise(write_response(envelope, *content)))


@dataclass(slots=True)
class Rig:
    """The broker, and the keys of those round it."""

    ports: Ports
    registry: MemoryRegistry
    service: Service
    record: SqliteRecord
    system: Member
    idp: Member
    broker: Member
    database: Database
    session: str | None = None
    """The session cookie that the browser sends along, as the store knows it."""
    keeps_cookies: bool = False
    """Whether the browser takes the session cookies it is given; most tests want each login to stand alone."""

    # --- as the system

    def request(self, **changes: Any) -> AuthnRequest:
        fresh = {"id": self.ports.ids.message_id()}
        return builders.authn_request(**(fresh | changes))

    def query_of(
        self, request: AuthnRequest, *, relay_state: str | None = "state", signer: Member | None = None
    ) -> bytes:
        octets = serialise(write_authn_request(request))
        url = write_redirect("https://x.test", octets, relay_state=relay_state, key=(signer or self.system).signing)
        return urlsplit(url).query.encode()

    def begin_with(
        self, query: bytes, at: datetime = NOW, *, wishes: Wishes = HINTED, browser: str = BROWSER
    ) -> OutboundMessage | AskForHomeIdp | RefusedLogin:
        inbound = RequestFromSystem(BINDING_REDIRECT, query, browser, wishes, self.session)
        return straight(begin_login(inbound, at, self.ports))

    def choose(
        self, flow: FlowId, idp: EntityId, at: datetime = NOW, *, browser: str = BROWSER
    ) -> OutboundMessage | RefusedLogin:
        """Choose an IdP on the discovery page."""
        return straight(continue_login(ChosenIdp(flow, idp, browser, self.session), at, self.ports))

    def begin(self, at: datetime = NOW, **changes: Any) -> OutboundMessage | AskForHomeIdp | RefusedLogin:
        return self.begin_with(self.query_of(self.request(**changes)), at)

    def begun(self, at: datetime = NOW, **changes: Any) -> AuthnRequest:
        """Begin a login and give the question that the home IdP gets."""
        outcome = self.begin(at, **changes)
        assert isinstance(outcome, RedirectTo), outcome
        return self.question_in(outcome)

    def question_in(self, outcome: RedirectTo) -> AuthnRequest:
        from oiosaml.bindings.redirect import read_redirect

        message = read_redirect(urlsplit(outcome.url).query.encode())
        return read_authn_request(etree.fromstring(message.octets))

    # --- as the home IdP

    def assertion_for(self, question: AuthnRequest, **changes: Any) -> Assertion:
        fresh = {
            "id": MessageId(self.ports.ids.message_id()),
            "subject": builders.subject(confirmations=(self.confirmation_for(question),)),
        }
        return builders.assertion(**(fresh | changes))

    def confirmation_for(self, question: AuthnRequest) -> Any:
        return builders.confirmation(in_response_to=question.id)

    def answer_with(
        self, question: AuthnRequest, assertion: Assertion, *, signer: Member | None = None, **envelope: Any
    ) -> bytes:
        """The form body that carries an assertion, signed and then encrypted."""
        element = write_assertion(assertion)
        sign_enveloped(element, (signer or self.idp).signing)
        return self.body_of(question, serialise(element), **envelope)

    def body_of(self, question: AuthnRequest, assertion: bytes, **envelope: Any) -> bytes:
        encrypted = encrypt(assertion, self.broker.public_key, OIOSAML_DEFAULT, entropy=os.urandom)
        response = builders.response(**({"in_response_to": question.id} | envelope))
        return form_body(serialise(write_response(response, write_encrypted_assertion(encrypted))))

    def refusal_body(self, question: AuthnRequest, response: Response, *, signed: bool = True) -> bytes:
        element = write_response(replace(response, in_response_to=question.id))
        if signed:
            sign_enveloped(element, self.idp.signing)
        return form_body(serialise(element))

    def honest_answer(self, question: AuthnRequest) -> bytes:
        return self.answer_with(question, self.assertion_for(question))

    # --- back at the broker

    async def finish(
        self, body: bytes, at: datetime = NOW, *, browser: str = BROWSER
    ) -> OutboundMessage | RefusedLogin:
        fresh = browser_id(self.ports.ids.handle())
        outcome = await finish_login(AnswerFromIdp(body, browser, fresh, self.session), at, self.ports)
        if self.keeps_cookies and not isinstance(outcome, RefusedLogin):
            self.session = fresh
        return outcome

    async def login(self, assertion: dict[str, Any] | None = None, **request: Any) -> OutboundMessage | RefusedLogin:
        """A whole login with one thing changed in the IdP's assertion or in the system's request."""
        question = self.begun(**request)
        return await self.finish(self.answer_with(question, self.assertion_for(question, **(assertion or {}))))

    # --- as the system again

    def token(self, outcome: object) -> Assertion:
        """What the system reads after it has decrypted and verified the broker's answer."""
        answer = self.answer(outcome)
        assert answer.assertion is not None, answer.envelope.status
        return answer.assertion.value

    def answer(self, outcome: object) -> Any:
        form = (
            outcome.answer
            if isinstance(outcome, RefusedLogin)
            else outcome.form
            if isinstance(outcome, PostTo)
            else None
        )
        assert form is not None, outcome
        assert form.action == SYSTEM_ACS
        body = urlencode(form.fields).encode()
        return unseal_response(open_response(body), (self.broker.verification,), (self.system.decryption,))

    def counts(self, at: datetime = NOW) -> Any:
        return self.record.counts(self.ports.workspace, at)


def straight(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that waits for nobody: whoever it asks is in this process."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    coroutine.close()
    raise AssertionError("it waited for somebody")


def form_body(octets: bytes) -> bytes:
    return urlencode({"SAMLResponse": base64.b64encode(octets).decode(), "RelayState": "ignored"}).encode()


def make_rig(directory: Path, *, knows_roles: bool = True) -> Rig:
    broker, system, idp, other, service = (
        make_member(name) for name in ("broker", "system", "idp", "other-idp", "service")
    )
    registry = MemoryRegistry(
        [
            registered_idp(idp, home_idp(knows_roles=knows_roles), IDP_SSO),
            registered_idp(other, other_idp(), OTHER_IDP_SSO),
        ],
        [registered_system(system)],
        registered_service(service),
    )
    wire = Service(service)
    database = Database(empty_store(directory / "nsis.sqlite"))
    ports = Ports(
        workspace=DEFAULT_WORKSPACE,
        store=SqliteStore(database, BOOT),
        sessions=SqliteSessions(database),
        subjects=SqliteSessions(database),
        logouts=SqliteLogouts(database),
        registry=lambda: registry,
        keys=BrokerKeys(
            signing=broker.signing,
            published_certificates=(broker.signing.certificate_der,),
            decryption=(broker.decryption,),
            encryption_certificate=broker.signing.certificate_der,
            pairwise_secret=b"p" * 32,
        ),
        ids=SystemIds(),
        entropy=os.urandom,
        attribute_services=wire,
        queries=SqliteQueries(database),
        urls=ContextHandlerUrls(BASE_URL),
        entity_id_towards_systems=builders.CH_IDP_FACE,
        entity_id_towards_idps=builders.CH_SP_FACE,
        contact="drift@ch.sim.test",
    )
    return Rig(ports, registry, wire, SqliteRecord(database), system, idp, broker, database)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)
