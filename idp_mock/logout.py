"""Single logout at a municipality's IdP, from either side.

The Context Handler asks: the session ends and the answer goes back by the way the request came. The person asks: the session ends at once,
and the Context Handler is asked to log out every system; its answer becomes a page. Nothing is answered that was not verified.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from idp_mock.logout_memory import PendingLogout
from idp_mock.ports import Ports
from idp_mock.sessions import IdpSession
from idp_mock.token import name_id_of
from oiosaml.bindings.post import PostForm
from oiosaml.errors import Party, SamlError
from oiosaml.logout_openings import (
    open_logout_request_post,
    open_logout_request_redirect,
    open_logout_request_soap,
    open_logout_response_post,
    open_logout_response_redirect,
    vouch_for_logout_request,
    vouch_for_logout_response,
)
from oiosaml.logout_sending import RedirectTo, logout_endpoint, logout_envelope, send_by_browser
from oiosaml.messages.logout import LogoutRequest, LogoutResponse
from oiosaml.messages.response import Status
from oiosaml.rules.logout import (
    LOGOUT_REQUEST_RULES,
    LOGOUT_RESPONSE_RULES,
    LogoutRequestExpectations,
    LogoutResponseExpectations,
)
from oiosaml.rules.rule import enforce
from oiosaml.sealed import relay_state_of
from oiosaml.uris import (
    BINDING_REDIRECT,
    STATUS_REQUEST_DENIED,
    STATUS_REQUESTER,
    STATUS_RESPONDER,
    STATUS_SUCCESS,
    STATUS_UNKNOWN_PRINCIPAL,
)
from oiosaml.verified import Unverified
from saml_web.front_channel import Binding
from saml_web.logout_behaviour import LogoutBehaviour

REQUEST_LIFETIME: Final = timedelta(minutes=5)
"""NotOnOrAfter of our own LogoutRequest (OIOSAML 3 recommends one)."""

_LOGGED_OUT: Final = Status(STATUS_SUCCESS)
_REFUSED: Final = Status(STATUS_RESPONDER, STATUS_REQUEST_DENIED, "This IdP was told to refuse to end this session")
_UNKNOWN: Final = Status(STATUS_REQUESTER, STATUS_UNKNOWN_PRINCIPAL, "Nobody here has that NameID")


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer, because somebody chose so on the session page."""


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """What the person reads when the Context Handler has answered their logout."""

    person_name: str
    everybody: bool
    status: Status


Outbound = RedirectTo | PostForm


def answer_logout(octets: bytes, binding: Binding, *, at: datetime, ports: Ports) -> Outbound | Silence:
    """The Context Handler asks through the browser to end a session; end it and answer by the same binding.

    Raises:
        SamlError: if the request is not the Context Handler's, or breaks a rule. Nothing ends then, and nothing is sent.
    """
    opening = open_logout_request_redirect if binding is Binding.REDIRECT else open_logout_request_post
    with _laid_at_the_context_handler():
        unverified = opening(octets)
        request = _accepted(unverified, ports.urls.slo_url, at=at, ports=ports)
        endpoint = logout_endpoint(ports.broker.single_logout_services, binding.uri)
    status = _end_sessions(request, at=at, ports=ports)
    if status is None:
        return Silence()
    response = _response(request, status, endpoint.takes_responses_at, at=at, ports=ports)
    relay_state = relay_state_of(unverified)
    return send_by_browser(response, endpoint, ports.signing, relay_state=relay_state)


def answer_logout_by_soap(envelope: bytes, *, at: datetime, ports: Ports) -> bytes | Silence:
    """The Context Handler asks by the back channel to end a session; end it without its browser, and answer on the connection.

    Raises:
        SamlError: as `answer_logout`.
    """
    with _laid_at_the_context_handler():
        unverified = open_logout_request_soap(envelope)
        request = _accepted(unverified, ports.urls.slo_soap_url, at=at, ports=ports)
    status = _end_sessions(request, at=at, ports=ports)
    if status is None:
        return Silence()
    return logout_envelope(_response(request, status, None, at=at, ports=ports), ports.signing)


