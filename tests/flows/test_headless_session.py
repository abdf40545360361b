"""One person over several systems without a window, as the other tests and trainers' scripts use it."""

import pytest

from nsis_sim.headless_login import PERSONA_HEADER
from nsis_sim.headless_session import HeadlessSession, NotOnPageError
from tests.flows.street import BASE_URL, entity_id, heading, text_of

KORSBAEK = "korsbaek"


@pytest.fixture
def ane(street):
    with street.browser(**{PERSONA_HEADER: "ane-holm"}) as browser:
        yield HeadlessSession(browser, street.topology, entity_id(street, "idps", KORSBAEK))


def test_logs_in_at_one_and_goes_on_to_the_next(ane):
    assert heading(ane.log_in("byggesag")) == "Du er logget ind"
    assert heading(ane.log_in("ydelser")) == "Du er logget ind"
    assert ane.is_logged_in("byggesag")
    assert ane.is_logged_in("ydelser")
    assert ane.is_logged_in_at_idp(KORSBAEK)


def test_whoever_is_not_logged_in_has_nothing_to_press(ane):
    assert not ane.is_logged_in("byggesag")
    with pytest.raises(NotOnPageError, match="/logout: nobody is logged in there"):
        ane.log_out("byggesag")


def test_logout_at_a_system_is_logout_everywhere(ane):
    ane.log_in("byggesag")
    ane.log_in("ydelser")
    page = ane.log_out("byggesag")
    assert heading(page) == "Du er logget ud"
    assert page.url.startswith(ane.topology.system("byggesag").slo_url)
    assert not ane.is_logged_in("ydelser")
    assert not ane.is_logged_in_at_idp(KORSBAEK)


def test_logout_at_a_system_whose_neighbour_has_no_back_channel_goes_through_the_browser(ane):
    ane.log_in("ydelser")
    ane.log_in("byggesag")
    assert heading(ane.log_out("ydelser")) == "Du er logget ud"
    assert not ane.is_logged_in("byggesag")
    assert not ane.is_logged_in_at_idp(KORSBAEK)


def test_logout_at_the_idp_is_logout_everywhere(ane):
    ane.log_in("byggesag")
    ane.log_in("ydelser")
    page = ane.log_out_at_idp(KORSBAEK)
    assert heading(page) == "Du er logget ud"
    assert page.url.startswith(ane.topology.idp(KORSBAEK).slo_url)
    assert not ane.is_logged_in("byggesag")
    assert not ane.is_logged_in("ydelser")


@pytest.mark.parametrize(("first", "other"), [("byggesag", "ydelser"), ("ydelser", "byggesag")])
def test_slo_06_a_system_that_refuses_is_named_and_the_initiator_is_told(ane, first, other):
    ane.log_in(first)
    ane.log_in(other)
    ane.behave(other, "refuse")
    page = ane.log_out(first)
    assert heading(page) == "Du er ikke logget ud alle steder"
    assert other.capitalize() in text_of(page)
    onward = (
        next(form for form in page.forms if form.action.startswith(ane.topology.system(first).slo_url))
        if page.forms
        else None
    )
    last = (
        ane.browser.submit(onward)
        if onward
        else ane.browser.visit(next(link for link in page.links if link.startswith(ane.topology.system(first).slo_url)))
    )
    assert heading(last) == "Du er ikke logget ud alle steder"
    assert last.url.startswith(ane.topology.system(first).slo_url)
    assert ane.is_logged_in(other)
    assert not ane.is_logged_in(first)
    assert not ane.is_logged_in_at_idp(KORSBAEK)


def test_slo_06_a_system_whose_session_has_ended_already_is_no_obstacle(ane):
    ane.log_in("byggesag")
    ane.log_in("ydelser")
    ane.forget("ydelser")
    assert heading(ane.log_out("byggesag")) == "Du er logget ud"


def test_slo_06_a_system_that_is_silent_is_left_out_when_the_person_comes_back(ane):
    ane.log_in("ydelser")
    ane.log_in("byggesag")
    ane.behave("byggesag", "silent")
    stranded = ane.log_out("ydelser")
    assert heading(stranded) == "Dette system svarer ikke"
    waiting = ane.browser.visit(f"{BASE_URL}/runtime/saml2/logout")
    assert "Byggesag" in text_of(waiting)
    page = ane.browser.submit(next(form for form in waiting.forms if form.value("logout") is not None))
    assert heading(page) == "Du er ikke logget ud alle steder"
    assert "Byggesag" in text_of(page)
    assert ane.is_logged_in("byggesag")
    assert not ane.is_logged_in("ydelser")
    assert not ane.is_logged_in_at_idp(KORSBAEK)


def test_slo_06_a_system_whose_back_channel_is_silent_holds_nobody_up(ane):
    ane.log_in("byggesag")
    ane.log_in("ydelser")
    ane.behave("ydelser", "silent")
    page = ane.log_out("byggesag")
    assert heading(page) == "Du er ikke logget ud alle steder"
    assert "Ydelser" in text_of(page)
    assert not ane.is_logged_in("byggesag")


def test_slo_06_an_idp_that_refuses_is_named(ane):
    ane.log_in("byggesag")
    ane.behave_at_idp(KORSBAEK, "refuse")
    page = ane.log_out("byggesag")
    assert heading(page) == "Du er ikke logget ud alle steder"
    assert "Korsbæk Kommune" in text_of(page)
    assert ane.is_logged_in_at_idp(KORSBAEK)
