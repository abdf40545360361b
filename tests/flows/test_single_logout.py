"""Sessions and single logout along the whole street: one login for two systems, and out again from the broker's page and from the IdP."""

from base64 import b64encode

import pytest

from federation.single_logout import of_broker_towards_idps, of_broker_towards_systems
from federation.urls import ContextHandlerUrls
from nsis_sim.browser import Browser, Page
from nsis_sim.headless_session import HeadlessSession
from oiosaml.bindings.redirect import write_redirect
from oiosaml.refusals import REFUSALS
from tests.flows.street import BASE_URL, Street, heading, press, start, text_of

LOGOUT = f"{BASE_URL}/runtime/saml2/logout"
LONG = "A" * 600_000


@pytest.fixture
def browser(street: Street):
    with street.browser() as opened:
        yield opened


def log_in(street: Street, browser: Browser, *systems: str) -> None:
    first, *others = systems
    page = press(browser, browser.visit(start(street, first, "korsbaek")), "persona", "ane-holm")
    assert heading(page) == "Du er logget ind"
    for system in others:
        assert heading(browser.visit(start(street, system))) == "Du er logget ind", "without a second prompt"


def click(browser: Browser, page: Page, words: str) -> Page:
    """Press the only button of the page's own form."""
    form = next(each for each in page.forms if each.method == "POST" and not each.carries_message)
    assert words in page.text
    return browser.submit(form)


def test_one_login_opens_two_systems_and_the_person_sees_both(street, browser):
    log_in(street, browser, "byggesag", "ydelser")
    page = browser.visit(LOGOUT)
    assert (page.status, heading(page)) == (200, "Log ud alle steder")
    for name in ("Korsbæk Kommune", "Byggesag", "Ydelser"):
        assert name in text_of(page)


def test_the_person_logs_out_everywhere_and_has_to_log_in_again(street, browser):
    log_in(street, browser, "byggesag", "ydelser")
    end = click(browser, browser.visit(LOGOUT), "Log ud alle steder")
    assert end.status == 200
    assert heading(end) in ("Du er logget ud", "Du er ikke logget ud alle steder")
    assert "Korsbæk Kommune" in text_of(end)
    assert heading(browser.visit(LOGOUT)) == "Du er ikke logget ind"
    assert heading(browser.visit(start(street, "byggesag", "korsbaek"))) == "Log ind hos Korsbæk Kommune"
    report = street.audit()
    assert report["conserved"]
    assert report["logouts"]["started"] >= 1


@pytest.mark.parametrize("language", ["da", "en"])
def test_the_front_page_leads_to_the_page(street, language):
    with street.browser(**{"Accept-Language": language}) as browser:
        assert LOGOUT in browser.visit(f"{BASE_URL}/").links


def test_nobody_is_logged_in_in_a_fresh_browser(street, browser):
    page = browser.visit(LOGOUT)
    assert (page.status, heading(page)) == (200, "Du er ikke logget ind")


def test_the_page_in_english(street):
    with street.browser(**{"Accept-Language": "en"}) as browser:
        assert "You are not logged in" in browser.visit(LOGOUT).text


def test_another_sites_page_logs_nobody_out(street, browser):
    log_in(street, browser, "byggesag")
    refused = browser._client.post(LOGOUT, headers={"Origin": "https://evil.test"}, data={"x": "y"})
    assert (refused.status_code, "web.csrf" in refused.text) == (403, True)
    assert heading(browser.visit(LOGOUT)) == "Log ud alle steder"


