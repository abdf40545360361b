"""An answer that two processes hold at once: one of them uses it up, the other refuses a replay and ends nothing (invariants I3, I5)."""

from pathlib import Path
from typing import Any

import pytest

from context_handler.answer_in_hand import AnswerInHand
from context_handler.answering import RefusedLogin
from context_handler.asking import PostTo
from context_handler.audit import audit
from context_handler.events import EventOutcome
from context_handler.login_state import LoginState
from context_handler.store.sqlite_record import SqliteRecord
from oiosaml import attributes as names
from oiosaml.messages.attribute_query import AttributeQuery
from tests import builders
from tests.builders import NOW
from tests.context_handler.rig import Rig, make_rig

pytestmark = pytest.mark.anyio


def overtaken(rig: Rig, port: str, call: str) -> None:
    """Let another process use the answer up just before this one writes what it came to."""
    owner: Any = getattr(rig.ports, port)
    write = getattr(owner, call)

    def write_second(*arguments: Any) -> None:
        object.__setattr__(owner, call, write)
        in_hand = next(each for each in arguments if isinstance(each, AnswerInHand))
        rig.ports.store.accept_answer(rig.ports.workspace, in_hand)
        write(*arguments)

    object.__setattr__(owner, call, write_second)


async def test_no_second_token_leaves(rig: Rig) -> None:
    answer = rig.honest_answer(rig.begun())
    overtaken(rig, "sessions", "complete")
    outcome = await rig.finish(answer)
    assert isinstance(outcome, RefusedLogin)
    assert (outcome.error.code, outcome.answer) == ("proto.replay", None)
    stands_accepted(rig)


async def test_no_refusal_reaches_the_system_for_a_login_that_goes_on_elsewhere(rig: Rig) -> None:
    low = {"attribute_statements": (builders.attributes(**{names.LOA: ("Low",)}),)}
    question = rig.begun()
    overtaken(rig, "store", "finish")
    outcome = await rig.finish(rig.answer_with(question, rig.assertion_for(question, **low)))
    assert isinstance(outcome, RefusedLogin)
    assert (outcome.error.code, outcome.answer) == ("proto.replay", None)
    stands_accepted(rig)


async def test_nobody_is_asked_because_of_an_answer_used_elsewhere(tmp_path: Path) -> None:
    rig = make_rig(tmp_path, knows_roles=False)
    answer = rig.honest_answer(rig.begun())
    overtaken(rig, "store", "accept_answer")
    outcome = await rig.finish(answer)
    assert isinstance(outcome, RefusedLogin)
    assert (outcome.error.code, outcome.answer) == ("proto.replay", None)
    assert rig.service.asked == []
    stands_accepted(rig)


async def test_an_answer_is_used_up_before_the_attribute_service_is_asked(tmp_path: Path) -> None:
    rig = make_rig(tmp_path, knows_roles=False)
    answer = rig.honest_answer(rig.begun())
    seen: list[str] = []

    async def looking(query: AttributeQuery, _: bytes) -> bytes:
        seen.extend(flow.state for flow in SqliteRecord(rig.database).flows(rig.ports.workspace, limit=1))
        again = await rig.finish(answer)
        assert isinstance(again, RefusedLogin)
        seen.append(again.error.code)
        return rig.service.say(query)

    rig.service.answer = looking
    assert isinstance(await rig.finish(answer), PostTo)
    assert seen == [LoginState.ACCEPTED, "proto.replay"]
    assert rig.counts().completed == 1


def stands_accepted(rig: Rig) -> None:
    """The login is as the other process left it; every step of the loser is on record, the last one a refusal."""
    record = SqliteRecord(rig.database)
    report = audit(record, rig.ports.workspace, NOW)
    assert report.conserved, report
    assert report.counts.pending == 1
    (flow,) = record.flows(rig.ports.workspace, limit=2)
    assert flow.state is LoginState.ACCEPTED
    events = record.events_of(rig.ports.workspace, flow.flow)
    assert [event.step for event in events].count("open_idp_response") == 2
    assert (events[-1].outcome, events[-1].code) == (EventOutcome.REFUSED, "proto.replay")
