"""Demo systems in this process, a Context Handler that issues what a test asks for, and a browser without scripts."""

import asyncio
import base64
import os
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
from lxml import etree
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from federation.single_logout import of_broker_towards_systems
from federation.urls import ContextHandlerUrls, SystemUrls
from oiosaml.attributes import (
    CVR,
    EMAIL,
    FULL_NAME,
    KOMBIT_SPEC_VERSION,
    LOA,
    ORG_NAME,
    PRIVILEGES_INTERMEDIATE,
    SPEC_VERSION,
    Attribute,
)
from oiosaml.ids import AssertionId, EntityId, MessageId
from oiosaml.messages.assertion import (
    Assertion,
    AuthnStatement,
    Conditions,
    Subject,
    SubjectConfirmation,
    write_assertion,
)
from oiosaml.messages.metadata_faces import idp_face, with_attribute_service
from oiosaml.messages.metadata_writing import write_entity_descriptor
from oiosaml.messages.response import Response, Status, write_encrypted_assertion, write_response
from oiosaml.name_id import NameId
from oiosaml.nsis import AssuranceLevel
from oiosaml.uris import (
    AUTHN_CONTEXT_NSIS,
    CONFIRMATION_BEARER,
    NAMEID_PERSISTENT,
    PROFESSIONAL_UUID_PREFIX,
    STATUS_SUCCESS,
)
from oiosaml.validity import Window
from oiosaml.xml.encryption import OIOSAML_DEFAULT, RSA_OAEP_MGF1P_SHA1, EncryptionMethod, encrypt
from oiosaml.xml.writing import NewElement
from sp_demo.app import create_app, no_way_out
from sp_demo.seb.register import Register
from sp_demo.stack import PostSoap
from sp_demo.system import DemoSystem, IdpChoice, StackName, SystemKeys
from tests.trees import serialise, sign_enveloped

BROKER = EntityId("https://saml.ch.sim.test")
SSO = "http://localhost:8000/runtime/saml2/issue.idp"
ATTRIBUTE_SERVICE = "http://localhost:8000/runtime/services/attributeservice/saml2/soap"
FRESH_ID = MessageId("_0123456789abcdef0123456789abcdef")
KORSBAEK = IdpChoice(EntityId("https://saml.idp.korsbaek.test"), "Korsbæk Kommune")

REGISTERED = b"<metadata/>"
"""Whatever is registered of a system is what it serves."""

RIGHTS = b"""<?xml version="1.0" encoding="UTF-8"?><bpp:PrivilegeList xmlns:bpp="http://digst.dk/oiosaml/basic_privilege_profile">\
<PrivilegeGroup Scope="urn:dk:gov:saml:cvrNumberIdentifier:91000013">\
<Privilege>http://byggesag.sim.test/roles/usersystemrole/sagsbehandler/1</Privilege>\
<Constraint Name="http://sts.kombit.dk/constraints/KLE/1">02.34.02</Constraint></PrivilegeGroup></bpp:PrivilegeList>"""


def system_of(stack: StackName, base_url: str = "http://localhost:8000") -> DemoSystem:
    name = {StackName.PYTHON3_SAML: "Byggesag", StackName.PYSAML2: "Ydelser"}[stack]
    return DemoSystem(
        id=name.lower(),
        name=name,
        entity_id=EntityId(f"https://saml.{name.lower()}.sim.test"),
        urls=SystemUrls(f"{base_url}/sp/{name.lower()}"),
        minimum_level=AssuranceLevel.SUBSTANTIAL,
        stack=stack,
    )


