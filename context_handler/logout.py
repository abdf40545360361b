"""The story of a single logout: begun by a system, by a home IdP or by the person, and carried to everybody who takes part in the session.

The session ends first, whatever becomes of the rest. Then those with a back channel are asked at once, the others one after another
through the browser, the home IdP last; at the end the initiator is told, and the person reads who is still logged in. Whatever goes wrong
with one participant, the logout goes on (attack SLO-06). The steps of the beginning stand in `logout_beginning.py`. Every `@step` writes
one event; docs/logout-flow.md is made from them.
"""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from context_handler.asking import OutboundMessage, PostTo, RedirectTo
from context_handler.logout_answering import LoggedOut, RefusedLogout, refuse_answer, refuse_logout
from context_handler.logout_beginning import (
    check_logout_request,
    end_sessions,
    find_sessions_of_browser,
    find_sessions_to_end,
    open_logout_request,
    vouch_for_participant,
    write_beginning,
)
from context_handler.logout_inbound import LogoutAnswer, LogoutByParty, LogoutByPerson
from context_handler.logout_legs import (
    FRONT_CHANNEL,
    answers_come_to,
    ask_by_back_channel,
    ask_by_browser,
    check_answer,
    endpoint_of,
    our_fault,
    participant,
    refused_by,
    response_to_initiator,
    with_back_channel,
)
from context_handler.logout_misdirected import no_answer
from context_handler.logout_state import (
    BY_PERSON,
    Initiator,
    Leg,
    LegState,
    Logout,
    LogoutMovedError,
    LogoutState,
    PartyKind,
)
from context_handler.ports import Ports, Registry
from context_handler.requester import BY_COOKIE
from context_handler.visit import Visit, async_step, step
from oiosaml.errors import Party, SamlError
from oiosaml.ids import FlowId
from oiosaml.logout_sending import logout_envelope, logout_form, logout_redirect
from oiosaml.messages.logout import LogoutResponse
from oiosaml.sealed import relay_state_of
from oiosaml.uris import BINDING_POST, BINDING_SOAP
from oiosaml.verified import Unverified

Outcome = OutboundMessage | LoggedOut | RefusedLogout


async def begin_logout(inbound: LogoutByParty, at: datetime, ports: Ports) -> Outcome:
    """A system or a home IdP says that the person logs out there."""
    visit = Visit(FlowId(ports.ids.uuid()), at)
    registry = ports.registry()
    try:
        unverified = open_logout_request(visit, inbound, ports)
        party, request = vouch_for_participant(visit, unverified, inbound, registry, ports)
        check_logout_request(visit, request, party, inbound, ports)
        sessions = find_sessions_to_end(visit, request, inbound, ports)
        initiator = Initiator(inbound.kind, request.issuer, request.id, inbound.binding, relay_state_of(unverified))
        logout = end_sessions(visit, sessions, initiator, inbound.browser)
        write_beginning(visit, logout, sessions, ports)
    except SamlError as refusal:
        return refuse_logout(visit, refusal, inbound, ports)
    return await go_on(visit, logout, logout, registry, ports)


async def begin_logout_by_person(inbound: LogoutByPerson, at: datetime, ports: Ports) -> Outcome:
    """The person logs out on our own page."""
    visit = Visit(FlowId(ports.ids.uuid()), at)
    sessions = find_sessions_of_browser(visit, inbound, ports)
    logout = end_sessions(visit, sessions, BY_PERSON, inbound.browser)
    write_beginning(visit, logout, sessions, ports)
    return await go_on(visit, logout, logout, ports.registry(), ports)


async def continue_logout(inbound: LogoutAnswer, at: datetime, ports: Ports) -> Outcome:
    """A participant answers through the browser."""
    visit = Visit(FlowId(ports.ids.uuid()), at)
    registry = ports.registry()
    try:
        before, leg, unverified = resume_logout(visit, inbound, ports)
    except SamlError as refusal:
        return refuse_answer(visit, refusal, ports, kind=inbound.kind)
    leg = hear_participant(visit, unverified, leg, registry, ports)
    return await go_on(visit, before, before.with_leg(leg), registry, ports)


async def go_on_without(flow: FlowId, browser: str, at: datetime, ports: Ports) -> Outcome:
    """A participant did not send the browser back; the person came back alone and goes on without it."""
    visit = Visit(FlowId(ports.ids.uuid()), at)
    try:
        before, logout = leave_participant_out(visit, flow, browser, ports)
    except SamlError as refusal:
        return refuse_answer(visit, refusal, ports)
    return await go_on(visit, before, logout, ports.registry(), ports)


