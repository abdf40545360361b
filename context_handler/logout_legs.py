"""Asking one participant to log a person out: where it takes the question, what it is asked, and what its answer means."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from context_handler.asking import OutboundMessage, PostTo, RedirectTo
from context_handler.logout_state import Leg, LegState, Logout, PartyKind
from context_handler.ports import Ports, RegisteredIdp, RegisteredSystem, Registry
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId
from oiosaml.logout_openings import open_logout_response_soap, vouch_for_logout_response
from oiosaml.logout_sending import logout_envelope, logout_form, logout_redirect
from oiosaml.messages.logout import LogoutRequest, LogoutResponse
from oiosaml.messages.metadata import Endpoint, endpoint_by
from oiosaml.messages.response import Status
from oiosaml.rules.logout import LOGOUT_RESPONSE_RULES, LogoutResponseExpectations
from oiosaml.rules.rule import enforce
from oiosaml.uris import (
    BINDING_POST,
    BINDING_REDIRECT,
    BINDING_SOAP,
    STATUS_PARTIAL_LOGOUT,
    STATUS_SUCCESS,
)
from oiosaml.verified import Unverified

REQUEST_LIFETIME: Final = timedelta(minutes=5)
"""NotOnOrAfter of our own LogoutRequest (OIOSAML 3 recommends one)."""

BACK_CHANNEL: Final = (BINDING_SOAP,)
FRONT_CHANNEL: Final = (BINDING_REDIRECT, BINDING_POST)

Participant = RegisteredSystem | RegisteredIdp

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a question by the back channel: the octets both ways, and the refusal if it went wrong."""

    leg: Leg
    octets_out: bytes | None
    """None if not even the question could be made."""
    octets_in: bytes | None
    error: SamlError | None


def participant(kind: PartyKind, party: EntityId | None, registry: Registry) -> Participant | None:
    """Give a participant as it is registered now, switched on or not: whoever is switched off is logged out all the more."""
    if party is None:
        return None
    return registry.idp(party) if kind is PartyKind.HOME_IDP else registry.system(party)


def endpoint_of(party: Participant | None, bindings: tuple[str, ...]) -> Endpoint | None:
    """Give where a participant takes logout messages by one of these bindings; None if nowhere."""
    if party is None:
        return None
    role = party.metadata.idp if isinstance(party, RegisteredIdp) else party.metadata.sp
    return None if role is None else endpoint_by(role.single_logout_services, bindings)


def with_back_channel(logout: Logout, registry: Registry) -> tuple[Leg, ...]:
    """Give those still to be asked who take the question without a browser."""
    return tuple(
        leg
        for leg in logout.waiting()
        if endpoint_of(participant(leg.kind, leg.party, registry), BACK_CHANNEL) is not None
    )


def our_name(kind: PartyKind, ports: Ports) -> EntityId:
    """Give our entityID on the face that this kind of party knows."""
    return ports.entity_id_towards_idps if kind is PartyKind.HOME_IDP else ports.entity_id_towards_systems


def answers_come_to(kind: PartyKind, ports: Ports) -> str:
    """Give where that kind of party answers through the browser."""
    urls = ports.urls
    return urls.slo_response_from_idps_url if kind is PartyKind.HOME_IDP else urls.slo_response_from_systems_url


def ask_by_browser(leg: Leg, endpoint: Endpoint, *, at: datetime, ports: Ports) -> tuple[Leg, OutboundMessage]:
    """Compose the question, and give the leg as asked."""
    request = _question(leg, endpoint, at=at, ports=ports)
    asked = replace(leg.moved(LegState.ASKED), request_id=request.id, asked_at=at)
    if endpoint.binding == BINDING_REDIRECT:
        return asked, RedirectTo(logout_redirect(request, ports.keys.signing))
    return asked, PostTo(logout_form(request, ports.keys.signing))


async def ask_by_back_channel(
    legs: Sequence[Leg], registry: Registry, *, at: datetime, ports: Ports
) -> Sequence[Heard]:
    """Ask everybody at once who has a back channel: the slowest decides how long it takes, and the transport has its own limit."""
    return await asyncio.gather(*(_ask_one(leg, registry, at=at, ports=ports) for leg in legs))


