"""The registration API without sockets: a client that asks it, what a test may look into behind it, and a system to register."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from context_handler.routes.api import ApiPorts
from context_handler.store.sqlite import SqliteStore
from federation.person import Person
from oiosaml.ids import EntityId
from oiosaml.nsis import AssuranceLevel
from tests.builders import KORSBAEK
from tests.context_handler.federation_rig import FederationRig, system_metadata

BASE_URL = "http://localhost:8000"
OWN = EntityId("https://saml.own.sim.test")
OWN_IDP = EntityId("https://saml.idp.own.test")
PERSON = Person(
    id="ane-holm",
    name="Ane Holm",
    cvr=KORSBAEK,
    uuid="3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11",
    cpr="6101010001",
    level=AssuranceLevel.SUBSTANTIAL,
    purpose_da="Har roller",
    purpose_en="Has roles",
)


class Client:
    """Asks an app without sockets, one request at a time."""

    def __init__(self, app: FastAPI) -> None:
        self.transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def request(self, method: str, path: str, **what: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self.transport, base_url=BASE_URL) as client:
                return await client.request(method, path, **what)

        return asyncio.run(ask())

    def get(self, path: str) -> httpx.Response:
        return self.request("GET", path)

    def post(self, path: str, **what: Any) -> httpx.Response:
        return self.request("POST", path, **what)

    def put(self, path: str, **what: Any) -> httpx.Response:
        return self.request("PUT", path, **what)

    def delete(self, path: str) -> httpx.Response:
        return self.request("DELETE", path)


@dataclass(frozen=True, slots=True)
class Api:
    client: Client
    rig: FederationRig
    store: SqliteStore


class PortsOfTheTest:
    """Stand for the ports of the test that runs: a hundred tests share one app, which takes longer to make than they to run."""

    ports: ApiPorts
    base_url = BASE_URL

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ports, name)


def system_input(**changes: Any) -> dict[str, Any]:
    return {"metadata": system_metadata(OWN).decode(), "cvr": KORSBAEK} | changes
