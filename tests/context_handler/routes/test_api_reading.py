"""What programs read from the API: people, flows, the audit, and its own description; tricks with names find nothing."""

from base64 import b64decode
from dataclasses import replace

import pytest

from oiosaml.ids import DEFAULT_WORKSPACE
from tests.conftest import make_member
from tests.context_handler.rig import form_body
from tests.context_handler.routes.api_rig import Api
from tests.context_handler.store.contract import FINDING, login, steps
from tests.context_handler.test_inspection import PLAIN, response_to


def test_people_come_without_secrets(api: Api) -> None:
    (person,) = api.client.get("/_sim/api/people").json()
    assert person["municipality"] == "Korsbæk Kommune" and person["purpose"] == {"da": "Har roller", "en": "Has roles"}
    assert not {"cpr", "password", "uuid"} & set(person)


def test_gives_a_flow_with_octets_and_findings(api: Api) -> None:
    event = replace(steps("flow-1", "open_authn_request")[0], octets_in=b"\x00<x/>", findings=(FINDING,))
    api.store.save_pending(DEFAULT_WORKSPACE, login(), (event,))
    (told,) = api.client.get("/_sim/api/flows/flow-1").json()["events"]
    assert b64decode(told["octets_in"]) == b"\x00<x/>"
    assert told["octets_out"] is None
    assert told["findings"][0]["rule_id"] == FINDING.rule_id
    assert api.client.get("/_sim/api/flows/flow-2").status_code == 404


def test_audits(api: Api) -> None:
    api.store.save_pending(DEFAULT_WORKSPACE, login(), steps("flow-1", "begin"))
    counts = {"started": 1, "completed": 0, "refused": 0, "expired": 0, "pending": 1}
    logouts = {"started": 0, "completed": 0, "partial": 0, "refused": 0, "under_way": 0}
    expected = counts | {"conserved": True, "logouts": logouts, "discrepancies": []}
    assert api.client.get("/_sim/api/audit").json() == expected


@pytest.mark.parametrize(
    "name", ["..%2f..%2fetc", "%00", "a" * 5000, "BYGGESAG", "byggesag%2fenabled", "<script>", "æ", "-"]
)
def test_tricks_with_names_find_nothing(api: Api, name: str) -> None:
    for path in ("systems", "idps", "attribute-services", "flows"):
        answer = api.client.get(f"/_sim/api/{path}/{name}")
        assert 400 <= answer.status_code < 500, answer.text


def test_every_operation_is_titled_and_described(api: Api) -> None:
    for path, methods in api.client.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"] and operation["description"], (method, path)


def test_an_assertion_that_came_encrypted_is_shown_to_the_reader(api: Api) -> None:
    """Else an IdP's vendor whose assertion was refused never sees what was read."""
    came = form_body(response_to(make_member("broker")))
    event = replace(steps("flow-1", "open_idp_response")[0], octets_in=came, octets_out=came)
    api.store.save_pending(DEFAULT_WORKSPACE, login(), (event, steps("flow-1", "check_idp_response")[0]))
    first, second = api.client.get("/_sim/api/flows/flow-1").json()["events"]
    assert b64decode(first["assertion_in"]) == PLAIN
    assert second["assertion_in"] is None
