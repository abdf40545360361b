"""What can happen between the home IdP's page and the system's: buttons, wishes, lost cookies, wrong browsers, the same form twice."""

from datetime import timedelta

import httpx
import pytest

from saml_web.outbound import REPOST_MARKER
from tests.flows.street import (
    BASE_URL,
    Street,
    form_with,
    heading,
    log_in,
    press,
    reference_of,
    start,
    text_of,
    version,
)

ACS = f"{BASE_URL}/runtime/saml2auth/consume.idp"
SYSTEMS = pytest.mark.parametrize("system", ["byggesag", "ydelser"])


def held_answer(street: Street, browser, system: str = "byggesag", idp: str = "korsbaek", persona: str = "ane-holm"):
    """The IdP's answer in the browser, not yet on its way."""
    browser.hold = "SAMLResponse"
    answer = press(browser, browser.visit(start(street, system, idp)), "persona", persona)
    form = next(form for form in answer.forms if form.carries_message)
    assert form.action == ACS
    return form


def refusals(street: Street, flow: str) -> list[str]:
    return [event["code"] for event in street.events(flow) if event["outcome"] == "refused"]


# --- refused at the level: why, who must mend it, and back


@SYSTEMS
def test_bo_reads_why_and_who_must_mend_it_and_carries_the_refusal_back(street, system):
    with street.browser() as browser:
        refused = browser.submit(held_answer(street, browser, system, persona="bo-lindgaard"))
        assert refused.status == 403
        danish, english = text_of(refused), text_of(refused, "en")
        assert "Systemet kræver sikringsniveau Betydelig, men du er logget ind på Lav." in danish
        assert "The system requires level Substantial, but you are logged in at Low." in english
        assert "skal kommunen anmelde sit login på et højere niveau" in danish
        assert "the municipality has to have its login notified at a higher level" in english
        assert refusals(street, reference_of(refused)) == ["fed.loa"]
        back = [button.text for button in version(refused).iter("button")]
        assert back == [f"Tilbage til {system.capitalize()}"]
        told = browser.submit(refused.forms[-1])
        assert heading(told) == "Du blev ikke logget ind"
        assert "Loginet nåede ikke det sikringsniveau, der kræves." in text_of(told)
        assert "Niveau, som systemet bad omBetydelig" in text_of(told)
        assert "Svaret er ikke underskrevet" not in text_of(told)
        assert "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext" in text_of(told)


def test_a_level_that_the_wish_names_is_carried_over_and_enforced(street):
    with street.browser() as browser:
        browser.hold = "SAMLResponse"
        refused = browser.visit(start(street, "ydelser", "korsbaek", level="High"))
        assert (refused.status, "Systemet kræver sikringsniveau Høj" in text_of(refused)) == (403, True)


# --- the buttons at the IdP


@SYSTEMS
@pytest.mark.parametrize(
    ("button", "code", "status", "with_page"),
    [
        ("cancel", "proto.cancelled", "RequestDenied", False),
        ("cannot-reach-level", "fed.loa", "NoAuthnContext", True),
        ("fail", "proto.status", "AuthnFailed", True),
    ],
)
def test_an_answer_without_a_login_reaches_the_system(street, system, button, code, status, with_page):
    with street.browser() as browser:
        browser.hold = "SAMLResponse"
        page = browser.visit(start(street, system, "korsbaek"))
        answer = press(browser, page, "refusal", button)
        passed_on = browser.submit(answer.forms[0])
        assert passed_on.status == (403 if with_page else 200)
        if with_page:
            assert f"Kode{code}" in text_of(passed_on)
        told = browser.submit(passed_on.forms[-1])
        assert heading(told) == "Du blev ikke logget ind"
        assert f"urn:oasis:names:tc:SAML:2.0:status:{status}" in text_of(told)


# --- wishes of the system


@SYSTEMS
def test_passive_with_several_municipalities_asks_nobody(street, system):
    with street.browser() as browser:
        told = browser.visit(start(street, system, passive="1"))
        assert heading(told) == "Du blev ikke logget ind"
        assert "status:NoPassive" in text_of(told)


def test_passive_at_an_idp_without_a_session_asks_nobody(street):
    with street.browser() as browser:
        assert "status:NoPassive" in text_of(browser.visit(start(street, "ydelser", "korsbaek", passive="1")))


def test_a_session_at_the_idp_answers_a_passive_request(street):
    with street.browser(**{"X-NSIS-Persona": "ane-holm"}) as browser:
        assert heading(browser.visit(start(street, "ydelser", "korsbaek", passive="1"))) == "Du er logget ind"


