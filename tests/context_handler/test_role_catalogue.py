"""A role catalogue by REST: what it says counts as an attribute service's word, and whatever is wrong with it never gives more rights."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from context_handler.adapters.role_catalogue_over_http import MAXIMUM_ANSWER, RoleCatalogueOverHttp
from context_handler.answering import RefusedLogin
from federation.model import OnAttributeFailure, RoleCatalogue
from oiosaml import attributes as names
from oiosaml.errors import SamlError
from oiosaml.privileges import read_privileges
from tests.builders import ANE_HOLM, PRIVILEGES_TEXT, SYSTEM
from tests.context_handler.federation_rig import a_service
from tests.context_handler.rig import CASE_WORKER, IDP_SSO, READER, Rig, home_idp, registered_idp, registered_service

pytestmark = pytest.mark.anyio

URL = "https://roller.korsbaek.test"
KEY = "a secret that stands nowhere"
HONEST = {"oioBPP": PRIVILEGES_TEXT, "nameID": ANE_HOLM.value, "roleMap": {"http://x.test/1": "Byggesagsbehandler"}}

Answer = Callable[[httpx.Request], httpx.Response]


def saying(content: Any, status: int = 200) -> Answer:
    octets = content if isinstance(content, bytes) else json.dumps(content).encode()
    return lambda _: httpx.Response(status, stream=httpx.ByteStream(octets))


def failing(error: Exception) -> Answer:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    return answer


def catalogue(answer: Answer, key: str | None = KEY) -> RoleCatalogueOverHttp:
    return RoleCatalogueOverHttp(httpx.AsyncClient(transport=httpx.MockTransport(answer)), lambda _: key)


def with_catalogue(rig: Rig, answer: Answer, on_failure: OnAttributeFailure = OnAttributeFailure.REFUSE) -> None:
    idp = home_idp(knows_roles=False, on_attribute_failure=on_failure)
    rig.registry.idp_list[0] = registered_idp(rig.idp, idp, IDP_SSO)
    rig.registry.service = registered_service(rig.service.member, role_catalogue=RoleCatalogue(URL))
    rig.ports = replace(rig.ports, role_catalogues=catalogue(answer))


async def test_rights_come_from_the_role_catalogue(rig: Rig) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps(HONEST).encode()))

    with_catalogue(rig, answer)
    value = rig.token(await rig.login()).values_of(names.PRIVILEGES_INTERMEDIATE)[0]
    assert [group.privileges for group in read_privileges(value).groups] == [(CASE_WORKER,), (READER,)]
    (request,) = asked
    assert request.url.path == "/api/user/3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11/roles"
    assert dict(request.url.params) == {"system": SYSTEM, "domain": "KOMBIT"}
    assert request.headers["ApiKey"] == KEY
    assert rig.service.asked == [], "no SAML query beside it"


BO = "C=DK,O=91000013,CN=Ane Holm,Serial=8e2f4e56-0b39-4f7a-8c57-5d0f4f7d2a02"
OTHER_CVR = ANE_HOLM.value.replace("91000013", "94000018")
FAULTS: dict[str, tuple[str, Answer]] = {
    "unknown-user": ("aq.unknown-user", saying({}, 404)),
    "wrong-key": ("aq.denied", saying({}, 401)),
    "forbidden": ("aq.denied", saying({}, 403)),
    "error": ("aq.transport", saying({}, 500)),
    "redirect": ("aq.transport", lambda _: httpx.Response(302, headers={"Location": "https://evil.test/"})),
    "time-out": ("aq.transport", failing(httpx.ReadTimeout("too slow"))),
    "refused": ("aq.transport", failing(httpx.ConnectError("nobody there"))),
    "huge": ("aq.transport", saying(b" " * (MAXIMUM_ANSWER + 1))),
    "no-json": ("aq.format", saying(b"<html/>")),
    "no-utf8": ("aq.format", saying(b"\xff\xfe")),
    "deep": ("aq.format", saying(b"[" * 100_000)),
    "twice": ("aq.format", saying(json.dumps(HONEST).replace("{", '{"oioBPP": "x", ', 1).encode())),
    "a-list": ("aq.format", saying([HONEST])),
    "one-less": ("aq.format", saying({"oioBPP": PRIVILEGES_TEXT, "nameID": ANE_HOLM.value})),
    "one-more": ("aq.format", saying(HONEST | {"admin": True})),
    "rights-no-text": ("aq.format", saying(HONEST | {"oioBPP": 1})),
    "names-no-text": ("aq.format", saying(HONEST | {"roleMap": {"http://x.test": 1}})),
    "name-of-another-layout": ("aq.format", saying(HONEST | {"nameID": "ane"})),
    "somebody-else-aq-02": ("aq.subject", saying(HONEST | {"nameID": BO})),
    "another-organisation": ("aq.subject", saying(HONEST | {"nameID": OTHER_CVR})),
    "rights-no-base64-prv-01": ("priv.encoding", saying(HONEST | {"oioBPP": "%%%"})),
}


@pytest.mark.parametrize(("code", "answer"), FAULTS.values(), ids=FAULTS.keys())
async def test_login_is_refused(rig: Rig, code: str, answer: Answer) -> None:
    with_catalogue(rig, answer)
    outcome = await rig.login()
    assert isinstance(outcome, RefusedLogin) and outcome.error.code == code


@pytest.mark.parametrize(("code", "answer"), FAULTS.values(), ids=FAULTS.keys())
async def test_login_goes_on_without_rights_where_the_registration_says_so(rig: Rig, code: str, answer: Answer) -> None:
    del code
    with_catalogue(rig, answer, OnAttributeFailure.WITHOUT_RIGHTS)
    value = rig.token(await rig.login()).values_of(names.PRIVILEGES_INTERMEDIATE)[0]
    assert read_privileges(value).groups == ()


async def test_a_user_without_rights(rig: Rig) -> None:
    with_catalogue(rig, saying(HONEST | {"oioBPP": ""}))
    value = rig.token(await rig.login()).values_of(names.PRIVILEGES_INTERMEDIATE)[0]
    assert read_privileges(value).groups == ()


async def test_web_10_the_key_is_told_to_nobody(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    service = a_service(role_catalogue=RoleCatalogue(URL))
    with pytest.raises(SamlError) as refused:
        await catalogue(saying({}, 500)).roles_of(service, "x", SYSTEM)
    assert KEY not in str(refused.value) + refused.value.detail + caplog.text + repr(service)
    with_catalogue(rig, saying(HONEST))
    await rig.login()
    flow = rig.record.flows(rig.ports.workspace, limit=1)[0].flow
    assert all(KEY not in repr(event) for event in rig.record.events_of(rig.ports.workspace, flow))
