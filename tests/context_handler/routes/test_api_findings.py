"""Metadata that is refused by the API is told with rule, line and mend, and nothing of it is stored."""

from typing import Any

import pytest

from oiosaml.ids import EntityId
from tests.builders import KORSBAEK
from tests.context_handler.federation_rig import OTHER_OWNER, idp_metadata, service_metadata, system_metadata
from tests.context_handler.routes.api_rig import OWN, Api, system_input


def test_broken_metadata_gets_findings_with_line_rule_and_mend_and_is_not_stored(api: Api) -> None:
    broken = system_metadata(OWN, acs="ftp://own.sim.test/acs").decode()
    answer = api.client.post("/_sim/api/systems", json=system_input(metadata=broken))
    assert (answer.status_code, answer.json()["code"]) == (400, "md.endpoint")
    must = [finding for finding in answer.json()["findings"] if finding["requirement"] == "MUST"]
    assert must[0]["rule_id"] == "SPM-26" and must[0]["line"] == 1 and must[0]["mend"]
    assert api.rig.registry().system(OWN) is None


@pytest.mark.parametrize("named", ["", "own", "https://saml.own.test/my app", "urn:x" + "x" * 1024, " urn:own"])
@pytest.mark.parametrize(
    ("kind", "rule", "rest"),
    [
        ("systems", "SPM-02", {"cvr": KORSBAEK}),
        ("idps", "IDM-21", {"cvrs": [OTHER_OWNER], "maximum_level": "Low", "knows_roles": True}),
        ("attribute-services", "AAM-02", {"cvrs": [OTHER_OWNER]}),
    ],
)
def test_a_bad_entity_id_reaches_its_own_rule(api: Api, kind: str, rule: str, rest: dict[str, Any], named: str) -> None:
    written = {"systems": system_metadata, "idps": idp_metadata, "attribute-services": service_metadata}[kind]
    answer = api.client.post(f"/_sim/api/{kind}", json={"metadata": written(EntityId(named)).decode()} | rest)
    musts = [finding for finding in answer.json()["findings"] if finding["requirement"] == "MUST"]
    assert [(must["rule_id"], must["line"]) for must in musts] == [(rule, 1)], answer.text
    assert musts[0]["mend"] and "urn:unknown" not in answer.text


def test_an_entity_id_that_the_caller_writes_otherwise_is_told_with_the_metadatas(api: Api) -> None:
    answer = api.client.post("/_sim/api/systems", json=system_input(entity_id="https://saml.other.sim.test"))
    assert [(finding["rule_id"], finding["line"]) for finding in answer.json()["findings"]] == [("REG-02", 1)]
    assert OWN in answer.text


@pytest.mark.parametrize("entity_id", ["http://[bad", "https://]/"])
def test_entity_id_that_is_no_uri_has_findings(api: Api, entity_id: str) -> None:
    metadata = f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}"/>'
    for body in ({"metadata": metadata}, {"metadata": "<x/>", "entity_id": entity_id}):
        answer = api.client.post("/_sim/api/systems", json={"cvr": str(KORSBAEK), **body})
        assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("metadata", ["", "<x", "<!DOCTYPE x><x/>", "\x00", "æ" * 1000])
def test_what_is_no_metadata_gets_a_finding(api: Api, metadata: str) -> None:
    answer = api.client.post("/_sim/api/systems", json=system_input(metadata=metadata))
    assert answer.status_code == 400, answer.text
    (finding,) = answer.json()["findings"]
    assert finding["rule_id"] == "SPM-01" and finding["mend"]


def test_half_a_character_in_json_is_a_finding(api: Api) -> None:
    body = b'{"cvr": "91000013", "metadata": "\\ud800"}'
    answer = api.client.post("/_sim/api/systems", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "xml.malformed")
