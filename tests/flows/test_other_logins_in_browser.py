"""A logout by a party ends that party's sessions alone (SLO-02, SLO-05); the person is told of those that this browser still has."""

import re

import pytest

from nsis_sim.browser import Browser, Page
from tests.flows.street import BASE_URL, Street, heading, press, start, text_of
from tests.flows.test_nemlogin_session import LOGOUT, is_out, log_out_at_system, submit_to

OTHERS = "Du har andre logins i denne browser"
STILL = "Du er stadig logget ind fra denne browser"


@pytest.fixture
def browser(street: Street):
    with street.browser() as opened:
        yield opened


def log_in(street: Street, browser: Browser, system: str, idp: str, persona: str, **wish: str) -> None:
    page = press(browser, browser.visit(start(street, system, idp, **wish)), "persona", persona)
    assert heading(page) == "Du er logget ind", text_of(page)


def displaced(street: Street, browser: Browser) -> None:
    """Ane at Opslag at Low; Byggesag wants more, and at the same IdP Cilla logs in."""
    login = browser.visit(start(street, "opslag", "korsbaek", level="Low"))
    assert heading(press(browser, login, "persona", "ane-holm", level="Low")) == "Du er logget ind"
    log_in(street, browser, "byggesag", "korsbaek", "cilla-moeberg")


def listed(page: Page) -> str:
    """What the Danish half of the page says below the heading of the logins that go on."""
    _, found, below = text_of(page).partition(STILL)
    assert found, text_of(page)
    return below


def back_to(street: Street, browser: Browser, page: Page, system: str) -> Page:
    slo = street.topology.system(system).slo_url
    forms = [form for form in page.forms if form.action.startswith(slo)]
    return browser.submit(forms[0]) if forms else browser.visit(next(x for x in page.links if x.startswith(slo)))


def test_who_logs_out_reads_of_the_earlier_persons_login_and_goes_on_to_the_system(street, browser):
    displaced(street, browser)
    page = log_out_at_system(street, browser, "byggesag")
    assert (page.url.startswith(f"{BASE_URL}/runtime/"), heading(page)) == (True, OTHERS), text_of(page)
    assert re.search(r"Korsbæk Kommune, et tidligere login\s*Opslag", listed(page))
    assert "Korsbæk Kommune, an earlier login" in text_of(page, "en")
    assert "Ane" not in text_of(page), "whose it was is nobody's business here"
    assert "Din session" not in text_of(page), "a stranger may have planted it (SLO-02)"
    end = back_to(street, browser, page, "byggesag")
    assert heading(end) == "Du er logget ud"
    assert "alle steder" not in text_of(end), "Opslag's session goes on"
    assert LOGOUT in end.links
    assert not is_out(street, browser, "opslag"), "Byggesag ends its own session only (SLO-05)"
    assert heading(submit_to(browser, browser.visit(LOGOUT), "/logout")) == "Du er logget ud"
    assert is_out(street, browser, "opslag")


def test_who_logs_out_reads_of_a_login_at_another_idp(street, browser):
    log_in(street, browser, "byggesag", "korsbaek", "ane-holm")
    log_in(street, browser, "ydelser", "skovrup", "ib-noehr")
    page = log_out_at_system(street, browser, "byggesag")
    assert heading(page) == OTHERS, text_of(page)
    assert re.search(r"Skovrup Kommune\s*Ydelser", listed(page))
    assert LOGOUT in page.links
    assert heading(back_to(street, browser, page, "byggesag")) == "Du er logget ud"
    assert not is_out(street, browser, "ydelser")


def test_a_logout_at_the_municipality_tells_of_them_too(street, browser):
    log_in(street, browser, "byggesag", "korsbaek", "ane-holm")
    log_in(street, browser, "ydelser", "skovrup", "ib-noehr")
    page = submit_to(browser, browser.visit(street.topology.idp("korsbaek").home_url), "/logout")
    assert heading(page) == OTHERS, text_of(page)


def test_who_has_no_other_login_is_back_at_the_system_at_once(street, browser):
    log_in(street, browser, "byggesag", "korsbaek", "ane-holm")
    page = log_out_at_system(street, browser, "byggesag")
    assert page.url.startswith(street.topology.system("byggesag").slo_url), text_of(page)


def test_nobody_is_told_of_a_login_in_another_browser(street, browser):
    log_in(street, browser, "byggesag", "korsbaek", "ane-holm")
    with street.browser() as other:
        log_in(street, other, "ydelser", "skovrup", "ib-noehr")
    page = log_out_at_system(street, browser, "byggesag")
    assert page.url.startswith(street.topology.system("byggesag").slo_url), text_of(page)


# --- a logout under way hides nothing


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
