"""The story of a brokered login, told in the order it happens. The browser comes twice, and once more if the person must choose.

Every `@step` writes one event under its own name; docs/login-flow.md is made from them. A step refuses by raising; `refuse_login` decides
what a refusal becomes. Nothing leaves before what it rests on is durable.
"""

from dataclasses import replace
from datetime import datetime

from context_handler import attribute_query, discovery, issue
from context_handler.answering import RefusedLogin, complete_login, refuse_login
from context_handler.asking import OutboundMessage, PostTo, compose_request, send_request
from context_handler.checks import Subject, check_assertion, check_envelope, check_request, status_refusal
from context_handler.discovery import AskForHomeIdp, Wishes
from context_handler.inbound import AnswerFromIdp, ChosenIdp, RequestFromSystem
from context_handler.level import LevelDemand
from context_handler.login_state import PENDING_LOGIN_LIFETIME, LoginState, PendingLogin
from context_handler.name_ids import name_id_for
from context_handler.ports import AnswerUsedError, Ports, RegisteredIdp, RegisteredSystem, Registry
from context_handler.privilege_source import privileges_in_token
from context_handler.release import attributes_for
from context_handler.requester import (
    login_under_way,
    registered_acs,
    registered_idp,
    registered_system,
    still_registered,
)
from context_handler.roles import Translation, Translator
from context_handler.visit import Requester, Visit, async_step, step
from oiosaml.errors import Party, SamlError
from oiosaml.ids import FlowId
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.messages.response import Answer, Response
from oiosaml.openings import relay_state_of, unseal_response, vouch_for_authn_request
from oiosaml.privileges import PrivilegeList
from oiosaml.verified import Unverified, Verified


def begin_login(
    inbound: RequestFromSystem, at: datetime, ports: Ports
) -> OutboundMessage | AskForHomeIdp | RefusedLogin:
    """The first visit: a system sends a person who wants in, and leaves with our question to the home IdP."""
    visit = Visit(FlowId(ports.ids.uuid()), at)
    registry = ports.registry()
    try:
        unverified = open_authn_request(visit, inbound)
        system, request = vouch_for_system(visit, unverified, registry)
        demand = check_authn_request(visit, request, system, inbound, registry, ports)
        wishes = replace(inbound.wishes, idp_list=request.value.scoping.idp_list if request.value.scoping else ())
        choice = choose_home_idp(visit, system, demand, wishes, registry)
        login = remember_login(visit, inbound.browser)
        if isinstance(choice, AskForHomeIdp):
            put_aside(visit, login, ports)
            return choice
        login, question = ask_home_idp(visit, login, choice, demand, ports)
        put_aside(visit, login, ports)
    except SamlError as refusal:
        return refuse_login(visit, refusal, ports)
    return question


def continue_login(chosen: ChosenIdp, at: datetime, ports: Ports) -> OutboundMessage | RefusedLogin:
    """The visit between: the person has chosen a municipality on our page."""
    visit = Visit(FlowId(ports.ids.uuid()), at)
    registry = ports.registry()
    try:
        login, system = resume_choice(visit, chosen, registry, ports)
        demand = demand_of(login, system)
        idp = take_choice(visit, chosen, system, demand, registry)
        login, question = ask_home_idp(visit, login, idp, demand, ports)
        if not ports.store.save_idp_choice(ports.workspace, login, visit.take_events()):
            raise SamlError("flow.unknown", "the login ended while the choice was made", party=Party.USER)
    except SamlError as refusal:
        return refuse_login(visit, refusal, ports)
    return question


async def finish_login(inbound: AnswerFromIdp, at: datetime, ports: Ports) -> OutboundMessage | RefusedLogin:
    """The last visit: the home IdP sends the person back, and the system gets its own token."""
    visit = Visit(FlowId(ports.ids.uuid()), at)
    registry = ports.registry()
    try:
        login, unverified = resume_pending_login(visit, inbound, ports)
        idp, answer = open_idp_response(visit, unverified, login, registry, ports)
        accept_idp_response(visit, answer, login, ports)
        system = find_system_again(visit, login, registry)
        assertion, subject = check_idp_response(visit, answer, login, idp, system, ports)
        privileges = await gather_privileges(visit, assertion, subject, idp, system, registry, ports)
        translation = translate_roles(visit, privileges, subject, system, registry)
        identity = release_attributes(visit, assertion, subject, translation, system, idp, registry, ports)
        token = compose_assertion(visit, identity, ports)
        message = answer_system(visit, token, system, ports)
        complete_login(visit, ports)
    except SamlError as refusal:
        return refuse_login(visit, refusal, ports)
    return message


