"""The composition of the broker: store, registry, keys and clients opened here and handed to its app."""

import os
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import SystemRandom
from typing import Final
from urllib.parse import urlsplit

from starlette.applications import Starlette

from context_handler.adapters.guarded import Breakers, GuardedAttributeServices, GuardedRoleCatalogues
from context_handler.adapters.metadata_over_http import MetadataOverHttp
from context_handler.adapters.role_catalogue_over_http import RoleCatalogueOverHttp
from context_handler.adapters.soap_over_http import SoapOverHttp
from context_handler.app import Wiring, create_app
from context_handler.endings import endings
from context_handler.metadata_refresh import Refresher
from context_handler.ports import BrokerKeys, Ports
from context_handler.registration import Registrar
from context_handler.registry import RegistryCache
from context_handler.revocation import Revocations
from context_handler.routes.api import ApiPorts, api_router
from context_handler.session import SessionLimits
from context_handler.store.boots import Boot
from context_handler.store.database import Database
from context_handler.store.sqlite import SqliteStore
from context_handler.store.sqlite_logouts import SqliteLogouts
from context_handler.store.sqlite_long_reads import SqliteLongReads
from context_handler.store.sqlite_queries import SqliteQueries
from context_handler.store.sqlite_record import SqliteRecord
from context_handler.store.sqlite_refreshes import SqliteRefreshes
from context_handler.store.sqlite_registrations import SqliteRegistrations
from context_handler.store.sqlite_sessions import SqliteSessions
from context_handler.upkeep import members_looked_after
from federation.dev_ca import CRL_FILE, KeyRing
from federation.model import World
from federation.present import PresentWorld
from federation.topology import Topology
from nsis_sim.api_keys import api_keys
from nsis_sim.outgoing import client_tls
from nsis_sim.placement import places
from nsis_sim.settings import STORE_FILE, Settings
from nsis_sim.this_boot import boot_id
from oiosaml.ids import DEFAULT_WORKSPACE
from saml_web.clock import utc_now
from saml_web.ids import SystemIds

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def store_path(settings: Settings) -> Path:
    """Give where the store lies."""
    return settings.data_dir / STORE_FILE


def broker_keys(keys: KeyRing) -> BrokerKeys:
    """Give the broker's keys.

    During a rollover the next one is published and decrypts, and does not sign yet. Others already encrypt to it: who reads our metadata
    now can then go on with the same copy after the rollover, when the old key is gone.
    """
    own, following = keys.context_handler, keys.next_context_handler
    both = (own, following) if following else (own,)
    return BrokerKeys(
        signing=own.signing,
        published_certificates=tuple(key_set.certificate_der for key_set in both),
        decryption=tuple(key_set.decryption for key_set in both),
        encryption_certificate=both[-1].certificate_der,
        pairwise_secret=keys.pairwise_secret,
    )


@dataclass(frozen=True, slots=True)
class Broker:
    """The broker as a house, and what its neighbours may know of it."""

    app: Starlette
    registered: PresentWorld
    """Gives what is registered now."""


def build_broker(settings: Settings, world: World, topology: Topology, keys: KeyRing) -> Broker:
    """Give the broker with its store opened and the world in it.

    Raises:
        SamlError: `web.unavailable` if the store cannot be used.
    """
    clock = utc_now
    database = Database(store_path(settings))
    members = _members(settings, world, topology, keys, database, clock)
    ways = _ways_out(settings, keys)
    ports = _ports(world, topology, keys, database, members, ways, clock)
    record, states = SqliteRecord(database), SqliteRefreshes(database)
    registry, revocations = members.registry, members.revocations
    refresher = Refresher(ports, registry, members.registrar, states, ways.fetch_metadata, SystemRandom().random)
    api = ApiPorts(
        workspace=DEFAULT_WORKSPACE,
        registrar=members.registrar,
        registry=registry,
        record=record,
        long_reads=SqliteLongReads(database),
        fetch_metadata=ways.fetch_metadata,
        refreshes=states,
        clock=clock,
        decryption_keys=ports.keys.decryption,
        base_url=topology.context_handler_base_url,
    )
    app = create_app(
        Wiring(
            ports=ports,
            record=record,
            api=api_router(api),
            clients=ways.clients,
            clock=clock,
            topology=topology,
            endings=lambda: endings(registry(), clock()),
            ca_certificate_der=keys.ca_certificate_der,
            revocations=revocations,
            upkeep=lambda: members_looked_after(ports, clock, revocations, refresher),
            close=database.close,
        )
    )
    return Broker(app, lambda: registry().world())


