"""Additions put into a world of registrations: who may take whose place, and what a newcomer can never undo."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar, cast

from federation.documents import Kind, Registration, key_of
from federation.model import AttributeService, Authority, HomeIdp, UserFacingSystem, World
from federation.problems import Problem
from oiosaml.errors import SamlError
from oiosaml.ids import Cvr, EntityId
from oiosaml.messages.metadata_reading import read_metadata

PartyRegistration = HomeIdp | UserFacingSystem | AttributeService
_TOLD: Final = 3
"""How many of those that name a party are told; the rest is a number."""

P = TypeVar("P", HomeIdp, UserFacingSystem, AttributeService)


def lists_of(world: World) -> list[tuple[Kind, tuple[Registration, ...]]]:
    """Give every list of a world with its kind."""
    return [(kind, getattr(world, kind.value)) for kind in Kind]


def world_from(lists: dict[Kind, tuple[Registration, ...]]) -> World:
    """Give the world that has these lists."""
    return replace(World(), **{kind.value: items for kind, items in lists.items()})  # type: ignore[arg-type]  # a Kind names its list


def merge(present: World, additions: World, *, replacing: bool) -> World:
    """Put the additions into the present world: in place of those with their key, else at the end."""
    lists: dict[Kind, tuple[Registration, ...]] = {}
    for (kind, old), (_, new) in zip(lists_of(present), lists_of(additions), strict=True):
        by_key = {key_of(each): each for each in old}
        for each in new:
            taken = by_key.get(key_of(each))
            if taken is not None:
                _require_replaceable(taken, each, replacing=replacing)
            by_key[key_of(each)] = each
        lists[kind] = tuple(by_key.values())
    return world_from(lists)


def metadata_of_simulated(*worlds: World) -> dict[EntityId, bytes]:
    """Give the metadata of every party in the worlds that the simulator plays; what a later world says counts.

    Who has taken the place of a simulated party there is played no longer: an old export must not put the simulator back unasked.
    """
    known: dict[EntityId, bytes] = {}
    for world in worlds:
        parties: list[PartyRegistration] = [*world.idps, *world.systems, *world.attribute_services]
        for party in parties:
            known.pop(party.entity_id, None)
            if party.simulated:
                known[party.entity_id] = party.metadata
    return known


def with_metadata_of_simulated(additions: World, known: Mapping[EntityId, bytes]) -> World:
    """Give the additions in which whoever the simulator plays has its metadata: an export leaves out what the simulator wrote."""
    return replace(
        additions,
        idps=_with_known_metadata(additions.idps, known),
        systems=_with_known_metadata(additions.systems, known),
        attribute_services=_with_known_metadata(additions.attribute_services, known),
    )


def _with_known_metadata(parties: tuple[P, ...], known: Mapping[EntityId, bytes]) -> tuple[P, ...]:
    return tuple(
        replace(party, metadata=known.get(party.entity_id, b"")) if party.simulated and not party.metadata else party
        for party in parties
    )


def renewed_parties(fresh: World, stored: World) -> Iterator[PartyRegistration]:
    """Give the stored parties that the simulator plays and has written other metadata for."""
    yield from _renewed(fresh.idps, stored.idps)
    yield from _renewed(fresh.systems, stored.systems)
    yield from _renewed(fresh.attribute_services, stored.attribute_services)


def _renewed(fresh: tuple[P, ...], stored: tuple[P, ...]) -> Iterator[P]:
    metadata = {party.entity_id: party.metadata for party in fresh if party.simulated}
    for party in stored:
        written = metadata.get(party.entity_id, party.metadata)
        if party.simulated and written != party.metadata:
            yield replace(party, metadata=written)


def _require_replaceable(taken: Registration, new: Registration, *, replacing: bool) -> None:
    if not replacing:
        sentence = "which is registered already; its owner replaces it with --replace, at the API with ?replace=true"
        raise SamlError("md.conflict", f"got {key_of(new)!r:.200}, {sentence}")
    # Our choice: an owner may change everything but who owns it. An IdP or a service may gain and lose CVR numbers, keeping one.
    if not set(owners_of(taken)) & set(owners_of(new)):
        owned = f"got {key_of(new)!r:.200} for CVR {_told(new)}, expected its owner {_told(taken)}"
        raise SamlError("md.conflict", f"{owned}; let the owner remove it first: {_removal_of(taken)}")


def _told(registration: Registration) -> str:
    return " and ".join(str(cvr) for cvr in owners_of(registration))


def _removal_of(registration: Registration) -> str:
    """Say how to remove a party, in the words of the command line where it has some, and of the API."""
    match registration:
        case UserFacingSystem():
            return f"nsis sp remove {registration.id}, at the API DELETE /_sim/api/systems/{registration.id}"
        case HomeIdp():
            return f"nsis idp remove {registration.id}, at the API DELETE /_sim/api/idps/{registration.id}"
        case AttributeService():
            return f"at the API DELETE /_sim/api/attribute-services/{registration.id}"
        case _:
            return key_of(registration)


def who_name_it(world: World, problems: Sequence[Problem]) -> str:
    """Say which registrations of a world that lacks one would name it in vain: the first three, and how many more."""
    named = dict.fromkeys(_place_of(world, problem) for problem in problems)
    more = f" and {len(named) - _TOLD} more" if len(named) > _TOLD else ""
    return ", ".join(list(named)[:_TOLD]) + more


def _place_of(world: World, problem: Problem) -> str:
    match problem.path:
        case (str(kind), int(at), *_):
            item: Registration = getattr(world, kind)[at]
            return f"{kind} {item.id if isinstance(item, PartyRegistration) else key_of(item)}"
        case _:
            return str(problem)


def owners_of(registration: Registration) -> tuple[Cvr | None, ...]:
    """Give the CVR numbers that a registration belongs to."""
    match registration:
        case HomeIdp() | AttributeService():
            return registration.cvrs
        case UserFacingSystem():
            return (registration.cvr,)
        case _:
            return (None,)


def with_authorities(additions: World, present: World) -> World:
    """Give the additions with an authority for each CVR number that is new, by the name in the metadata."""
    known = {authority.cvr for authority in (*present.authorities, *additions.authorities)}
    new: dict[Cvr, Authority] = {}
    parties: list[PartyRegistration] = [*additions.idps, *additions.systems, *additions.attribute_services]
    for party in parties:
        entity = read_metadata(party.metadata).entity
        name = (entity and entity.organization_name) or party.name
        for cvr in cast("tuple[Cvr, ...]", owners_of(party)):
            if cvr not in known:
                new.setdefault(cvr, Authority(f"cvr-{cvr}", name, cvr))
    return replace(additions, authorities=(*additions.authorities, *new.values()))


def keeping_withdrawals(additions: World, present: World) -> World:
    """Give the additions in which whatever was withdrawn still is: whoever registers anew cannot undo an emergency."""
    lists: dict[Kind, tuple[Registration, ...]] = {}
    for (kind, old), (_, new) in zip(lists_of(present), lists_of(additions), strict=True):
        by_key = {key_of(each): each for each in old}
        lists[kind] = tuple(_still_withdrawn(each, by_key.get(key_of(each))) for each in new)
    return replace(additions, **{kind.value: items for kind, items in lists.items()})  # type: ignore[arg-type]  # as world_from


def _still_withdrawn(new: Registration, taken: Registration | None) -> Registration:
    parties = (HomeIdp, UserFacingSystem, AttributeService)
    if not isinstance(new, parties) or not isinstance(taken, parties):
        return new
    keys = tuple(dict.fromkeys((*taken.withdrawn_keys, *new.withdrawn_keys)))
    return replace(new, withdrawn=new.withdrawn or taken.withdrawn, withdrawn_keys=keys)


def with_key_withdrawn(party: PartyRegistration, fingerprint: str, *, withdrawn: bool) -> PartyRegistration:
    """Give the party with one key withdrawn, or restored."""
    others = tuple(each for each in party.withdrawn_keys if each != fingerprint)
    return replace(party, withdrawn_keys=(*others, fingerprint) if withdrawn else others)
