"""The page where a person chooses the municipality: when it comes, when it does not, and what it remembers."""

import re

import pytest
from starlette.responses import Response

from context_handler.routes.remembered import RememberedIdp
from oiosaml.name_id import is_uuid
from tests.flows.street import BASE_URL, entity_id, heading, press, start, text_of

DISCOVERY = f"{BASE_URL}/runtime/saml2/discovery"
KORSBAEK, SKOVRUP = "https://saml.idp.korsbaek.test", "https://saml.idp.skovrup.test"


@pytest.mark.parametrize("system", ["byggesag", "ydelser"])
def test_a_person_chooses_the_municipality_and_is_logged_in(street, system):
    with street.browser() as browser:
        page = browser.visit(start(street, system))
        assert (page.status, page.url.partition("?")[0]) == (200, DISCOVERY)
        assert f"Du er ved at logge ind i {system.capitalize()}" in text_of(page)
        page = press(browser, page, "idp", KORSBAEK)
        assert heading(page) == "Log ind hos Korsbæk Kommune"
        assert heading(press(browser, page, "persona", "ane-holm")) == "Du er logget ind"


def test_the_search_narrows_the_list_and_keeps_the_login(street):
    with street.browser() as browser:
        page = browser.visit(start(street, "byggesag"))
        search = next(form for form in page.forms if form.method == "GET")
        found = browser.submit(search, fill=[("q", "sKoV")])
        assert [value for form in found.forms for _, value in form.buttons] == [SKOVRUP]
        nobody = browser.submit(search, fill=[("q", "<b>nowhere")])
        assert "Ingen kommune har det i sit navn" in text_of(nobody)
        assert "<b>nowhere" not in nobody.text
        page = press(browser, found, "idp", SKOVRUP)
        assert heading(press(browser, page, "persona", "ib-noehr")) == "Du er logget ind"


def test_a_remembered_choice_is_not_asked_for_again(street):
    with street.browser() as browser:
        page = press(browser, browser.visit(start(street, "byggesag")), "idp", SKOVRUP, remember="1")
        assert heading(press(browser, page, "persona", "ib-noehr")) == "Du er logget ind"
        assert heading(browser.visit(start(street, "ydelser"))) == "Du er logget ind", "the session answers"
        browser._client.cookies.delete("nsis_session")
        assert heading(browser.visit(start(street, "ydelser", force="1"))) == "Log ind hos Skovrup Kommune"
    with street.browser() as browser:
        press(browser, browser.visit(start(street, "byggesag")), "idp", SKOVRUP)
        assert heading(browser.visit(start(street, "byggesag"))) == "Vælg din kommune", "nobody asked to be remembered"


FORGET = f"{DISCOVERY}/forget"


def remember(street, browser, idp):
    """Choose `idp` for good; gives the page of its login."""
    return press(browser, browser.visit(start(street, "byggesag")), "idp", idp, remember="1")


@pytest.mark.parametrize("path", ["/", "/runtime/saml2/logout"])
def test_a_remembered_choice_can_be_forgotten(street, path):
    with street.browser() as browser:
        assert "Glem mit valg" not in browser.visit(f"{BASE_URL}{path}").text, "there is nothing to forget"
        remember(street, browser, SKOVRUP)
        page = browser.visit(f"{BASE_URL}{path}")
        assert "Denne browser husker Skovrup Kommune" in text_of(page)
        forgotten = browser.submit(next(form for form in page.forms if form.action == FORGET))
        assert heading(forgotten) == "Dit valg er glemt"
        assert "Glem mit valg" not in browser.visit(f"{BASE_URL}{path}").text
        assert heading(browser.visit(start(street, "byggesag"))) == "Vælg din kommune"


def test_another_site_cannot_have_it_forgotten(street):
    with street.browser() as browser:
        remember(street, browser, SKOVRUP)
        forged = browser._client.post(FORGET, data={"form_token": "x"}, headers={"Origin": "https://evil.test"})
        assert (forged.status_code, "web.csrf" in forged.text) == (403, True)
        assert heading(browser.visit(start(street, "byggesag"))) == "Log ind hos Skovrup Kommune"


def test_the_memory_comes_with_a_refusal_that_is_posted_from_another_site():
    response = Response()
    RememberedIdp("https://context-handler.sim.test").keep(response, SKOVRUP)
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-nsis_idp=")
    assert cookie.endswith("; HttpOnly; Max-Age=15552000; Path=/; SameSite=none; Secure"), cookie


def buttons_of(page):
    return [value for form in page.forms for name, value in form.buttons if name == "idp"]


@pytest.mark.parametrize("refusal", ["cancel", "cannot-reach-level", "fail"])
def test_whoever_is_refused_by_the_remembered_one_is_asked_again_and_sees_it_first(street, refusal):
    with street.browser() as browser:
        assert buttons_of(browser.visit(start(street, "byggesag")))[0] != SKOVRUP
        press(browser, remember(street, browser, SKOVRUP), "refusal", refusal)
        page = browser.visit(start(street, "byggesag"))
        assert (heading(page), buttons_of(page)[0]) == ("Vælg din kommune", SKOVRUP)
        assert "Dit seneste valg" in text_of(page)
        press(browser, page, "idp", KORSBAEK)
        page = browser.visit(start(street, "byggesag"))
        assert buttons_of(page)[0] != SKOVRUP, "chosen anew without a wish to be remembered"
        assert "Dit seneste valg" not in text_of(page)


