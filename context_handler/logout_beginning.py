"""How a logout begins: who says so, whose sessions end, and that they end before anybody is told."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from context_handler.logout_inbound import LogoutByParty, LogoutByPerson
from context_handler.logout_legs import Participant, participant
from context_handler.logout_misdirected import no_request, unknown_here
from context_handler.logout_ports import OpenSession, SessionsToEnd
from context_handler.logout_sessions import asked_without_index, indexes_not_found, legs_of, matching
from context_handler.logout_state import Initiator, LegState, Logout, LogoutReplayedError, LogoutState, PartyKind
from context_handler.ports import Ports, Registry
from context_handler.visit import Visit, step
from oiosaml.errors import Party, SamlError
from oiosaml.ids import EntityId
from oiosaml.logout_openings import vouch_for_logout_request
from oiosaml.messages.logout import LogoutRequest
from oiosaml.name_id import NameId
from oiosaml.rules.logout import LOGOUT_REQUEST_RULES, LogoutRequestExpectations
from oiosaml.rules.rule import enforce
from oiosaml.verified import Unverified


@step(Party.SYSTEM)
def open_logout_request(visit: Visit, inbound: LogoutByParty, ports: Ports) -> Unverified[LogoutRequest]:
    """The message is decoded and parsed; nothing in it is believed."""
    visit.note(octets_in=inbound.octets)
    try:
        unverified = inbound.open()
    except SamlError as error:
        raise no_request(visit, error, inbound, ports) from error
    visit.note(party=unverified.claimed_issuer, message_id=unverified.claimed_id)
    return unverified


@step(Party.SYSTEM)
def vouch_for_participant(
    visit: Visit, unverified: Unverified[LogoutRequest], inbound: LogoutByParty, registry: Registry, ports: Ports
) -> tuple[Participant, LogoutRequest]:
    """The sender is registered on the face it came to, and the signature is its own (attacks SLO-01, SLO-02)."""
    party = participant(inbound.kind, unverified.claimed_issuer, registry)
    if party is None:
        raise unknown_here(unverified.claimed_issuer, inbound, registry, ports.urls)
    visit.note(party=party.registration.entity_id)
    strangers = registry.keys_of_idps() if inbound.kind is PartyKind.HOME_IDP else registry.keys_of_systems()
    request = vouch_for_logout_request(unverified, party.keys, strangers=strangers).value
    visit.vouched = True
    return party, request


@step(Party.SYSTEM)
def check_logout_request(
    visit: Visit, request: LogoutRequest, party: Participant, inbound: LogoutByParty, ports: Ports
) -> None:
    """The request follows the rules: to us, fresh, from its signer (attack SLO-03)."""
    expected = LogoutRequestExpectations(
        at=visit.at,
        issuer=party.registration.entity_id,
        location=inbound.location(ports.urls),
        skew=ports.clock_skew,
    )
    visit.note(findings=enforce(LOGOUT_REQUEST_RULES, request, expected))


@step(Party.SYSTEM)
def find_sessions_to_end(visit: Visit, request: LogoutRequest, inbound: LogoutByParty, ports: Ports) -> SessionsToEnd:
    """The sessions are those the sender takes part in itself, by its own NameID and SessionIndex (attack SLO-05).

    One that ended here before, by another logout or by its age, is remembered: whoever of it is not known to be logged out is told now.
    A name that nobody has is a success, whatever others the person has (SAML Core 3.7.3.2), and the event says so; a SessionIndex that
    never was is not.
    """
    logouts, workspace, names = ports.logouts, ports.workspace, (request.issuer, request.name_id)
    if inbound.kind is PartyKind.HOME_IDP:
        known = logouts.sessions_of_subject(workspace, *names)
    else:
        known = logouts.sessions_of_participant(workspace, *names)
    ended = logouts.ended_sessions(workspace, inbound.kind, *names, request.session_indexes)
    found = SessionsToEnd(matching(request, known, inbound.kind), tuple(ended), request.session_indexes)
    not_found = indexes_not_found(request, found, inbound.kind)
    if inbound.kind is PartyKind.SYSTEM and not_found:
        _require_the_name_it_was_given(request, not_found, ports)
    if not found.open and (not_found or not found.ended):
        _require_nobodys_name(request, known, visit, ports)
    visit.note(detail=_in_words(found, request, inbound, ports))
    return replace(found, not_to_ask=_not_to_ask(found, ports))


def _in_words(found: SessionsToEnd, request: LogoutRequest, inbound: LogoutByParty, ports: Ports) -> str:
    """Tell a session that is gone from a name that nobody has: both are answered with Success, and a vendor reads here which it was."""
    if found.open:
        return f"{len(found.open)} sessions"
    if found.ended:
        return "the session is gone already"
    told = f"nobody has a session, or had one of late, under {_parts(request.name_id)}"
    names = _names_in_browser(request.issuer, inbound, ports)
    return "; ".join((told, *(f"this browser has one with the sender under {_parts(name)}" for name in names)))


def _names_in_browser(party: EntityId, inbound: LogoutByParty, ports: Ports) -> Collection[NameId]:
    if inbound.session is None:
        return ()
    sessions = ports.logouts.sessions_of_browser(ports.workspace, inbound.session)
    if inbound.kind is PartyKind.HOME_IDP:
        return dict.fromkeys(each.session.name_id for each in sessions if each.session.idp == party)
    participants = (participant for each in sessions for participant in each.participants)
    return dict.fromkeys(each.name_id for each in participants if each.system == party)


def _require_the_name_it_was_given(request: LogoutRequest, indexes: Collection[str], ports: Ports) -> None:
    """The sender's own session, by another NameID than it has for it, goes on: no success may be said of it.

    Of a home IdP the SessionIndex tells nothing without the NameID: its small numbers serve many people (SAML Core 2.7.2).
    """
    for name_id in ports.logouts.names_in_sessions(ports.workspace, request.issuer, indexes):
        got, expected = _parts(request.name_id), _parts(name_id)
        raise SamlError("slo.denied", f"got the SessionIndex of a session under {got}, expected {expected}")


def _parts(name_id: NameId) -> str:
    qualifiers = f"NameQualifier {name_id.name_qualifier!r:.120}, SPNameQualifier {name_id.sp_name_qualifier!r:.120}"
    return f"the NameID {name_id.value!r:.160} (Format {name_id.format!r:.80}, {qualifiers})"


def _not_to_ask(found: SessionsToEnd, ports: Ports) -> frozenset[tuple[EntityId, NameId]]:
    """An IdP that gave no SessionIndex ends all that the person has: whoever took part in an old session may not end an open one so."""
    ended_now = {each.session.id for each in found.open}
    return frozenset(
        (idp, name_id)
        for idp, name_id in asked_without_index(found)
        if any(
            each.session.id not in ended_now
            for each in ports.logouts.sessions_of_subject(ports.workspace, idp, name_id)
        )
    )


def _require_nobodys_name(request: LogoutRequest, known: Sequence[OpenSession], visit: Visit, ports: Ports) -> None:
    """A name that nobody has may be that of a session long gone; one that somebody else has is no mistake (attacks SLO-02, SLO-05)."""
    if known:
        raise SamlError(
            "slo.denied", f"got the SessionIndex {request.session_indexes!r:.200}, expected one of the sender's own"
        )
    subjects, names = ports.subjects, (request.name_id, visit.at, request.session_indexes)
    if subjects is not None and subjects.is_named_elsewhere(ports.workspace, *names):
        raise SamlError("slo.denied", f"got the NameID {request.name_id.value!r:.160}, which another party was given")


@step(Party.USER)
def find_sessions_of_browser(visit: Visit, inbound: LogoutByPerson, ports: Ports) -> SessionsToEnd:
    """The sessions are those of this browser, every home IdP's."""
    if inbound.session is None:
        return SessionsToEnd(())
    found = ports.logouts.sessions_of_browser(ports.workspace, inbound.session)
    visit.note(detail=f"{len(found)} sessions")
    return SessionsToEnd(tuple(found))


@step(Party.SYSTEM)
def end_sessions(visit: Visit, sessions: SessionsToEnd, initiator: Initiator, browser: str) -> Logout:
    """The sessions end here and now, with the logins under way in their browsers; nobody has to agree."""
    legs = legs_of(sessions, initiator)
    visit.note(party=initiator.party, message_id=initiator.request_id)
    left_alone = sum(leg.state is LegState.FAILED for leg in legs)
    visit.note(detail=f"{len(sessions.open)} ended, {len(legs) - left_alone} to tell, {left_alone} not to be asked")
    return Logout(visit.flow, LogoutState.UNDER_WAY, initiator, browser, visit.at, legs)


def write_beginning(visit: Visit, logout: Logout, sessions: SessionsToEnd, ports: Ports) -> None:
    """Make the end of the sessions durable, and the request used up (attack SLO-03), before anybody is told."""
    try:
        ports.logouts.begin(ports.workspace, logout, sessions, tuple(visit.events))
    except LogoutReplayedError as error:
        request_id = logout.initiator.request_id
        raise SamlError("proto.replay", f"got the logout request {request_id!r:.120} a second time") from error
    visit.take_events()
