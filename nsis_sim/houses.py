"""Builds houses from what they are made of. Each is imported when it is built, so that a process holds no house that it does not run."""

import os
import ssl
from collections.abc import Iterator
from functools import cached_property
from urllib.parse import urlencode

from starlette.applications import Starlette

from federation.dev_ca import KeyRing
from federation.model import HomeIdp, Profile, World
from federation.nemlogin_parties import context_handler_as_client, nemlogin_metadata, nemlogin_metadata_towards_idps
from federation.parties import with_own_metadata
from federation.played import local_idps_played, played_by_sp_demo
from federation.present import PresentWorld
from federation.sp_face import SpFace, read_sp_face
from federation.topology import Topology
from nsis_sim.api_keys import simulated_api_key
from nsis_sim.broker_faces import face_towards_idps, metadata_towards_systems
from nsis_sim.demo_systems import SEB, demo_system, service_behind_nemlogin, system_keys
from nsis_sim.outgoing import client_tls
from nsis_sim.placement import Place
from nsis_sim.settings import Settings
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.nsis import AssuranceLevel
from saml_web.clock import utc_now
from saml_web.ids import SystemIds


class Houses:
    """Everything that a process can run."""

    def __init__(self, settings: Settings, world: World, topology: Topology, keys: KeyRing) -> None:
        """Take what `launcher.prepare` gives."""
        self._settings = settings
        self._world = with_own_metadata(world, topology, keys)
        self._topology = topology
        self._keys = keys
        self._registered: PresentWorld | None = None

    def present_world(self) -> World:
        """Give the world as it is registered now, if the broker is among the houses built; else as its file has it.

        Raises:
            SamlError: `web.unavailable` if the broker's store cannot be read.
        """
        return self._world if self._registered is None else self._registered()

    def build(self, place: Place) -> Starlette:
        """Give the house for a place.

        Raises:
            SamlError: `web.unavailable` if the broker's store cannot be used.
        """
        match place.house, place.party:
            case "context_handler", _:
                return self._context_handler()
            case "idp_mock", str(party):
                return self._idp(party)
            case "attribute_service", str(party):
                return self._attribute_service(party)
            case "nemlogin_mock", _:
                return self._nemlogin()
            case "sp_demo", str(party) if party in {system.id for system in self._world.systems}:
                return self._system(party)
            case "sp_demo", str(party):
                return self._service_behind_nemlogin(party)
        raise ValueError(f"got {place.name}, expected one of the houses")

    def _context_handler(self) -> Starlette:
        from nsis_sim.broker import build_broker

        broker = build_broker(self._settings, self._world, self._topology, self._keys)
        self._registered = broker.registered
        return broker.app

    def _idp(self, party: str) -> Starlette:
        from idp_mock.app import create_app

        local = self._local_idp(party)
        return create_app(
            local or next(idp for idp in self._world.idps if idp.id == party),
            self.present_world,
            urls=self._topology.idp(party),
            broker=self._nemlogin_towards_idps()
            if local
            else face_towards_idps(self._world, self._topology, self._keys),
            asker=self._world.nemlogin.name if local and self._world.nemlogin else self._world.context_handler.name,
            signing=self._keys.idp(party).signing,
            ids=SystemIds(),
            entropy=os.urandom,
            clock=utc_now,
        )

    def _local_idp(self, party: str) -> HomeIdp | None:
        """Give a municipality's IdP in its connection to NemLog-in; None if that party is connected to the broker."""
        for local in local_idps_played(self._world):
            if local.id == party:
                return HomeIdp(
                    entity_id=local.entity_id,
                    id=local.id,
                    name=local.name,
                    cvrs=local.cvrs,
                    maximum_level=AssuranceLevel.SUBSTANTIAL,
                    knows_roles=False,
                    metadata=local.metadata,
                    profile=Profile.LOCAL_IDP,
                    local_user_suffix=local.suffix,
                    simulated=True,
                )
        return None

    def _nemlogin_towards_idps(self) -> SpFace:
        nemlogin = self._world.nemlogin
        metadata = (
            nemlogin_metadata_towards_idps(nemlogin, self._topology.nemlogin, self._keys.nemlogin) if nemlogin else b""
        )
        entity = read_metadata(metadata).entity
        if entity is None:
            raise ValueError("got a local IdP, expected a world with NemLog-in")
        return read_sp_face(entity)

    def _attribute_service(self, party: str) -> Starlette:
        from attribute_service.app import create_app

        return create_app(
            next(service for service in self._world.attribute_services if service.id == party),
            self.present_world,
            urls=self._topology.attribute_service(party),
            broker=face_towards_idps(self._world, self._topology, self._keys),
            signing=self._keys.attribute_service(party).signing,
            ids=SystemIds(),
            entropy=os.urandom,
            clock=utc_now,
            api_key=simulated_api_key(self._keys, party),
        )

    def _system(self, party: str) -> Starlette:
        from sp_demo.app import create_app
        from sp_demo.names import names_of
        from sp_demo.seb.register import shipped_register
        from sp_demo.soap_over_http import SoapOverHttp
        from sp_demo.system import IdpChoice

        face = metadata_towards_systems(self._world, self._topology, self._keys)

        async def broker_metadata() -> bytes:
            return face

        choices = tuple(IdpChoice(idp.entity_id, idp.name) for idp in self._world.idps if idp.enabled)
        system = next(system for system in self._world.systems if system.id == party)
        return create_app(
            demo_system(system, self._topology),
            system_keys(party, self._keys),
            metadata=system.metadata,
            broker_metadata=broker_metadata,
            names=names_of(self._world),
            idps=lambda: choices,
            register=shipped_register() if party == SEB else None,
            post_soap=SoapOverHttp(tls=self._outgoing_tls).post,
        )

    @cached_property
    def _outgoing_tls(self) -> ssl.SSLContext:
        """The same for every system: reading the usual authorities takes longer than building one."""
        return client_tls(self._settings.certs_dir)

    def _nemlogin(self) -> Starlette:
        from nemlogin_mock.app import create_app

        nemlogin = self._world.nemlogin
        if nemlogin is None:
            raise ValueError("got a place for NemLog-in, expected a world with one")
        return create_app(
            nemlogin,
            self.present_world,
            metadata=nemlogin_metadata(nemlogin, self._topology.nemlogin, self._keys.nemlogin),
            metadata_towards_idps=nemlogin_metadata_towards_idps(
                nemlogin, self._topology.nemlogin, self._keys.nemlogin
            ),
            clients=(context_handler_as_client(self._world, self._topology, self._keys), *nemlogin.clients),
            urls=self._topology.nemlogin,
            signing=self._keys.nemlogin.signing,
            decryption=self._keys.nemlogin.decryption,
            starts=tuple(self._starts_of_logins_at_nemlogin()),
            ids=SystemIds(),
            entropy=os.urandom,
            clock=utc_now,
        )

    def _starts_of_logins_at_nemlogin(self) -> Iterator[tuple[str, str]]:
        nemlogin = self._world.nemlogin
        for client in nemlogin.clients if nemlogin else ():
            if client.simulated:
                yield client.name, self._topology.system(client.id).home_url
        if nemlogin and any(idp.entity_id == nemlogin.entity_id for idp in self._world.idps):
            hint = urlencode({"idp": nemlogin.entity_id})
            for system in played_by_sp_demo(self._world):
                yield system.name, f"{self._topology.system(system.id).login_url}?{hint}"

    def _service_behind_nemlogin(self, party: str) -> Starlette:
        from sp_demo.app import create_app

        nemlogin = self._world.nemlogin
        if nemlogin is None:
            raise ValueError(f"got a place for {party}, expected a world with NemLog-in")
        face = nemlogin_metadata(nemlogin, self._topology.nemlogin, self._keys.nemlogin)

        async def broker_metadata() -> bytes:
            return face

        client = next(each for each in nemlogin.clients if each.id == party)
        return create_app(
            service_behind_nemlogin(client, self._topology),
            system_keys(party, self._keys),
            metadata=client.metadata,
            broker_metadata=broker_metadata,
        )
