"""A fault of ours at one participant of a logout: it counts as still logged in, the others are asked, and the log tells what it was."""

import logging
from datetime import UTC, datetime
from typing import Any

import pytest

import context_handler.logout
import context_handler.logout_legs
from context_handler.audit import audit
from context_handler.logout_state import LogoutState
from oiosaml.ids import EntityId
from oiosaml.uris import BINDING_SOAP
from tests.builders import IDP, NOW
from tests.context_handler.logout_rig import ARKIV, BYGGESAG, PARTIAL, SLO, SOAP_URL, WHOLE, YDELSER, Street

ARKIV_LISTENS_AT = SLO[ARKIV][0].location
NOBODY_FORESAW = OverflowError("date value out of range")


class Fault:
    """Stands in for a function, and raises what nobody foresaw where it is asked about one participant; else it does its work."""

    def __init__(self, module: Any, name: str, party: EntityId) -> None:
        self.real = getattr(module, name)
        self.party = party

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any(getattr(each, "party", None) == self.party for each in args):
            raise NOBODY_FORESAW
        return self.real(*args, **kwargs)


def put_fault(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, party: EntityId) -> None:
    monkeypatch.setattr(module, name, Fault(module, name, party))


def assert_told(street: Street, end: Any, party: EntityId, caplog: pytest.LogCaptureFixture, *, step: str) -> None:
    """Only `party` is left, everybody reads so, the step has its event, and the log has the traceback once."""
    assert {leg.party for leg in end.logout.still_logged_in} == {party}
    assert end.logout.state is LogoutState.PARTIAL
    assert street.told(end, BYGGESAG).status == PARTIAL
    workspace = street.rig.ports.workspace
    refused = [event for event in street.rig.record.events_of(workspace, end.logout.flow) if event.code]
    assert [(event.step, event.code, event.party) for event in refused] == [(step, "web.internal", party)]
    (line,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert line.exc_info is not None
    assert line.exc_info[1] is NOBODY_FORESAW
    assert party in line.getMessage()
    assert not street.is_logged_in()
    assert audit(street.rig.record, workspace, NOW).conserved


@pytest.mark.parametrize(("step", "asked"), [("check_answer", 1), ("_question", 0)], ids=["the answer", "the question"])
def test_slo_06_at_a_back_channel_that_meets_it(
    street: Street, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, step: str, asked: int
) -> None:
    street.log_in(BYGGESAG, YDELSER, ARKIV)
    put_fault(monkeypatch, context_handler.logout_legs, step, ARKIV)
    end = street.everybody_answers(street.send(street.request(BYGGESAG)))
    assert len(street.lines.asked) == asked
    assert_told(street, end, ARKIV, caplog, step="ask_by_back_channel")


def test_slo_06_at_a_back_channel_whose_transport_meets_it(street: Street, caplog: pytest.LogCaptureFixture) -> None:
    street.log_in(BYGGESAG, YDELSER, ARKIV)

    def end_of_the_line(_: bytes) -> bytes:
        raise NOBODY_FORESAW

    street.lines.ends[ARKIV_LISTENS_AT] = end_of_the_line
    end = street.everybody_answers(street.send(street.request(BYGGESAG)))
    assert_told(street, end, ARKIV, caplog, step="ask_by_back_channel")


def test_slo_06_at_a_participant_that_answers_through_the_browser(
    street: Street, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    street.log_in(BYGGESAG, YDELSER, ARKIV)
    put_fault(monkeypatch, context_handler.logout, "check_answer", YDELSER)
    outcome = street.answer(street.send(street.request(BYGGESAG)))
    assert street.whom(outcome) == IDP, "who comes after it is asked"
    assert_told(street, street.everybody_answers(outcome), YDELSER, caplog, step="take_answer")


def test_slo_06_at_a_participant_that_is_asked_through_the_browser(
    street: Street, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    street.log_in(BYGGESAG, YDELSER, ARKIV)
    put_fault(monkeypatch, context_handler.logout, "ask_by_browser", YDELSER)
    outcome = street.send(street.request(BYGGESAG))
    assert street.whom(outcome) == IDP, "who comes after it is asked"
    assert_told(street, street.everybody_answers(outcome), YDELSER, caplog, step="ask_by_browser")


def test_slo_06_an_initiator_by_the_back_channel_is_told(
    street: Street, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    street.log_in(BYGGESAG, ARKIV)
    put_fault(monkeypatch, context_handler.logout_legs, "check_answer", ARKIV)
    end = street.send(street.request(BYGGESAG, destination=SOAP_URL), binding=BINDING_SOAP)
    assert {leg.party for leg in end.logout.still_logged_in} == {ARKIV, IDP}
    assert street.told(end, BYGGESAG).status == PARTIAL


def test_slo_06_nobody_meets_it(
    street: Street, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    street.log_in(BYGGESAG, YDELSER, ARKIV)
    put_fault(monkeypatch, context_handler.logout_legs, "check_answer", EntityId("https://saml.nobody.test"))
    end = street.everybody_answers(street.send(street.request(BYGGESAG)))
    assert street.told(end, BYGGESAG).status == WHOLE
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    ("instant", "code"),
    [
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "proto.not-yet-valid"),
        (datetime(1, 1, 1, tzinfo=UTC), "proto.stale"),
    ],
    ids=["the-last-second", "the-first-second"],
)
def test_pro_16_an_answer_of_an_instant_at_the_calendars_end_fails_alone(
    street: Street, instant: datetime, code: str
) -> None:
    street.log_in(BYGGESAG, YDELSER, ARKIV)
    street.answers_by_soap(ARKIV, issue_instant=instant)
    outcome = street.answer(street.send(street.request(BYGGESAG)), issue_instant=instant)
    assert street.whom(outcome) == IDP
    end = street.everybody_answers(outcome)
    assert {leg.party for leg in end.logout.still_logged_in} == {ARKIV, YDELSER}
    events = street.rig.record.events_of(street.rig.ports.workspace, end.logout.flow)
    assert [event.code for event in events if event.code] == [code, code]
