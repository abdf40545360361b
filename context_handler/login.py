"""The story of a brokered login, told in the order it happens. The browser comes twice, and once more if the person must choose.

Every `@step` writes one event under its own name; docs/login-flow.md is made from them. The steps of choosing an IdP stand in
`choosing.py`, those that make our own token in `own_token.py`. A step refuses by raising; `refuse_login` decides what a refusal
becomes. Nothing leaves before what it rests on is durable.
"""

from datetime import datetime

from context_handler.answer_in_hand import AnswerInHand
from context_handler.answering import RefusedLogin, complete_from_session, complete_login, refuse_login
from context_handler.asking import OutboundMessage
from context_handler.checks import check_assertion, check_envelope, check_request, require_level, status_refusal
from context_handler.choosing import (
    ask_home_idp,
    choose_home_idp,
    demand_of,
    put_aside,
    remember_login,
    resume_choice,
    take_choice,
    wishes_of,
)
from context_handler.discovery import AskForHomeIdp
from context_handler.inbound import AnswerFromIdp, ChosenIdp, RequestFromSystem
from context_handler.level import LevelDemand
from context_handler.login_state import PENDING_LOGIN_LIFETIME, LoginState, PendingLogin
from context_handler.own_token import (
    answer_system,
    compose_assertion,
    gather_privileges,
    release_attributes,
    translate_roles,
)
from context_handler.ports import Ports, RegisteredIdp, RegisteredSystem, Registry
from context_handler.profiles.profile import Subject
from context_handler.profiles.registered import profile_of_idp, subject_of
from context_handler.requester import (
    BY_COOKIE,
    registered_acs,
    registered_idp,
    registered_system,
    require_not_expired,
    system_as_registered_now,
)
from context_handler.single_sign_on import (
    Restored,
    find_session,
    keep_session,
    session_of_login,
    usable_sessions,
    with_sessions,
)
from context_handler.visit import Requester, Visit, step
from oiosaml.errors import Party, SamlError
from oiosaml.ids import FlowId
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.messages.response import Answer, Response
from oiosaml.openings import unseal_response, vouch_for_authn_request
from oiosaml.sealed import relay_state_of
from oiosaml.verified import Unverified, Verified


async def begin_login(
    inbound: RequestFromSystem, at: datetime, ports: Ports
) -> OutboundMessage | AskForHomeIdp | RefusedLogin:
    """The first visit: a system sends a person who wants in.

    The person leaves with our question to the home IdP, or, if a session of this browser is enough, with the system's own token.
    """
    visit = Visit(FlowId(ports.ids.uuid()), at)
    registry = ports.registry()
    try:
        unverified = open_authn_request(visit, inbound)
        system, request = vouch_for_system(visit, unverified, registry)
        demand = check_authn_request(visit, request, system, inbound, registry, ports)
        sessions = usable_sessions(inbound.session, registry, at, ports)
        wishes = with_sessions(wishes_of(inbound, request), sessions)
        choice = choose_home_idp(visit, system, demand, wishes, registry)
        session = find_session(visit, sessions, choice, demand, ports) if sessions else None
        login = remember_login(visit, inbound.browser)
        if session is not None:
            return await answer_from_session(visit, login, session, inbound, system, registry, ports)
        if isinstance(choice, AskForHomeIdp):
            put_aside(visit, login, ports)
            return choice
        login, question = ask_home_idp(visit, login, choice, demand, ports)
        put_aside(visit, login, ports)
    except SamlError as refusal:
        return refuse_login(visit, refusal, ports)
    return question


async def continue_login(chosen: ChosenIdp, at: datetime, ports: Ports) -> OutboundMessage | RefusedLogin:
    """The visit between: the person has chosen a municipality on our page."""
    visit = Visit(FlowId(ports.ids.uuid()), at)
    registry = ports.registry()
    try:
        login, system = resume_choice(visit, chosen, registry, ports)
        demand = demand_of(login, system)
        idp = take_choice(visit, chosen, system, demand, registry)
        sessions = usable_sessions(chosen.session, registry, at, ports)
        session = find_session(visit, sessions, idp, demand, ports) if sessions else None
        if session is not None:
            return await answer_from_session(visit, login, session, chosen, system, registry, ports)
        login, question = ask_home_idp(visit, login, idp, demand, ports)
        if not ports.store.save_idp_choice(ports.workspace, login, visit.take_events()):
            visit.ends_if_refused = False
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
        accept_idp_response(visit, answer, login)
        system = find_system_again(visit, login, registry)
        assertion, subject = check_idp_response(visit, answer, login, idp, system, ports)
        session, before = session_of_login(visit, assertion, subject, idp, inbound, ports)
        message = await give_token(visit, subject, idp, system, registry, ports)
        kept = keep_session(visit, session, before, inbound, ports)
        complete_login(visit, kept, ports)
    except SamlError as refusal:
        return refuse_login(visit, refusal, ports)
    return message