def test_an_answer_nobody_asked_for_is_a_page_and_no_redirect(street, browser):
    answer = browser._client.get(f"{BASE_URL}/runtime/saml2/signoff.idp", params={"SAMLResponse": "eA=="})
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/runtime/saml2/signoff.idp", "Udlogningen kunne ikke gennemføres"),
        ("/runtime/saml2auth/signoffrequest.idp", "Udlogningen kunne ikke gennemføres"),
        ("/runtime/saml2auth/signoffresponse.idp", "Udlogningen kunne ikke gennemføres"),
        ("/idp/korsbaek/slo", "Udlogningen kunne ikke gennemføres"),
        ("/nemlogin/slo", "Udlogningen kunne ikke gennemføres"),
        ("/sp/byggesag/slo", "Udlogningen kunne ikke gennemføres"),
        ("/sp/ydelser/slo", "Udlogningen kunne ikke gennemføres"),
        ("/runtime/saml2/issue.idp", "Login kunne ikke gennemføres"),
        ("/idp/korsbaek/sso", "Login kunne ikke gennemføres"),
    ],
)
@pytest.mark.parametrize("by_post", [False, True], ids=["redirect", "post"])
def test_a_refused_message_is_titled_for_the_door_it_came_to(street, path, title, by_post):
    with street.browser(**{"Accept-Language": "da"}) as browser:
        fields = {"SAMLRequest": "rubbish"}
        client, url = browser._client, f"{BASE_URL}{path}"
        answer = client.post(url, data=fields) if by_post else client.get(url, params=fields)
    assert (answer.status_code, f">{title}</h1>" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("language", "requests", "answers"),
    [
        ("da", "Log ud-forespørgsler (Location)", "Log ud-svar (ResponseLocation)"),
        ("en", "Logout requests (Location)", "Logout answers (ResponseLocation)"),
    ],
)
def test_the_front_page_names_every_logout_address_of_our_metadata(street, language, requests, answers):
    with street.browser(**{"Accept-Language": language}) as browser:
        shown = browser.visit(f"{BASE_URL}/").text
    urls = ContextHandlerUrls(BASE_URL)
    for face in (of_broker_towards_systems(urls), of_broker_towards_idps(urls)):
        addresses = {endpoint.location for endpoint in face} | {endpoint.takes_responses_at for endpoint in face}
        assert all(f">{address}<" in shown for address in addresses)
    assert (shown.count(requests), shown.count(answers)) == (2, 2)


STRAYED = (
    b'<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_strayed" Version="2.0" '
    b'IssueInstant="2026-01-01T00:00:00Z">'
    b'<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:LogoutResponse>'
)


@pytest.mark.parametrize(
    ("path", "belongs"),
    [
        ("/runtime/saml2/issue.idp", "/runtime/saml2/signoff.idp"),
        ("/runtime/saml2auth/signoffrequest.idp", "/runtime/saml2auth/signoffresponse.idp"),
    ],
    ids=["a system's", "an IdP's"],
)
@pytest.mark.parametrize("by_post", [False, True], ids=["redirect", "post"])
def test_a_logout_answer_at_location_is_told_of_response_location_and_counts_as_a_logout(
    street, path, belongs, by_post
):
    before = street.audit()
    url = f"{BASE_URL}{path}"
    with street.browser(**{"Accept-Language": "en"}) as browser:
        if by_post:
            answer = browser._client.post(url, data={"SAMLResponse": b64encode(STRAYED).decode()})
        else:
            answer = browser._client.get(
                write_redirect(url, STRAYED, relay_state=None, key=None, parameter="SAMLResponse")
            )
    assert answer.status_code == 400
    assert ">The logout could not be completed</h1>" in answer.text
    assert ">A logout answer was sent to the address for logout requests.</p>" in answer.text
    assert f"a LogoutResponse belongs at {BASE_URL}{belongs}, the ResponseLocation of our metadata" in answer.text
    after = street.audit()
    assert after["logouts"]["refused"] - before["logouts"]["refused"] == 1
    assert (after["started"], after["conserved"]) == (before["started"], True), "no login"


def test_nothing_but_soap_at_the_back_channel(street):
    answer = street.post("/runtime/services/signoff/saml2/soap", content=b"rubbish")
    assert (answer.status_code, "Fault" in answer.text) == (400, True)


