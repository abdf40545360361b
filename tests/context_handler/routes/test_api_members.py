"""Members that the API has registered: how they are read, changed, switched off, listed and removed, and whose time ends soon."""

from oiosaml.nsis import AssuranceLevel
from tests.builders import IDP, SYSTEM
from tests.context_handler.federation_rig import a_system, system_metadata
from tests.context_handler.routes.api_rig import Api, system_input


def test_a_taken_entity_id_is_a_conflict(api: Api) -> None:
    body = system_input(metadata=system_metadata(SYSTEM).decode(), id="byggesag")
    answer = api.client.post("/_sim/api/systems", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "md.conflict")
    assert api.client.post("/_sim/api/systems?replace=true", json=body).status_code == 201


def test_changes_what_it_gave(api: Api) -> None:
    document = api.client.get("/_sim/api/systems/byggesag").json()["registration"]
    answer = api.client.put("/_sim/api/systems/byggesag", json=document | {"minimum_level": "High"})
    assert answer.status_code == 200, answer.text
    system = api.rig.registry().system(SYSTEM)
    assert system is not None and system.registration == a_system(minimum_level=AssuranceLevel.HIGH)


def test_an_unknown_key_is_told_with_the_known_ones(api: Api) -> None:
    document = api.client.get("/_sim/api/systems/byggesag").json()["registration"]
    answer = api.client.put("/_sim/api/systems/byggesag", json=document | {"minimun_level": "High"})
    assert answer.status_code == 400
    assert "did you mean 'minimum_level'?" in answer.json()["findings"][0]["detail"]


def test_switches_off_and_on(api: Api) -> None:
    for enabled in (False, True):
        url = f"/_sim/api/idps/korsbaek/enabled?enabled={str(enabled).lower()}"
        assert api.client.put(url).status_code == 204
        idp = api.rig.registry().idp(IDP)
        assert idp is not None and idp.registration.enabled is enabled


def test_lists_and_removes(api: Api) -> None:
    assert [party["id"] for party in api.client.get("/_sim/api/attribute-services").json()] == ["skovrup"]
    assert api.client.delete("/_sim/api/attribute-services/skovrup").status_code == 204
    assert api.client.get("/_sim/api/attribute-services").json() == []
    assert api.client.delete("/_sim/api/attribute-services/skovrup").status_code == 404


def test_what_ends_soon_is_listed(api: Api) -> None:
    ending = {"active": {"end": "2025-03-10T00:00:00Z"}}
    document = api.client.get("/_sim/api/systems/byggesag").json()["registration"]
    assert api.client.put("/_sim/api/systems/byggesag", json=document | ending).status_code == 200
    (told,) = api.client.get("/_sim/api/members").json()["endings"]
    assert (told["what"], told["within_days"], told["entity_id"]) == ("activation", 7, document["entity_id"])