def begin_logout(session: IdpSession, *, at: datetime, ports: Ports) -> Outbound:
    """The person logs out here: end the session, and ask the Context Handler to log out every system.

    Raises:
        SamlError: `md.endpoint` if the Context Handler takes no logout through the browser.
    """
    endpoint = logout_endpoint(ports.broker.single_logout_services, BINDING_REDIRECT)
    request = LogoutRequest(
        id=ports.ids.message_id(),
        issue_instant=at,
        issuer=ports.idp.entity_id,
        destination=endpoint.location,
        name_id=session.name_id,
        session_indexes=(session.session_index,),
        not_on_or_after=at + REQUEST_LIFETIME,
    )
    # ended first: whatever becomes of the chain of systems, this login answers for nobody any more (attack SLO-06)
    ports.sessions.end(session, at=at)
    ports.logouts.await_answer(PendingLogout(request.id, session.person.name, at), at=at)
    return send_by_browser(request, endpoint, ports.signing)


def finish_logout(octets: bytes, binding: Binding, *, at: datetime, ports: Ports) -> LoggedOut:
    """The Context Handler has logged out the systems, or some of them; tell the person.

    Raises:
        SamlError: `slo.unsolicited` if nobody here asked, or if the answer is not the Context Handler's or breaks a rule. A message
            that fails leaves the logout open, so that the honest answer still counts.
    """
    opening = open_logout_response_redirect if binding is Binding.REDIRECT else open_logout_response_post
    with _laid_at_the_context_handler():
        unverified = opening(octets)
        _refuse_strangers(unverified, ports)
        pending = ports.logouts.awaited(unverified.claimed_in_response_to, at=at)
        response = vouch_for_logout_response(unverified, ports.broker.keys).value
        expected = LogoutResponseExpectations(
            at, ports.broker.entity_id, ports.urls.slo_url, pending.request_id, pending.requested_at
        )
        enforce(LOGOUT_RESPONSE_RULES, response, expected)
    ports.logouts.answered(pending, at=at)
    return LoggedOut(pending.person_name, response.everybody_is_logged_out, response.status)


def _accepted(unverified: Unverified[LogoutRequest], location: str, *, at: datetime, ports: Ports) -> LogoutRequest:
    """Give a request that the Context Handler made just now, for us, and sent once."""
    _refuse_strangers(unverified, ports)
    request = vouch_for_logout_request(unverified, ports.broker.keys).value
    enforce(LOGOUT_REQUEST_RULES, request, LogoutRequestExpectations(at, ports.broker.entity_id, location))
    ports.logouts.accept_once(request.id, at=at)
    return request


def _end_sessions(request: LogoutRequest, *, at: datetime, ports: Ports) -> Status | None:
    """End what the request names, unless a session is told to behave otherwise; None is silence.

    A session that has ended already is a success: what was asked for is so (OIOSAML 3, single logout).
    """
    named = ports.sessions.named(request.name_id, request.session_indexes, at=at)
    behaviours = {session.logout_behaviour for session in named}
    if LogoutBehaviour.SILENT in behaviours:
        return None
    if LogoutBehaviour.REFUSE in behaviours:
        return _REFUSED
    for session in named:
        ports.sessions.end(session, at=at)
    ours = named or any(name_id_of(person, ports.idp) == request.name_id for person in ports.people)
    return _LOGGED_OUT if ours else _UNKNOWN


def _response(
    request: LogoutRequest, status: Status, destination: str | None, *, at: datetime, ports: Ports
) -> LogoutResponse:
    return LogoutResponse(ports.ids.message_id(), at, ports.idp.entity_id, destination, request.id, status)


def _refuse_strangers(unverified: Unverified[LogoutRequest] | Unverified[LogoutResponse], ports: Ports) -> None:
    # by issuer first: keys are never tried in turn (attack SLO-02)
    if unverified.claimed_issuer != ports.broker.entity_id:
        got = unverified.claimed_issuer
        raise SamlError("fed.unknown-issuer", f"got the issuer {got!r:.120}, expected {ports.broker.entity_id}")


@contextmanager
def _laid_at_the_context_handler() -> Iterator[None]:
    """Name who can mend what is wrong with the message."""
    try:
        yield
    except SamlError as error:
        error.party = error.party or Party.CONTEXT_HANDLER
        raise
