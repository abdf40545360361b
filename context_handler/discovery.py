"""Which home IdP a login goes to, and whether the person must be asked (context-handler section 4; the order is our choice)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from context_handler.level import LevelDemand
from context_handler.ports import RegisteredIdp, RegisteredSystem, Registry
from context_handler.requester import why_unusable
from federation.model import HomeIdp, Profile
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId, FlowId
from oiosaml.nist import NistLevel, beside
from oiosaml.value_type import value_type


@value_type
class Wishes:
    """What may decide without asking: the request's IDPList, a hint in the address, the session there is, and the choice of last time."""

    idp_list: tuple[EntityId, ...] = ()
    hint: EntityId | None = None
    remembered: EntityId | None = None
    logged_in: tuple[EntityId, ...] = ()
    """The IdPs this browser has sessions with. One of them decides where nothing names another and it is the only one that may answer."""


NO_WISHES: Final = Wishes()


@value_type
class Candidates:
    """The IdPs a person may choose among, and those left out because they cannot reach the level, for the page to explain."""

    able: tuple[RegisteredIdp, ...]
    too_low: tuple[RegisteredIdp, ...]


@value_type
class PageChoice:
    """One button of the discovery page: what it chooses, and the name that people know."""

    idp: EntityId
    name: str


def choices_on_page(
    idps: Sequence[RegisteredIdp], registry: Registry, *, first: EntityId | None = None
) -> tuple[PageChoice, ...]:
    """Give the buttons: one for each IdP, but one for each municipality of a NemLog-in registration, by the municipality's name.

    Which of its municipalities the person belongs to is what NemLog-in says, not what was pressed (our choice). Those of `first` come
    first.
    """
    in_order = sorted(idps, key=lambda idp: idp.registration.entity_id != first)
    return tuple(choice for idp in in_order for choice in _choices(idp.registration, registry))


def _choices(idp: HomeIdp, registry: Registry) -> Iterator[PageChoice]:
    if idp.profile is not Profile.NEMLOGIN3:
        yield PageChoice(idp.entity_id, idp.name)
        return
    for cvr in idp.cvrs:
        yield PageChoice(idp.entity_id, f"{registry.organisation_name(cvr) or cvr} ({idp.name})")


@value_type
class AskForHomeIdp:
    """The person must choose: what the discovery page needs to know."""

    flow: FlowId
    system: RegisteredSystem
    candidates: Candidates
    demand: LevelDemand


def choose(
    system: RegisteredSystem, registry: Registry, demand: LevelDemand, wishes: Wishes, at: datetime
) -> RegisteredIdp | Candidates:
    """Give the IdP that needs no question, or those that the person chooses among.

    One that is hinted at is looked at alone: if it may be chosen it is, and the others decide nothing.

    Raises:
        SamlError: as `candidates_for`.
    """
    idp = None if wishes.hint is None else registry.idp(wishes.hint)
    open_to_system = idp is not None and _is_open(idp, at) and _is_wanted(idp, system, wishes)
    if idp is not None and open_to_system and demand.reachable_with(idp.registration):
        return idp
    candidates = candidates_for(system, registry.idps(), demand, wishes, at)
    return decide(candidates, wishes) or candidates


def candidates_for(
    system: RegisteredSystem, idps: Sequence[RegisteredIdp], demand: LevelDemand, wishes: Wishes, at: datetime
) -> Candidates:
    """Give the IdPs that may answer this request.

    Raises:
        SamlError: `fed.no-idp` if none may, `fed.loa` if those that may cannot reach the level, `fed.no-nsis` if they can state no
            NSIS level and the system demands one.
    """
    open_to_system = [idp for idp in idps if _is_open(idp, at) and _is_wanted(idp, system, wishes)]
    reaching = [(idp, demand.reachable_with(idp.registration)) for idp in open_to_system]
    able = tuple([idp for idp, reaches in reaching if reaches])
    too_low = tuple([idp for idp, reaches in reaching if not reaches])
    if able:
        return Candidates(able, too_low)
    if too_low:
        raise unreachable(demand, too_low)
    raise SamlError(
        "fed.no-idp",
        "got no IdP that is active, has a federation agreement and is among those the system and its request allow",
    )


def unreachable(demand: LevelDemand, idps: Sequence[RegisteredIdp]) -> SamlError:
    """Say why none of these IdPs, at least one, can be asked: what they are registered up to, on the ladder that the demand is named on."""
    nsis = [level for idp in idps if (level := idp.registration.nsis_reach) is not None]
    nist = [number for idp in idps if (number := idp.registration.maximum_assurance_level) is not None]
    demands_nsis = not demand.acceptable_assurance_levels
    best = beside(demand.named, max(nsis)) if nsis else max(nist)
    if isinstance(best, NistLevel):
        best = max([best, *nist])
    key = "fed.no-nsis" if demands_nsis and not nsis else "fed.loa:idp-too-low"
    return SamlError(
        key,
        f"got IdPs registered up to {best.spoken}, expected one that reaches {demand.named}",
        params={"required": demand.named, "actual": best.spoken},
    )


def decide(candidates: Candidates, wishes: Wishes) -> RegisteredIdp | None:
    """Give the IdP that needs no question: the hinted one, the only one, the one logged in to, the remembered one; None to ask.

    A hint, session or memory counts only if it names a candidate, so none can widen what the registration allows.
    """
    by_id = {idp.registration.entity_id: idp for idp in candidates.able}
    if wishes.hint in by_id:
        return by_id[wishes.hint]
    if len(candidates.able) == 1 and not candidates.too_low:
        return candidates.able[0]
    logged_in = [by_id[each] for each in wishes.logged_in if each in by_id]
    if wishes.hint is None and len(logged_in) == 1:
        return logged_in[0]
    if wishes.remembered in by_id:
        return by_id[wishes.remembered]
    return None


def _is_open(idp: RegisteredIdp, at: datetime) -> bool:
    return why_unusable(idp, at) is None and idp.registration.has_federation_agreement


def _is_wanted(idp: RegisteredIdp, system: RegisteredSystem, wishes: Wishes) -> bool:
    entity_id = idp.registration.entity_id
    limited_to = system.registration.idps
    return (not limited_to or entity_id in limited_to) and (not wishes.idp_list or entity_id in wishes.idp_list)