async def go_on(visit: Visit, before: Logout, logout: Logout, registry: Registry, ports: Ports) -> Outcome:
    """What every visit ends with: the next participant, or the end."""
    message: OutboundMessage | None = None
    if crossed := ports.logouts.logged_out_meanwhile(ports.workspace, logout):
        logout = cross_off(visit, logout, crossed)
    if with_back_channel(logout, registry):
        logout = await ask_back_channels(visit, logout, registry, ports)
        registry = ports.registry()  # that may take seconds, and nothing goes to an address that was given up meanwhile
    for leg in logout.waiting():
        asked, message = ask_participant(visit, logout, leg, registry, ports)
        logout = logout.with_leg(asked)
        if message is not None:
            break
    outcome: Outcome = message if message is not None else answer_initiator(visit, logout.ended(), registry, ports)
    after = outcome.logout if isinstance(outcome, LoggedOut) else logout
    try:
        ports.logouts.save(ports.workspace, before, after, visit.take_events())
    except LogoutMovedError:
        moved = SamlError("slo.unsolicited", "the logout was moved on in another tab", party=Party.USER)
        return RefusedLogout(moved, visit.flow, "go_on", None)
    return outcome


# --- how it goes on


@step(Party.CONTEXT_HANDLER)
def cross_off(visit: Visit, logout: Logout, logged_out: Sequence[Leg]) -> Logout:
    """Two logouts crossed: whoever logged out by itself meanwhile, or said yes to another logout, counts as logged out in this one."""
    visit.note(detail=", ".join(leg.party for leg in logged_out))
    return logout.without(logged_out)


@async_step(Party.CONTEXT_HANDLER)
async def ask_back_channels(visit: Visit, logout: Logout, registry: Registry, ports: Ports) -> Logout:
    """Everybody with a back channel is asked at once, without the browser, and for a bounded time."""
    for heard in await ask_by_back_channel(with_back_channel(logout, registry), registry, at=visit.at, ports=ports):
        visit.note(party=heard.leg.party, message_id=heard.leg.request_id, octets_out=heard.octets_out)
        visit.note(octets_in=heard.octets_in)
        visit.record("ask_by_back_channel", heard.error)
        logout = logout.with_leg(heard.leg)
    visit.note(detail=f"{len(logout.still_logged_in)} left")
    return logout


@step(Party.CONTEXT_HANDLER)
def ask_participant(
    visit: Visit, logout: Logout, leg: Leg, registry: Registry, ports: Ports
) -> tuple[Leg, OutboundMessage | None]:
    """The browser carries the question to the next participant; one that cannot be asked counts as still logged in."""
    visit.note(party=leg.party)
    endpoint = endpoint_of(participant(leg.kind, leg.party, registry), FRONT_CHANNEL)
    if endpoint is None or logout.initiator.binding == BINDING_SOAP:
        visit.note(detail="no way to ask: " + ("no endpoint" if endpoint is None else "no browser in this logout"))
        return leg.moved(LegState.FAILED), None
    try:
        asked, message = ask_by_browser(leg, endpoint, at=visit.at, ports=ports)
    except Exception as unforeseen:  # noqa: BLE001 - logged with its traceback
        visit.record("ask_by_browser", our_fault(leg, unforeseen))
        visit.note(party=leg.party, detail="no way to ask: a failure of ours")
        return leg.moved(LegState.FAILED), None
    octets = (message.url if isinstance(message, RedirectTo) else urlencode(message.form.fields)).encode()
    visit.note(message_id=asked.request_id, octets_out=octets, asked=True)
    return asked, message