def test_force_reaches_the_idp(street):
    with street.browser() as browser:
        assert "Ja: en eksisterende session må ikke bruges" in text_of(
            browser.visit(start(street, "byggesag", "korsbaek", force="1"))
        )
        assert "Nej: en eksisterende session må gerne bruges" in text_of(
            browser.visit(start(street, "byggesag", "korsbaek"))
        )


def test_the_idp_is_told_which_system_asks(street):
    with street.browser() as browser:
        assert "Ydelser https://saml.ydelser.sim.test" in text_of(browser.visit(start(street, "ydelser", "korsbaek")))


@pytest.mark.parametrize("system", ["ydelser"])
def test_the_request_may_come_by_post(street, system):
    assert heading(log_in(street, system, "korsbaek", "ane-holm", binding="post")) == "Du er logget ind"


def test_a_wrong_password_logs_nobody_in_and_can_be_mended(street):
    with street.browser() as browser:
        page = browser.visit(start(street, "byggesag", "korsbaek"))
        form = next(form for form in page.forms if form.value("username") is not None)
        wrong = browser.submit(form, fill=[("username", "ane-holm"), ("password", "wrong")])
        assert (wrong.status, "Brugernavnet eller adgangskoden er forkert" in text_of(wrong)) == (422, True)
        form = next(form for form in wrong.forms if form.value("username") == "ane-holm")
        assert heading(browser.submit(form, fill=[("password", "demo")])) == "Du er logget ind"


# --- parties switched off while the person is away


def test_a_system_switched_off_while_the_person_is_away_gets_nobody(new_street):
    street = new_street()
    with street.browser() as browser:
        answer = held_answer(street, browser)
        with street.switched_off("systems", "byggesag"):
            refused = browser.submit(answer)
            assert (refused.status, "Kodefed.disabled" in text_of(refused)) == (403, True)
            portal = browser.visit(f"{BASE_URL}/")
            assert portal.status == 200
        assert heading(log_in(street, "byggesag", "korsbaek", "ane-holm")) == "Du er logget ind"
    assert street.audit()["conserved"]


def test_an_idp_switched_off_while_the_person_is_away_is_not_believed(new_street):
    street = new_street()
    with street.browser() as browser:
        answer = held_answer(street, browser)
        with street.switched_off("idps", "korsbaek"):
            refused = browser.submit(answer)
            assert (refused.status, "Kodefed.disabled" in text_of(refused)) == (403, True)


def test_without_its_attribute_service_nobody_from_skovrup_gets_in(new_street):
    street = new_street()
    with street.browser() as browser, street.switched_off("attribute-services", "skovrup"):
        refused = browser.submit(held_answer(street, browser, idp="skovrup", persona="ib-noehr"))
        assert (refused.status, "Kodefed.disabled" in text_of(refused)) == (403, True)


# --- cookies and browsers


def test_an_answer_without_cookie_is_sent_once_more_from_our_own_page_and_only_once(street):
    with street.browser() as browser, street.browser() as bare:
        answer = held_answer(street, browser)
        bare.hold = "SAMLResponse"
        repost = bare.submit(answer)
        assert (repost.status, heading(repost)) == (200, "Et trin mere")
        (again,) = repost.forms
        assert (again.action, again.value(REPOST_MARKER)) == (ACS, "1")
        refused = bare.submit(again)
        assert refused.status == 403, "a browser that keeps no cookies does not go round for ever"
        assert "Svaret passer ikke til et login, der er i gang i denne browser" in text_of(refused)
        browser.hold = None
        assert heading(browser.submit(again)) == "Du er logget ind", "the right browser brings the cookie along"


@SYSTEMS
def test_a_system_without_its_cookie_asks_for_the_answer_once_more(street, system):
    with street.browser() as browser, street.browser() as bare:
        token = browser.submit(held_answer(street, browser, system)).forms[0]
        bare.hold = "SAMLResponse"
        repost = bare.submit(token)
        assert heading(repost) == "Et trin mere"
        refused = bare.submit(repost.forms[0])
        assert (refused.status, "Kodeproto.in-response-to" in text_of(refused)) == (403, True)
        browser.hold = None
        assert heading(browser.submit(token)) == "Du er logget ind"


