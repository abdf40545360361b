"""Sentences that stand beside one another on a page have a space between them, in both languages."""

from collections.abc import Callable

import pytest
from lxml import html

from nsis_sim.browser import Browser, Page
from tests.flows.street import BASE_URL, Street, glued_sentences, press, start, text_of

Way = Callable[[Street, Browser], Page]


def submit_to(browser: Browser, page: Page, path: str) -> Page:
    return browser.submit(next(form for form in page.forms if form.action.endswith(path) and not form.carries_message))


def log_in(street: Street, browser: Browser, **wish: str) -> Page:
    return press(browser, browser.visit(start(street, "byggesag", "korsbaek", **wish)), "persona", "ane-holm")


def at_nemlogin(street: Street, browser: Browser, **wish: str) -> Page:
    return press(browser, browser.visit(start(street, "selvbetjening", **wish)), "persona", "sif-oernhoej")


def out_at_a_system(street: Street, browser: Browser) -> Page:
    return submit_to(browser, log_in(street, browser), "/logout")


def out_at_an_idp(street: Street, browser: Browser) -> Page:
    log_in(street, browser)
    return submit_to(browser, browser.visit(street.topology.idp("korsbaek").base_url + "/"), "/logout")


def out_at_nemlogin(street: Street, browser: Browser) -> Page:
    at_nemlogin(street, browser)
    return submit_to(browser, browser.visit(street.topology.nemlogin.home_url), "/logout")


def asked_anew_at_an_idp(street: Street, browser: Browser) -> Page:
    log_in(street, browser)
    return browser.visit(start(street, "byggesag", "korsbaek", force="1"))


def stepped_up_at_an_idp(street: Street, browser: Browser) -> Page:
    page = browser.visit(start(street, "opslag", "korsbaek"))
    press(browser, page, "persona", "ane-holm", level="Low")
    return browser.visit(start(street, "byggesag", "korsbaek"))


def asked_anew_at_nemlogin(street: Street, browser: Browser) -> Page:
    at_nemlogin(street, browser)
    return browser.visit(start(street, "selvbetjening", force="1"))


def remembered(street: Street, browser: Browser) -> Page:
    idp = "https://saml.idp.skovrup.test"
    press(browser, browser.visit(start(street, "byggesag")), "idp", idp, remember="1")
    return browser.visit(f"{BASE_URL}/")


WAYS = (
    out_at_a_system,
    out_at_an_idp,
    out_at_nemlogin,
    asked_anew_at_an_idp,
    stepped_up_at_an_idp,
    asked_anew_at_nemlogin,
    remembered,
)


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_sentence_is_glued_to_the_one_before(street: Street, way: Way, language: str) -> None:
    with street.browser(**{"Accept-Language": language}) as browser:
        page = way(street, browser)
    assert page.status == 200
    assert glued_sentences(page.text) == []


@pytest.mark.parametrize(
    ("markup", "found"),
    [
        ("<p>Logged out of A.\nThe rest.</p>", []),
        ("<p>Logged out of Ai.The rest.</p>", ["Ai.The"]),
        ("<p>Logged out of <strong>Ai.</strong>The rest.</p>", ["Ai.The"]),
        ("<p>One.</p><p>Two.</p>", []),
        ("<p>See <code>a.Bee</code>, version 1.Two of it.</p>", []),
    ],
)
def test_what_counts_as_glued(markup: str, found: list[str]) -> None:
    assert glued_sentences(f"<html><body>{markup}</body></html>") == found


@pytest.mark.parametrize(
    ("system", "label", "sentence"),
    [
        (
            "arkiv",
            "Step up to AssuranceLevel 4",
            "requires level AssuranceLevel 4, but the municipality's login is only registered up to AssuranceLevel 3.",
        ),
        (
            "byggesag",
            "Step up to level High",
            "requires level High, but the municipality's login is only registered up to Substantial.",
        ),
    ],
)
def test_a_step_up_and_its_refusal_are_told_on_the_systems_own_ladder(
    street: Street, system: str, label: str, sentence: str
) -> None:
    with street.browser(**{"Accept-Language": "en"}) as browser:
        page = press(browser, browser.visit(start(street, system, "korsbaek")), "persona", "ane-holm")
        (step_up,) = html.document_fromstring(page.text).xpath("//a[starts-with(., 'Step up')]")
        assert step_up.text == label
        assert sentence in text_of(browser.visit(step_up.get("href")), "en")
