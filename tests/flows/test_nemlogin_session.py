"""The session at NemLog-in: one login for two services, when it is asked anew, and logout from every side."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from nemlogin_mock.sessions import SESSION_LIFETIME, Sessions
from nsis_sim.browser import Browser, Page
from oiosaml.ids import EntityId, MessageId
from oiosaml.logout_sending import logout_redirect
from oiosaml.messages.logout import LogoutRequest, LogoutResponse
from oiosaml.messages.response import Status
from oiosaml.name_id import NameId
from oiosaml.uris import NAMEID_PERSISTENT, PROFESSIONAL_UUID_PREFIX, STATUS_SUCCESS
from saml_web.ids import SystemIds
from tests.flows.street import BASE_URL, Street, heading, press, start, text_of

LOGOUT = f"{BASE_URL}/runtime/saml2/logout"
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


# --- single logout


def log_in_everywhere(street: Street, browser: Browser) -> None:
    """Sif at Selvbetjening, and by the same session at NemLog-in at two systems of the broker."""
    log_in_at_service(street, browser)
    for system in ("byggesag", "ydelser"):
        assert heading(at_byggesag(street, browser, system)) == "Du er logget ind"


def nemlogin_page(street: Street, browser: Browser) -> Page:
    return browser.visit(street.topology.nemlogin.home_url)


def submit_to(browser: Browser, page: Page, path: str, **fill: str) -> Page:
    form = next(each for each in page.forms if each.action.endswith(path))
    return browser.submit(form, fill=tuple(fill.items()))


def log_out_at_system(street: Street, browser: Browser, system: str) -> Page:
    return submit_to(browser, browser.visit(street.topology.system(system).base_url + "/result"), "/logout")


def is_out(street: Street, browser: Browser, *systems: str) -> bool:
    pages = [browser.visit(street.topology.system(each).base_url + "/result") for each in systems]
    return not any(form.action.endswith("/logout") for page in pages for form in page.forms)


def everybody_is_out(street: Street, browser: Browser) -> bool:
    """No system, no broker and no NemLog-in knows the person any more."""
    out = is_out(street, browser, "byggesag", "ydelser", "selvbetjening")
    broker = heading(browser.visit(LOGOUT)) == "Du er ikke logget ind"
    return out and broker and "Sif Ørnhøj er logget ind her." not in text_of(nemlogin_page(street, browser))


@pytest.mark.parametrize("system", ["byggesag", "ydelser", "selvbetjening"])
def test_it_slo_1_and_2_a_logout_at_one_service_is_one_everywhere(street, browser, system):
    log_in_everywhere(street, browser)
    page = log_out_at_system(street, browser, system)
    assert page.url.startswith(street.topology.system(system).base_url), text_of(page)
    assert everybody_is_out(street, browser)
    assert heading(at_byggesag(street, browser)) == LOGIN_PAGE


def test_a_logout_on_nemlogins_page_is_one_everywhere(street, browser):
    log_in_everywhere(street, browser)
    page = nemlogin_page(street, browser)
    assert "Selvbetjening, " in text_of(page)
    end = submit_to(browser, page, "/logout")
    assert heading(end) == "Du er logget ud", text_of(end)
    assert "Sif Ørnhøj er logget ud hos" in text_of(end)
    assert "is logged out at" in text_of(end, "en")
    assert everybody_is_out(street, browser)


def test_a_logout_on_the_brokers_page_is_one_everywhere(street, browser):
    log_in_everywhere(street, browser)
    page = browser.visit(LOGOUT)
    form = next(each for each in page.forms if each.method == "POST" and not each.carries_message)
    assert heading(browser.submit(form)) == "Du er logget ud"
    assert everybody_is_out(street, browser)


def name_at_the_broker(street: Street) -> NameId:
    sif = next(each for each in street.world.nemlogin.identities if each.id == "sif-oernhoej")
    pairwise = uuid5(NAMESPACE_URL, f"{street.world.context_handler.entity_id_towards_idps}\x1f{sif.uuid}")
    return NameId(f"{PROFESSIONAL_UUID_PREFIX}{pairwise}", NAMEID_PERSISTENT)


def end_every_session_at_the_broker(street: Street) -> None:
    """NemLog-in logs Sif out of whatever browser: the other tests' too. It names no SessionIndex."""
    request = LogoutRequest(
        id=SystemIds().message_id(),
        issue_instant=street.clock(),
        issuer=street.world.nemlogin.entity_id,
        destination=street.topology.context_handler.slo_request_from_idps_url,
        name_id=name_at_the_broker(street),
        session_indexes=(),
        not_on_or_after=None,
    )
    assert street.get(logout_redirect(request, street.keys.nemlogin.signing)).status_code < 400


