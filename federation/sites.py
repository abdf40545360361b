"""Realistic addressing: every party a site of its own under `localhost`, over https, as browsers see the real federation.

On one origin no browser treats anything as cross-site, so that a cookie that would be lost between two real sites is never lost. Here the
broker, each municipality and each supplier is another site: SameSite, `__Host-` and cross-site POSTs do what they do outside.
"""

from types import MappingProxyType
from typing import Final

from federation.model import World
from federation.played import local_idps_played, played_by_idp_mock, played_by_sp_demo
from federation.topology import Topology

HOSTS_END_IN: Final = "localhost"
"""The one top-level name that always means this machine (RFC 6761), and that browsers hold to be secure."""


def broker_of_sites(port: int) -> str:
    """Give the broker's base URL, which is the same in every world."""
    return _url("ch", "faelles", port)


def topology_of_sites(port: int, world: World) -> Topology:
    """Give every party that the simulator plays a host of its own; one port for all, told apart by the Host header.

    The site of a party (the two last labels of its host) is its authority's short id, so that one supplier's systems share a site and two
    municipalities' IdPs never do.
    """
    clients = [each for each in world.nemlogin.clients if each.simulated] if world.nemlogin else []
    authorities = {authority.cvr: authority.id for authority in world.authorities}

    def url(name: str, site: str) -> str:
        return _url(name, site, port)

    return Topology(
        broker_of_sites(port),
        MappingProxyType(
            {p.id: url("idp", p.id) for p in played_by_idp_mock(world)}
            | {p.id: url("lokal-idp", authorities[p.cvrs[0]]) for p in local_idps_played(world)}
        ),
        MappingProxyType(
            {p.id: url(p.id, authorities[p.cvr]) for p in played_by_sp_demo(world)}
            | {p.id: url(p.id, authorities[p.cvr]) for p in clients}
        ),
        MappingProxyType({p.id: url("attributter", p.id) for p in world.attribute_services if p.simulated}),
        url("login", "nemlogin") if world.nemlogin else None,
    )


def _url(name: str, site: str, port: int) -> str:
    return f"https://{name}.{site}.{HOSTS_END_IN}:{port}"
