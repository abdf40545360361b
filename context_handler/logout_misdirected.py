"""A logout message at an address that is not its own. It is acted upon nowhere; its sender is told where it belongs."""

from typing import Final

from context_handler.logout_inbound import LogoutAnswer, LogoutByParty, requests_come_to
from context_handler.logout_legs import answers_come_to, participant
from context_handler.logout_state import PartyKind
from context_handler.ports import Ports, Registry
from context_handler.visit import Visit
from federation.urls import ContextHandlerUrls
from oiosaml.errors import Party, SamlError
from oiosaml.ids import EntityId

_OTHER_FIELD: Final = "bind.params"
"""Code of a query or form that holds another message than was expected."""


def no_request(visit: Visit, error: SamlError, inbound: LogoutByParty, ports: Ports) -> SamlError:
    """Give the refusal of what cannot be opened as a request. An answer belongs at our ResponseLocation (SAML Metadata 2.2.2)."""
    answer = inbound.misread() if error.code == _OTHER_FIELD else None
    if answer is None:
        return error
    visit.note(party=answer.claimed_issuer, message_id=answer.claimed_id)
    here, there = inbound.location(ports.urls), answers_come_to(inbound.kind, ports)
    return SamlError(
        "bind.params:logout-response",
        f"got a LogoutResponse at {here}, expected a LogoutRequest; "
        f"a LogoutResponse belongs at {there}, the ResponseLocation of our metadata",
    )


def no_answer(visit: Visit, error: SamlError, inbound: LogoutAnswer, ports: Ports) -> SamlError:
    """Give the refusal of what cannot be opened as an answer. A request belongs at our Location."""
    request = inbound.misread() if error.code == _OTHER_FIELD else None
    if request is None:
        return error
    visit.note(party=request.claimed_issuer, message_id=request.claimed_id)
    here, there = answers_come_to(inbound.kind, ports), requests_come_to(inbound.kind, ports.urls)
    return SamlError(
        "bind.params:logout-request",
        f"got a LogoutRequest at {here}, expected a LogoutResponse; "
        f"a LogoutRequest belongs at {there}, the Location of our metadata",
    )


def unknown_here(
    issuer: EntityId | None, inbound: LogoutByParty, registry: Registry, urls: ContextHandlerUrls
) -> SamlError:
    """Refuse a sender that this face does not know. One that the other face knows is told where to go, and believed no more for it."""
    got = f"got the issuer {issuer!r:.200}"
    if inbound.kind is PartyKind.SYSTEM and participant(PartyKind.HOME_IDP, issuer, registry):
        detail = f"{got}, an IdP, at {inbound.location(urls)}, expected it at {urls.slo_request_from_idps_url}"
        return SamlError("fed.unknown-issuer:idp-among-systems", detail, party=Party.HOME_IDP)
    if inbound.kind is PartyKind.HOME_IDP and participant(PartyKind.SYSTEM, issuer, registry):
        detail = f"{got}, a system, at {inbound.location(urls)}, expected it at {urls.sso_url} or {urls.slo_soap_url}"
        return SamlError("fed.unknown-issuer:system-among-idps", detail, party=Party.SYSTEM)
    return SamlError("fed.unknown-issuer", f"{got}, expected a registered party")