def test_it_decides_again_once_it_is_chosen_for_good_again(street):
    with street.browser() as browser:
        press(browser, remember(street, browser, SKOVRUP), "refusal", "cancel")
        remember(street, browser, SKOVRUP)
        assert heading(browser.visit(start(street, "byggesag"))) == "Log ind hos Skovrup Kommune"


def test_who_cancels_elsewhere_is_remembered_as_before(street):
    with street.browser() as browser:
        remember(street, browser, SKOVRUP)
        press(browser, browser.visit(start(street, "byggesag", "korsbaek")), "refusal", "cancel")
        assert heading(browser.visit(start(street, "byggesag"))) == "Log ind hos Skovrup Kommune"


def test_a_login_that_needed_a_page_is_no_refusal_of_the_person(street):
    with street.browser() as browser:
        remember(street, browser, SKOVRUP)
        browser.visit(start(street, "byggesag", passive="1"))
        assert heading(browser.visit(start(street, "byggesag"))) == "Log ind hos Skovrup Kommune"


def test_who_cancels_and_remembered_nothing_is_remembered_nothing(street):
    with street.browser() as browser:
        press(browser, browser.visit(start(street, "byggesag", "korsbaek")), "refusal", "cancel")
        assert not [cookie for cookie in browser._client.cookies.jar if cookie.name == "nsis_idp"]


def test_whoever_goes_back_may_choose_again_and_only_the_last_choice_counts(street):
    with street.browser() as browser:
        choosing = browser.visit(start(street, "byggesag"))
        first = press(browser, choosing, "idp", KORSBAEK)
        again = browser.visit(choosing.url)
        assert heading(again) == "Vælg din kommune"
        second = press(browser, again, "idp", SKOVRUP)
        left_behind = press(browser, first, "persona", "ane-holm")
        assert (left_behind.status, "Svaret passer ikke til et login" in text_of(left_behind)) == (403, True)
        assert heading(press(browser, second, "persona", "ib-noehr")) == "Du er logget ind"


def test_a_hint_in_the_address_chooses(street):
    with street.browser() as browser:
        sent = browser._client.get(start(street, "byggesag")).headers["location"]
        assert heading(browser.visit(f"{sent}&idp={KORSBAEK}")) == "Log ind hos Korsbæk Kommune"


def test_a_hint_at_nobody_asks_the_person(street):
    with street.browser() as browser:
        sent = browser._client.get(start(street, "byggesag")).headers["location"]
        assert heading(browser.visit(f"{sent}&idp=https://saml.idp.nobody.test")) == "Vælg din kommune"


def test_a_system_limited_to_one_idp_is_never_shown_the_page(new_street):
    street = new_street()
    registered = street.get("/_sim/api/systems/byggesag").json()["registration"]
    changed = street.put(
        "/_sim/api/systems/byggesag", json=registered | {"idps": [entity_id(street, "idps", "skovrup")]}
    )
    assert changed.status_code == 200, changed.text
    with street.browser() as browser:
        assert heading(browser.visit(start(street, "byggesag"))) == "Log ind hos Skovrup Kommune"
    with street.browser() as browser:
        assert heading(browser.visit(start(street, "byggesag", "korsbaek"))) == "Log ind hos Skovrup Kommune", (
            "no hint widens"
        )
    with street.browser() as browser:
        assert heading(browser.visit(start(street, "ydelser"))) == "Vælg din kommune"


def test_the_page_is_nobody_elses(street):
    with street.browser() as browser:
        choosing = browser.visit(start(street, "byggesag"))
    with street.browser() as stranger:
        page = stranger.visit(choosing.url)
        assert (page.status, "Kodeflow.unknown" in text_of(page)) == (page.status, True)
        assert 400 <= page.status < 500
        assert "cookie it was given with our first answer, which a client must keep and send" in text_of(page)


def test_another_site_cannot_choose_for_the_person(street):
    with street.browser() as browser:
        choosing = browser.visit(start(street, "byggesag"))
        fields = {"login": choosing.url.partition("login=")[2], "idp": KORSBAEK}
        forged = browser._client.post(DISCOVERY, data=fields, headers={"Origin": "https://evil.test"})
        assert (forged.status_code, "web.csrf" in forged.text) == (403, True)


@pytest.mark.parametrize("choice", ["\u2603", "a; Domain=evil.test", "x" * 4000])
def test_a_choice_that_was_refused_is_not_remembered(street, choice):
    answer = street.post(DISCOVERY, data={"idp": choice, "login": "none", "remember": "1"})
    assert answer.status_code == 404
    assert "nsis_idp" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize("login", ["Call 12 34 56 78 and tell your password", "a\nb", "\x1b[31m", "A" * 5000])
def test_no_words_of_a_stranger_as_reference_web_06(street, login):
    answer = street.get(DISCOVERY, params={"login": login})
    assert answer.status_code == 404
    reference = re.search(r'class="sim-reference">([^<]*)<', answer.text)
    assert reference is not None
    assert is_uuid(reference[1])