def show_choice(flow: FlowId, browser: str, at: datetime, ports: Ports) -> AskForHomeIdp:
    """Give the discovery page of a login under way once more; looking changes nothing and is no step.

    Raises:
        SamlError: `flow.unknown` or `flow.expired` if this browser has no such login, or what choosing itself would refuse with.
    """
    login = login_under_way(flow, browser, at, ports)
    registry = ports.registry()
    system = registered_system(registry, login.system, at)
    demand = demand_of(login, system)
    wishes = Wishes(idp_list=login.request.scoping.idp_list if login.request.scoping else ())
    candidates = discovery.candidates_for(system, registry.idps(), demand, wishes, at)
    return AskForHomeIdp(flow, system, candidates, demand)


def demand_of(login: PendingLogin, system: RegisteredSystem) -> LevelDemand:
    """Give the level this login must reach."""
    return LevelDemand.of(login.request.requested_authn_context, system.registration.minimum_level)


# --- the first visit


@step(Party.SYSTEM)
def open_authn_request(visit: Visit, inbound: RequestFromSystem) -> Unverified[AuthnRequest]:
    """The message is decoded and parsed; nothing in it is believed."""
    visit.note(octets_in=inbound.octets)
    unverified = inbound.open()
    visit.note(party=unverified.claimed_issuer, message_id=unverified.claimed_id)
    return unverified


@step(Party.SYSTEM)
def vouch_for_system(
    visit: Visit, unverified: Unverified[AuthnRequest], registry: Registry
) -> tuple[RegisteredSystem, Verified[AuthnRequest]]:
    """The sender is a registered system, the signature is its own, and the answer goes to an address it has registered."""
    system = registered_system(registry, unverified.claimed_issuer, visit.at)
    visit.note(party=system.registration.entity_id)
    request = vouch_for_authn_request(unverified, system.keys, strangers=registry.keys_of_systems())
    acs_url = registered_acs(request.value, system)
    visit.requester = Requester(system.registration.entity_id, request.value, relay_state_of(unverified), acs_url)
    return system, request


@step(Party.SYSTEM)
def check_authn_request(
    visit: Visit,
    request: Verified[AuthnRequest],
    system: RegisteredSystem,
    inbound: RequestFromSystem,
    registry: Registry,
    ports: Ports,
) -> LevelDemand:
    """The request follows the rules of the profile, and asks for a level that exists."""
    visit.note(
        findings=check_request(
            request, visit.known_requester(), system, inbound.binding, registry, at=visit.at, ports=ports
        )
    )
    demand = LevelDemand.of(request.value.requested_authn_context, system.registration.minimum_level)
    if not demand.acceptable:
        raise SamlError(
            "req.authn-context",
            f"got {demand.comparison} {demand.named}, expected a level from {demand.floor.attribute_value} up",
        )
    return demand


@step(Party.CONTEXT_HANDLER)
def choose_home_idp(
    visit: Visit, system: RegisteredSystem, demand: LevelDemand, wishes: Wishes, registry: Registry
) -> RegisteredIdp | AskForHomeIdp:
    """The home IdP is the hinted one, the only one or the remembered one; else the person is asked."""
    candidates = discovery.candidates_for(system, registry.idps(), demand, wishes, visit.at)
    idp = discovery.decide(candidates, wishes)
    if idp is not None:
        visit.note(party=idp.registration.entity_id)
        return idp
    if visit.requester is not None and visit.requester.request.is_passive:
        raise SamlError(
            "proto.no-passive",
            "got IsPassive with several IdPs to choose among, expected a request that names one",
            party=Party.SYSTEM,
        )
    visit.note(asked=True, detail=f"{len(candidates.able)} to choose among")
    return AskForHomeIdp(visit.flow, system, candidates, demand)


@step(Party.CONTEXT_HANDLER)
def remember_login(visit: Visit, browser: str) -> PendingLogin:
    """What the answer will need is put aside, bound to this browser."""
    requester = visit.known_requester()
    return PendingLogin(
        flow=visit.flow,
        state=LoginState.CHOOSING_IDP,
        system=requester.system,
        request=requester.request,
        relay_state=requester.relay_state,
        acs_url=requester.acs_url,
        browser=browser,
        started_at=visit.at,
        expires_at=visit.at + PENDING_LOGIN_LIFETIME,
    )


def put_aside(visit: Visit, login: PendingLogin, ports: Ports) -> None:
    """Make the login and its events durable, and its request used up (attack REQ-10): whatever leaves now can be answered after a crash."""
    try:
        ports.store.save_pending(ports.workspace, login, tuple(visit.events))
    except AnswerUsedError as error:
        raise SamlError(
            "req.replay", f"got the request ID {login.request.id!r:.120} a second time", party=Party.SYSTEM
        ) from error
    visit.take_events()


