"""A party's LogoutRequest, carried to another person's browser, ends what it names and nothing of that person's (attack SLO-02)."""

import asyncio

import pytest

from context_handler.answering import RefusedLogin
from context_handler.asking import PostTo, RedirectTo
from context_handler.inbound import browser_id
from tests.context_handler.logout_rig import BYGGESAG, Street
from tests.context_handler.rig import BROWSER

VICTIM = browser_id("victim")


@pytest.mark.parametrize(("whose", "ended"), [(VICTIM, False), (BROWSER, True)], ids=["planted", "ones own"])
def test_slo_02_a_planted_logout_ends_no_login_under_way(street: Street, whose: str, *, ended: bool) -> None:
    """The person who is logged out loses the logins under way in her own browser, wherever the request was carried to."""
    rig = street.rig
    street.log_in(BYGGESAG)
    request = street.request(BYGGESAG)
    rig.session = None
    outcome = rig.begin_with(rig.query_of(rig.request(requested_authn_context=None)), browser=whose)
    assert isinstance(outcome, RedirectTo)
    question = rig.question_in(outcome)
    street.send(request, browser=VICTIM)
    finished = asyncio.run(rig.finish(rig.honest_answer(question), browser=whose))
    if ended:
        assert isinstance(finished, RefusedLogin) and finished.error.code == "flow.logged-out"
    else:
        assert isinstance(finished, PostTo)


def test_a_persons_own_click_ends_the_logins_under_way_in_that_browser(street: Street) -> None:
    rig = street.rig
    outcome = rig.begin_with(rig.query_of(rig.request(requested_authn_context=None)))
    assert isinstance(outcome, RedirectTo)
    question = rig.question_in(outcome)
    street.click()
    finished = asyncio.run(rig.finish(rig.honest_answer(question)))
    assert isinstance(finished, RefusedLogin) and finished.error.code == "flow.logged-out"
