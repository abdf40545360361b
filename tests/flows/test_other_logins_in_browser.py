"""The broker's logout page shows what this browser is logged in to, also while a logout is under way that a stranger planted (SLO-02)."""

import re

import pytest

from nsis_sim.browser import Browser, Page
from tests.flows.street import Street, heading, press, start, text_of
from tests.flows.test_nemlogin_session import LOGOUT, is_out, submit_to

STILL = "Du er stadig logget ind fra denne browser"


@pytest.fixture
def browser(street: Street):
    with street.browser() as opened:
        yield opened


def log_in(street: Street, browser: Browser, system: str, idp: str, persona: str, **wish: str) -> None:
    page = press(browser, browser.visit(start(street, system, idp, **wish)), "persona", persona)
    assert heading(page) == "Du er logget ind", text_of(page)


def listed(page: Page) -> str:
    """What the Danish half of the page says below the heading of the logins that go on."""
    _, found, below = text_of(page).partition(STILL)
    assert found, text_of(page)
    return below


def planted(street: Street, browser: Browser) -> None:
    """A stranger's logout, at which a system of theirs keeps silent, begun in this browser, which has a login of its own."""
    with street.browser() as stranger:
        log_in(street, stranger, "ydelser", "korsbaek", "cilla-moeberg")
        log_in(street, stranger, "byggesag", "korsbaek", "cilla-moeberg", force="1")
        result = stranger.visit(street.topology.system("byggesag").base_url + "/result")
        submit_to(stranger, result, "/logout-behaviour", behaviour="silent")
        form = stranger.visit(street.topology.system("ydelser").base_url + "/result")
        button = next(each for each in form.forms if each.action.endswith("/logout"))
        sent = stranger._client.post(button.action, data=dict(button.fields))
    browser.visit(sent.headers.get("location") or sent.headers["refresh"].partition("url=")[2])


def test_slo_02_a_planted_logout_does_not_hide_the_persons_own_logins(street, browser):
    log_in(street, browser, "opslag", "korsbaek", "ane-holm")
    planted(street, browser)
    page = browser.visit(LOGOUT)
    assert heading(page) == "Log ud er i gang", text_of(page)
    assert re.search(r"Korsbæk Kommune\s*Opslag", listed(page))
    own = [form for form in page.forms if form.action == LOGOUT and form.value("logout") is None]
    browser.submit(own[0])
    assert is_out(street, browser, "opslag")
    assert STILL not in text_of(browser.visit(LOGOUT))


def test_a_logout_under_way_of_ones_only_login_lists_none(street, browser):
    planted(street, browser)
    page = browser.visit(LOGOUT)
    assert heading(page) == "Log ud er i gang", text_of(page)
    assert STILL not in text_of(page)
    assert all(form.value("logout") for form in page.forms if form.action == LOGOUT)
