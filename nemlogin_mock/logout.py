"""Single logout at NemLog-in: begun by a client, a local IdP or the person, and carried through the browser to everybody in the session.

The session ends first, whatever becomes of the rest. Then the other clients are asked one after another, and last the local IdPs that it
rests on; at the end whoever began is told who is still logged in. Nothing is answered that was not verified.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from nemlogin_mock.logout_counterpart import SENDERS, Counterpart, counterpart
from nemlogin_mock.logout_memory import Asked, Asker, Logout
from nemlogin_mock.ports import Ports
from nemlogin_mock.request import in_own_words
from nemlogin_mock.sessions import Face, LocalLogin, NemLogInSession, Participant, Party
from oiosaml.bindings.post import PostForm
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId
from oiosaml.logout_openings import (
    open_logout_request_post,
    open_logout_request_redirect,
    open_logout_response_post,
    open_logout_response_redirect,
    vouch_for_logout_request,
    vouch_for_logout_response,
)
from oiosaml.logout_sending import RedirectTo, send_by_browser
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
    """What the person reads when everybody was asked: the names of those that may still be logged in."""

    person_name: str
    services_left: tuple[str, ...]
    local_idps_left: tuple[str, ...]
    local_idps_out: tuple[str, ...]
    """Those that said so, each by its name."""


Outbound = RedirectTo | PostForm
Outcome = Outbound | LoggedOut


def answer_logout(octets: bytes, binding: Binding, face: Face, *, at: datetime, ports: Ports) -> Outcome | Silence:
    """A client or a local IdP logs a person out: end the session, ask everybody else in it, and tell the one that asked.

    Raises:
        SamlError: if it is not connected on that face, or its request breaks a rule. Nothing ends then, and nothing is sent.
    """
    opening = open_logout_request_redirect if binding is Binding.REDIRECT else open_logout_request_post
    with in_own_words(SENDERS[face]):
        unverified = opening(octets)
        sender, request = _accepted(unverified, face, at=at, ports=ports)
        # before anything ends: one that cannot be answered is refused
        sender.endpoint(binding.uri)
    asker = Asker(sender.party, request.id, binding, relay_state_of(unverified))
    # its own sessions alone: a client's by its name for the person, a local IdP's by its own (attacks SLO-02, SLO-05)
    find = ports.sessions.named if face is Face.CLIENTS else ports.sessions.named_by_idp
    named = find(sender.party.entity_id, request.name_id, request.session_indexes, at=at)
    behaviours = {session.logout_behaviour for session in named}
    if LogoutBehaviour.SILENT in behaviours:
        return Silence()
    if LogoutBehaviour.REFUSE in behaviours:
        return _answer(asker, _REFUSED, at=at, ports=ports)
    # a session that has ended already is a success: what was asked for is so (OIOSAML 3, single logout)
    others = (each for each in _end(named, at=at, ports=ports) if not _is_told(each, sender.party, request))
    return _go_on(Logout(named[0].identity.name if named else "", asker, tuple(others)), at=at, ports=ports)


def begin_logout(session: NemLogInSession, *, at: datetime, ports: Ports) -> Outcome:
    """The person logs out on the front page: end the session and ask everybody in it."""
    others = _end((session,), at=at, ports=ports)
    return _go_on(Logout(session.identity.name, None, others), at=at, ports=ports)


def finish_logout(octets: bytes, binding: Binding, face: Face, *, at: datetime, ports: Ports) -> Outcome:
    """A client or a local IdP answers; go on to the next, or to the end.

    Raises:
        SamlError: `slo.unsolicited` if nobody here asked, or if the answer is not the asked one's or breaks a rule. A message
            that fails leaves the logout open, so that the honest answer still counts.
    """
    opening = open_logout_response_redirect if binding is Binding.REDIRECT else open_logout_response_post
    with in_own_words(SENDERS[face]):
        unverified = opening(octets)
        asked = ports.logouts.awaited(unverified.claimed_in_response_to, at=at)
        # the face too: the Context Handler has a name on each, and answers where it was asked
        if asked.party != Party(face, unverified.claimed_issuer or EntityId("")):
            raise SamlError(
                "slo.unsolicited",
                f"got the issuer {unverified.claimed_issuer!r:.160}, expected {asked.party.entity_id}",
            )
        other = counterpart(face, asked.party.entity_id, at=at, ports=ports)
        response = vouch_for_logout_response(unverified, other.keys).value
        expected = LogoutResponseExpectations(at, asked.party.entity_id, other.our_location, asked.request_id, asked.at)
        enforce(LOGOUT_RESPONSE_RULES, response, expected)
    ports.logouts.answered(asked, at=at)
    everybody = response.everybody_is_logged_out
    return _go_on(asked.logout.told(asked.party, is_out=everybody), at=at, ports=ports)


def _accepted(
    unverified: Unverified[LogoutRequest], face: Face, *, at: datetime, ports: Ports
) -> tuple[Counterpart, LogoutRequest]:
    """Give a request that a connected party made just now, for us, and sent once; and who sent it."""
    # by issuer first: keys are never tried in turn (attack SLO-02)
    sender = counterpart(face, unverified.claimed_issuer, at=at, ports=ports)
    request = vouch_for_logout_request(unverified, sender.keys).value
    expected = LogoutRequestExpectations(at, sender.party.entity_id, sender.our_location)
    enforce(LOGOUT_REQUEST_RULES, request, expected)
    ports.logouts.accept_once(sender.party, request.id, at=at)
    return sender, request


def _end(sessions: tuple[NemLogInSession, ...], *, at: datetime, ports: Ports) -> tuple[Participant | LocalLogin, ...]:
    """End the sessions here and now, and give who was in them, local IdPs last; nobody has to agree (attack SLO-06)."""
    for session in sessions:
        ports.sessions.end(session, at=at)
    clients = tuple(dict.fromkeys(each for session in sessions for each in session.participants))
    for each in clients:
        # still logged in in another browser: the client may go on asking about that login
        if not ports.sessions.named(each.client, each.name_id, at=at):
            ports.logins.forget(each.client, each.name_id)
    return clients + tuple(dict.fromkeys(each for session in sessions for each in session.local_logins))


def _is_told(each: Participant | LocalLogin, sender: Party, request: LogoutRequest) -> bool:
    """Tell whether somebody in the session is the sender of the request, and so knows; a local IdP of the logins that it named."""
    if each.party != sender:
        return False
    return isinstance(each, Participant) or each.is_named(request.name_id, request.session_indexes)


def _go_on(logout: Logout, *, at: datetime, ports: Ports) -> Outcome:
    """Ask the next one that can be asked; at the end tell whoever began."""
    while logout.waiting:
        first, *others = logout.waiting
        logout = replace(logout, waiting=tuple(others))
        with suppress(SamlError):
            return _ask(first, logout, at=at, ports=ports)
        logout = logout.told(first.party, is_out=False)
    if logout.asker is not None:
        status = Status(STATUS_SUCCESS, STATUS_PARTIAL_LOGOUT if logout.left else None)
        return _answer(logout.asker, status, at=at, ports=ports)
    return LoggedOut(
        logout.person_name,
        _names(logout.left, Face.CLIENTS, ports),
        _names(logout.left, Face.LOCAL_IDPS, ports),
        _names((each for each in logout.out if each not in logout.left), Face.LOCAL_IDPS, ports),
    )


def _names(parties: Iterable[Party], face: Face, ports: Ports) -> tuple[str, ...]:
    known = ports.clients if face is Face.CLIENTS else ports.local_idps
    names = {each.entity_id: each.name for each in known}
    found = (names.get(each.entity_id, each.entity_id) for each in parties if each.face is face)
    return tuple(dict.fromkeys(found))


def _ask(each: Participant | LocalLogin, logout: Logout, *, at: datetime, ports: Ports) -> Outbound:
    other = counterpart(each.party.face, each.party.entity_id, at=at, ports=ports)
    endpoint = other.endpoint(BINDING_REDIRECT)
    request = LogoutRequest(
        id=ports.ids.message_id(),
        issue_instant=at,
        issuer=other.our_name,
        destination=endpoint.location,
        name_id=each.name_id,
        session_indexes=(each.session_index,) if each.session_index is not None else (),
        not_on_or_after=at + REQUEST_LIFETIME,
    )
    ports.logouts.await_answer(Asked(request.id, at, other.party, logout))
    return send_by_browser(request, endpoint, ports.signing)


def _answer(asker: Asker, status: Status, *, at: datetime, ports: Ports) -> Outbound:
    other = counterpart(asker.party.face, asker.party.entity_id, at=at, ports=ports)
    endpoint = other.endpoint(asker.binding.uri)
    response = LogoutResponse(
        id=ports.ids.message_id(),
        issue_instant=at,
        issuer=other.our_name,
        destination=endpoint.takes_responses_at,
        in_response_to=asker.request_id,
        status=status,
    )
    return send_by_browser(response, endpoint, ports.signing, relay_state=asker.relay_state)
