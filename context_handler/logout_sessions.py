"""Which sessions a logout ends, and whom it has to tell."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from context_handler.events import Event, EventOutcome
from context_handler.logout_ports import OpenSession
from context_handler.logout_state import Initiator, Leg, LegState, PartyKind
from context_handler.ports import Ports
from oiosaml.ids import EntityId
from oiosaml.messages.logout import LogoutRequest
from oiosaml.name_id import NameId

CROSS_STEP: Final = "cross_off"
"""The step under which a participant that logged out by itself is recorded in the logout that was to ask it."""


def matching(request: LogoutRequest, known: Sequence[OpenSession], kind: PartyKind) -> tuple[OpenSession, ...]:
    """Give those of the sender's sessions that the request names; without a SessionIndex all of them (SAML Core 3.7.1)."""
    if not request.session_indexes:
        return tuple(known)
    wanted = set(request.session_indexes)
    return tuple(each for each in known if wanted & set(_indexes_of(each, request.issuer, kind)))


def legs_of(sessions: Sequence[OpenSession], initiator: Initiator) -> tuple[Leg, ...]:
    """Give everybody to be told but the initiator: systems first, home IdPs last (context-handler section 10, order our choice)."""
    told: dict[tuple[PartyKind, EntityId, NameId], dict[str, None]] = {}
    for each in sessions:
        for participant in each.participants:
            key = (PartyKind.SYSTEM, participant.system, participant.name_id)
            told.setdefault(key, {})[participant.session_index] = None
    for each in sessions:
        key = (PartyKind.HOME_IDP, each.session.idp, each.session.name_id)
        told.setdefault(key, {}).update(dict.fromkeys(each.session.session_indexes))
    others = [(key, indexes) for key, indexes in told.items() if key[:2] != (initiator.kind, initiator.party)]
    return tuple(
        Leg(number, kind, party, name_id, tuple(indexes))
        for number, ((kind, party, name_id), indexes) in enumerate(others)
    )


def cross_off(request: LogoutRequest, at: datetime, ports: Ports) -> None:
    """Two logouts crossed: whoever logs out by itself has no need to be asked by another logout under way, or has answered it thereby."""
    for logout in ports.logouts.crossing(ports.workspace, request.issuer, request.name_id):
        after = logout
        for leg in logout.legs:
            if leg.state is not LegState.LOGGED_OUT and _is_about(request, leg):
                after = after.with_leg(leg.moved(LegState.LOGGED_OUT))
        if after is not logout:
            event = Event(logout.flow, at, CROSS_STEP, EventOutcome.PASSED, party=request.issuer, message_id=request.id)
            ports.logouts.save(ports.workspace, logout, after, (event,))


def _is_about(request: LogoutRequest, leg: Leg) -> bool:
    named = not request.session_indexes or bool(set(request.session_indexes) & set(leg.session_indexes))
    return leg.party == request.issuer and leg.name_id == request.name_id and named


def _indexes_of(each: OpenSession, party: EntityId, kind: PartyKind) -> Iterable[str]:
    if kind is PartyKind.HOME_IDP:
        return each.session.session_indexes
    return (participant.session_index for participant in each.participants if participant.system == party)
