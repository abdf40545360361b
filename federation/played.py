"""Which house plays which party of the world that the simulator plays itself."""

from federation.model import HomeIdp, Profile, UserFacingSystem, World
from federation.nemlogin import LocalIdp


def played_by_idp_mock(world: World) -> tuple[HomeIdp, ...]:
    """Give the IdPs that a mock IdP plays: NemLog-in has a house of its own."""
    return tuple(idp for idp in world.idps if idp.simulated and idp.profile is not Profile.NEMLOGIN3)


def local_idps_played(world: World) -> tuple[LocalIdp, ...]:
    """Give the local IdPs of NemLog-in that a mock IdP plays."""
    broker = world.context_handler.entity_id_towards_systems
    local_idps = world.nemlogin.local_idps if world.nemlogin else ()
    return tuple(idp for idp in local_idps if idp.simulated and idp.entity_id != broker)


def played_by_sp_demo(world: World) -> tuple[UserFacingSystem, ...]:
    """Give the systems that a demo system plays: NemLog-in as the broker's system has a house of its own."""
    return tuple(system for system in world.systems if system.simulated and not is_nemlogin(system, world))


def is_nemlogin(system: UserFacingSystem, world: World) -> bool:
    """Tell whether that registered system is NemLog-in, which asks on behalf of the services behind it."""
    return world.nemlogin is not None and system.entity_id == world.nemlogin.entity_id_towards_idps
