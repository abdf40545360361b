"""A client's request at NemLog-in's door: opened, vouched for, and held to the rules, in NemLog-in's own words."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from nemlogin_mock.clients import Client
from nemlogin_mock.inbound import InboundRequest
from nemlogin_mock.ports import Ports
from oiosaml.errors import REFUSALS, Party, SamlError
from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.openings import open_authn_request_redirect, vouch_for_authn_request
from oiosaml.rules.authn_request import (
    AuthnRequestExpectations,
    chosen_assertion_consumer_service,
    not_stale,
)
from oiosaml.rules.nemlogin_client import NEMLOGIN_REQUEST_RULES
from oiosaml.rules.rule import enforce
from oiosaml.sealed import relay_state_of
from oiosaml.uris import NAMEID_PERSISTENT, NAMEID_TRANSIENT
from oiosaml.validity import format_instant
from oiosaml.verified import Verified

LOGIN_PAGE_LIFETIME: Final = timedelta(hours=1)
"""How long a person may look at the login page (our choice)."""

_RULES_ON_RETURN: Final = tuple(each for each in NEMLOGIN_REQUEST_RULES if each is not not_stale)


@dataclass(frozen=True, slots=True)
class OpenedRequest:
    """A request that a connected client signed."""

    verified: Verified[AuthnRequest]
    client: Client
    relay_state: str | None
    acs_url: str


def open_on_arrival(inbound: InboundRequest, *, at: datetime, ports: Ports) -> OpenedRequest:
    """Give the request if a connected client sent it, signed it, and kept every rule.

    Raises:
        SamlError: what is wrong; nothing is sent to anybody then.
    """
    with in_own_words():
        return _open(inbound, NEMLOGIN_REQUEST_RULES, at, ports)


def open_on_return(inbound: InboundRequest, *, at: datetime, ports: Ports) -> OpenedRequest:
    """Do the same when the login page brings the request back: only its age is judged by what a person needs.

    Raises:
        SamlError: as `open_on_arrival`, and `flow.expired` if the page is older than `LOGIN_PAGE_LIFETIME`.
    """
    with in_own_words():
        opened = _open(inbound, _RULES_ON_RETURN, at, ports)
        made_at = opened.verified.value.issue_instant
        if at - made_at > LOGIN_PAGE_LIFETIME:
            raise SamlError("flow.expired", f"got a request of {format_instant(made_at)}, expected a younger one")
        return opened


def _open(inbound: InboundRequest, rules: tuple, at: datetime, ports: Ports) -> OpenedRequest:  # type: ignore[type-arg]
    unverified = open_authn_request_redirect(inbound.octets)
    # by issuer first: keys are never tried in turn (attack REQ-09)
    client = ports.clients.connected(unverified.claimed_issuer, at=at)
    verified = vouch_for_authn_request(unverified, client.face.keys)
    relay_state = relay_state_of(unverified)
    services = client.face.assertion_consumer_services
    expected = AuthnRequestExpectations(
        at=at,
        issuer=client.face.entity_id,
        sso_location=ports.urls.sso_url,
        assertion_consumer_services=services,
        our_entity_ids=ports.entity_ids,
        name_id_formats=(NAMEID_PERSISTENT, NAMEID_TRANSIENT),
        relay_state=relay_state,
    )
    enforce(rules, verified.value, expected)
    chosen = chosen_assertion_consumer_service(verified.value, services)
    if chosen is None:
        raise SamlError("req.acs", "got an address that is not registered, expected a registered one")
    return OpenedRequest(verified, client, relay_state, chosen.location)


@contextmanager
def in_own_words(sender: Party = Party.SYSTEM) -> Iterator[None]:
    """Let NemLog-in speak for itself: of services, and never of systems and municipalities. The `sender` is who can mend it."""
    try:
        yield
    except SamlError as error:
        own = f"{error.code}:nemlogin"
        if own not in REFUSALS or error.refusal.key == own:
            error.party = error.party or sender
            raise
        raise SamlError(own, error.detail, params=error.params, party=error.party or sender) from error