@step(Party.CONTEXT_HANDLER)
def ask_home_idp(
    visit: Visit, login: PendingLogin, idp: RegisteredIdp, demand: LevelDemand, ports: Ports
) -> tuple[PendingLogin, OutboundMessage]:
    """Our own signed request asks the home IdP: the level carried over, the system named behind us."""
    request = compose_request(visit.known_requester(), idp, demand, at=visit.at, ports=ports)
    message, octets = send_request(request, idp, ports)
    visit.note(party=idp.registration.entity_id, message_id=request.id, octets_out=octets, asked=True)
    asked = replace(
        login,
        state=LoginState.AT_HOME_IDP,
        idp=idp.registration.entity_id,
        idp_request_id=request.id,
        idp_request_at=visit.at,
    )
    return asked, message


# --- the visit between


@step(Party.USER)
def resume_choice(
    visit: Visit, chosen: ChosenIdp, registry: Registry, ports: Ports
) -> tuple[PendingLogin, RegisteredSystem]:
    """The choice belongs to a login under way in this browser."""
    login = login_under_way(chosen.flow, chosen.browser, visit.at, ports)
    visit.resume(login)
    return login, registered_system(registry, login.system, visit.at)


@step(Party.CONTEXT_HANDLER)
def take_choice(
    visit: Visit, chosen: ChosenIdp, system: RegisteredSystem, demand: LevelDemand, registry: Registry
) -> RegisteredIdp:
    """The chosen IdP is one the person could choose."""
    scoping = visit.known_requester().request.scoping
    wishes = Wishes(idp_list=scoping.idp_list if scoping else (), hint=chosen.idp)
    candidates = discovery.candidates_for(system, registry.idps(), demand, wishes, visit.at)
    idp = discovery.decide(candidates, wishes)
    if idp is None or idp.registration.entity_id != chosen.idp:
        raise SamlError("fed.no-idp", f"got the choice {chosen.idp!r:.200}, expected one of those on the page")
    visit.note(party=idp.registration.entity_id)
    return idp


# --- the last visit


@step(Party.HOME_IDP)
def resume_pending_login(
    visit: Visit, inbound: AnswerFromIdp, ports: Ports
) -> tuple[PendingLogin, Unverified[Response]]:
    """The answer names a request of ours that this browser is waiting on. Looking it up uses nothing up (invariant I3)."""
    visit.note(octets_in=inbound.octets)
    unverified = inbound.open()
    visit.note(party=unverified.claimed_issuer, message_id=unverified.claimed_id)
    request_id = unverified.claimed_in_response_to
    if request_id is None:
        raise SamlError("proto.unsolicited", "got no InResponseTo, expected the ID of a request of ours")
    login = ports.store.pending_by_request(ports.workspace, request_id)
    if login is None:
        raise SamlError(
            "proto.in-response-to", f"got InResponseTo {request_id!r:.120}, expected the ID of a request of ours"
        )
    if login.browser != inbound.browser:
        # Another browser must neither finish this login (attack PRO-02, PRO-05) nor learn its fate.
        raise SamlError("proto.in-response-to", "got an answer by another browser than the one that began the login")
    visit.resume(login)
    if login.state is not LoginState.AT_HOME_IDP:
        raise SamlError("proto.replay", f"got an answer to a login that is {login.state}, expected one that is waiting")
    if login.has_expired(visit.at):
        raise SamlError("flow.expired", f"got an answer after {login.expires_at:%H:%M:%S}, when the login had expired")
    return login, unverified


@step(Party.HOME_IDP)
def open_idp_response(
    visit: Visit, unverified: Unverified[Response], login: PendingLogin, registry: Registry, ports: Ports
) -> tuple[RegisteredIdp, Answer]:
    """The answer is decrypted and verified with the keys registered for the IdP that was asked, and with no others."""
    idp = registered_idp(registry, login.idp, visit.at)
    try:
        answer = unseal_response(unverified, idp.keys, ports.keys.decryption, strangers=registry.keys_of_idps())
    except SamlError as error:
        if error.code.startswith("sig.") and unverified.claimed_issuer not in (None, login.idp):
            # Somebody else's good answer with our request's ID: the mix-up attack (FED-03).
            raise SamlError(
                "fed.wrong-idp", f"got an answer of {unverified.claimed_issuer!r:.200}, expected {login.idp}"
            ) from error
        raise
    if answer.assertion is None and answer.envelope_signer is None:
        # Hearsay: anybody could have written it, so it ends nothing (R3-IDP-17, invariant I3).
        raise status_refusal(
            answer.envelope.status, demand_of(login, registered_system(registry, login.system, visit.at)).named
        )
    return idp, answer


