"""How the federation is addressed: one origin with paths, several https sites under `.localhost`, or one origin that a network reaches."""

import socket
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from federation.base_url import parse_base_url
from federation.model import World
from federation.sites import topology_of_sites
from federation.topology import Topology
from nsis_sim.placement import PlacementError, topology_of
from nsis_sim.settings import Settings

SITES_PORT: Final = 8443
"""Where realistic addressing listens when nobody names a port."""

_EVERY_ADDRESS: Final = ("0.0.0.0", "::")  # noqa: S104 - what --lan is for, and it warns
_NOBODY: Final = ("192.0.2.1", 9)
"""An address of TEST-NET-1 (RFC 5737): asked which of our own addresses would go there, nothing is sent."""


class Kind(StrEnum):
    """The three ways."""

    PATHS = "paths"
    SITES = "sites"
    LAN = "lan"


@dataclass(frozen=True, slots=True)
class Addressing:
    """A way, and the host name that others on the network know this machine by."""

    kind: Kind = Kind.PATHS
    lan_host: str | None = None

    @property
    def is_https(self) -> bool:
        """Whether TLS is spoken."""
        return self.kind is Kind.SITES

    def port(self, settings: Settings, given: int | None) -> int:
        """Give the port to listen on: the one given, else the one set, else this way's own."""
        if given is not None:
            return given
        if self.kind is Kind.SITES and "port" not in settings.model_fields_set:
            return SITES_PORT
        return settings.port

    def settings(self, settings: Settings, port: int) -> Settings:
        """Give the settings as this way needs them.

        Raises:
            PlacementError: if the settings already say where houses live, or this machine has no address on a network.
        """
        if self.kind is not Kind.PATHS and (settings.base_url or settings.base_urls):
            raise PlacementError(
                f"--{self._option} chooses the addresses itself: unset NSIS_BASE_URL and NSIS_BASE_URLS"
            )
        if self.kind is not Kind.LAN:
            return settings
        host = self.lan_host or address_on_network()
        try:
            base_url = parse_base_url(f"http://{f'[{host}]' if ':' in host else host}:{port}")
        except ValueError as error:
            raise PlacementError(f"--lan-host: {error}") from error
        return settings.model_copy(update={"base_url": base_url})

    def listen(self, settings: Settings) -> tuple[str, ...]:
        """Give the addresses to listen on: all of them only for a network."""
        return _EVERY_ADDRESS if self.kind is Kind.LAN else settings.listen

    def topology(self, settings: Settings, world: World, port: int) -> Topology:
        """Give the base URL of every house.

        Raises:
            PlacementError: if the settings place a party that the simulator does not play.
        """
        return topology_of_sites(port, world) if self.kind is Kind.SITES else topology_of(settings, world, port)

    @property
    def _option(self) -> str:
        return "realistic" if self.kind is Kind.SITES else "lan"


def address_on_network() -> str:
    """Give the IP address by which this machine's network knows it.

    Raises:
        PlacementError: if it has none.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(_NOBODY)
            address = str(asked.getsockname()[0])
        except OSError:
            address = ""
    if not address or address.startswith(("127.", "0.")):
        raise PlacementError(
            "This machine has no address on a network. Name one that others can reach: --lan-host NAME"
        )
    return address