@dataclass
class Issuer:
    """A Context Handler whose every answer is right except for what a test changes."""

    system: DemoSystem
    broker: Any
    recipient: Any
    method: EncryptionMethod
    entropy: Callable[[int], bytes] = os.urandom

    def attributes(self, **values: tuple[str, ...]) -> tuple[Attribute, ...]:
        valid: dict[str, tuple[str, ...]] = {
            SPEC_VERSION: ("OIO-SAML-3.0",),
            KOMBIT_SPEC_VERSION: ("2.0",),
            LOA: ("Substantial",),
            CVR: ("91000013",),
            ORG_NAME: ("Korsbæk Kommune",),
            FULL_NAME: ("Ane Holm",),
            EMAIL: ("ane.holm@korsbaek.test",),
            PRIVILEGES_INTERMEDIATE: (base64.b64encode(RIGHTS).decode(),),
        }
        return tuple(Attribute(name, texts) for name, texts in (valid | values).items() if texts)

    def assertion(self, request_id: str, **changes: Any) -> Assertion:
        now = datetime.now(UTC)
        valid = Assertion(
            id=AssertionId(f"_{uuid4().hex}"),
            issue_instant=now,
            issuer=BROKER,
            subject=self.subject(request_id),
            conditions=Conditions(
                Window(now - timedelta(minutes=1), now + timedelta(minutes=10)), ((self.system.entity_id,),)
            ),
            authn_statements=(AuthnStatement(now, "_session-1", None, AUTHN_CONTEXT_NSIS),),
            attribute_statements=(self.attributes(),),
        )
        return replace(valid, **changes)

    def subject(self, request_id: str, **changes: Any) -> Subject:
        end = datetime.now(UTC) + timedelta(minutes=5)
        valid = SubjectConfirmation(
            CONFIRMATION_BEARER, self.system.urls.acs_url, MessageId(request_id), Window(None, end)
        )
        name_id = NameId(f"{PROFESSIONAL_UUID_PREFIX}3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11", NAMEID_PERSISTENT)
        return Subject(name_id, (replace(valid, **changes),))

    def envelope(self, request_id: str, **changes: Any) -> Response:
        valid = Response(
            id=MessageId(f"_{uuid4().hex}"),
            issue_instant=datetime.now(UTC),
            status=Status(STATUS_SUCCESS),
            issuer=BROKER,
            in_response_to=MessageId(request_id),
            destination=self.system.urls.acs_url,
        )
        return replace(valid, **changes)

    def signed(self, assertion: Assertion, *, key: Any = None) -> NewElement:
        element = write_assertion(assertion)
        sign_enveloped(element, (key or self.broker).signing)
        return element

    def sealed(self, octets: bytes) -> NewElement:
        encrypted = encrypt(octets, self.recipient.public_key, self.method, entropy=self.entropy)
        return write_encrypted_assertion(encrypted)

    def answer(self, request_id: str, **changes: Any) -> bytes:
        """A Response round the valid assertion with `changes`."""
        element = self.signed(self.assertion(request_id, **changes))
        return self.wrap(request_id, self.sealed(serialise(element)))

    def wrap(self, request_id: str, *content: NewElement, **changes: Any) -> bytes:
        return serialise(write_response(self.envelope(request_id, **changes), *content))

    def refusal(self, request_id: str, status: Status, *, signed: bool = True) -> bytes:
        element = write_response(self.envelope(request_id, status=status))
        if signed:
            sign_enveloped(element, self.broker.signing)
        return serialise(element)


@dataclass
class Visitor:
    """A browser without scripts: keeps cookies, follows nothing by itself."""

    app: Starlette
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)
    language: str = "en"
    request_id: str = ""
    relay_state: str = ""

    def get(self, url: str) -> httpx.Response:
        return self.send("GET", url)

    def send(self, method: str, url: str, **options: Any) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            headers = {"Accept-Language": self.language}
            async with httpx.AsyncClient(transport=transport, cookies=self.cookies, headers=headers) as client:
                response = await client.request(method, url, **options)
                self.cookies = client.cookies
                return response

        return asyncio.run(go())

    def begin(self, url: str) -> etree._Element:
        """Start a login by redirect and give the AuthnRequest."""
        response = self.get(url)
        assert response.status_code == 303, response.text
        query = parse_qs(urlsplit(response.headers["location"]).query)
        return self._remember(inflate(query["SAMLRequest"][0]), query["RelayState"][0])

    def _remember(self, octets: bytes, relay_state: str) -> etree._Element:
        request = etree.fromstring(octets)
        self.request_id, self.relay_state = request.get("ID", ""), relay_state
        return request

    def post(self, acs: str, octets: bytes, **changes: str) -> httpx.Response:
        fields = {"SAMLResponse": base64.b64encode(octets).decode(), "RelayState": self.relay_state}
        return self.send("POST", acs, data=fields | changes)