@step(Party.HOME_IDP)
def accept_idp_response(visit: Visit, answer: Answer, login: PendingLogin, ports: Ports) -> None:
    """The answer is used up, once and for all, before anything rests on it."""
    assertion = answer.assertion.value if answer.assertion else None
    seen = None if assertion is None else (assertion.issuer, assertion.id, visit.at + PENDING_LOGIN_LIFETIME)
    try:
        ports.store.accept_answer(ports.workspace, login, seen, tuple(visit.events))
    except AnswerUsedError as error:
        raise SamlError("proto.replay", f"got an answer that was used before: {error}") from error
    visit.take_events()
    visit.answer_accepted = True


@step(Party.CONTEXT_HANDLER)
def find_system_again(visit: Visit, login: PendingLogin, registry: Registry) -> RegisteredSystem:
    """The system may still have users sent to it (attack FED-08), from this IdP and to this address."""
    visit.note(party=login.system)
    try:
        system = registered_system(registry, login.system, visit.at)
        still_registered(system, login)
    except SamlError as error:
        if error.code in ("req.unknown-sp", "md.expired", "req.acs"):
            visit.requester = None  # its address is its own no longer, and gets not even a refusal
        raise
    return system


@step(Party.HOME_IDP)
def check_idp_response(
    visit: Visit, answer: Answer, login: PendingLogin, idp: RegisteredIdp, system: RegisteredSystem, ports: Ports
) -> tuple[Assertion, Subject]:
    """The answer follows the rules: for us, in time, from the IdP asked, about its own user, at a level allowed and enough."""
    visit.note(party=idp.registration.entity_id)
    findings = check_envelope(answer, login, idp, at=visit.at, ports=ports)
    if answer.assertion is None:
        raise status_refusal(answer.envelope.status, demand_of(login, system).named)
    findings += check_assertion(answer.assertion, login, idp, system, at=visit.at, ports=ports)
    visit.note(message_id=None, findings=findings)
    assertion = answer.assertion.value
    return assertion, Subject.of(assertion)


@async_step(Party.ATTRIBUTE_SERVICE)
async def gather_privileges(
    visit: Visit,
    assertion: Assertion,
    subject: Subject,
    idp: RegisteredIdp,
    system: RegisteredSystem,
    registry: Registry,
    ports: Ports,
) -> PrivilegeList:
    """The user's job function roles come from the token if the IdP knows roles, else from the municipality's attribute service."""
    if idp.registration.knows_roles:
        return privileges_in_token(assertion)
    return await attribute_query.ask_for_privileges(visit, subject, idp, system, registry, ports)


@step(Party.HOME_IDP)
def translate_roles(
    visit: Visit, privileges: PrivilegeList, subject: Subject, system: RegisteredSystem, registry: Registry
) -> Translation:
    """Job function roles become this system's own roles with their data constraints; nothing of any other system's."""
    translator = Translator(registry, system.registration.entity_id, subject.x509.cvr, visit.at)
    translation = translator.translate(privileges)
    visit.note(
        detail="; ".join(f"{dropped.privilege}: {dropped.code}: {dropped.reason}" for dropped in translation.dropped)
    )
    return translation


@step(Party.CONTEXT_HANDLER)
def release_attributes(
    visit: Visit,
    assertion: Assertion,
    subject: Subject,
    translation: Translation,
    system: RegisteredSystem,
    idp: RegisteredIdp,
    registry: Registry,
    ports: Ports,
) -> issue.Identity:
    """The system gets the attributes it is registered for, and a NameID in the format it asked for."""
    released = attributes_for(system, assertion, subject.level, subject.x509.cvr, translation.privileges, registry)
    visit.note(detail=", ".join(attribute.friendly_name or attribute.name for attribute in released))
    name_id = name_id_for(
        system,
        subject.x509,
        issuer=ports.entity_id_towards_systems,
        pairwise_secret=ports.keys.pairwise_secret,
        ids=ports.ids,
    )
    authn_instant = assertion.authn_statements[0].authn_instant
    return issue.Identity(name_id, subject.level, released, authn_instant, idp.registration.entity_id)


@step(Party.CONTEXT_HANDLER)
def compose_assertion(visit: Visit, identity: issue.Identity, ports: Ports) -> bytes:
    """Our own assertion is composed and signed: fresh IDs, our own issuer, this system as the only audience."""
    requester = visit.known_requester()
    assertion = issue.compose_assertion(identity, requester, at=visit.at, ports=ports)
    octets = issue.sign_assertion(assertion, ports)
    visit.note(party=requester.system, octets_out=octets)
    return octets


@step(Party.CONTEXT_HANDLER)
def answer_system(visit: Visit, assertion: bytes, system: RegisteredSystem, ports: Ports) -> OutboundMessage:
    """The assertion is encrypted for this system and posted to its registered address."""
    requester = visit.known_requester()
    octets = issue.seal(assertion, system, requester, at=visit.at, ports=ports)
    visit.note(party=requester.system, message_id=requester.request.id, octets_out=octets)
    return PostTo(issue.answer_form(octets, requester))
