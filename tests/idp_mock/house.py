"""Korsbæk's mock IdP over ASGI, and a Context Handler that asks it and opens its answers."""

import asyncio
import base64
import html
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from fastapi import FastAPI

from federation.model import Authority, HomeIdp, UserFacingSystem, World
from federation.person import Person
from federation.roles import ConstraintValue, JobFunctionRole, RoleAssignment
from federation.sp_face import read_sp_face
from federation.urls import IdpUrls
from idp_mock.app import create_app
from oiosaml.bindings.post import write_post_form
from oiosaml.bindings.redirect import write_redirect
from oiosaml.ids import Cvr
from oiosaml.keys import SigningKey
from oiosaml.logout_openings import (
    open_logout_response_post,
    open_logout_response_redirect,
    open_logout_response_soap,
    vouch_for_logout_response,
)
from oiosaml.logout_sending import logout_envelope, logout_form, logout_redirect
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.authn_request import AuthnRequest, Scoping, write_authn_request
from oiosaml.messages.element import serialise
from oiosaml.messages.logout import LogoutRequest, LogoutResponse
from oiosaml.messages.metadata import Endpoint, KeyDescriptor, MetadataEncryptionMethod
from oiosaml.messages.metadata_faces import sp_face
from oiosaml.messages.response import Answer
from oiosaml.nsis import AssuranceLevel
from oiosaml.openings import open_response, unseal_response
from oiosaml.sealed import relay_state_of
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT
from oiosaml.xml.sign import sign_enveloped
from tests.builders import (
    BROKER_REQUEST_ID,
    CH_ACS,
    CH_SLO_REQUEST_FROM_IDPS,
    CH_SLO_RESPONSE_FROM_IDPS,
    CH_SP_FACE,
    IDP,
    JOB_FUNCTION_ROLE,
    KORSBAEK,
    NOW,
    SKOVRUP,
    SYSTEM,
    SYSTEM_ROLE,
    authn_request,
    logout_request,
)
from tests.conftest import Member
from tests.counting_ids import CountingIds

URLS = IdpUrls("https://sim.test/idp/korsbaek")
NURSE = "http://roller.korsbaek.test/roles/jobrole/sygeplejerske/1"
UNIT_KEY = "http://roller.korsbaek.test/id-12-7-2/1/parametric"
UNITS = "5f0c9b0e-4a7e-4d1c-9b3e-2f6f8d1a7c10,8d2f6f1c-5a54-4d0e-8a41-6f5f2f0f9b22"


SLO = tuple(
    Endpoint(binding, CH_SLO_REQUEST_FROM_IDPS, CH_SLO_RESPONSE_FROM_IDPS)
    for binding in (BINDING_REDIRECT, BINDING_POST)
)


def person(person_id: str, name: str, level: AssuranceLevel = AssuranceLevel.SUBSTANTIAL, **more: Any) -> Person:
    """Somebody of Korsbæk Kommune."""
    valid = Person(
        id=person_id,
        name=name,
        cvr=KORSBAEK,
        uuid="3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11",
        cpr="6101018884",
        level=level,
        purpose_da=f"Formålet med {person_id}",
        purpose_en=f"The purpose of {person_id}",
    )
    return replace(valid, **more)


ANE = person("ane-holm", "Ane Holm", email="ane.holm@korsbaek.test", job_function_roles=(JOB_FUNCTION_ROLE,))
BO = person("bo-lindgaard", "Bo Lindgaard", AssuranceLevel.LOW, password="hemmelig")
CILLA = person(
    "cilla-moeberg",
    "Cilla Møberg",
    job_function_roles=(NURSE,),
    dynamic_values=(ConstraintValue(UNIT_KEY, UNITS),),
)
FINN = person("finn-ry", 'Finn "Komma, Jr." Ry', AssuranceLevel.HIGH)
IB = person("ib-noehr", "Ib Nøhr", cvr=SKOVRUP)