async def answer_from_session(
    visit: Visit,
    login: PendingLogin,
    session: Restored,
    inbound: RequestFromSystem | ChosenIdp,
    system: RegisteredSystem,
    registry: Registry,
    ports: Ports,
) -> OutboundMessage:
    """No visit to the home IdP: the system gets its own token on the strength of a session, with the rights of this moment."""
    message = await give_token(visit, session.subject, session.idp, system, registry, ports)
    complete_from_session(visit, login, session.idp.registration.entity_id, inbound.session, ports)
    return message


async def give_token(
    visit: Visit, subject: Subject, idp: RegisteredIdp, system: RegisteredSystem, registry: Registry, ports: Ports
) -> OutboundMessage:
    """What every login ends with: rights are gathered and translated, and our own token is made of them."""
    privileges, system, registry = await gather_privileges(visit, subject, idp, system, registry, ports)
    translation = translate_roles(visit, privileges, subject, system, registry)
    identity = release_attributes(visit, subject, translation, system, idp, registry, ports)
    token = compose_assertion(visit, identity, ports)
    return answer_system(visit, token, system, ports)


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
    visit.vouched = True
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
    demand = LevelDemand.of(request.value.requested_authn_context, system.registration)
    if not demand.is_possible:
        raise SamlError(
            "req.authn-context",
            f"got {demand.comparison} {demand.named}, expected a level from {demand.floor.attribute_value} up",
        )
    return demand


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
        raise SamlError(
            "proto.in-response-to",
            f"got an answer by another browser, expected the one that began the login; {BY_COOKIE}",
        )
    visit.resume(login)
    require_not_expired(login)
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
        answer = unseal_response(
            unverified,
            idp.keys,
            ports.keys.decryption,
            strangers=registry.keys_of_idps(),
            may_be_plain=profile_of_idp(idp).may_be_plain and idp.registration.encryption_optional,
        )
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
    visit.vouched = True
    return idp, answer


@step(Party.HOME_IDP)
def accept_idp_response(visit: Visit, answer: Answer, login: PendingLogin) -> None:
    """The answer counts once: the transaction that writes what comes of it uses it up, or one before anybody is asked because of it."""
    assertion = answer.assertion.value if answer.assertion else None
    seen = None if assertion is None else (assertion.issuer, assertion.id, visit.at + PENDING_LOGIN_LIFETIME)
    visit.in_hand = AnswerInHand(login, seen, visit.take_events())
    visit.ends_if_refused = True


@step(Party.CONTEXT_HANDLER)
def find_system_again(visit: Visit, login: PendingLogin, registry: Registry) -> RegisteredSystem:
    """The system may still have users sent to it (attack FED-08), from this IdP and to this address."""
    visit.note(party=login.system)
    return system_as_registered_now(visit, login.system, registry, idp=login.idp)


@step(Party.HOME_IDP)
def check_idp_response(
    visit: Visit, answer: Answer, login: PendingLogin, idp: RegisteredIdp, system: RegisteredSystem, ports: Ports
) -> tuple[Verified[Assertion], Subject]:
    """The answer follows the rules: for us, in time, from the IdP asked, about its own user, at a level allowed and enough."""
    visit.note(party=idp.registration.entity_id)
    findings = check_envelope(answer, login, idp, at=visit.at, ports=ports)
    if answer.assertion is None:
        raise status_refusal(answer.envelope.status, demand_of(login, system).named)
    findings += check_assertion(answer.assertion, login, idp, system, at=visit.at, ports=ports)
    visit.note(message_id=None, findings=findings)
    subject = subject_of(idp, answer.assertion.value)
    require_level(subject, login, system)
    return answer.assertion, subject
