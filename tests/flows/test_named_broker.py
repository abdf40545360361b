"""A demo system's pages name the broker that it is connected to: the Context Handler, or NemLog-in."""

import re
from collections.abc import Callable

import pytest

from nsis_sim.browser import Browser, Page
from tests.flows.street import Street, press, start, text_of

Way = Callable[[Street, Browser, str], Page]
SYSTEMS = ["byggesag", "selvbetjening"]
OTHER = {"byggesag": re.compile("NemLog-in"), "selvbetjening": re.compile("Context Handler|[Mm]unicipal|[Kk]ommune")}
"""What the pages of a system have no word of, but for what the token itself says."""
PERSON = {"byggesag": ("korsbaek", "mie-soe"), "selvbetjening": (None, "gry-soe")}


def submit_to(browser: Browser, page: Page, path: str, **fill: str) -> Page:
    form = next(form for form in page.forms if form.action.endswith(path) and not form.carries_message)
    return browser.submit(form, fill=tuple(fill.items()))


def home(street: Street, browser: Browser, system: str) -> Page:
    return browser.visit(street.topology.system(system).home_url)


def logged_in(street: Street, browser: Browser, system: str) -> Page:
    idp, person = PERSON[system]
    return press(browser, browser.visit(start(street, system, idp)), "persona", person)


def turned_away(street: Street, browser: Browser, system: str) -> Page:
    page = browser.visit(start(street, system, PERSON[system][0]))
    return press(browser, page, "refusal", "fail")


def cancelled(street: Street, browser: Browser, system: str) -> Page:
    page = browser.visit(start(street, system, PERSON[system][0]))
    return press(browser, page, "refusal", "cancel")


def logged_out(street: Street, browser: Browser, system: str) -> Page:
    return submit_to(browser, logged_in(street, browser, system), "/logout")


WAYS = (home, logged_in, turned_away, cancelled, logged_out)


def own_words(page: Page, language: str) -> str:
    """What the page says, without its links to municipalities and without what the token holds."""
    text = text_of(page, language)
    return re.split(r"What the system was told|Det fik systemet at vide|Go straight to one|Gå direkte til", text)[0]


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_broker_is_named_and_no_other(street: Street, way: Way, system: str, language: str) -> None:
    with street.browser(**{"Accept-Language": language}) as browser:
        said = own_words(way(street, browser, system), language)
    named = {"byggesag": "Context Handler", "selvbetjening": "NemLog-in"}[system]
    # The page of a logout names nobody: the system says no more than that its login is gone.
    assert (named in said) is (way is not logged_out), said
    assert not OTHER[system].search(said), said


@pytest.mark.parametrize("language", ["da", "en"])
def test_nemlogin_is_who_does_not_know_an_employee_that_was_not_provisioned(street: Street, language: str) -> None:
    with street.browser(**{"Accept-Language": language}) as browser:
        page = press(browser, browser.visit(start(street, "selvbetjening")), "local", LOCAL_IDP)
        said = own_words(press(browser, page, "persona", "mie-soe"), language)
    assert {"da": "NemLog-in kender dig ikke.", "en": "NemLog-in does not know you."}[language] in said
    assert "MitID Erhverv" in said
    assert "Context Handler" not in said


LOCAL_IDP = "https://saml.lokal.korsbaek.test"