ROLES = (
    JobFunctionRole(JOB_FUNCTION_ROLE, "Byggesagsbehandler", KORSBAEK, ()),
    JobFunctionRole(
        NURSE,
        "Sygeplejerske",
        KORSBAEK,
        (RoleAssignment(SYSTEM_ROLE, (ConstraintValue("urn:unit", UNIT_KEY, dynamic=True),)),),
    ),
)
WORLD = World(
    authorities=(Authority("korsbaek", "Korsbæk Kommune", KORSBAEK),),
    systems=(UserFacingSystem(SYSTEM, "byggesag", "Byggesag", Cvr("95000013"), AssuranceLevel.SUBSTANTIAL, b""),),
    job_function_roles=ROLES,
    people=(ANE, BO, CILLA, FINN, IB),
)
KORSBAEKS_IDP = HomeIdp(
    entity_id=IDP,
    id="korsbaek",
    name="Korsbæk Kommune",
    cvrs=(KORSBAEK,),
    maximum_level=AssuranceLevel.SUBSTANTIAL,
    knows_roles=True,
    metadata=b"<metadata/>",
)


def broker_request(**changes: Any) -> AuthnRequest:
    """The Context Handler asks Korsbæk's IdP for a login at Substantial or better, on behalf of Byggesag."""
    valid = authn_request(
        id=BROKER_REQUEST_ID,
        issuer=CH_SP_FACE,
        destination=URLS.sso_url,
        assertion_consumer_service_url=CH_ACS,
        scoping=Scoping(proxy_count=1, requester_ids=(SYSTEM,)),
    )
    return replace(valid, **changes)


