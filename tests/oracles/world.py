"""The broker on a real SQLite file, with three systems, three IdPs and two persons at each, driven through the stories as a browser would.

Everything that goes in and out is real octets; only sockets are missing. The clock moves when told, a restart opens the same file anew.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from lxml import etree

from context_handler.answering import RefusedLogin
from context_handler.asking import OutboundMessage, PostTo, RedirectTo
from context_handler.discovery import AskForHomeIdp, Wishes
from context_handler.inbound import AnswerFromIdp, ChosenIdp, RequestFromSystem, browser_id
from context_handler.login import begin_login, continue_login, finish_login
from context_handler.logout import begin_logout_by_person, go_on_without
from context_handler.logout_answering import LoggedOut
from context_handler.logout_inbound import LogoutByPerson
from context_handler.ports import BrokerKeys, Ports, RegisteredIdp, RegisteredSystem
from context_handler.store.boots import Boot
from context_handler.store.database import Database
from context_handler.store.sqlite import SqliteStore
from context_handler.store.sqlite_logouts import SqliteLogouts
from context_handler.store.sqlite_queries import SqliteQueries
from context_handler.store.sqlite_record import SqliteRecord
from context_handler.store.sqlite_sessions import SqliteSessions
from federation.topology import ContextHandlerUrls
from oiosaml import attributes as names
from oiosaml.bindings.redirect import read_redirect, write_redirect
from oiosaml.ids import DEFAULT_WORKSPACE, Cvr, EntityId, FlowId
from oiosaml.messages.assertion import Assertion, write_assertion
from oiosaml.messages.authn_request import AuthnRequest, read_authn_request, write_authn_request
from oiosaml.messages.metadata_faces import idp_face, sp_face
from oiosaml.messages.response import write_encrypted_assertion, write_response
from oiosaml.name_id import NameId
from oiosaml.nsis import AssuranceLevel
from oiosaml.openings import open_response, unseal_response
from oiosaml.privileges import PrivilegeList, write_privileges
from oiosaml.uris import BINDING_REDIRECT, NAMEID_PERSISTENT, NAMEID_X509_SUBJECT_NAME
from oiosaml.validity import Window
from oiosaml.xml.encryption import OIOSAML_DEFAULT, encrypt
from oiosaml.xml.sign import sign_enveloped
from saml_web.ids import SystemIds
from tests import builders
from tests.conftest import Member, make_member
from tests.context_handler.rig import MemoryRegistry, form_body, home_idp, straight, user_facing_system

KEYS = 3
"""How many keys a party may have one after the other; never one twice."""
_NO_ROLES = write_privileges(PrivilegeList())


@dataclass(frozen=True)
class Person:
    """Somebody whom one IdP knows."""

    idp: EntityId
    cvr: Cvr
    email: str
    serial: str

    @property
    def name_id(self) -> NameId:
        return NameId(f"C=DK,O={self.cvr},CN=Test,Serial={self.serial}", NAMEID_X509_SUBJECT_NAME)


@dataclass
class Browser:
    """Two cookies: one for the login under way, one for the session."""

    name: str
    session: str | None = None
    sessions_before: list[str] = field(default_factory=list)

    @property
    def handle(self) -> str:
        return browser_id(self.name)

    def keep(self, fresh: str) -> None:
        if self.session is not None:
            self.sessions_before.append(self.session)
        self.session = fresh


CVRS = (builders.KORSBAEK, builders.SKOVRUP, builders.RAVNKAER)
IDPS = tuple(EntityId(f"https://saml.idp-{letter}.test") for letter in "abc")
REACH = (AssuranceLevel.HIGH, AssuranceLevel.SUBSTANTIAL, AssuranceLevel.LOW)
SYSTEMS = tuple(EntityId(f"https://saml.system-{letter}.test") for letter in "xyz")
FLOORS = (AssuranceLevel.LOW, AssuranceLevel.SUBSTANTIAL, AssuranceLevel.LOW)
PERSONS = tuple(
    Person(idp, cvr, f"{number}@{urlsplit(idp).hostname}", f"{number}{place}000000-0000-4000-8000-000000000000")
    for place, (idp, cvr) in enumerate(zip(IDPS, CVRS, strict=True))
    for number in (1, 2)
)


def acs_of(system: EntityId) -> str:
    return f"{system}/acs"


class World:
    """The federation of one example."""

    def __init__(self, directory: Path) -> None:
        self.now: datetime = builders.NOW
        self.browsers = (Browser("one"), Browser("two"))
        self._file = directory / "nsis.sqlite"
        self._boots = 0
        self._broker_keys = 1
        self.idp_keys = dict.fromkeys(IDPS, 1)
        self.registry = MemoryRegistry([self._idp(number) for number in range(3)], list(map(self._system, range(3))))
        self._database = Database(self._file)
        self.ports = self._ports()

    # --- the parties

    def idp_member(self, idp: EntityId, key: int) -> Member:
        return make_member(f"model {idp} {key}")

    def system_member(self, system: EntityId) -> Member:
        return make_member(f"model {system}")

    def broker_member(self, key: int | None = None) -> Member:
        return make_member(f"model broker {key or self._broker_keys}")

    def _idp(self, number: int) -> RegisteredIdp:
        idp, member = IDPS[number], self.idp_member(IDPS[number], self.idp_keys[IDPS[number]])
        registration = home_idp(
            entity_id=idp, id=f"idp-{number}", name=idp, cvrs=(CVRS[number],), maximum_level=REACH[number]
        )
        face = idp_face(idp, f"{idp}/sso", signing_keys=(member.verification,), name_id_formats=())
        return RegisteredIdp(registration, face, (member.verification,))

    def _system(self, number: int) -> RegisteredSystem:
        system, member = SYSTEMS[number], self.system_member(SYSTEMS[number])
        face = sp_face(
            system,
            acs_of(system),
            signing_keys=(member.verification,),
            encryption_keys=(member.verification,),
            required_attributes=(names.EMAIL,),
            name_id_formats=(NAMEID_PERSISTENT,),
        )
        registration = user_facing_system(
            entity_id=system, id=f"system-{number}", name=system, minimum_level=FLOORS[number]
        )
        return RegisteredSystem(registration, face, (member.verification,))

    def is_enabled(self, party: EntityId) -> bool:
        found = self.registry.idp(party) or self.registry.system(party)
        assert found is not None
        return found.registration.enabled

    def enable(self, party: EntityId, *, enabled: bool) -> None:
        self.registry.idp_list = [
            replace(each, registration=replace(each.registration, enabled=enabled))
            if each.registration.entity_id == party
            else each
            for each in self.registry.idp_list
        ]
        self.registry.system_list = [
            replace(each, registration=replace(each.registration, enabled=enabled))
            if each.registration.entity_id == party
            else each
            for each in self.registry.system_list
        ]

    def roll_idp_key(self, idp: EntityId) -> None:
        """The IdP signs by another key from now on, and the one before is registered no longer."""
        self.idp_keys[idp] += 1
        number, enabled = IDPS.index(idp), self.is_enabled(idp)
        self.registry.idp_list[number] = self._idp(number)
        self.enable(idp, enabled=enabled)

    def roll_broker_key(self) -> None:
        """The broker signs by another key; what was encrypted to the one before can still be read."""
        self._broker_keys = min(self._broker_keys + 1, KEYS)
        self.ports = self._ports()

    # --- the broker's own machine

    def _ports(self) -> Ports:
        keys = [self.broker_member(key) for key in range(self._broker_keys, 0, -1)]
        database = self._database
        return Ports(
            workspace=DEFAULT_WORKSPACE,
            store=SqliteStore(database, Boot(f"boot-{self._boots}", self.now)),
            sessions=SqliteSessions(database),
            subjects=SqliteSessions(database),
            logouts=SqliteLogouts(database),
            registry=lambda: self.registry,
            keys=BrokerKeys(
                signing=keys[0].signing,
                published_certificates=tuple(key.signing.certificate_der for key in keys),
                decryption=tuple(key.decryption for key in keys),
                encryption_certificate=keys[0].signing.certificate_der,
                pairwise_secret=b"p" * 32,
            ),
            ids=SystemIds(),
            entropy=os.urandom,
            attribute_services=_NobodyAnswers(),
            queries=SqliteQueries(database),
            urls=ContextHandlerUrls("https://ch.sim.test"),
            entity_id_towards_systems=builders.CH_IDP_FACE,
            entity_id_towards_idps=builders.CH_SP_FACE,
            contact="drift@ch.sim.test",
        )

    @property
    def record(self) -> SqliteRecord:
        return SqliteRecord(self._database)

    def restart(self, *, whole_machine: bool) -> None:
        """The process ends and another one opens the same file; with the whole machine, what was under way is ended."""
        self.close()
        self._boots += whole_machine
        self._database = Database(self._file)
        self.ports = self._ports()

    def close(self) -> None:
        self._database.close()

    def advance(self, by: timedelta) -> None:
        self.now += by

    def tidy(self) -> None:
        self.ports.store.expire(self.ports.workspace, self.now)
        self.ports.sessions.forget(self.ports.workspace, self.now)

    # --- as a browser

    def start(self, system: EntityId, browser: Browser, hint: EntityId | None) -> Any:
        request = builders.authn_request(
            id=self.ports.ids.message_id(),
            issue_instant=self.now,
            issuer=system,
            assertion_consumer_service_url=acs_of(system),
            requested_authn_context=None,
        )
        octets = write_authn_request(request).octets()
        url = write_redirect(builders.CH_SSO, octets, relay_state=None, key=self.system_member(system).signing)
        query = urlsplit(url).query.encode()
        inbound = RequestFromSystem(BINDING_REDIRECT, query, browser.handle, Wishes(hint=hint), browser.session)
        return straight(begin_login(inbound, self.now, self.ports))

    def choose(self, flow: FlowId, idp: EntityId, browser: Browser) -> OutboundMessage | AskForHomeIdp | RefusedLogin:
        return straight(continue_login(ChosenIdp(flow, idp, browser.handle, browser.session), self.now, self.ports))

    def deliver(self, body: bytes, browser: Browser) -> OutboundMessage | RefusedLogin:
        fresh = browser_id(self.ports.ids.handle())
        inbound = AnswerFromIdp(body, browser.handle, fresh, browser.session)
        outcome = straight(finish_login(inbound, self.now, self.ports))
        if isinstance(outcome, PostTo):
            browser.keep(fresh)
        return outcome

    def log_out(self, browser: Browser) -> LoggedOut:
        """The person logs out on the broker's page, and goes on without everybody who is asked."""

        async def click() -> Any:
            inbound = LogoutByPerson(browser.handle, browser.session)
            outcome = await begin_logout_by_person(inbound, self.now, self.ports)
            while not isinstance(outcome, LoggedOut):
                flow = self.ports.logouts.by_request(self.ports.workspace, _request_of(outcome))
                assert flow is not None
                outcome = await go_on_without(flow.flow, browser.handle, self.now, self.ports)
            return outcome

        outcome: LoggedOut = asyncio.run(click())
        return outcome

    # --- as an IdP

    def question_in(self, outcome: RedirectTo) -> AuthnRequest:
        message = read_redirect(urlsplit(outcome.url).query.encode())
        return read_authn_request(etree.fromstring(message.octets))

    def answer(
        self, question: AuthnRequest, person: Person, level: AssuranceLevel, *, by: EntityId | None = None
    ) -> bytes:
        """What the person's own IdP, or another one, says now in answer to a question, as the body of a form."""
        idp = by or person.idp
        confirmation = builders.confirmation(
            in_response_to=question.id, window=Window(None, self.now + timedelta(minutes=5))
        )
        said = {
            names.CVR: (person.cvr,), names.EMAIL: (person.email,), names.LOA: (level.attribute_value,),
            names.PRIVILEGES_INTERMEDIATE: (_NO_ROLES,),
        }  # fmt: skip
        element = write_assertion(
            builders.assertion(
                id=self.ports.ids.message_id(),
                issue_instant=self.now,
                issuer=idp,
                subject=builders.subject(name_id=person.name_id, confirmations=(confirmation,)),
                conditions=builders.conditions(window=Window(self.now, self.now + timedelta(minutes=10))),
                authn_statements=(builders.authn_statement(authn_instant=self.now),),
                attribute_statements=(builders.attributes(**said),),
            )
        )
        sign_enveloped(element, self.idp_member(idp, self.idp_keys[idp]).signing)
        encrypted = encrypt(element.octets(), self.broker_member().public_key, OIOSAML_DEFAULT, entropy=os.urandom)
        envelope = builders.response(
            id=self.ports.ids.message_id(), in_response_to=question.id, issuer=idp, issue_instant=self.now
        )
        return form_body(write_response(envelope, write_encrypted_assertion(encrypted)).octets())

    # --- as a system

    def token(self, outcome: PostTo | RefusedLogin) -> tuple[EntityId, Assertion | None]:
        """Which system is answered, and what it reads after it has decrypted and verified; None for a refusal."""
        form = outcome.answer if isinstance(outcome, RefusedLogin) else outcome.form
        assert form is not None
        system = next(each for each in SYSTEMS if acs_of(each) == form.action)
        keys: Sequence[Any] = [self.broker_member(key).verification for key in range(1, self._broker_keys + 1)]
        answer = unseal_response(
            open_response(urlencode(form.fields).encode()), keys, [self.system_member(system).decryption]
        )
        return system, None if answer.assertion is None else answer.assertion.value


class _NobodyAnswers:
    """No attribute service and no back channel."""

    async def post_soap(self, url: str, envelope: bytes) -> bytes:
        raise AssertionError(f"nobody was to be asked, but {url} was")


def _request_of(outcome: Any) -> Any:
    message = read_redirect(urlsplit(outcome.url).query.encode())
    return etree.fromstring(message.octets).get("ID")
