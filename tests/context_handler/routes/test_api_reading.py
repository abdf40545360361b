"""What programs read from the API: people, flows, the audit, and its own description; tricks with names find nothing."""

import threading
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest

from context_handler.answer_in_hand import AnswerInHand
from context_handler.login_state import LoginState
from context_handler.store.sqlite_record import SqliteRecord
from oiosaml.ids import DEFAULT_WORKSPACE, FlowId, MessageId
from tests.builders import IDP, NOW
from tests.conftest import make_member
from tests.context_handler.rig import form_body
from tests.context_handler.routes.api_rig import Api
from tests.context_handler.store.contract import FINDING, assertion, login, steps
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


@pytest.mark.parametrize("path", ["prompts", "audit", "messages/_m/flow"])
def test_web_13_what_takes_long_is_read_beside_the_event_loop(
    api: Api, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the loop it would keep every login waiting."""
    event = replace(steps("flow-1", "find_session")[0], message_id=MessageId("_m"))
    api.store.save_pending(DEFAULT_WORKSPACE, login(), (event,))
    loop, threads = threading.get_ident(), {}
    for name in ("events_of_completed_logins", "traces", "counts", "logout_counts", "flow_of"):
        monkeypatch.setattr(SqliteRecord, name, _noticed(getattr(SqliteRecord, name), threads))
    assert api.client.get(f"/_sim/api/{path}").status_code == 200
    assert threads
    assert loop not in threads.values(), threads


def _noticed(real: Any, threads: dict[str, int]) -> Any:
    def method(*args: Any, **kwargs: Any) -> Any:
        threads[real.__name__] = threading.get_ident()
        return real(*args, **kwargs)

    return method


def test_counts_prompts(api: Api) -> None:
    person = "3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11"
    for number, how in enumerate(("prompted", "prompted forced", "from-session")):
        flow = f"flow-{number}"
        event = replace(steps(flow, "keep_session")[0], party=IDP, detail=f"person {person}: {how}", octets_in=b"x")
        api.store.save_pending(DEFAULT_WORKSPACE, login(number), steps(flow, "begin"))
        in_hand = AnswerInHand(login(number), assertion(f"_{number}"), steps(flow, "accept"))
        api.store.finish(DEFAULT_WORKSPACE, FlowId(flow), LoginState.COMPLETED, None, (event,), in_hand)
    api.store.save_pending(DEFAULT_WORKSPACE, login(9), (replace(event, flow=FlowId("flow-9")),))
    (told,) = api.client.get("/_sim/api/prompts").json()
    assert (told["idp"], told["person"], told["day"]) == (IDP, person, NOW.date().isoformat())
    counted = {name: told[name] for name in ("logins", "prompts", "from_session", "step_ups", "forced")}
    assert counted == {"logins": 3, "prompts": 2, "from_session": 1, "step_ups": 0, "forced": 1}
