"""What a stranger's page could do in somebody's browser: nothing is changed for it, and nothing is read out to it."""

import json
from typing import Any

import pytest

from context_handler.store.sqlite_record import SqliteRecord
from oiosaml.ids import DEFAULT_WORKSPACE, MessageId
from tests.context_handler.routes.api_rig import BASE_URL, Api, system_input
from tests.context_handler.store.contract import login, steps

CHANGING = [
    ("POST", "/_sim/api/systems"),
    ("POST", "/_sim/api/idps"),
    ("POST", "/_sim/api/attribute-services"),
    ("PUT", "/_sim/api/systems/byggesag"),
    ("PUT", "/_sim/api/systems/byggesag/enabled?enabled=false"),
    ("PUT", "/_sim/api/systems/byggesag/withdrawn?withdrawn=true"),
    ("DELETE", "/_sim/api/systems/byggesag"),
    ("POST", "/_sim/api/apply"),
]


def test_the_list_of_changing_routes_is_complete(api: Api) -> None:
    schema = api.client.get("/openapi.json").json()["paths"]
    kinds = ("systems", "idps", "attribute-services")
    known = {
        (method, path.partition("?")[0].replace("byggesag", "{name}").replace("systems", kind))
        for method, path in CHANGING
        for kind in kinds
    }
    found = {(method.upper(), path) for path, methods in schema.items() for method in methods if method != "get"}
    assert found == known


DEAR = ["/_sim/api/prompts", "/_sim/api/audit", "/_sim/api/messages/_m/flow", "/_sim/api/members", "/_sim/api/export"]
"""What takes long to read."""

FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://evil.test"},
    {"Origin": "null"},
    {"Origin": "http://localhost:8001"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]
"""How another site's page gives itself away."""


@pytest.mark.parametrize(("method", "path"), CHANGING)
@pytest.mark.parametrize("headers", FOREIGN)
def test_another_sites_page_changes_nothing(api: Api, method: str, path: str, headers: dict[str, str]) -> None:
    before = api.rig.registry().revision
    answer = api.client.request(method, path, json=system_input(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "web.csrf")
    assert api.rig.registry().revision == before


@pytest.mark.parametrize("path", DEAR)
@pytest.mark.parametrize("headers", [*FOREIGN, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"}])
def test_web_13_another_sites_page_has_nothing_long_read(
    api: Api, path: str, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    api.store.save_pending(DEFAULT_WORKSPACE, login(), steps("flow-1", "begin", message_id=MessageId("_m")))
    monkeypatch.setattr(SqliteRecord, "__getattribute__", nothing_is_read)
    answer = api.client.request("GET", path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "web.csrf")


def nothing_is_read(record: SqliteRecord, name: str) -> Any:
    raise AssertionError(f"{name} was asked for")


@pytest.mark.parametrize("path", DEAR)
@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": BASE_URL}, {}],
    ids=["typed", "a link on our own page", "our own script", "a program"],
)
def test_whoever_sits_here_has_it_read(api: Api, path: str, headers: dict[str, str]) -> None:
    api.store.save_pending(DEFAULT_WORKSPACE, login(), steps("flow-1", "begin", message_id=MessageId("_m")))
    assert api.client.request("GET", path, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/_sim/api/systems", "/_sim/api/apply"])
@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_can_send_changes_nothing(api: Api, path: str, media_type: str) -> None:
    text = (
        "authorities:\n  - id: ny\n    name: Ny\n    cvr: '97000011'\n"
        if "apply" in path
        else json.dumps(system_input())
    )
    before = api.rig.registry().revision
    answer = api.client.post(path, content=text, headers={"Content-Type": media_type})
    assert answer.status_code == 403 or ("apply" not in path and answer.status_code == 400), answer.text
    assert api.rig.registry().revision == before


@pytest.mark.parametrize("path", ["/_sim/api/systems", "/_sim/api/apply"])
def test_a_wrong_content_type_is_told_as_that_and_not_as_another_sites_page(api: Api, path: str) -> None:
    headers = {"Content-Type": "application/xml", "Accept-Language": "en"}
    answer = api.client.post(path, content=b"{}", headers=headers)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (403, "web.csrf")
    assert told["sentence"] == "The content's type (Content-Type) is not taken here."
    assert "got content type 'application/xml', expected application/json" in told["detail"]
    other = api.client.post(path, content=b"{}", headers=headers | {"Origin": "https://evil.test"}).json()
    assert other["sentence"] == "The request does not come from one of our own pages."


def test_our_own_page_may_change(api: Api) -> None:
    headers = {"Origin": BASE_URL, "Sec-Fetch-Site": "same-origin"}
    assert api.client.post("/_sim/api/systems", json=system_input(), headers=headers).status_code == 201


@pytest.mark.parametrize("path", ["/_sim/api/export", "/_sim/api/people", "/_sim/api/audit", "/_sim/api/systems"])
def test_foreign_name_that_points_here_web_09(api: Api, path: str) -> None:
    """DNS rebinding: to the browser the page's origin is then our own, so it could read the answer."""
    for host in (
        "evil.test",
        "evil.test:8000",
        "localhost.evil.test",
        "127.0.0.1.evil.test",
        "localhost.",
        "[::1.evil",
    ):
        answer = api.client.request("GET", path, headers={"Host": host})
        assert (answer.status_code, answer.json()["code"]) == (403, "web.csrf"), host
    for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000", "ch.localhost", "context-handler:8000"):
        assert api.client.request("GET", path, headers={"Host": host}).status_code == 200, host
