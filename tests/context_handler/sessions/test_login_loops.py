"""A system that bounces for ever is stopped, and one that is only used often is not (attack REQ-13)."""

from datetime import timedelta

import pytest

from context_handler.answering import RefusedLogin
from context_handler.session import LOOP_ANSWERS, LOOP_WINDOW
from tests.builders import NOW
from tests.context_handler.rig import Rig
from tests.context_handler.session_rig import answered, ask, log_in

pytestmark = pytest.mark.anyio


async def test_req_13_a_system_that_bounces_is_stopped_and_lets_go_after_the_window(rig: Rig) -> None:
    await log_in(rig)
    for _ in range(LOOP_ANSWERS):
        answered(rig, ask(rig))
    for _ in range(2):
        refused = ask(rig)
        assert isinstance(refused, RefusedLogin)
        assert (refused.error.code, refused.error.refusal.key) == ("req.loop", "req.loop:session")
        assert not refused.at_once
        assert refused.error.sentence("da") != refused.error.sentence("en")
    assert isinstance(ask(rig, NOW + LOOP_WINDOW - timedelta(microseconds=1)), RefusedLogin)
    answered(rig, ask(rig, NOW + LOOP_WINDOW))
    assert (rig.counts().completed, rig.counts().refused, rig.counts().conserved) == (LOOP_ANSWERS + 2, 3, True)


async def test_req_13_no_minute_holds_more_answers_than_the_limit(rig: Rig) -> None:
    """The window slides: answers at the end of one minute and at the beginning of the next count together."""
    await log_in(rig)
    late = [NOW + LOOP_WINDOW - timedelta(seconds=LOOP_ANSWERS - number) for number in range(LOOP_ANSWERS)]
    for at in (NOW, *late[1:]):
        answered(rig, ask(rig, at))
    answered(rig, ask(rig, NOW + LOOP_WINDOW))  # the first one counts no longer
    assert isinstance(ask(rig, NOW + LOOP_WINDOW + timedelta(seconds=1)), RefusedLogin)
    assert isinstance(ask(rig, late[1] + LOOP_WINDOW - timedelta(microseconds=1)), RefusedLogin)
    answered(rig, ask(rig, late[1] + LOOP_WINDOW))


async def test_req_13_not_even_a_passive_request_keeps_the_browser_going(rig: Rig) -> None:
    await log_in(rig)
    for _ in range(LOOP_ANSWERS):
        answered(rig, ask(rig, is_passive=True))
    refused = ask(rig, is_passive=True)
    assert isinstance(refused, RefusedLogin)
    assert (refused.error.code, refused.at_once) == ("req.loop", False)


async def test_req_13_a_system_used_now_and_then_is_never_stopped(rig: Rig) -> None:
    await log_in(rig)
    for number in range(3 * LOOP_ANSWERS):
        answered(rig, ask(rig, NOW + number * LOOP_WINDOW / LOOP_ANSWERS))


async def test_req_13_logins_at_the_home_idp_are_not_counted(rig: Rig) -> None:
    for _ in range(LOOP_ANSWERS + 1):
        answered(rig, await log_in(rig, request={"force_authn": True}))
    answered(rig, ask(rig))
