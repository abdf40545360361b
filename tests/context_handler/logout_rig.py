"""Three systems and an IdP in one session: Byggesag by Redirect, Ydelser by POST with a ResponseLocation, Arkiv by the back channel."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from context_handler.asking import PostTo, RedirectTo
from context_handler.inbound import RequestFromSystem
from context_handler.login import begin_login
from context_handler.logout import begin_logout, begin_logout_by_person, continue_logout, go_on_without
from context_handler.logout_answering import LoggedOut
from context_handler.logout_inbound import LogoutAnswer, LogoutByParty, LogoutByPerson
from context_handler.logout_state import PartyKind
from context_handler.ports import RegisteredSystem
from oiosaml.bindings.redirect import write_redirect
from oiosaml.errors import SamlError
from oiosaml.ids import Cvr, EntityId
from oiosaml.logout_openings import (
    open_logout_request_post,
    open_logout_request_redirect,
    open_logout_request_soap,
    open_logout_response_post,
    open_logout_response_redirect,
    open_logout_response_soap,
    vouch_for_logout_request,
    vouch_for_logout_response,
)
from oiosaml.logout_sending import logout_envelope, logout_form, logout_redirect
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.authn_request import write_authn_request
from oiosaml.messages.element import serialise
from oiosaml.messages.logout import LogoutRequest, LogoutResponse
from oiosaml.messages.metadata import Endpoint
from oiosaml.messages.metadata_faces import sp_face
from oiosaml.messages.response import Status
from oiosaml.name_id import NameId
from oiosaml.nsis import AssuranceLevel
from oiosaml.openings import open_response, unseal_response
from oiosaml.uris import (
    BINDING_POST,
    BINDING_REDIRECT,
    BINDING_SOAP,
    NAMEID_PERSISTENT,
    NAMEID_X509_SUBJECT_NAME,
    STATUS_PARTIAL_LOGOUT,
    STATUS_REQUEST_DENIED,
    STATUS_RESPONDER,
    STATUS_SUCCESS,
)
from tests import builders
from tests.builders import CH_SSO, IDP, NOW
from tests.conftest import Member, make_member
from tests.context_handler.rig import BROWSER, HINTED, Rig, straight, user_facing_system

BYGGESAG = EntityId("https://saml.byggesag.sim.test")
YDELSER = EntityId("https://saml.ydelser.sim.test")
WHOLE = Status(STATUS_SUCCESS)
PARTIAL = Status(STATUS_SUCCESS, STATUS_PARTIAL_LOGOUT)
REFUSED = Status(STATUS_RESPONDER, STATUS_REQUEST_DENIED)
ARKIV = EntityId("https://saml.arkiv.sim.test")
SOAP_URL = "https://ch.sim.test/runtime/services/signoff/saml2/soap"
SIGNOFF = "https://ch.sim.test/runtime/saml2/signoff.idp"
IDP_ASKS = "https://ch.sim.test/runtime/saml2auth/signoffrequest.idp"
IDP_ANSWERS = "https://ch.sim.test/runtime/saml2auth/signoffresponse.idp"

SLO = {
    BYGGESAG: (Endpoint(BINDING_REDIRECT, "https://byggesag.sim.test/slo"),),
    YDELSER: (Endpoint(BINDING_POST, "https://ydelser.sim.test/slo", "https://ydelser.sim.test/slo/answer"),),
    ARKIV: (Endpoint(BINDING_SOAP, "https://arkiv.sim.test/slo/soap"),),
    IDP: (Endpoint(BINDING_REDIRECT, "https://idp.korsbaek.test/slo"),),
}
Wire = Callable[[bytes], bytes]


@dataclass(slots=True)
class Lines:
    """The back channels: what is at the other end of each URL."""

    ends: dict[str, Wire] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def post_soap(self, url: str, envelope: bytes) -> bytes:
        self.asked.append(url)
        if url not in self.ends:
            raise SamlError("aq.transport", f"nobody answers at {url}")
        return self.ends[url](envelope)


@dataclass(slots=True)
class Street:
    """The rig with everybody registered, and one browser that is logged in where a test says."""

    rig: Rig
    members: dict[EntityId, Member]
    lines: Lines
    tokens: dict[EntityId, Assertion] = field(default_factory=dict)
    idp_session: str = "_session-1"
    """What the IdP calls its session in this browser."""
    person: NameId = builders.ANE_HOLM
    """Who logs in at the IdP."""

    # --- logging in

    def log_in(self, *systems: EntityId, at: datetime = NOW, forced: bool = False) -> None:
        for system in systems:
            self.finish(system, self.begin(system, at, forced=forced), at)

    def finish(self, system: EntityId, outcome: Any, at: datetime = NOW) -> None:
        """The IdP answers, if it is asked, and the system has its token."""
        self.tokens[system] = self._token(system, outcome, at)

    def begin(self, system: EntityId, at: datetime = NOW, *, forced: bool = False) -> Any:
        request = builders.authn_request(
            id=self.rig.ports.ids.message_id(),
            issue_instant=at,
            issuer=system,
            assertion_consumer_service_url=acs_of(system),
            requested_authn_context=None,
            force_authn=forced or None,
        )
        octets = serialise(write_authn_request(request))
        url = write_redirect(CH_SSO, octets, relay_state=None, key=self.members[system].signing)
        inbound = RequestFromSystem(BINDING_REDIRECT, urlsplit(url).query.encode(), BROWSER, HINTED, self.rig.session)
        return straight(begin_login(inbound, at, self.rig.ports))

    def _token(self, system: EntityId, outcome: Any, at: datetime) -> Assertion:
        if isinstance(outcome, RedirectTo):
            question = self.rig.question_in(outcome)
            statements = (builders.authn_statement(session_index=self.idp_session),)
            confirmations = (self.rig.confirmation_for(question),)
            subject = builders.subject(name_id=self.person, confirmations=confirmations)
            said = self.rig.assertion_for(question, subject=subject, authn_statements=statements)
            outcome = straight(self.rig.finish(self.rig.answer_with(question, said), at))
        assert isinstance(outcome, PostTo), outcome
        body = urlencode(outcome.form.fields).encode()
        answer = unseal_response(
            open_response(body), (self.rig.broker.verification,), (self.members[system].decryption,)
        )
        assert answer.assertion is not None
        return answer.assertion.value

    def is_logged_in(self, at: datetime = NOW) -> bool:
        """Whether a session of the broker answers a login now."""
        return isinstance(self.begin(BYGGESAG, at), PostTo)

    def give_x509_names(self, *systems: EntityId) -> None:
        """These systems get the home IdP's own NameID, which is the same text at each of them."""
        registered = self.rig.registry.system_list
        for number, each in enumerate(registered):
            if each.registration.entity_id in systems:
                registration = replace(each.registration, name_id_format=NAMEID_X509_SUBJECT_NAME)
                registered[number] = replace(each, registration=registration)

    # --- logging out

    def request(self, party: EntityId, **changes: Any) -> LogoutRequest:
        """What a participant says, about what it was told."""
        if party == IDP:
            name_id, index, to = builders.ANE_HOLM, self.idp_session, IDP_ASKS
        else:
            token = self.tokens[party]
            assert token.subject is not None
            name_id, index, to = token.subject.name_id, token.authn_statements[0].session_index, CH_SSO
        valid = builders.logout_request(
            id=self.rig.ports.ids.message_id(),
            issuer=party,
            destination=to,
            name_id=name_id,
            session_indexes=(index,) if index else (),
        )
        return replace(valid, **changes)

    def send(
        self,
        request: LogoutRequest,
        *,
        binding: str = BINDING_REDIRECT,
        at: datetime = NOW,
        browser: str = BROWSER,
        signer: Member | None = None,
        relay_state: str | None = None,
    ) -> Any:
        key = (signer or self.members[request.issuer]).signing
        if binding == BINDING_REDIRECT:
            octets = urlsplit(logout_redirect(request, key, relay_state=relay_state)).query.encode()
        elif binding == BINDING_POST:
            octets = urlencode(logout_form(request, key, relay_state=relay_state).fields).encode()
        else:
            octets = logout_envelope(request, key)
        return self.send_octets(octets, binding, request.issuer, at=at, browser=browser)

    def send_octets(
        self, octets: bytes, binding: str, party: EntityId, *, at: datetime = NOW, browser: str = BROWSER
    ) -> Any:
        session = self.rig.session if browser == BROWSER else None
        cookies = ("", None) if binding == BINDING_SOAP else (browser, session)
        inbound = LogoutByParty(kind_of(party), binding, octets, *cookies)
        return asyncio.run(begin_logout(inbound, at, self.rig.ports))

    def click(self, at: datetime = NOW) -> Any:
        return asyncio.run(begin_logout_by_person(LogoutByPerson(BROWSER, self.rig.session), at, self.rig.ports))

    def without(self, flow: Any, browser: str = BROWSER, at: datetime = NOW) -> Any:
        return asyncio.run(go_on_without(flow, browser, at, self.rig.ports))

    # --- as a participant

    def asked(self, outcome: Any) -> LogoutRequest:
        """The question that the browser carries to the next participant, verified."""
        broker = (self.rig.broker.verification,)
        if isinstance(outcome, RedirectTo):
            return vouch_for_logout_request(
                open_logout_request_redirect(urlsplit(outcome.url).query.encode()), broker
            ).value
        assert isinstance(outcome, PostTo), outcome
        return vouch_for_logout_request(open_logout_request_post(urlencode(outcome.form.fields).encode()), broker).value

    def whom(self, outcome: Any) -> EntityId:
        """Which participant the browser is sent to."""
        destination = self.asked(outcome).destination
        return next(party for party, services in SLO.items() if services[0].location == destination)

    def answer(
        self,
        outcome: Any,
        *,
        status: Status = Status(STATUS_SUCCESS),  # noqa: B008 - a value
        signer: Member | None = None,
        browser: str = BROWSER,
        at: datetime = NOW,
        **changes: Any,
    ) -> Any:
        """The participant that the browser was sent to answers."""
        request, party = self.asked(outcome), self.whom(outcome)
        response = builders.logout_response(
            id=self.rig.ports.ids.message_id(),
            issue_instant=at,
            issuer=party,
            destination=IDP_ANSWERS if party == IDP else SIGNOFF,
            in_response_to=request.id,
            status=status,
        )
        return self.send_response(
            replace(response, **changes), party, signer=signer or self.members[party], browser=browser, at=at
        )

    def send_response(
        self, response: LogoutResponse, party: EntityId, *, signer: Member, browser: str = BROWSER, at: datetime = NOW
    ) -> Any:
        octets = urlsplit(logout_redirect(response, signer.signing)).query.encode()
        inbound = LogoutAnswer(kind_of(party), BINDING_REDIRECT, octets, browser)
        return asyncio.run(continue_logout(inbound, at, self.rig.ports))

    def everybody_answers(self, outcome: Any) -> LoggedOut:
        """Every participant says yes until the logout is at its end."""
        while not isinstance(outcome, LoggedOut):
            outcome = self.answer(outcome)
        return outcome

    def told(self, outcome: Any, party: EntityId) -> LogoutResponse:
        """What the initiator reads."""
        assert isinstance(outcome, LoggedOut), outcome
        broker = (self.rig.broker.verification,)
        if isinstance(outcome.answer, bytes):
            return vouch_for_logout_response(open_logout_response_soap(outcome.answer), broker).value
        if isinstance(outcome.answer, PostTo):
            body = urlencode(outcome.answer.form.fields).encode()
            return vouch_for_logout_response(open_logout_response_post(body), broker).value
        assert isinstance(outcome.answer, RedirectTo)
        query = urlsplit(outcome.answer.url).query.encode()
        return vouch_for_logout_response(open_logout_response_redirect(query), broker).value

    def answers_by_soap(self, party: EntityId, **changes: Any) -> None:
        """Let a participant's back channel say yes, or what a test says."""
        signer = changes.pop("signer", None) or self.members[party]

        def end(envelope: bytes) -> bytes:
            request = vouch_for_logout_request(
                open_logout_request_soap(envelope), (self.rig.broker.verification,)
            ).value
            response = builders.logout_response(
                id=self.rig.ports.ids.message_id(), issuer=party, destination=None, in_response_to=request.id
            )
            return logout_envelope(replace(response, **changes), signer.signing)

        self.lines.ends[SLO[party][0].location] = end

    def steps(self, flow: Any) -> list[str]:
        return [event.step for event in self.rig.record.events_of(self.rig.ports.workspace, flow)]


