"""Skovrup's attribute service over ASGI, and a Context Handler that asks it and opens its answers."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from lxml.etree import _Element

from attribute_service.app import create_app
from federation.model import AttributeService, UserFacingSystem, World
from federation.person import Person
from federation.roles import ConstraintValue, JobFunctionRole, RoleAssignment, SystemRole
from federation.sp_face import read_sp_face
from federation.urls import AttributeServiceUrls
from oiosaml.bindings.soap import CONTENT_TYPE, wrap
from oiosaml.ids import Cvr, EntityId
from oiosaml.keys import SigningKey
from oiosaml.messages.attribute_query import AttributeQuery, write_attribute_query
from oiosaml.messages.metadata_faces import sp_face
from oiosaml.messages.response import Answer
from oiosaml.nsis import AssuranceLevel
from oiosaml.openings import open_attribute_response, unseal_attribute_response
from tests.builders import ATTRIBUTE_SERVICE, CH_ACS, CH_SP_FACE, NOW, SKOVRUP, SYSTEM, SYSTEM_ROLE, attribute_query
from tests.conftest import Member
from tests.counting_ids import CountingIds
from tests.trees import serialise, sign_enveloped, tree

URLS = AttributeServiceUrls("https://sim.test/attributes/skovrup")
CASE_WORKER = "http://roller.skovrup.test/roles/jobrole/byggesagsbehandler/1"
PAYER = "http://roller.skovrup.test/roles/jobrole/udbetaler/1"
UNREGISTERED = "http://roller.skovrup.test/roles/jobrole/ukendt/1"
OTHER_SYSTEM = EntityId("https://saml.ydelser.sim.test")
OTHER_ROLE = "http://ydelser.sim.test/roles/usersystemrole/udbetaler/1"
UNIT_KEY = "http://roller.skovrup.test/enhed/1/parametric"
UNIT = "5f0c9b0e-4a7e-4d1c-9b3e-2f6f8d1a7c10"

IB = Person(
    id="ib-noehr",
    name="Ib Nøhr",
    cvr=SKOVRUP,
    uuid="0d6f6c52-1d4e-4c3c-9a77-3c6c2a9b5e04",
    cpr="6505058888",
    level=AssuranceLevel.SUBSTANTIAL,
    purpose_da="attributservice",
    purpose_en="attribute service",
    job_function_roles=(CASE_WORKER, PAYER, UNREGISTERED),
    dynamic_values=(ConstraintValue(UNIT_KEY, UNIT),),
)
WITHOUT_ROLES = replace(
    IB, id="uden-roller", uuid="11111111-1d4e-4c3c-9a77-3c6c2a9b5e04", job_function_roles=(), dynamic_values=()
)
UNHEARD_OF = replace(IB, id="ukendt", uuid="22222222-1d4e-4c3c-9a77-3c6c2a9b5e04", known_to_attribute_service=False)
OF_ANOTHER_MUNICIPALITY = replace(IB, id="ane-holm", cvr=Cvr("91000013"), uuid="33333333-1d4e-4c3c-9a77-3c6c2a9b5e04")
SUPPLIER = Cvr("95000013")
WORLD = World(
    systems=(
        UserFacingSystem(SYSTEM, "byggesag", "Byggesag", SUPPLIER, AssuranceLevel.SUBSTANTIAL, b""),
        UserFacingSystem(OTHER_SYSTEM, "ydelser", "Ydelser", SUPPLIER, AssuranceLevel.SUBSTANTIAL, b""),
    ),
    system_roles=(SystemRole(SYSTEM_ROLE, "Sagsbehandler", SYSTEM), SystemRole(OTHER_ROLE, "Udbetaler", OTHER_SYSTEM)),
    job_function_roles=(
        JobFunctionRole(
            CASE_WORKER,
            "Byggesagsbehandler",
            SKOVRUP,
            (RoleAssignment(SYSTEM_ROLE, (ConstraintValue("urn:unit", UNIT_KEY, dynamic=True),)),),
        ),
        JobFunctionRole(PAYER, "Udbetaler", SKOVRUP, (RoleAssignment(OTHER_ROLE),)),
    ),
    people=(IB, WITHOUT_ROLES, UNHEARD_OF, OF_ANOTHER_MUNICIPALITY),
)
SKOVRUPS_SERVICE = AttributeService(ATTRIBUTE_SERVICE, "skovrup", "Skovrup Kommune", (SKOVRUP,), b"<metadata/>")


def question(**changes: Any) -> AttributeQuery:
    """The Context Handler asks for Ib Nøhr's privileges, for no system in particular."""
    return attribute_query(**({"destination": URLS.soap_url, "target_user_system": None} | changes))


@dataclass
class Clock:
    """A clock that stands until a test moves it."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **spans: float) -> None:
        self.at += timedelta(**spans)


@dataclass
class House:
    """The attribute service with the Context Handler before it."""

    app: FastAPI
    clock: Clock
    broker: Member
    service: Member
    ids: CountingIds
    entropy_drawn: list[int]
    world: World

    def visit(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="https://sim.test") as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    def post(self, envelope: bytes) -> httpx.Response:
        return self.visit("POST", "/saml2/soap", content=envelope, headers={"content-type": CONTENT_TYPE})

    def envelope(
        self,
        query: AttributeQuery | None = None,
        *,
        key: SigningKey | None = None,
        signed: bool = True,
        change: Callable[[_Element], None] | None = None,
    ) -> bytes:
        """A query in SOAP, signed by the Context Handler; `change` happens before the signature."""
        element = tree(write_attribute_query(query or question()))
        if change is not None:
            change(element)
        if signed:
            sign_enveloped(element, key or self.broker.signing)
        return wrap(serialise(element))

    def ask(self, query: AttributeQuery | None = None, **options: Any) -> Answer:
        """Ask, and open the answer as the Context Handler does."""
        return self.open(self.post(self.envelope(query, **options)))

    def open(self, response: httpx.Response) -> Answer:
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == CONTENT_TYPE
        unverified = open_attribute_response(response.content)
        return unseal_attribute_response(unverified, (self.service.verification,), (self.broker.decryption,))


def make_house(
    service: Member, broker: Member, *, world: World = WORLD, registration: AttributeService = SKOVRUPS_SERVICE
) -> House:
    """An attribute service that knows the people of `world`."""
    clock, ids = Clock(), CountingIds()
    drawn: list[int] = []

    def entropy(octets: int) -> bytes:
        drawn.append(octets)
        return os.urandom(octets)

    app = create_app(
        registration,
        lambda: house.world,
        urls=URLS,
        broker=read_sp_face(
            sp_face(CH_SP_FACE, CH_ACS, signing_keys=(broker.verification,), encryption_keys=(broker.verification,))
        ),
        signing=service.signing,
        ids=ids,
        entropy=entropy,
        clock=clock,
    )
    house = House(app, clock, broker, service, ids, drawn, world)
    return house