@dataclass(frozen=True, slots=True)
class _Members:
    """Who is registered, and whose certificates are revoked."""

    registry: RegistryCache
    registrar: Registrar
    revocations: Revocations


def _members(
    settings: Settings,
    world: World,
    topology: Topology,
    keys: KeyRing,
    database: Database,
    clock: Callable[[], datetime],
) -> _Members:
    registrations = SqliteRegistrations(database)
    revocations = Revocations((settings.certs_dir / CRL_FILE).read_bytes, keys.ca_certificate_der)
    revocations.refresh(clock())
    registry = RegistryCache(registrations, DEFAULT_WORKSPACE, revocations)
    registrar = Registrar(
        registrations,
        registry,
        DEFAULT_WORKSPACE,
        context_handler=world.context_handler,
        nemlogin=world.nemlogin,
        allow_http=_on_plain_network(topology),
    )
    registrar.open_world(world, clock())
    return _Members(registry, registrar, revocations)


@dataclass(frozen=True, slots=True)
class _WaysOut:
    """How the broker reaches others, each behind a breaker where a person waits for it."""

    attribute_services: GuardedAttributeServices
    role_catalogues: GuardedRoleCatalogues
    fetch_metadata: Callable[[str], Awaitable[bytes]]
    clients: tuple[AbstractAsyncContextManager[object], ...]
    """To be opened and closed with the broker."""


def _ways_out(settings: Settings, keys: KeyRing) -> _WaysOut:
    attribute_services = SoapOverHttp(tls=lambda: client_tls(settings.certs_dir))
    client = MetadataOverHttp.make_client(tls=client_tls(settings.certs_dir))
    catalogues = RoleCatalogueOverHttp(client, api_keys(settings.certs_dir, keys))
    breakers = Breakers(time.monotonic)
    return _WaysOut(
        GuardedAttributeServices(attribute_services, breakers),
        GuardedRoleCatalogues(catalogues, breakers),
        MetadataOverHttp(client, allow_private=True).fetch,
        (attribute_services, client),
    )


def _ports(
    world: World,
    topology: Topology,
    keys: KeyRing,
    database: Database,
    members: _Members,
    ways: _WaysOut,
    clock: Callable[[], datetime],
) -> Ports:
    ids, own, sessions = SystemIds(), world.context_handler, SqliteSessions(database)
    return Ports(
        workspace=DEFAULT_WORKSPACE,
        store=SqliteStore(database, Boot(boot_id(ids.uuid), clock())),
        sessions=sessions,
        logouts=SqliteLogouts(database),
        subjects=sessions,
        registry=members.registry,
        keys=broker_keys(keys),
        ids=ids,
        entropy=os.urandom,
        attribute_services=ways.attribute_services,
        queries=SqliteQueries(database),
        role_catalogues=ways.role_catalogues,
        urls=topology.context_handler,
        entity_id_towards_systems=own.entity_id_towards_systems,
        entity_id_towards_idps=own.entity_id_towards_idps,
        contact=own.contact,
        session_limits=SessionLimits(
            idle=timedelta(minutes=own.session_idle_minutes), absolute=timedelta(hours=own.session_hours)
        ),
    )


def _on_plain_network(topology: Topology) -> bool:
    """Tell whether our own houses meet by plain http beyond this machine, as containers do: then others may, too."""
    urls = (urlsplit(place.base_url) for place in places(topology))
    return any(url.scheme == "http" and url.hostname not in _LOOPBACK for url in urls)