@pytest.mark.parametrize(
    "send",
    [
        lambda street: street.get(f"/runtime/saml2/signoff.idp?SAMLResponse={LONG[:20_000]}"),
        lambda street: street.post("/runtime/saml2/signoff.idp", data={"SAMLResponse": LONG}),
        lambda street: street.post("/runtime/saml2auth/signoffrequest.idp", data={"SAMLRequest": LONG}),
        lambda street: street.post("/runtime/saml2auth/signoffresponse.idp", data={"SAMLResponse": LONG}),
        lambda street: street.post("/runtime/services/signoff/saml2/soap", content=LONG.encode()),
    ],
    ids=["a system's answer in a query", "a system's answer", "an IdP's request", "an IdP's answer", "by SOAP"],
)
def test_a_message_too_long_to_be_read_is_written_down_xml_10(street, send):
    before = street.audit()["logouts"]
    answer = send(street)
    assert (answer.status_code, "size" in answer.text) == (REFUSALS["size"].http_status, True)
    after = street.audit()["logouts"]
    assert (after["started"] - before["started"], after["refused"] - before["refused"]) == (1, 1)


def test_the_idp_logs_out_and_the_broker_has_no_session_any_more(street, browser):
    log_in(street, browser, "byggesag")
    session_page = browser.visit(street.topology.idp("korsbaek").base_url + "/")
    assert "Ane Holm" in text_of(session_page)
    form = next(form for form in session_page.forms if form.action.endswith("/logout"))
    end = browser.submit(form)
    assert end.status == 200, text_of(end)
    assert heading(browser.visit(LOGOUT)) == "Du er ikke logget ind"


@pytest.fixture
def person(street: Street, browser: Browser) -> HeadlessSession:
    """Ane Holm, logged in at three systems."""
    session = HeadlessSession(browser, street.topology, "")
    log_in(street, browser, "byggesag", "ydelser", "arkiv")
    return session


def test_a_logout_that_another_one_crossed_is_pointed_to_and_gone_on_with(person, browser):
    person.behave("byggesag", "silent")
    person.behave("arkiv", "refuse")
    assert heading(person.log_out("ydelser")) == "Dette system svarer ikke"
    end = person.log_out("byggesag")
    assert heading(end) == "Du er ikke logget ud alle steder"
    assert "Arkiv" in text_of(end)
    assert "Et andet log ud i denne browser er ikke ført til ende" in text_of(end)
    waiting = browser.visit(LOGOUT)
    assert heading(waiting) == "Log ud er i gang"
    assert "Byggesag" not in text_of(waiting), "which said so itself by now"
    end = click(browser, waiting, "Gå videre")
    assert heading(end) == "Du er ikke logget ud alle steder"
    assert "Et andet log ud" not in text_of(end)
    assert heading(browser.visit(LOGOUT)) == "Du er ikke logget ind"


def test_a_logout_that_stands_still_is_gone_on_with_by_hand(person, browser, monkeypatch):
    """The process ends between the end of the session and the first question."""
    with monkeypatch.context() as patch:
        patch.setattr("context_handler.logout.with_back_channel", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            click(browser, browser.visit(LOGOUT), "Log ud alle steder")
    waiting = browser.visit(LOGOUT)
    assert heading(waiting) == "Log ud er i gang"
    assert "log ud er ikke ført til ende" in text_of(waiting)
    assert heading(click(browser, waiting, "Gå videre")) == "Du er logget ud"


def test_a_click_without_a_session_does_not_say_that_anybody_was_told(person, browser):
    page = browser.visit(LOGOUT)
    click(browser, page, "Log ud alle steder")
    again = click(browser, page, "Log ud alle steder")
    assert heading(again) == "Du er logget ud"
    assert "fået besked" not in text_of(again)
    assert "Context Handler har ingen session i denne browser" in text_of(again)


def test_the_person_before_is_shown_and_logged_out_with_one_click(street, browser):
    log_in(street, browser, "byggesag")
    forced = browser.visit(f"{street.topology.system('ydelser').login_url}?force=1")
    press(browser, forced, "persona", "cilla-moeberg")
    page = browser.visit(LOGOUT)
    assert "Korsbæk Kommune, et tidligere login" in text_of(page)
    assert "Byggesag" in text_of(page)
    end = click(browser, page, "Log ud alle steder")
    assert "Byggesag" in text_of(end)
    session = HeadlessSession(browser, street.topology, "")
    assert [session.is_logged_in(system) for system in ("byggesag", "ydelser")] == [False, False]
    assert heading(browser.visit(LOGOUT)) == "Du er ikke logget ind"
