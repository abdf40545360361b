"""A registration API with a federation and a store of its own for each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from fastapi import FastAPI

from context_handler.routes.api import ApiPorts, api_router
from context_handler.store.sqlite import SqliteStore
from context_handler.store.sqlite_long_reads import SqliteLongReads
from context_handler.store.sqlite_record import SqliteRecord
from context_handler.store.sqlite_refreshes import SqliteRefreshes
from oiosaml.errors import SamlError
from oiosaml.ids import DEFAULT_WORKSPACE
from saml_web.error_pages import ErrorPages
from saml_web.ids import SystemIds
from saml_web.pages import Pages
from tests.builders import NOW
from tests.conftest import make_member
from tests.context_handler.boots import BOOT
from tests.context_handler.federation_rig import a_world, make_federation_rig, system_metadata
from tests.context_handler.routes.api_rig import BASE_URL, OWN, PERSON, Api, Client, PortsOfTheTest


@pytest.fixture(scope="session")
def shared() -> tuple[FastAPI, PortsOfTheTest]:
    app, ports = FastAPI(), PortsOfTheTest()
    app.router.routes.extend(api_router(cast("ApiPorts", ports)).routes)
    ErrorPages(Pages("context_handler", base_url=BASE_URL, ids=SystemIds())).install(app)
    return app, ports


@pytest.fixture
def api(tmp_path: Path, shared: tuple[FastAPI, PortsOfTheTest]) -> Iterator[Api]:
    rig = make_federation_rig(tmp_path)
    rig.registrar.open_world(a_world(people=(PERSON,)), NOW)

    async def fetch(url: str) -> bytes:
        if url != "http://localhost:9000/metadata":
            raise SamlError("md.source", f"got {url}, expected another")
        return system_metadata(OWN)

    app, of_the_test = shared
    of_the_test.ports = ApiPorts(
        workspace=DEFAULT_WORKSPACE,
        registrar=rig.registrar,
        registry=rig.registry,
        record=SqliteRecord(rig.database),
        long_reads=SqliteLongReads(rig.database),
        fetch_metadata=fetch,
        refreshes=SqliteRefreshes(rig.database),
        clock=lambda: NOW,
        decryption_keys=[make_member("broker").decryption],
        base_url=BASE_URL,
    )
    yield Api(Client(app), rig, SqliteStore(rig.database, BOOT))
    rig.database.close()
