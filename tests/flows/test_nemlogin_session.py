"""The session at NemLog-in: one login for two services, when it is asked anew, and logout from every side."""

from datetime import timedelta

import pytest

from nemlogin_mock.sessions import SESSION_LIFETIME, Sessions
from nsis_sim.browser import Browser, Page
from oiosaml.ids import EntityId
from oiosaml.name_id import NameId
from saml_web.ids import SystemIds
from tests.flows.street import Street, heading, press, start, text_of

LOGIN_PAGE = "Log ind med NemLog-in"


@pytest.fixture
def browser(street: Street):
    with street.browser() as opened:
        yield opened


def at_service(street: Street, browser: Browser, **wish: str) -> Page:
    return browser.visit(start(street, "selvbetjening", None, **wish))


def at_byggesag(street: Street, browser: Browser, system: str = "byggesag", **wish: str) -> Page:
    return browser.visit(start(street, system, "nemlogin", **wish))


def log_in_at_service(street: Street, browser: Browser, persona: str = "sif-oernhoej") -> None:
    assert heading(press(browser, at_service(street, browser), "persona", persona)) == "Du er logget ind"


def test_it_sso_1_a_session_answers_another_service_without_a_question(street, browser):
    log_in_at_service(street, browser)
    assert heading(at_byggesag(street, browser)) == "Du er logget ind"


def test_a_new_login_is_asked_for_with_force_authn(street, browser):
    log_in_at_service(street, browser)
    page = at_byggesag(street, browser, force="1")
    assert heading(page) == LOGIN_PAGE
    assert "Sif Ørnhøj er logget ind her." in text_of(page)


def test_a_session_that_does_not_fit_is_not_used(street, browser):
    log_in_at_service(street, browser, "gry-soe")
    assert heading(at_byggesag(street, browser)) == LOGIN_PAGE, "the broker asks for an employee"


def test_a_passive_request_is_answered_from_the_session_alone(street, browser):
    assert "NoPassive" in text_of(at_byggesag(street, browser, passive="1")), "nobody is logged in"
    log_in_at_service(street, browser)
    assert heading(at_byggesag(street, browser, passive="1")) == "Du er logget ind"


def test_a_faulty_answer_leaves_no_session(street, browser):
    press(browser, at_byggesag(street, browser), "persona", "sif-oernhoej", scenario="IT-LOA-1")
    assert heading(at_byggesag(street, browser)) == LOGIN_PAGE


def test_a_session_ends_with_the_working_day(street):
    sessions, at = Sessions(ids=SystemIds()), street.clock()
    session = sessions.begin(street.world.nemlogin.identities[0], previous=None, at=at)
    assert sessions.of(session.handle, at=at + SESSION_LIFETIME - timedelta(seconds=1)) == session
    assert sessions.of(session.handle, at=at + SESSION_LIFETIME) is None


def test_another_person_in_the_same_browser_does_not_inherit_the_services(street):
    sessions, at = Sessions(ids=SystemIds()), street.clock()
    first, second = street.world.nemlogin.identities[:2]
    session = sessions.begin(first, previous=None, at=at)
    known = sessions.join(session, EntityId("https://saml.service.test"), NameId("one"), at=at)
    again = sessions.begin(first, previous=sessions.of(session.handle, at=at), at=at)
    assert again.participants == (known,)
    assert again.handle != session.handle
    assert sessions.begin(second, previous=again, at=at).participants == ()
    assert sessions.of(again.handle, at=at) is None
