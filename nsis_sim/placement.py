"""Which house lives where: the topology that the settings ask for, and the houses that `--only` names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from federation.model import World
from federation.topology import Topology, default_topology
from nsis_sim.settings import HOUSES, Settings

_PREFIXES: Final = {"idp_mock": "idp", "sp_demo": "sp", "attribute_service": "attributes"}


class PlacementError(Exception):
    """A house or party is named that is not there."""


@dataclass(frozen=True, slots=True)
class Place:
    """One house of one party, and its base URL."""

    house: str
    party: str | None
    base_url: str

    @property
    def name(self) -> str:
        """What `--only` calls it."""
        return self.house if self.party is None else f"{self.house}:{self.party}"


def topology_of(settings: Settings, world: World, port: int) -> Topology:
    """Give the base URL of every house: its own where the settings have one, else under the broker's.

    Raises:
        PlacementError: if the settings place a party that the simulator does not play.
    """
    try:
        topology = default_topology(settings.broker_url(port), world)
    except ValueError as error:
        raise PlacementError(str(error)) from error
    topology = replace(
        topology,
        context_handler_base_url=settings.base_urls.get("context_handler", topology.context_handler_base_url),
        idp_base_urls=_moved("idp_mock", topology.idp_base_urls, settings.base_urls),
        system_base_urls=_moved("sp_demo", topology.system_base_urls, settings.base_urls),
        attribute_service_base_urls=_moved(
            "attribute_service", topology.attribute_service_base_urls, settings.base_urls
        ),
        nemlogin_base_url=settings.base_urls.get("nemlogin_mock", topology.nemlogin_base_url)
        if topology.nemlogin_base_url
        else None,
    )
    known = {place.name for place in places(topology)} | set(HOUSES)
    for name in settings.base_urls:
        if name not in known:
            raise PlacementError(f"NSIS_BASE_URLS: the simulator plays no {name}; it plays {', '.join(sorted(known))}")
    return topology


def _moved(house: str, parties: Mapping[str, str], wanted: Mapping[str, str]) -> Mapping[str, str]:
    whole = wanted.get(house)
    return MappingProxyType(
        {
            party: wanted.get(f"{house}:{party}", f"{whole}/{_PREFIXES[house]}/{party}" if whole else base_url)
            for party, base_url in parties.items()
        }
    )


def places(topology: Topology) -> tuple[Place, ...]:
    """Give every house that the simulator plays."""
    return (
        Place("context_handler", None, topology.context_handler_base_url),
        *(Place("idp_mock", party, url) for party, url in topology.idp_base_urls.items()),
        *(Place("attribute_service", party, url) for party, url in topology.attribute_service_base_urls.items()),
        *((Place("nemlogin_mock", None, topology.nemlogin_base_url),) if topology.nemlogin_base_url else ()),
        *(Place("sp_demo", party, url) for party, url in topology.system_base_urls.items()),
    )


def chosen(topology: Topology, only: Sequence[str]) -> tuple[Place, ...]:
    """Give the houses that `only` names; all of them where it names none.

    Raises:
        PlacementError: if it names one that is not there.
    """
    everything = places(topology)
    for name in only:
        if not any(name in {place.name, place.house} for place in everything):
            raise PlacementError(
                f"--only {name}: there is {', '.join(sorted({*HOUSES, *(place.name for place in everything)}))}"
            )
    return tuple(place for place in everything if not only or place.name in only or place.house in only)
