"""Single logout at NemLog-in: begun by a client or by the person, and carried to every client of the session through the browser.

The session ends first, whatever becomes of the rest. Then the other clients are asked one after another; at the end whoever began is told
who is still logged in. Nothing is answered that was not verified.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from nemlogin_mock.logout_memory import Asked, Asker, Logout
from nemlogin_mock.ports import Ports
from nemlogin_mock.request import in_own_words
from nemlogin_mock.sessions import NemLogInSession, Participant
from oiosaml.bindings.post import PostForm
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId
from oiosaml.keys import VerificationKey
from oiosaml.logout_openings import (
    open_logout_request_post,
    open_logout_request_redirect,
    open_logout_response_post,
    open_logout_response_redirect,
    vouch_for_logout_request,
    vouch_for_logout_response,
)
from oiosaml.logout_sending import RedirectTo, logout_endpoint, send_by_browser
from oiosaml.messages.logout import LogoutRequest, LogoutResponse
from oiosaml.messages.metadata import Endpoint
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
    STATUS_PARTIAL_LOGOUT,
    STATUS_REQUEST_DENIED,
    STATUS_RESPONDER,
    STATUS_SUCCESS,
)
from oiosaml.verified import Unverified
from saml_web.front_channel import Binding
from saml_web.logout_behaviour import LogoutBehaviour

REQUEST_LIFETIME: Final = timedelta(minutes=5)
"""NotOnOrAfter of our own LogoutRequest (OIOSAML 3 recommends one)."""

_REFUSED: Final = Status(STATUS_RESPONDER, STATUS_REQUEST_DENIED, "NemLog-in was told to refuse to end this session")


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer, because somebody chose so on the front page."""


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """What the person reads when every client was asked. `left` are the names of those that may still be logged in."""

    person_name: str
    left: tuple[str, ...]


Outbound = RedirectTo | PostForm
Outcome = Outbound | LoggedOut


def answer_logout(octets: bytes, binding: Binding, *, at: datetime, ports: Ports) -> Outcome | Silence:
    """A client logs a person out: end the session, ask its other clients, and tell the one that asked.

    Raises:
        SamlError: if the client is not connected, or its request breaks a rule. Nothing ends then, and nothing is sent.
    """
    opening = open_logout_request_redirect if binding is Binding.REDIRECT else open_logout_request_post
    with in_own_words():
        unverified = opening(octets)
        request = _accepted(unverified, at=at, ports=ports)
        asker = Asker(request.issuer, request.id, binding, relay_state_of(unverified))
        # before anything ends: a client that cannot be answered is refused
        _endpoint(asker.client, binding.uri, at=at, ports=ports)
    named = ports.sessions.named(request.issuer, request.name_id, request.session_indexes, at=at)
    behaviours = {session.logout_behaviour for session in named}
    if LogoutBehaviour.SILENT in behaviours:
        return Silence()
    if LogoutBehaviour.REFUSE in behaviours:
        return _answer(asker, _REFUSED, at=at, ports=ports)
    # a session that has ended already is a success: what was asked for is so (OIOSAML 3, single logout)
    return _go_on(_end(named, asker, at=at, ports=ports), at=at, ports=ports)


def begin_logout(session: NemLogInSession, *, at: datetime, ports: Ports) -> Outcome:
    """The person logs out on the front page: end the session and ask all its clients."""
    return _go_on(_end((session,), None, at=at, ports=ports), at=at, ports=ports)


def finish_logout(octets: bytes, binding: Binding, *, at: datetime, ports: Ports) -> Outcome:
    """A client answers; go on to the next, or to the end.

    Raises:
        SamlError: `slo.unsolicited` if nobody here asked, or if the answer is not the asked client's or breaks a rule. A message
            that fails leaves the logout open, so that the honest answer still counts.
    """
    opening = open_logout_response_redirect if binding is Binding.REDIRECT else open_logout_response_post
    with in_own_words():
        unverified = opening(octets)
        asked = ports.logouts.awaited(unverified.claimed_in_response_to, at=at)
        if unverified.claimed_issuer != asked.client:
            raise SamlError(
                "slo.unsolicited", f"got the issuer {unverified.claimed_issuer!r:.160}, expected {asked.client}"
            )
        keys = ports.clients.connected(asked.client, at=at).face.keys
        response = vouch_for_logout_response(unverified, keys).value
        expected = LogoutResponseExpectations(at, asked.client, ports.urls.slo_url, asked.request_id, asked.at)
        enforce(LOGOUT_RESPONSE_RULES, response, expected)
    ports.logouts.answered(asked, at=at)
    logout = asked.logout if response.everybody_is_logged_out else asked.logout.without(asked.client)
    return _go_on(logout, at=at, ports=ports)