def test_another_browser_neither_finishes_a_login_nor_ends_it(street):
    with street.browser() as browser, street.browser() as thief:
        answer = held_answer(street, browser)
        thief.visit(start(street, "byggesag", "korsbaek"))
        stolen = thief.submit(answer)
        assert (stolen.status, "Kodeproto.in-response-to" in text_of(stolen)) == (403, True)
        browser.hold = None
        assert heading(browser.submit(answer)) == "Du er logget ind"


def test_two_tabs_of_one_browser_do_not_disturb_each_other(street):
    with street.browser() as browser:
        one = browser.visit(start(street, "byggesag", "korsbaek"))
        two = browser.visit(start(street, "ydelser", "skovrup"))
        first = press(browser, one, "persona", "ane-holm")
        second = press(browser, two, "persona", "ib-noehr")
        assert [heading(first), heading(second)] == ["Du er logget ind"] * 2
        assert "Ane Holm, Korsbæk Kommune" in text_of(first)
        assert "Ib Nøhr, Skovrup Kommune" in text_of(second)


# --- the same form twice


def test_the_same_answer_posted_twice_is_used_once(street):
    before = street.audit()
    with street.browser() as browser:
        answer = held_answer(street, browser)
        token = browser.submit(answer).forms[0]
        again = browser.submit(answer)
        assert (again.status, "Svaret er allerede brugt." in text_of(again)) == (403, True)
        assert refusals(street, reference_of(again)) == ["proto.replay"]
        assert heading(browser.submit(token)) == "Du er logget ind", "the first answer still stands"
        twice = browser.submit(token)
        assert (twice.status, 400 <= twice.status < 500) == (403, True)
    after = street.audit()
    assert (after["started"] - before["started"], after["completed"] - before["completed"]) == (1, 1)


def test_the_same_request_sent_twice_is_used_once(street):
    with street.browser() as browser:
        sent = browser._client.get(start(street, "byggesag")).headers["location"]
        assert heading(browser.visit(sent)) == "Vælg din kommune"
        browser.hold = "SAMLResponse"
        again = browser.visit(sent)
        assert (again.status, "Kodereq.replay" in text_of(again)) == (403, True)


# --- time


def test_a_login_that_took_too_long_has_expired(new_street):
    street = new_street()
    with street.browser() as browser:
        page = browser.visit(start(street, "byggesag"))
        street.clock.ahead = timedelta(hours=3)
        late = browser.visit(page.url)
        assert (late.status, "Kodeflow.expired" in text_of(late)) == (late.status, True)
        assert 400 <= late.status < 500
    report = street.audit()
    assert (report["expired"], report["pending"], report["conserved"]) == (1, 0, True)


def test_a_login_page_looked_at_for_twenty_minutes_still_works(new_street):
    street = new_street()
    with street.browser() as browser:
        browser.hold = "SAMLResponse"
        page = browser.visit(start(street, "byggesag", "korsbaek"))
        street.clock.ahead = timedelta(minutes=20)
        answer = press(browser, page, "persona", "ane-holm")
        passed = browser.submit(answer.forms[0])
        assert passed.status == 200, text_of(passed)
    assert street.audit()["completed"] == 1


# --- nothing is lost


def test_after_all_kinds_of_endings_every_login_is_accounted_for(new_street):
    street = new_street()
    log_in(street, "byggesag", "korsbaek", "ane-holm")
    with street.browser() as browser:
        browser.submit(held_answer(street, browser, persona="bo-lindgaard"))
    with street.browser() as browser:
        held_answer(street, browser)
    with street.browser() as browser:
        browser.visit(start(street, "byggesag"))
    street.get("/runtime/saml2/issue.idp?SAMLRequest=x")
    report = street.audit()
    kinds = {kind: report[kind] for kind in ("started", "completed", "refused", "expired", "pending")}
    assert kinds == {"started": 5, "completed": 1, "refused": 2, "expired": 0, "pending": 2}
    assert report["conserved"]
    street.clock.ahead = timedelta(hours=3)
    assert (street.audit()["expired"], street.audit()["pending"]) == (2, 0)


def test_the_broker_answers_a_get_at_its_acs_without_failing(street):
    assert isinstance(answer := street.get("/runtime/saml2auth/consume.idp"), httpx.Response)
    assert answer.status_code == 405


def test_every_form_of_the_login_page_carries_the_token(street):
    with street.browser() as browser:
        page = browser.visit(start(street, "byggesag", "korsbaek"))
        assert all(form.value("form_token") for form in page.forms)
        assert form_with(page, ("refusal", "cancel")).method == "POST"
