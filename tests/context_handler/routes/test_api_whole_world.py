"""The whole federation as one document: applied, applied again, exported, and told with lines where it is broken."""

import asyncio
import threading

import httpx
import pytest
from yaml import safe_load as load_yaml

from context_handler.routes import api as api_module
from federation.load import Parties, export_world, load_world
from federation.metadata_places import MetadataPlaces
from federation.model import World
from federation.yaml_lines import LinedYaml
from oiosaml.ids import EntityId
from tests.builders import NOW, SKOVRUP
from tests.context_handler.federation_rig import a_service, a_system, a_world, system_metadata
from tests.context_handler.routes.api_rig import BASE_URL, OWN, PERSON, Api
from tests.processes import END_SECONDS, FEDERATION


def test_applies_yaml_and_the_same_again(api: Api) -> None:
    world = World(systems=(a_system(entity_id=OWN, id="own"),))
    text = export_world(world).partition("\nsystems:")
    for _ in range(2):
        answer = api.client.post(
            "/_sim/api/apply", content=("systems:" + text[2]).encode(), headers={"Content-Type": "application/yaml"}
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["registered"] == [OWN]


def test_applies_json(api: Api) -> None:
    system = {"id": "own", "name": "Own", "entity_id": OWN, "cvr": SKOVRUP, "minimum_level": "Low"}
    body = {"systems": [system | {"metadata": system_metadata(OWN).decode()}]}
    assert api.client.post("/_sim/api/apply", json=body).status_code == 200
    assert api.rig.registry().system(OWN) is not None


def test_a_broken_document_is_told_with_lines_and_changes_nothing(api: Api) -> None:
    before = api.rig.registry().revision
    text = "authorities:\n  - id: ny\n    nam: Ny\n    cvr: '97000011'\n"
    answer = api.client.post("/_sim/api/apply", content=text, headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 400
    assert 3 in {finding["line"] for finding in answer.json()["findings"]}
    assert api.rig.registry().revision == before


def test_exports_what_can_be_imported(api: Api) -> None:
    answer = api.client.get("/_sim/api/export")
    assert answer.headers["content-type"].startswith("application/yaml")
    assert load_world(answer.text) == api.rig.registrar.export()


def test_applies_the_whole_export_and_puts_back_whom_the_simulator_plays(api: Api) -> None:
    played = a_service(simulated=True)
    api.rig.registrar.open_world(a_world(people=(PERSON,), attribute_services=(played,)), NOW)
    api.rig.registrar.register(World(attribute_services=(played,)), NOW, replacing=True)
    assert api.client.get("/_sim/api/played").json() == [played.entity_id]
    text = api.client.get("/_sim/api/export").text
    assert "metadata" not in load_yaml(text)["attribute_services"][0]
    assert api.client.delete("/_sim/api/attribute-services/skovrup").status_code == 204
    for _ in range(2):
        answer = api.client.post("/_sim/api/apply", content=text, headers={"Content-Type": "application/yaml"})
        assert answer.status_code == 200, answer.text
        assert api.client.get("/_sim/api/export").text == text


def test_a_party_of_ones_own_without_metadata_is_told_with_its_line(api: Api) -> None:
    text = f"systems:\n  - {{id: own, name: Own, entity_id: {OWN}, cvr: '{SKOVRUP}', minimum_level: Low}}\n"
    answer = api.client.post("/_sim/api/apply", content=text, headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 400
    assert [(each["line"], "metadata is missing" in each["detail"]) for each in answer.json()["findings"]] == [
        (2, True)
    ]


def test_others_are_answered_while_long_documents_are_read_one_by_one_web_13(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The longest document takes a second to read, and a login that waits so long is a login disturbed."""
    read, go_on, reading, most = threading.Event(), threading.Event(), 0, 0

    def slowly(*_: object) -> Parties:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        read.set()
        assert go_on.wait(END_SECONDS)
        reading -= 1
        return Parties(World(), (), MetadataPlaces("", LinedYaml(None, 1), {}, World()))

    monkeypatch.setattr(api_module, "read_parties", slowly)
    headers = {"Content-Type": "application/yaml"}

    async def all_at_once() -> list[int]:
        async with httpx.AsyncClient(transport=api.client.transport, base_url=BASE_URL) as client:
            applied = [
                asyncio.create_task(client.post("/_sim/api/apply", content="{}", headers=headers)) for _ in range(3)
            ]
            assert await asyncio.to_thread(read.wait, END_SECONDS)
            meanwhile = await client.get("/_sim/api/played")
            go_on.set()
            return [meanwhile.status_code, *[(await each).status_code for each in applied]]

    assert asyncio.run(all_at_once()) == [200, 200, 200, 200]
    assert most == 1


@pytest.mark.parametrize(
    ("block", "change", "told"),
    [
        ("context_handler", {}, []),
        ("context_handler", {"session_hours": "3"}, ["context_handler"]),
        ("context_handler", None, []),
        ("nemlogin", {"name": "Another"}, ["nemlogin"]),
    ],
)
def test_what_a_start_alone_reads_is_named_where_it_differs(
    api: Api, block: str, change: dict[str, str] | None, told: list[str]
) -> None:
    world = load_yaml(export_world(load_world(FEDERATION)))
    given = {} if change is None else {block: world[block] | change}
    body = {"systems": load_yaml(export_world(World(systems=(a_system(entity_id=OWN, id="own"),))))["systems"]}
    answer = api.client.post("/_sim/api/apply", json=body | given)
    assert (answer.status_code, answer.json().get("not_applied")) == (200, told), answer.text


def test_the_findings_of_all_parties_are_told_each_with_whose_metadata_it_is_about(api: Api) -> None:
    another = EntityId("https://saml.another.sim.test")
    broken = tuple(
        a_system(entity_id=each, id=name, metadata=system_metadata(each, acs="ftp://own.test", key=name))
        for name, each in (("own", OWN), ("another", another))
    )
    text = "systems:" + export_world(World(systems=broken)).partition("\nsystems:")[2]
    answer = api.client.post("/_sim/api/apply", content=text, headers={"Content-Type": "application/yaml"})
    told = [(each["rule_id"], each["entity_id"]) for each in answer.json()["findings"]]
    assert (answer.status_code, {("SPM-26", OWN), ("SPM-26", another)} <= set(told)) == (400, True), answer.text