def check_answer(
    unverified: Unverified[LogoutResponse],
    leg: Leg,
    party: Participant | None,
    location: str | None,
    *,
    at: datetime,
    ports: Ports,
) -> LogoutResponse:
    """Verify a participant's answer with its own keys, and put the rules to it.

    Raises:
        SamlError: a `sig.…` code, `fed.unknown-issuer` if it was taken out of the registry, or what the rules refuse with.
    """
    if party is None or leg.request_id is None or leg.asked_at is None:
        raise SamlError(
            "fed.unknown-issuer", f"got an answer of {leg.party}, expected a registered party that was asked"
        )
    response = vouch_for_logout_response(unverified, party.keys).value
    expected = LogoutResponseExpectations(
        at=at,
        issuer=leg.party,
        location=location,
        request_id=leg.request_id,
        requested_at=leg.asked_at,
        skew=ports.clock_skew,
    )
    enforce(LOGOUT_RESPONSE_RULES, response, expected)
    return response


def refused_by(response: LogoutResponse) -> SamlError | None:
    """Say what an answer means that is not a whole logout; None if it is."""
    if response.everybody_is_logged_out:
        return None
    status = response.status
    return SamlError(
        "slo.partial", f"got {status.code!r:.120} {status.second_code or ''!r:.120} {status.message or ''!r:.200}"
    )


def our_fault(leg: Leg, error: Exception) -> SamlError:
    """Say what the record keeps of an exception that nobody foresaw; the log has its traceback.

    It is caught for the others' sake: whatever one participant brings about, they are asked (attack SLO-06).
    """
    _log.error("logging out at %s failed", leg.party, exc_info=error)
    return SamlError("web.internal", f"got {type(error).__name__} at {leg.party}, expected no failure of ours")


def response_to_initiator(logout: Logout, destination: str | None, *, at: datetime, ports: Ports) -> LogoutResponse:
    """Tell the initiator how it went: Success, with PartialLogout below it if somebody is still logged in (SAML Core 3.7.3.2)."""
    second = STATUS_PARTIAL_LOGOUT if logout.still_logged_in else None
    return LogoutResponse(
        id=ports.ids.message_id(),
        issue_instant=at,
        issuer=our_name(logout.initiator.kind, ports),
        destination=destination,
        in_response_to=logout.initiator.request_id,
        status=Status(STATUS_SUCCESS, second),
    )


async def _ask_one(leg: Leg, registry: Registry, *, at: datetime, ports: Ports) -> Heard:
    asked, envelope, octets = leg, None, None
    try:
        party = participant(leg.kind, leg.party, registry)
        endpoint = endpoint_of(party, BACK_CHANNEL)
        if endpoint is None:
            raise RuntimeError(f"{leg.party} has no back channel")
        request = _question(leg, endpoint, at=at, ports=ports)
        asked = replace(leg, request_id=request.id, asked_at=at)
        envelope = logout_envelope(request, ports.keys.signing)
        octets = await ports.attribute_services.post_soap(endpoint.location, envelope)
        response = check_answer(open_logout_response_soap(octets), asked, party, None, at=at, ports=ports)
        error = refused_by(response)
    except SamlError as refusal:
        error = _as_logout_error(refusal)
    except Exception as unforeseen:  # noqa: BLE001 - logged with its traceback
        error = our_fault(leg, unforeseen)
    state = LegState.LOGGED_OUT if error is None else LegState.FAILED
    return Heard(asked.moved(state), envelope, octets, error)


def _as_logout_error(error: SamlError) -> SamlError:
    # the transport speaks of attribute services; here the other party did not answer a logout
    return (
        SamlError("slo.fault", error.detail) if error.code in ("aq.transport", "aq.unavailable", "aq.fault") else error
    )


def _question(leg: Leg, endpoint: Endpoint, *, at: datetime, ports: Ports) -> LogoutRequest:
    return LogoutRequest(
        id=ports.ids.message_id(),
        issue_instant=at,
        issuer=our_name(leg.kind, ports),
        destination=endpoint.location,
        name_id=leg.name_id,
        session_indexes=leg.session_indexes,
        not_on_or_after=at + REQUEST_LIFETIME,
    )
