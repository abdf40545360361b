"""What holds on every page of every house: strict headers, the banner, both languages, no failure, and no word of a forged Host."""

from collections.abc import Callable

import pytest
from lxml import html

from nsis_sim.browser import Browser, Page
from tests.flows.forging import client_of
from tests.flows.street import BASE_URL, Seen, Street, press, start, version

EVIL = "evil.test"
Way = Callable[[Street, Browser], Page]


def portal(street: Street, browser: Browser) -> Page:
    return browser.visit(f"{BASE_URL}/")


def system(street: Street, browser: Browser) -> Page:
    return browser.visit(f"{BASE_URL}/sp/ydelser/")


def discovery(street: Street, browser: Browser) -> Page:
    return browser.visit(start(street, "byggesag"))


def login(street: Street, browser: Browser) -> Page:
    return browser.visit(start(street, "byggesag", "korsbaek"))


def wrong_password(street: Street, browser: Browser) -> Page:
    form = next(form for form in login(street, browser).forms if form.value("username") is not None)
    return browser.submit(form, fill=[("username", "ane-holm"), ("password", "wrong")])


def passed_on(street: Street, browser: Browser) -> Page:
    return press(browser, login(street, browser), "persona", "ane-holm")


def sent_once_more(street: Street, browser: Browser) -> Page:
    form = passed_on(street, browser).forms[0]
    with street.browser(**dict(browser.headers)) as bare:
        bare.hold = "SAMLResponse"
        return bare.submit(form)


def refused(street: Street, browser: Browser) -> Page:
    return browser.submit(press(browser, login(street, browser), "persona", "bo-lindgaard").forms[0])


def turned_away(street: Street, browser: Browser) -> Page:
    return browser.submit(refused(street, browser).forms[-1])


def result(street: Street, browser: Browser) -> Page:
    return browser.submit(browser.submit(passed_on(street, browser).forms[0]).forms[0])


def broken_message(street: Street, browser: Browser) -> Page:
    return browser.visit(f"{BASE_URL}/runtime/saml2/issue.idp?SAMLRequest=x")


def nowhere(street: Street, browser: Browser) -> Page:
    return browser.visit(f"{BASE_URL}/idp/korsbaek/nowhere")


def api_docs(street: Street, browser: Browser) -> Page:
    return browser.visit(f"{BASE_URL}/_sim/api/docs")


def nemlogin(street: Street, browser: Browser) -> Page:
    return browser.visit(start(street, "selvbetjening"))


IN_PAGE = (passed_on, sent_once_more, refused, broken_message)
"""Pages whose URL does not lead back to them hold both languages."""

BY_FORM = (login, wrong_password, nemlogin)
"""Pages that a form of theirs brings back."""

BY_LINK = (portal, system, discovery, turned_away, result, nowhere, api_docs)
STATUS = {wrong_password: 422, refused: 403, broken_message: 400, nowhere: 404}


def assert_strict(seen: Seen) -> None:
    headers = {name.lower(): value for name, value in seen.headers.items()}
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["script-src"] == "'self'" or policy["script-src"].startswith("'nonce-")
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert "*" not in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "<strong>SIMULATOR</strong>" in seen.text


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("way", [*IN_PAGE, *BY_FORM, *BY_LINK], ids=lambda way: way.__name__)
def test_every_page_on_the_way_is_strict_and_in_the_readers_language(street, way, language):
    first = len(street.transport.seen)
    with street.browser(**{"Accept-Language": language}) as browser:
        browser.hold = "SAMLResponse"
        page = way(street, browser)
    assert page.status == STATUS.get(way, 200)
    assert (page.headers["content-language"], version(page, language).get("lang")) == (language, language)
    pages = [seen for seen in street.transport.seen[first:] if seen.is_page]
    assert pages
    for seen in pages:
        assert_strict(seen)


@pytest.mark.parametrize("way", IN_PAGE, ids=lambda way: way.__name__)
def test_a_page_that_answers_a_message_holds_both_languages(street, way):
    with street.browser() as browser:
        browser.hold = "SAMLResponse"
        page = way(street, browser)
    assert version(page, "en").findtext(".//h1") != version(page, "da").findtext(".//h1")
    assert version(page, "en").get("hidden") is not None


@pytest.mark.parametrize("way", BY_LINK, ids=lambda way: way.__name__)
def test_a_page_with_an_address_of_its_own_is_switched_by_a_link_and_the_choice_is_kept(street, way):
    with street.browser() as browser:
        browser.hold = "SAMLResponse"
        page = way(street, browser)
        switch = next(link for link in page.links if "lang=en" in link)
        switched = browser.visit(switch)
        assert (switched.status, switched.headers["content-language"]) == (page.status, "en")
        assert browser.visit(f"{BASE_URL}/").headers["content-language"] == "en"


@pytest.mark.parametrize("way", BY_FORM, ids=lambda way: way.__name__)
def test_a_login_page_is_switched_by_a_form_and_title_and_next_pages_follow(street, way):
    with street.browser() as browser:
        page = way(street, browser)
        document = html.document_fromstring(page.text)
        switch = page.forms[-1]
        (to_english,) = document.xpath("//button[@lang='en']/@formaction")
        assert document.xpath("//button[@lang='en']/@form") == ["language-form"]
        switched = browser._client.post(to_english, data=dict(switch.fields), headers={"Origin": BASE_URL})
        english = html.document_fromstring(switched.text)
        assert (switched.status_code, english.get("lang"), switched.headers["content-language"]) == (
            page.status,
            "en",
            "en",
        )
        assert english.findtext(".//title").startswith("Log in ")
        assert english.findtext(".//h1").startswith("Log in ")
        assert ("The user name or the password is wrong." in switched.text) is (way is wrong_password)
        assert browser.visit(f"{BASE_URL}/").headers["content-language"] == "en"
        assert english.xpath("//input[@name='message']/@value")[0] == switch.value("message")


def test_another_site_cannot_have_the_page_shown_again(street):
    with street.browser() as browser:
        switch = login(street, browser).forms[-1]
        again = f"{switch.action}?again=1&lang=en"
        forged = browser._client.post(again, data=dict(switch.fields), headers={"Origin": "https://evil.test"})
        assert (forged.status_code, "web.csrf" in forged.text) == (403, True)


def test_the_api_answers_under_its_own_name_only(street):
    """A page of another name that resolves to this machine must not read the record of logins."""
    with client_of(street) as client:
        assert client.get("/_sim/api/systems", headers={"Host": EVIL}).status_code == 403


def test_a_login_begun_under_a_forged_host_goes_to_the_configured_addresses(street):
    with street.browser(Host=EVIL) as browser:
        page = result_under(street, browser)
    assert page.url == f"{BASE_URL}/sp/byggesag/result"
    assert all(seen.destination.startswith(BASE_URL) for seen in browser.seen)


def result_under(street: Street, browser: Browser) -> Page:
    return press(browser, login(street, browser), "persona", "ane-holm")
