"""Does NemLog-in's own part of the world hold together, and with the rest?"""

from collections.abc import Iterator

from federation.model import Profile, World
from federation.nemlogin import NemLogIn
from federation.problems import Path, Problem
from federation.production_hosts import refuse_production_host
from oiosaml.eid import IdType


def problems_of_nemlogin(world: World) -> Iterator[Problem]:
    """Give what does not hold together; nothing if the simulator plays no NemLog-in."""
    nemlogin = world.nemlogin
    if nemlogin is None:
        return
    yield from _names(nemlogin)
    yield from _registration(nemlogin, world)
    yield from _identities(nemlogin, world)
    yield from _clients(nemlogin, world)
    yield from _local_idps(nemlogin, world)


def _names(nemlogin: NemLogIn) -> Iterator[Problem]:
    if nemlogin.entity_id == nemlogin.entity_id_towards_idps:
        yield Problem(("nemlogin", "entity_id_towards_idps"), "both faces have one name; give each its own")
    for key in ("entity_id", "entity_id_towards_idps"):
        try:
            refuse_production_host(getattr(nemlogin, key))
        except ValueError as error:
            yield Problem(("nemlogin", key), str(error))


def _registration(nemlogin: NemLogIn, world: World) -> Iterator[Problem]:
    for i, idp in enumerate(world.idps):
        if idp.profile is Profile.NEMLOGIN3 and idp.simulated and idp.entity_id != nemlogin.entity_id:
            yield Problem(("idps", i, "entity_id"), f"the simulator plays one NemLog-in only, {nemlogin.entity_id}")


def _identities(nemlogin: NemLogIn, world: World) -> Iterator[Problem]:
    known = {authority.cvr for authority in world.authorities}
    ids: set[str] = set()
    local: set[str] = set()
    for i, identity in enumerate(nemlogin.identities):
        path: Path = ("nemlogin", "identities", i)
        if identity.id in ids or identity.uuid in ids:
            yield Problem(path, f"{identity.id!r} or its UUID is already taken further up; give each its own")
        ids |= {identity.id, identity.uuid}
        if (identity.cvr is not None) != (identity.id_type is IdType.PROFESSIONAL):
            yield Problem(path, "a Professional has a CVR number, a Person has none")
        if identity.cvr is not None and identity.cvr not in known:
            yield Problem((*path, "cvr"), f"no authority has the CVR number {identity.cvr}; see 'authorities'")
        for local_id in identity.local_user_ids:
            if local_id in local:
                yield Problem((*path, "local_user_ids"), f"{local_id!r} already names another user")
            local.add(local_id)


def _clients(nemlogin: NemLogIn, world: World) -> Iterator[Problem]:
    taken = {system.id for system in world.systems}
    names: set[str] = {world.context_handler.entity_id_towards_idps}
    known = {authority.cvr for authority in world.authorities}
    for i, client in enumerate(nemlogin.clients):
        path: Path = ("nemlogin", "clients", i)
        if client.id in taken:
            yield Problem((*path, "id"), f"{client.id!r} is already taken; systems and clients share their addresses")
        if client.entity_id in names:
            yield Problem((*path, "entity_id"), f"{client.entity_id!r} is already taken; give each its own")
        if client.cvr not in known:
            yield Problem((*path, "cvr"), f"no authority has the CVR number {client.cvr}; see 'authorities'")
        taken.add(client.id)
        names.add(client.entity_id)


def _local_idps(nemlogin: NemLogIn, world: World) -> Iterator[Problem]:
    known = {authority.cvr for authority in world.authorities}
    taken = {idp.id for idp in world.idps}
    for i, local in enumerate(nemlogin.local_idps):
        path: Path = ("nemlogin", "local_idps", i)
        if local.id in taken:
            yield Problem((*path, "id"), f"{local.id!r} is already taken; IdPs and local IdPs share their addresses")
        taken.add(local.id)
        for j, cvr in enumerate(local.cvrs):
            if cvr not in known:
                yield Problem((*path, "cvrs", j), f"no authority has the CVR number {cvr}; see 'authorities'")