def test_it_slo_3_a_client_whose_session_is_gone_answers_all_the_same(street, browser):
    log_in_everywhere(street, browser)
    end_every_session_at_the_broker(street)
    submit_to(browser, browser.visit(street.topology.system("selvbetjening").base_url + "/result"), "/end")
    end = submit_to(browser, nemlogin_page(street, browser), "/logout")
    assert heading(end) == "Du er logget ud", text_of(end)


def test_a_refusal_to_end_the_session_reaches_the_brokers_page(street, browser):
    log_in_everywhere(street, browser)
    submit_to(browser, nemlogin_page(street, browser), "/logout-behaviour", behaviour="refuse")
    form = next(each for each in browser.visit(LOGOUT).forms if each.method == "POST" and not each.carries_message)
    end = browser.submit(form)
    assert heading(end) == "Du er ikke logget ud alle steder", text_of(end)
    assert is_out(street, browser, "byggesag", "ydelser")
    assert "Sif Ørnhøj er logget ind her." in text_of(nemlogin_page(street, browser))


def test_a_silent_nemlogin_keeps_its_session_and_the_broker_ends_its_own(street, browser):
    log_in_everywhere(street, browser)
    submit_to(browser, nemlogin_page(street, browser), "/logout-behaviour", behaviour="silent")
    end = log_out_at_system(street, browser, "byggesag")
    assert heading(end) == "NemLog-in svarer ikke"
    assert heading(browser.visit(LOGOUT)) != "Log ud alle steder"
    assert "Sif Ørnhøj er logget ind her." in text_of(nemlogin_page(street, browser))


def test_a_service_that_refuses_is_named_on_nemlogins_page(street, browser):
    log_in_everywhere(street, browser)
    result = browser.visit(street.topology.system("selvbetjening").base_url + "/result")
    submit_to(browser, result, "/logout-behaviour", behaviour="refuse")
    end = submit_to(browser, nemlogin_page(street, browser), "/logout")
    assert heading(end) == "Du er ikke logget ud alle steder", text_of(end)
    assert "Selvbetjening" in text_of(end)
    assert is_out(street, browser, "byggesag", "ydelser")


# --- what is refused at the logout door


def logout_url(street: Street, *, signer: str = "selvbetjening", **changes: Any) -> str:
    valid = LogoutRequest(
        id=SystemIds().message_id(),
        issue_instant=street.clock(),
        issuer=EntityId("https://saml.selvbetjening.sim.test"),
        destination=street.topology.nemlogin.slo_url,
        name_id=NameId("https://data.gov.dk/model/core/eid/professional/uuid/x", NAMEID_PERSISTENT),
        session_indexes=("_x",),
        not_on_or_after=street.clock() + timedelta(minutes=5),
    )
    request = replace(valid, **changes)
    _, _, query = logout_redirect(request, street.keys.system(signer).signing).partition("?")
    return f"{street.topology.nemlogin.slo_url}?{query}"


@pytest.mark.parametrize(
    ("code", "signer", "changes"),
    [
        ("sig.value", "byggesag", {}),
        ("req.unknown-sp", "selvbetjening", {"issuer": EntityId("https://saml.evil.test")}),
        ("proto.destination", "selvbetjening", {"destination": "https://evil.test/slo"}),
    ],
    ids=["forged-slo-01", "a-stranger-slo-02", "for-another-slo-03"],
)
def test_what_is_refused_at_the_logout_door(street, code, signer, changes):
    answer = street.get(logout_url(street, signer=signer, **changes))
    assert answer.status_code >= 400
    assert f">{code}<" in answer.text
    assert "location" not in answer.headers


def test_a_logout_request_counts_once(street):
    url = logout_url(street)
    assert street.get(url).is_redirect, "a session that is gone is logged out"
    assert ">proto.replay<" in street.get(url).text


def test_a_logout_is_about_the_senders_own_name_alone(street, browser):
    log_in_everywhere(street, browser)
    foreign = name_at_the_broker(street)
    street.get(logout_url(street, name_id=foreign, session_indexes=()))
    assert "Sif Ørnhøj er logget ind her." in text_of(nemlogin_page(street, browser))


def test_an_answer_that_nobody_asked_for_is_refused(street):
    url = street.topology.nemlogin.slo_url
    response = LogoutResponse(
        SystemIds().message_id(), street.clock(), EntityId("https://saml.selvbetjening.sim.test"), url,
        MessageId("_nothing"), Status(STATUS_SUCCESS),
    )  # fmt: skip
    key = street.keys.system("selvbetjening").signing
    assert ">slo.unsolicited<" in street.get(logout_redirect(response, key)).text


def test_another_sites_page_logs_nobody_out_at_nemlogin(street, browser):
    log_in_at_service(street, browser)
    refused = browser._client.post(
        street.topology.nemlogin.logout_url, headers={"Origin": "https://evil.test"}, data={"x": "y"}
    )
    assert (refused.status_code, "web.csrf" in refused.text) == (403, True)
    assert "Sif Ørnhøj er logget ind her." in text_of(nemlogin_page(street, browser))
