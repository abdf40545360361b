"""The Context Handler's request at the IdP's door: opened, vouched for, and held to the rules of the profile."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from idp_mock.inbound import InboundRequest
from idp_mock.ports import Ports
from oiosaml.errors import Party, SamlError
from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.openings import (
    open_authn_request_post,
    open_authn_request_redirect,
    vouch_for_authn_request,
)
from oiosaml.rules.authn_request import (
    AUTHN_REQUEST_RULES,
    AuthnRequestExpectations,
    chosen_assertion_consumer_service,
    not_stale,
)
from oiosaml.rules.rule import enforce
from oiosaml.sealed import relay_state_of
from oiosaml.validity import format_instant
from oiosaml.verified import Verified
from saml_web.front_channel import Binding

LOGIN_PAGE_LIFETIME: Final = timedelta(hours=1)
"""How long a person may look at the login page: a trainer's explanation fits in. The Context Handler gives up sooner (our choice)."""

_RULES_ON_RETURN: Final = tuple(each for each in AUTHN_REQUEST_RULES if each is not not_stale)


@dataclass(frozen=True, slots=True)
class OpenedRequest:
    """A request that the Context Handler signed."""

    verified: Verified[AuthnRequest]
    binding: Binding
    relay_state: str | None


def open_request(inbound: InboundRequest, ports: Ports) -> OpenedRequest:
    """Give the request, if the Context Handler sent it and signed it as its binding prescribes.

    Raises:
        SamlError: `req.unknown-sp` for another issuer, `req.signature` or `sig.…` for a signature that is missing or not the
            Context Handler's, or what decoding and parsing refuse.
    """
    with _laid_at_the_context_handler():
        opening = open_authn_request_redirect if inbound.binding is Binding.REDIRECT else open_authn_request_post
        unverified = opening(inbound.octets)
        # by issuer first: keys are never tried in turn (attack REQ-09)
        if unverified.claimed_issuer != ports.broker.entity_id:
            raise SamlError(
                "req.unknown-sp",
                f"got the issuer {unverified.claimed_issuer!r:.120}, expected {ports.broker.entity_id}",
            )
        verified = vouch_for_authn_request(unverified, ports.broker.keys)
        return OpenedRequest(verified, inbound.binding, relay_state_of(unverified))


def check_on_arrival(opened: OpenedRequest, *, at: datetime, ports: Ports) -> str:
    """Hold the request to every rule and give the registered ACS its answer goes to.

    Raises:
        RuleViolation: with the first broken rule's code, such as `proto.destination`, `req.stale` or `req.acs`.
    """
    with _laid_at_the_context_handler():
        expected = _expectations(opened, at, ports)
        enforce(AUTHN_REQUEST_RULES, opened.verified.value, expected)
        return _acs_url(opened, expected)


def check_on_return(opened: OpenedRequest, *, at: datetime, ports: Ports) -> str:
    """Do the same when the login page brings the request back: only its age is judged by what a person needs.

    Raises:
        RuleViolation: as `check_on_arrival`.
        SamlError: `flow.expired` if the page is older than `LOGIN_PAGE_LIFETIME`.
    """
    with _laid_at_the_context_handler():
        expected = _expectations(opened, at, ports)
        enforce(_RULES_ON_RETURN, opened.verified.value, expected)
        made_at = opened.verified.value.issue_instant
        if at - made_at > LOGIN_PAGE_LIFETIME:
            raise SamlError(
                "flow.expired",
                f"got a request of {format_instant(made_at)}, expected after {format_instant(at - LOGIN_PAGE_LIFETIME)}",
            )
        return _acs_url(opened, expected)


def _expectations(opened: OpenedRequest, at: datetime, ports: Ports) -> AuthnRequestExpectations:
    return AuthnRequestExpectations(
        at=at,
        issuer=ports.broker.entity_id,
        sso_location=ports.urls.sso_url,
        assertion_consumer_services=ports.broker.assertion_consumer_services,
        binding=opened.binding.uri,
        asks_others=False,
        relay_state=opened.relay_state,
    )


def _acs_url(opened: OpenedRequest, expected: AuthnRequestExpectations) -> str:
    chosen = chosen_assertion_consumer_service(opened.verified.value, expected.assertion_consumer_services)
    if chosen is None:
        raise SamlError("req.acs", "got a request for an address that is not registered, expected a registered one")
    return chosen.location


@contextmanager
def _laid_at_the_context_handler() -> Iterator[None]:
    """Name who can mend what is wrong with the request."""
    try:
        yield
    except SamlError as error:
        error.party = error.party or Party.CONTEXT_HANDLER
        raise
