"""A message that came before is kept like a stranger's: whoever has seen one can send it as often as they like (attack WEB-13)."""

import pytest

from context_handler.answering import RefusedLogin
from context_handler.asking import PostTo
from tests.context_handler.rig import Rig

pytestmark = pytest.mark.anyio


async def test_a_request_that_is_repeated_pushes_no_honest_record_out_req_10(rig: Rig) -> None:
    query = rig.query_of(rig.request())
    rig.begin_with(query)
    repeated = rig.begin_with(query)
    assert isinstance(repeated, RefusedLogin) and repeated.error.code == "req.replay"
    assert {event.hearsay for event in rig.record.events_of(rig.ports.workspace, repeated.flow)} == {True}


async def test_an_answer_that_is_repeated_pushes_no_honest_record_out_pro_13(rig: Rig) -> None:
    question = rig.begun()
    answer = rig.honest_answer(question)
    assert isinstance(await rig.finish(answer), PostTo)
    (flow,) = rig.record.flows(rig.ports.workspace, limit=9)
    honest = rig.record.events_of(rig.ports.workspace, flow.flow)
    repeated = await rig.finish(answer)
    assert isinstance(repeated, RefusedLogin) and repeated.error.code == "proto.replay"
    assert {event.hearsay for event in honest} == {False}
    later = rig.record.events_of(rig.ports.workspace, repeated.flow)[len(honest) if repeated.flow == flow.flow else 0 :]
    assert {event.hearsay for event in later} == {True}


async def test_a_signed_message_that_is_refused_for_another_reason_is_kept_as_a_members(rig: Rig) -> None:
    refused = rig.begin_with(rig.query_of(rig.request(force_authn=True, is_passive=True)))
    assert isinstance(refused, RefusedLogin) and refused.error.code == "req.conflict"
    assert {event.hearsay for event in rig.record.events_of(rig.ports.workspace, refused.flow)} == {False}