def broker_logout(session: Assertion, **changes: Any) -> LogoutRequest:
    """The Context Handler asks Korsbæk's IdP to end the session of an assertion."""
    valid = logout_request(
        issuer=CH_SP_FACE,
        destination=URLS.slo_url,
        name_id=session.subject.name_id,
        session_indexes=tuple(statement.session_index for statement in session.authn_statements),
    )
    return replace(valid, **changes)


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
    """The IdP with the browser in front of it and the Context Handler behind the browser."""

    app: FastAPI
    clock: Clock
    broker: Member
    idp: Member
    world: World
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def visit(self, method: str, url: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, cookies=self.cookies) as client:
                response = await client.request(method, url.replace(URLS.base_url, "https://sim.test"), **options)
                self.cookies.update(client.cookies)
                return response

        return asyncio.run(send())

    def ask(
        self,
        request: AuthnRequest | None = None,
        *,
        key: SigningKey | None = None,
        signed: bool = True,
        relay_state: str | None = "rs-1",
        more: str = "",
        **options: Any,
    ) -> httpx.Response:
        """Send an AuthnRequest by redirect."""
        octets = serialise(write_authn_request(request or broker_request()))
        chosen = (key or self.broker.signing) if signed else None
        return self.visit(
            "GET", write_redirect(URLS.sso_url, octets, relay_state=relay_state, key=chosen) + more, **options
        )

    def ask_by_post(
        self, request: AuthnRequest | None = None, *, signed: bool = True, query: str = "", **options: Any
    ) -> httpx.Response:
        """Send an AuthnRequest in a form."""
        element = write_authn_request(request or broker_request())
        if signed:
            sign_enveloped(element, self.broker.signing)
        form = write_post_form(URLS.sso_url, serialise(element), relay_state="rs-1", parameter="SAMLRequest")
        return self.visit("POST", form.action + query, data=dict(form.fields), **options)

    def choose(self, page: httpx.Response, **choice: str) -> httpx.Response:
        """Press a button on the login page."""
        return self.submit(hidden_fields(page) | choice)

    def submit(self, fields: Mapping[str, str], **headers: str) -> httpx.Response:
        return self.visit(
            "POST",
            URLS.login_url,
            content=urlencode(fields),
            headers={"content-type": "application/x-www-form-urlencoded", **headers},
        )

    def press(self, path: str, **fields: str) -> httpx.Response:
        """Send a form of the session page."""
        page = self.visit("GET", URLS.home_url)
        return self.visit("POST", f"{URLS.base_url}{path}", data={**hidden_fields(page), **fields})

    def session_of(self, persona: str = "ane-holm") -> Assertion:
        """Log in without a page and give what the Context Handler is told."""
        return self.open(self.ask(more=f"&persona={persona}")).assertion.value

    def log_out(self, request: LogoutRequest, by: str = "redirect", *, key: SigningKey | None = None) -> httpx.Response:
        """The Context Handler asks to end a session."""
        signing = key or self.broker.signing
        if by == "redirect":
            query = logout_redirect(request, signing, relay_state="rs-1").partition("?")[2]
            return self.visit("GET", f"{URLS.slo_url}?{query}")
        if by == "post":
            form = logout_form(request, signing, relay_state="rs-1")
            return self.visit("POST", form.action, data=dict(form.fields))
        return self.visit("POST", URLS.slo_soap_url, content=logout_envelope(request, signing))

    def logout_answer(self, answer: httpx.Response, by: str = "redirect") -> LogoutResponse:
        """Open what the IdP answered, as the Context Handler does."""
        if by == "redirect":
            assert answer.status_code == 303, answer.text
            assert answer.headers["location"].startswith(f"{CH_SLO_RESPONSE_FROM_IDPS}?")
            opened = open_logout_response_redirect(answer.headers["location"].partition("?")[2].encode())
        elif by == "post":
            assert f'action="{CH_SLO_RESPONSE_FROM_IDPS}"' in answer.text
            opened = open_logout_response_post(urlencode(hidden_fields(answer)).encode())
        else:
            opened = open_logout_response_soap(answer.content)
        assert by == "soap" or relay_state_of(opened) == "rs-1"
        return vouch_for_logout_response(opened, (self.idp.verification,)).value

    def response_in(self, page: httpx.Response) -> str:
        """The XML of the Response on an auto-POST page."""
        return base64.b64decode(hidden_fields(page)["SAMLResponse"]).decode()

    def open(self, page: httpx.Response) -> Answer:
        """Open the answer on an auto-POST page as the Context Handler does."""
        assert page.status_code == 200, page.text
        assert f'action="{CH_ACS}"' in page.text
        fields = hidden_fields(page)
        body = urlencode({name: fields[name] for name in ("SAMLResponse", "RelayState") if name in fields}).encode()
        unverified = open_response(body)
        assert unverified.claimed_in_response_to == BROKER_REQUEST_ID
        return unseal_response(unverified, (self.idp.verification,), (self.broker.decryption,))


def hidden_fields(page: httpx.Response) -> dict[str, str]:
    """The fields a browser sends along with the first form of a page."""
    return {
        html.unescape(name): html.unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
    }


def make_house(
    idp: Member,
    broker: Member,
    *,
    world: World = WORLD,
    registration: HomeIdp = KORSBAEKS_IDP,
    urls: IdpUrls = URLS,
    acs_url: str = CH_ACS,
    clock: Clock | None = None,
    decryptable: tuple[MetadataEncryptionMethod, ...] = (),
    slo: tuple[Endpoint, ...] = SLO,
) -> House:
    """An IdP with the given people and registration, for a broker whose metadata lists `decryptable`."""
    clock, ids = clock or Clock(), CountingIds()
    entity = sp_face(
        CH_SP_FACE, acs_url, signing_keys=(broker.verification,), encryption_keys=(), single_logout_services=slo
    )
    encryption = KeyDescriptor("encryption", broker.verification, decryptable)
    app = create_app(
        registration,
        lambda: house.world,
        urls=urls,
        broker=read_sp_face(replace(entity, sp=replace(entity.sp, keys=(*entity.sp.keys, encryption)))),
        asker="Simuleret Context Handler",
        signing=idp.signing,
        ids=ids,
        entropy=os.urandom,
        clock=clock,
    )
    house = House(app, clock, broker, idp, world)
    return house