def kind_of(party: EntityId) -> PartyKind:
    return PartyKind.HOME_IDP if party == IDP else PartyKind.SYSTEM


def acs_of(system: EntityId) -> str:
    return f"https://{urlsplit(system).hostname.removeprefix('saml.')}/saml/acs"  # type: ignore[union-attr]


def make_street(rig: Rig) -> Street:
    rig.keeps_cookies = True
    members = {BYGGESAG: rig.system, YDELSER: make_member("ydelser"), ARKIV: make_member("arkiv"), IDP: rig.idp}
    rig.registry.system_list[:] = [_system(entity_id, members[entity_id]) for entity_id in (BYGGESAG, YDELSER, ARKIV)]
    idp = rig.registry.idp_list[0]
    assert idp.metadata.idp is not None
    role = replace(idp.metadata.idp, single_logout_services=SLO[IDP])
    rig.registry.idp_list[0] = replace(idp, metadata=replace(idp.metadata, idp=role))
    lines = Lines()
    rig.ports = replace(rig.ports, attribute_services=lines)
    street = Street(rig, members, lines)
    street.answers_by_soap(ARKIV)
    return street


def _system(entity_id: EntityId, member: Member) -> RegisteredSystem:
    face = sp_face(
        entity_id,
        acs_of(entity_id),
        signing_keys=(member.verification,),
        encryption_keys=(member.verification,),
        name_id_formats=(NAMEID_PERSISTENT,),
    )
    assert face.sp is not None
    keys = tuple(replace(key, encryption_methods=()) for key in face.sp.keys)
    face = replace(face, sp=replace(face.sp, keys=keys, single_logout_services=SLO[entity_id]))
    name = entity_id.split(".")[1]
    registration = user_facing_system(
        entity_id=entity_id, id=name, name=name.title(), cvr=Cvr("95000013"), minimum_level=AssuranceLevel.LOW
    )
    return RegisteredSystem(registration, face, (member.verification,))


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)