def _accepted(unverified: Unverified[LogoutRequest], *, at: datetime, ports: Ports) -> LogoutRequest:
    """Give a request that a connected client made just now, for us, and sent once."""
    # by issuer first: keys are never tried in turn (attack SLO-02)
    client: EntityId | None = unverified.claimed_issuer
    face = ports.clients.connected(client, at=at).face
    keys: Sequence[VerificationKey] = face.keys
    request = vouch_for_logout_request(unverified, keys).value
    enforce(LOGOUT_REQUEST_RULES, request, LogoutRequestExpectations(at, face.entity_id, ports.urls.slo_url))
    ports.logouts.accept_once(face.entity_id, request.id, at=at)
    return request


def _end(sessions: Sequence[NemLogInSession], asker: Asker | None, *, at: datetime, ports: Ports) -> Logout:
    """End the sessions here and now; nobody has to agree (attack SLO-06)."""
    for session in sessions:
        ports.sessions.end(session, at=at)
    told = dict.fromkeys(each for session in sessions for each in session.participants)
    for each in told:
        # still logged in in another browser: the client may go on asking about that login
        if not ports.sessions.named(each.client, each.name_id, at=at):
            ports.logins.forget(each.client, each.name_id)
    others = tuple(each for each in told if asker is None or each.client != asker.client)
    return Logout(sessions[0].identity.name if sessions else "", asker, others)


def _go_on(logout: Logout, *, at: datetime, ports: Ports) -> Outcome:
    """Ask the next client that can be asked; at the end tell whoever began."""
    while logout.waiting:
        participant, *others = logout.waiting
        logout = replace(logout, waiting=tuple(others))
        with suppress(SamlError):
            return _ask(participant, logout, at=at, ports=ports)
        logout = logout.without(participant.client)
    if logout.asker is not None:
        status = Status(STATUS_SUCCESS, STATUS_PARTIAL_LOGOUT if logout.left else None)
        return _answer(logout.asker, status, at=at, ports=ports)
    names = {each.entity_id: each.name for each in ports.clients}
    return LoggedOut(logout.person_name, tuple(dict.fromkeys(names.get(each, each) for each in logout.left)))


def _ask(participant: Participant, logout: Logout, *, at: datetime, ports: Ports) -> Outbound:
    endpoint = _endpoint(participant.client, BINDING_REDIRECT, at=at, ports=ports)
    request = LogoutRequest(
        id=ports.ids.message_id(),
        issue_instant=at,
        issuer=ports.nemlogin.entity_id,
        destination=endpoint.location,
        name_id=participant.name_id,
        session_indexes=(participant.session_index,),
        not_on_or_after=at + REQUEST_LIFETIME,
    )
    ports.logouts.await_answer(Asked(request.id, at, participant.client, logout))
    return send_by_browser(request, endpoint, ports.signing)


def _answer(asker: Asker, status: Status, *, at: datetime, ports: Ports) -> Outbound:
    endpoint = _endpoint(asker.client, asker.binding.uri, at=at, ports=ports)
    response = LogoutResponse(
        id=ports.ids.message_id(),
        issue_instant=at,
        issuer=ports.nemlogin.entity_id,
        destination=endpoint.takes_responses_at,
        in_response_to=asker.request_id,
        status=status,
    )
    return send_by_browser(response, endpoint, ports.signing, relay_state=asker.relay_state)


def _endpoint(client: EntityId, preferred: str, *, at: datetime, ports: Ports) -> Endpoint:
    return logout_endpoint(ports.clients.connected(client, at=at).face.single_logout_services, preferred)
