"""How a visit of a logout ends: the person is shown the end, or a refusal, and both are written down."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from context_handler.asking import OutboundMessage
from context_handler.events import Event, EventOutcome
from context_handler.logout_inbound import LogoutByParty
from context_handler.logout_legs import our_name
from context_handler.logout_state import Logout, PartyKind
from context_handler.ports import Ports
from context_handler.visit import Visit
from oiosaml.errors import Party, SamlError
from oiosaml.ids import FlowId, MessageId
from oiosaml.logout_sending import logout_envelope
from oiosaml.messages.logout import LogoutResponse
from oiosaml.messages.response import Status
from oiosaml.uris import BINDING_SOAP, STATUS_REQUEST_DENIED, STATUS_REQUESTER

_BY_A_SYSTEM: Final = "fed.unknown-issuer:system-among-idps"
"""What is refused on the IdPs' face is an IdP's to mend, but for this."""


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """A logout at its end."""

    logout: Logout
    answer: OutboundMessage | bytes | None
    """For the initiator: through the browser, by the back channel, or none."""


@dataclass(frozen=True, slots=True)
class RefusedLogout:
    """A message of a logout that changed nothing."""

    error: SamlError
    flow: FlowId
    step: str
    answer: bytes | None
    """By the back channel: the signed refusal; None also if there was no SAML message to answer."""
    goes_on_as: FlowId | None = None
    """The logout that this same request began in this same browser, if it is under way: a page that was loaded twice."""


def refuse_logout(visit: Visit, error: SamlError, inbound: LogoutByParty, ports: Ports) -> RefusedLogout:
    """Write down a request that ended nothing. Through the browser nobody is told but the person: a page of ours."""
    _lay_at_its_sender(error, inbound.kind)
    events = _with_refusal(visit, error)
    step = events[-1].step
    party = next((event.party for event in reversed(events) if event.party is not None), None)
    message_id = next((event.message_id for event in events if event.message_id is not None), None)
    ports.logouts.refuse(ports.workspace, visit.flow, visit.at, error.code, events)
    by_soap = inbound.binding == BINDING_SOAP and message_id is not None
    answer = _refusal(visit, error, inbound, message_id, ports) if by_soap else None
    goes_on = None
    if error.code == "proto.replay" and party is not None and message_id is not None:
        begun = ports.logouts.begun_by(ports.workspace, party, message_id)
        goes_on = begun.flow if begun is not None and begun.browser == inbound.browser else None
    return RefusedLogout(error, visit.flow, step, answer, goes_on)


def refuse_answer(visit: Visit, error: SamlError, ports: Ports, *, kind: PartyKind = PartyKind.SYSTEM) -> RefusedLogout:
    """Write down an answer, or a click, that belongs to no logout under way here. It changes nothing (attack SLO-04)."""
    _lay_at_its_sender(error, kind)
    events = _with_refusal(visit, error)
    ports.logouts.refuse(ports.workspace, visit.flow, visit.at, error.code, events)
    return RefusedLogout(error, visit.flow, events[-1].step, None)


def refuse_unread(error: SamlError, at: datetime, ports: Ports) -> RefusedLogout:
    """End the visit of a message that was too long to be read: nothing of it is known, but that it came is written down (invariant I4)."""
    return refuse_answer(Visit(FlowId(ports.ids.uuid()), at), error, ports)


def _lay_at_its_sender(error: SamlError, kind: PartyKind) -> None:
    """The steps are told of a system's message; the same message of a home IdP is the IdP's to mend."""
    if kind is PartyKind.HOME_IDP and error.party is Party.SYSTEM and error.refusal.key != _BY_A_SYSTEM:
        error.party = Party.HOME_IDP


def _with_refusal(visit: Visit, error: SamlError) -> tuple[Event, ...]:
    """Most refusals are a step's own event already; one raised between steps, such as a request sent twice, becomes an event here."""
    if not any(event.outcome is EventOutcome.REFUSED for event in visit.events):
        visit.record("refuse_logout", error)
    return visit.take_refused_events()


def _refusal(
    visit: Visit, error: SamlError, inbound: LogoutByParty, request_id: MessageId | None, ports: Ports
) -> bytes:
    status = Status(STATUS_REQUESTER, STATUS_REQUEST_DENIED, f"{error.code}: {error.sentence('en')}")
    response = LogoutResponse(ports.ids.message_id(), visit.at, our_name(inbound.kind, ports), None, request_id, status)
    return logout_envelope(response, ports.keys.signing)