def inflate(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text), -zlib.MAX_WBITS)


@dataclass
class House:
    """One demo system with everything a test needs round it."""

    system: DemoSystem
    app: Starlette
    inner: ASGIApp
    issuer: Issuer

    @property
    def acs(self) -> str:
        return self.system.urls.acs_url

    @property
    def login(self) -> str:
        return self.system.urls.login_url

    def visitor(self, language: str = "en") -> Visitor:
        return Visitor(self.app, language=language)

    def logged_in(self, language: str = "en", **changes: Any) -> Visitor:
        """A visitor for whom the login succeeded with `changes` to the assertion."""
        visitor = self.visitor(language)
        visitor.begin(self.login)
        response = visitor.post(self.acs, self.issuer.answer(visitor.request_id, **changes))
        assert response.status_code == 303, response.text
        assert response.headers["location"] == f"{self.system.urls.base_url}/result"
        return visitor


def broker_metadata_of(broker: Any, base_url: str = "http://localhost:8000") -> bytes:
    """The metadata of the Context Handler's face towards systems."""
    sso = f"{base_url}/runtime/saml2/issue.idp"
    face = idp_face(
        BROKER,
        sso,
        signing_keys=(broker.verification,),
        name_id_formats=(NAMEID_PERSISTENT,),
        single_logout_services=of_broker_towards_systems(ContextHandlerUrls(base_url)),
    )
    return serialise(write_entity_descriptor(with_attribute_service(face, ATTRIBUTE_SERVICE)))


def make_house(
    stack: StackName,
    member: Callable[[str], Any],
    broker: Any,
    base_url: str = "http://localhost:8000",
    register: Register | None = None,
    *,
    post_soap: PostSoap | None = None,
) -> House:
    """A demo system that knows `broker`; with `post_soap` it is one that asks for its rights."""
    document = broker_metadata_of(broker, base_url)

    async def metadata() -> bytes:
        return document

    system = replace(system_of(stack, base_url), queries_rights=post_soap is not None)
    keys = member(system.id)
    names = {"http://byggesag.sim.test/roles/usersystemrole/sagsbehandler/1": "Sagsbehandler – behandler byggesager"}
    inner = create_app(
        system,
        SystemKeys(keys.key_pem, keys.certificate_pem),
        metadata=REGISTERED,
        broker_metadata=metadata,
        names=lambda uri, _language: names.get(uri),
        idps=lambda: (KORSBAEK,),
        register=register,
        post_soap=post_soap or no_way_out,
    )
    method = RSA_OAEP_MGF1P_SHA1 if stack is StackName.PYTHON3_SAML else OIOSAML_DEFAULT
    app = Starlette(routes=[Mount(system.urls.path, inner)])
    return House(system, app, inner, Issuer(system, broker, keys, method))


def result_of(house, visitor):
    return visitor.get(f"{house.system.urls.base_url}/result")


def refused(house, visitor, octets, **changes):
    """POST and give the code on the refusal page; no session may come of it, and no cookie."""
    response = visitor.post(house.acs, octets, **changes)
    assert 400 <= response.status_code < 500, response.status_code
    assert not any("session" in cookie for cookie in response.headers.get_list("set-cookie"))
    assert result_of(house, visitor).status_code == 303
    return re.search(r"<dt>Code</dt><dd>([a-z0-9.-]+)</dd>", response.text)[1]


def refused_assertion(house, **changes):
    visitor = house.visitor()
    visitor.begin(house.login)
    return refused(house, visitor, house.issuer.answer(visitor.request_id, **changes))
