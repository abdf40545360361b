"""Starts houses in this process: settings, sockets, world, keys, houses, one server. Everything that can go wrong has a plain sentence."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from federation.dev_ca import KeyRing, ensure_keys, key_holders
from federation.dev_ca_web import WebCertificate, ensure_web_certificate
from federation.load import load_world
from federation.model import World
from federation.problems import FederationError
from federation.sites import topology_of_sites
from federation.topology import Topology
from nsis_sim.addressing import SITES_PORT, Addressing
from nsis_sim.dispatcher import Dispatcher
from nsis_sim.file_and_store import what_the_store_has_otherwise
from nsis_sim.placement import Place, PlacementError, chosen, topology_of
from nsis_sim.placement import places as every_place
from nsis_sim.server import AddressError, PortBusyError, listen, serve, write_ready_file
from nsis_sim.settings import Settings, SettingsError, load_settings
from nsis_sim.welcome import say_ready
from oiosaml.errors import SamlError
from saml_web.clock import utc_now
from saml_web.local_names import is_local_name

BY_PATHS: Final = Addressing()


class LaunchError(Exception):
    """The simulator cannot start; the message is for the person who started it."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What every house is made from."""

    settings: Settings
    world: World
    topology: Topology
    keys: KeyRing
    tls: WebCertificate | None
    """Made before any house is: each reads once, when it is built, whose certificates it takes."""


def prepare(port: int | None, addressing: Addressing = BY_PATHS) -> Prepared:
    """Read settings and world, and make the keys that are missing, the TLS certificate among them where TLS is spoken.

    Raises:
        LaunchError: if the settings, the world or the certificate directory cannot be used.
    """
    settings = _settings()
    port = addressing.port(settings, port)
    try:
        world = load_world(settings.federation)
        settings = addressing.settings(settings, port)
        topology = addressing.topology(settings, world, port)
    except (OSError, FederationError, PlacementError) as error:
        raise LaunchError(f"The federation cannot be set up: {error}") from error
    if not (settings.certs_dir / "ca.crt.pem").exists():
        sys.stderr.write(f"Making keys and certificates in {settings.certs_dir} (first start only) …\n")
    try:
        holders = key_holders(world)
        keys = ensure_keys(
            settings.certs_dir, holders, rsa_bits=settings.rsa_bits, at=utc_now(), urls=topology.context_handler
        )
    except (OSError, ValueError) as error:
        raise LaunchError(
            f"Keys cannot be made or read in {settings.certs_dir}: {error}. NSIS_CERTS_DIR names another directory."
        ) from error
    tls = _web_certificate(settings, topology) if addressing.is_https else None
    return Prepared(settings, world, topology, keys, tls)


def launch(
    only: Sequence[str], *, port: int | None, ready_file: Path | None, addressing: Addressing = BY_PATHS
) -> None:
    """Start the houses that `only` names, all where it names none, and serve until SIGINT or SIGTERM.

    Raises:
        LaunchError: if it cannot start.
    """
    settings = _settings()
    try:
        taken, sockets = listen(addressing.listen(settings), addressing.port(settings, port))
    except (PortBusyError, AddressError) as error:
        raise LaunchError(str(error)) from error
    try:
        prepared = prepare(taken, addressing)
        places = _places(prepared, only)
        app, world = _build(prepared, places)
        otherwise = what_the_store_has_otherwise(settings.federation, prepared.world, world)
        if otherwise is not None:
            sys.stderr.write(f"{otherwise}\n")

        def on_ready() -> None:
            say_ready(world, prepared.topology, places, addressing)
            if ready_file is not None:
                write_ready_file(ready_file, prepared.topology.context_handler_base_url)

        serve(app, sockets, log_level=settings.log_level, on_ready=on_ready, tls=prepared.tls)
    finally:
        for bound in sockets:
            bound.close()


def prepare_web_ca(settings: Settings) -> Path:
    """Give the file of the TLS authority's certificate, made if it is missing.

    Raises:
        LaunchError: if the world cannot be read or the file not be written.
    """
    try:
        topology = topology_of_sites(SITES_PORT, load_world(settings.federation))
    except (OSError, FederationError) as error:
        raise LaunchError(f"The federation cannot be set up: {error}") from error
    return _web_certificate(settings, topology).ca


def topology_at(settings: Settings, base_url: str) -> tuple[World, Topology]:
    """Give the world, and who lives where in a simulator that runs at that base URL, for commands that walk through its houses.

    Raises:
        LaunchError: if the world cannot be read, or the settings place somebody whom the simulator does not play.
    """
    parts = urlsplit(base_url)
    try:
        world = load_world(settings.federation)
        if parts.scheme == "https" and is_local_name(parts.hostname or ""):
            return world, topology_of_sites(parts.port or SITES_PORT, world)
        return world, topology_of(settings.model_copy(update={"base_url": base_url}), world, settings.port)
    except (OSError, FederationError, PlacementError) as error:
        raise LaunchError(f"The federation cannot be read: {error}") from error


def _web_certificate(settings: Settings, topology: Topology) -> WebCertificate:
    hosts = [urlsplit(place.base_url).hostname or "" for place in every_place(topology)]
    try:
        return ensure_web_certificate(settings.certs_dir, hosts, at=utc_now())
    except OSError as error:
        raise LaunchError(f"The TLS certificate cannot be made in {settings.certs_dir}: {error}") from error


def _settings() -> Settings:
    try:
        return load_settings(os.environ)
    except SettingsError as error:
        raise LaunchError(str(error)) from error


def _places(prepared: Prepared, only: Sequence[str]) -> tuple[Place, ...]:
    try:
        return chosen(prepared.topology, only)
    except PlacementError as error:
        raise LaunchError(str(error)) from error


def _build(prepared: Prepared, places: Sequence[Place]) -> tuple[Dispatcher, World]:
    """Give the houses, and the world that they start with: the broker's store may have another than the file."""
    from nsis_sim.houses import Houses

    try:
        houses = Houses(prepared.settings, prepared.world, prepared.topology, prepared.keys)
        return Dispatcher({place.base_url: houses.build(place) for place in places}), houses.present_world()
    except ValueError as error:
        raise LaunchError(f"The houses cannot stand together: {error}") from error
    except SamlError as error:
        raise LaunchError(
            f"The store cannot be used: {error.detail}. NSIS_DATA_DIR names another directory."
        ) from error
