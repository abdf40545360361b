"""Who lives where: every URL of the federation, from configured base URLs and from nothing else (design D2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from federation.base_url import ServiceUrls, parse_base_url
from federation.model import World
from federation.played import local_idps_played, played_by_idp_mock, played_by_sp_demo
from federation.urls import AttributeServiceUrls, ContextHandlerUrls, IdpUrls, NemLogInUrls, SystemUrls


@dataclass(frozen=True, slots=True)
class Topology:
    """Base URLs: the broker's, and of every party that the simulator plays, by its id."""

    context_handler_base_url: str
    idp_base_urls: Mapping[str, str] = field(default_factory=dict)
    system_base_urls: Mapping[str, str] = field(default_factory=dict)
    attribute_service_base_urls: Mapping[str, str] = field(default_factory=dict)
    nemlogin_base_url: str | None = None
    """None: the simulator does not play NemLog-in."""

    def __post_init__(self) -> None:
        """Check every base URL now, not at the first login that needs it."""
        houses = (self.idp_base_urls, self.system_base_urls, self.attribute_service_base_urls)
        for base_url in (self.context_handler_base_url, *(url for house in houses for url in house.values())):
            ServiceUrls(base_url)
        if self.nemlogin_base_url is not None:
            ServiceUrls(self.nemlogin_base_url)

    @property
    def context_handler(self) -> ContextHandlerUrls:
        """The broker's URLs."""
        return ContextHandlerUrls(self.context_handler_base_url)

    def idp(self, party_id: str) -> IdpUrls:
        """The URLs of a mock IdP.

        Raises:
            KeyError: if the topology has no IdP of that id.
        """
        return IdpUrls(self.idp_base_urls[party_id])

    def system(self, party_id: str) -> SystemUrls:
        """The URLs of a demo system.

        Raises:
            KeyError: if the topology has no system of that id.
        """
        return SystemUrls(self.system_base_urls[party_id])

    def attribute_service(self, party_id: str) -> AttributeServiceUrls:
        """The URLs of an attribute service.

        Raises:
            KeyError: if the topology has no attribute service of that id.
        """
        return AttributeServiceUrls(self.attribute_service_base_urls[party_id])

    @property
    def nemlogin(self) -> NemLogInUrls:
        """The URLs of the NemLog-in simulator.

        Raises:
            KeyError: if the simulator does not play it.
        """
        if self.nemlogin_base_url is None:
            raise KeyError("nemlogin")
        return NemLogInUrls(self.nemlogin_base_url)


def default_topology(base_url: str, world: World) -> Topology:
    """Put every house on one origin: the broker at the root, each party that the simulator plays under a prefix.

    Raises:
        ValueError: for what is not a base URL, and for a production host.
    """
    base = parse_base_url(base_url)
    clients = world.nemlogin.clients if world.nemlogin else ()
    demo_systems = [each.id for each in played_by_sp_demo(world)] + [each.id for each in clients if each.simulated]
    return Topology(
        base,
        _under(
            f"{base}/idp",
            [each.id for each in played_by_idp_mock(world)] + [each.id for each in local_idps_played(world)],
        ),
        _under(f"{base}/sp", demo_systems),
        _under(f"{base}/attributes", (service.id for service in world.attribute_services if service.simulated)),
        f"{base}/nemlogin" if world.nemlogin else None,
    )


def _under(prefix: str, ids: Iterable[str]) -> Mapping[str, str]:
    return MappingProxyType({party_id: f"{prefix}/{party_id}" for party_id in ids})
