"""Bodies that are too large, too deep, of too many parts or ambiguous are refused by the API at little cost."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from context_handler.routes.api_route import LARGEST_WORLD, MOST_JSON_PARTS
from tests.builders import KORSBAEK
from tests.context_handler.routes.api_rig import Api
from tests.cpu_time import cpu_seconds_of


def test_body_is_cut_before_it_is_read_web_13(api: Api) -> None:
    """A page may send as much as it likes without asking; what is refused anyway must not fill the memory first."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(4 * LARGEST_WORLD // 2**16):
            taken += 2**16
            yield b" " * 2**16

    headers = {"Content-Type": "text/plain", "Origin": "http://evil.test", "Sec-Fetch-Site": "cross-site"}
    answer = api.client.post("/_sim/api/systems", content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "size")
    assert taken <= LARGEST_WORLD + 2**17


def test_a_document_that_is_too_large_is_cut_off(api: Api) -> None:
    answer = api.client.post(
        "/_sim/api/apply", content=b"#" * (LARGEST_WORLD + 1), headers={"Content-Type": "application/yaml"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "size")


def test_deep_yaml_is_refused_web_13(api: Api) -> None:
    """PyYAML and our own walk go down by recursion; its end is a refusal, no failure."""
    for depth in (500, 3_000, 100_000):
        content = b"systems: " + b"[" * depth + b"]" * depth
        answer = api.client.post("/_sim/api/apply", content=content, headers={"Content-Type": "application/yaml"})
        assert (answer.status_code, answer.json()["code"]) == (400, "md.rule"), depth


def test_a_flood_of_yaml_is_refused_web_13(api: Api) -> None:
    content = "systems:\n" + " - {}\n" * 100_000
    headers = {"Content-Type": "application/yaml"}

    def ask() -> None:
        answer = api.client.post("/_sim/api/apply", content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "md.rule")

    assert cpu_seconds_of(ask) < 2


def _json_of(parts: int) -> bytes:
    return b'{"cvr": "91000013", "metadata": "<x/>"' + b"".join(b',"k%d":1' % n for n in range(parts - 2)) + b"}"


@pytest.mark.parametrize(("method", "path"), [("POST", "/_sim/api/systems"), ("PUT", "/_sim/api/systems/byggesag")])
def test_json_of_too_many_parts_is_refused_before_it_is_read_web_13(api: Api, method: str, path: str) -> None:
    answers: list[httpx.Response] = []
    headers = {"Content-Type": "application/json"}

    def ask(content: bytes) -> None:
        answers.append(api.client.request(method, path, content=content, headers=headers))

    for content in (
        _json_of(MOST_JSON_PARTS), _json_of(MOST_JSON_PARTS + 1), _json_of(500_000), b'{"a":[' + b"{}," * 2_000_000 + b"{}]}",
    ):  # fmt: skip
        assert cpu_seconds_of(lambda content=content: ask(content)) < 2, content[-9:]
    assert [(each.status_code, each.json()["code"]) for each in answers[1:]] == [(413, "size")] * 3
    assert (answers[0].status_code, answers[0].json()["code"] in {"web.form", "md.rule"}) == (400, True)


@pytest.mark.parametrize(("method", "path"), [("POST", "/_sim/api/systems"), ("PUT", "/_sim/api/systems/byggesag")])
@pytest.mark.parametrize(
    "doubled", ['"cvr": "94000018"', '"active": {"end": null, "end": null}', '"c\\u0076r": "94000018"']
)
def test_a_name_that_stands_twice_in_json_is_refused(api: Api, method: str, path: str, doubled: str) -> None:
    before = api.rig.registry().revision
    document = api.client.get("/_sim/api/systems/byggesag").json()["registration"]
    content = json.dumps(document | {"cvr": str(KORSBAEK)})
    headers = {"Content-Type": "application/json"}
    answer = api.client.request(method, path, content=f"{content[:-1]}, {doubled}}}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "web.form")
    assert "twice" in answer.json()["detail"]
    assert api.rig.registry().revision == before


def test_json_that_is_none_is_refused(api: Api) -> None:
    for content in ('{"cvr": ', "[" * 5_000, "9" * 5_000, "\ud800"):
        answer = api.client.post(
            "/_sim/api/systems",
            content=content.encode("utf-8", "surrogatepass"),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 400, content[:9]