@step(Party.SYSTEM)
def resume_logout(visit: Visit, inbound: LogoutAnswer, ports: Ports) -> tuple[Logout, Leg, Unverified[LogoutResponse]]:
    """The answer names a request of ours that this browser is waiting on (attack SLO-04)."""
    visit.note(octets_in=inbound.octets)
    try:
        unverified = inbound.open()
    except SamlError as error:
        raise no_answer(visit, error, inbound, ports) from error
    visit.note(party=unverified.claimed_issuer, message_id=unverified.claimed_id)
    request_id = unverified.claimed_in_response_to
    logout = ports.logouts.by_request(ports.workspace, request_id) if request_id is not None else None
    if logout is None or logout.browser != inbound.browser or logout.state is not LogoutState.UNDER_WAY:
        raise SamlError(
            "slo.unsolicited", f"got InResponseTo {request_id!r:.120}, expected that of an open request of ours"
        )
    leg = next(each for each in logout.legs if each.request_id == request_id)
    if leg.kind is not inbound.kind:
        here, there = answers_come_to(inbound.kind, ports), answers_come_to(leg.kind, ports)
        raise SamlError(
            "slo.unsolicited", f"got an answer to our question to {leg.party} at {here}, expected it at {there}"
        )
    if leg.state is not LegState.ASKED:
        raise SamlError("slo.unsolicited", f"got InResponseTo {request_id!r:.120}, which was answered before")
    visit.continue_flow(logout.flow)
    return logout, leg, unverified


def hear_participant(
    visit: Visit, unverified: Unverified[LogoutResponse], leg: Leg, registry: Registry, ports: Ports
) -> Leg:
    """Take a participant's word that it is logged out; any other answer, and a wrong one, leaves it as still logged in."""
    try:
        return take_answer(visit, unverified, leg, registry, ports)
    except SamlError:
        return leg.moved(LegState.FAILED)
    except Exception as unforeseen:  # noqa: BLE001 - logged with its traceback
        visit.record("take_answer", our_fault(leg, unforeseen))
        return leg.moved(LegState.FAILED)


@step(Party.SYSTEM)
def take_answer(
    visit: Visit, unverified: Unverified[LogoutResponse], leg: Leg, registry: Registry, ports: Ports
) -> Leg:
    """The answer is verified with the keys of the participant that was asked, and says that it is logged out."""
    visit.note(party=leg.party)
    party = participant(leg.kind, leg.party, registry)
    response = check_answer(unverified, leg, party, answers_come_to(leg.kind, ports), at=visit.at, ports=ports)
    error = refused_by(response)
    if error is not None:
        raise error
    return leg.moved(LegState.LOGGED_OUT)


@step(Party.USER)
def leave_participant_out(visit: Visit, flow: FlowId, browser: str, ports: Ports) -> tuple[Logout, Logout]:
    """The logout is under way in this browser, and the participant that did not send it back counts as still logged in.

    Nobody need be asked just then: what sent the browser on may have died, or its tab been closed, before it did.
    """
    logout = ports.logouts.by_flow(ports.workspace, flow)
    if logout is None or logout.browser != browser or logout.state is not LogoutState.UNDER_WAY:
        raise SamlError(
            "flow.unknown:logout",
            f"got a logout that is not under way in this browser, expected one that it began; {BY_COOKIE}",
        )
    visit.continue_flow(logout.flow)
    leg = logout.asked
    if leg is None:
        visit.note(detail="nobody was being asked")
        return logout, logout
    visit.note(party=leg.party, detail="did not send the browser back")
    return logout, logout.with_leg(leg.moved(LegState.FAILED))


@step(Party.CONTEXT_HANDLER)
def answer_initiator(visit: Visit, logout: Logout, registry: Registry, ports: Ports) -> LoggedOut:
    """The initiator is told how it went, where it takes responses; Success, with PartialLogout if somebody is still logged in."""
    initiator = logout.initiator
    visit.note(party=initiator.party, detail=", ".join(leg.party for leg in logout.still_logged_in))
    if initiator.kind is PartyKind.USER:
        return LoggedOut(logout, None)
    if initiator.binding == BINDING_SOAP:
        envelope = logout_envelope(response_to_initiator(logout, None, at=visit.at, ports=ports), ports.keys.signing)
        visit.note(octets_out=envelope)
        return LoggedOut(logout, envelope)
    wished = (initiator.binding or "", *FRONT_CHANNEL)
    endpoint = endpoint_of(participant(initiator.kind, initiator.party, registry), wished)
    if endpoint is None:
        visit.note(detail="the initiator takes no answer")
        return LoggedOut(logout, None)
    response = response_to_initiator(logout, endpoint.takes_responses_at, at=visit.at, ports=ports)
    visit.note(message_id=response.id)
    if endpoint.binding == BINDING_POST:
        return LoggedOut(logout, PostTo(logout_form(response, ports.keys.signing, relay_state=initiator.relay_state)))
    return LoggedOut(
        logout, RedirectTo(logout_redirect(response, ports.keys.signing, relay_state=initiator.relay_state))
    )
