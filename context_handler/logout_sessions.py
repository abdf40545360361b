"""Which sessions a logout ends, and whom it has to tell."""

from collections.abc import Iterable, Sequence

from context_handler.logout_ports import OpenSession, ParticipantName, SessionsToEnd
from context_handler.logout_state import Initiator, Leg, LegState, PartyKind
from oiosaml.ids import EntityId
from oiosaml.messages.logout import LogoutRequest
from oiosaml.name_id import NameId


def matching(request: LogoutRequest, known: Sequence[OpenSession], kind: PartyKind) -> tuple[OpenSession, ...]:
    """Give those of the sender's sessions that the request names; without a SessionIndex all of them (SAML Core 3.7.1)."""
    if not request.session_indexes:
        return tuple(known)
    wanted = set(request.session_indexes)
    return tuple(each for each in known if wanted & set(_indexes_of(each, request.issuer, kind)))


def indexes_not_found(request: LogoutRequest, found: SessionsToEnd, kind: PartyKind) -> frozenset[str]:
    """Give the SessionIndexes of the request that none of these sessions is known to the sender by."""
    known = {index for each in found.open for index in _indexes_of(each, request.issuer, kind)}
    known.update(index for each in found.ended for index in each.session_indexes)
    return frozenset(request.session_indexes) - known


def legs_of(found: SessionsToEnd, initiator: Initiator) -> tuple[Leg, ...]:
    """Give everybody to be told but the initiator: systems first, home IdPs last (context-handler section 10, order our choice).

    Of sessions that ended before, those who are not known to be logged out: they may go on by clocks of their own. Whoever must not be
    asked about them counts as still logged in from the beginning.
    """
    names = [(name, LegState.WAITING) for each in found.open for name in _names_in(each)]
    names += ((name, _state_of(name, found)) for each in found.ended for name in each.still_logged_in)
    told: dict[tuple[PartyKind, EntityId, NameId, LegState], dict[str, None]] = {}
    for name, state in sorted(names, key=lambda each: each[0].kind is PartyKind.HOME_IDP):
        told.setdefault((name.kind, name.party, name.name_id, state), {})[name.session_index] = None
    others = [(key, indexes) for key, indexes in told.items() if key[:2] != (initiator.kind, initiator.party)]
    return tuple(
        # one that has no index can be asked about only by naming none, which is about all of them
        Leg(number, kind, party, name_id, () if "" in indexes else tuple(indexes), state)
        for number, ((kind, party, name_id, state), indexes) in enumerate(others)
    )


def asked_without_index(found: SessionsToEnd) -> frozenset[tuple[EntityId, NameId]]:
    """Give the home IdPs that could be asked about the ended sessions only without a SessionIndex, each with its name for the person.

    Not those that an open session is ended at in this way: they are asked all the same.
    """
    names = (name for each in found.ended for name in each.still_logged_in)
    asked_anyway = {(each.session.idp, each.session.name_id) for each in found.open if not each.session.session_indexes}
    return frozenset((name.party, name.name_id) for name in names if _has_no_index(name)) - asked_anyway


def _has_no_index(name: ParticipantName) -> bool:
    return name.kind is PartyKind.HOME_IDP and not name.session_index


def _state_of(name: ParticipantName, found: SessionsToEnd) -> LegState:
    not_to_ask = _has_no_index(name) and (name.party, name.name_id) in found.not_to_ask
    return LegState.FAILED if not_to_ask else LegState.WAITING


def _names_in(each: OpenSession) -> Iterable[ParticipantName]:
    for participant in each.participants:
        yield ParticipantName(PartyKind.SYSTEM, participant.system, participant.name_id, participant.session_index)
    session = each.session
    for index in session.session_indexes or ("",):
        yield ParticipantName(PartyKind.HOME_IDP, session.idp, session.name_id, index)


def _indexes_of(each: OpenSession, party: EntityId, kind: PartyKind) -> Iterable[str]:
    if kind is PartyKind.HOME_IDP:
        return each.session.session_indexes
    return (participant.session_index for participant in each.participants if participant.system == party)
