"""Logout of who came to NemLog-in by a local IdP: from the service, from NemLog-in, from the municipality, and through the broker."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from lxml import etree

from nemlogin_mock.sessions import LocalLogin, Sessions
from nsis_sim.browser import Browser, Page
from oiosaml.bindings.redirect import read_redirect
from oiosaml.ids import EntityId, MessageId
from oiosaml.logout_sending import logout_redirect
from oiosaml.messages.logout import LogoutRequest, LogoutResponse
from oiosaml.messages.response import Status
from oiosaml.name_id import NameId
from oiosaml.uris import NAMEID_PERSISTENT, STATUS_SUCCESS
from saml_web.ids import SystemIds
from tests.flows.street import Street, heading, press, text_of
from tests.flows.test_local_idp import CONTEXT_HANDLER, KORSBAEK_LOCAL, at_nemlogin
from tests.flows.test_nemlogin_session import LOGOUT, log_out_at_system, nemlogin_page, submit_to

ANE_LOCAL = NameId("ane-holm@korsbaek.nemlogin.sim.test", NAMEID_PERSISTENT)
LOGINS = {KORSBAEK_LOCAL: "korsbaek-lokal", CONTEXT_HANDLER: "korsbaek"}
"""By which login at NemLog-in the person comes, and the mock IdP that then holds a session."""


@pytest.fixture
def browser(street: Street):
    with street.browser() as opened:
        yield opened


def log_in(street: Street, browser: Browser, idp: str) -> None:
    login = press(browser, at_nemlogin(street, browser), "local", idp)
    assert heading(press(browser, login, "persona", "ane-holm")) == "Du er logget ind"


def at_idp(street: Street, browser: Browser, idp: str) -> Page:
    return browser.visit(street.topology.idp(LOGINS[idp]).home_url)


def who_is_in(street: Street, browser: Browser, idp: str) -> set[str]:
    """Everybody in this browser that still knows the person."""
    pages = {
        "selvbetjening": browser.visit(street.topology.system("selvbetjening").base_url + "/result"),
        "nemlogin": nemlogin_page(street, browser),
        "idp": at_idp(street, browser, idp),
    }
    known = {name for name, page in pages.items() if any(form.action.endswith("/logout") for form in page.forms)}
    return known | ({"broker"} if heading(browser.visit(LOGOUT)) != "Du er ikke logget ind" else set())


@pytest.mark.parametrize("idp", LOGINS)
def test_a_logout_at_the_service_is_one_at_the_municipality_too(street, browser, idp):
    log_in(street, browser, idp)
    assert who_is_in(street, browser, idp) >= {"selvbetjening", "nemlogin", "idp"}
    end = log_out_at_system(street, browser, "selvbetjening")
    assert heading(end) == "Du er logget ud", text_of(end)
    assert street.topology.nemlogin.home_url in end.links, "where other logins of this browser stand"
    assert who_is_in(street, browser, idp) == set()
    again = press(browser, at_nemlogin(street, browser), "local", idp)
    assert heading(again) == "Log ind hos Korsbæk Kommune", "a new login has to ask"


@pytest.mark.parametrize("idp", LOGINS)
def test_a_logout_on_nemlogins_page_names_the_login_that_is_out_too(street, browser, idp):
    log_in(street, browser, idp)
    name = next(each.name for each in street.world.nemlogin.local_idps if each.entity_id == idp)
    assert f"Logget ind af{name}" in text_of(nemlogin_page(street, browser)).replace("\n", "")
    end = submit_to(browser, nemlogin_page(street, browser), "/logout")
    assert heading(end) == "Du er logget ud", text_of(end)
    assert f"Det har din organisations login også: {name}." in text_of(end)
    assert f"has said so, too: {name}." in text_of(end, "en")
    assert who_is_in(street, browser, idp) == set()


@pytest.mark.parametrize("idp", LOGINS)
def test_a_municipality_that_refuses_is_named_and_makes_the_logout_partial(street, browser, idp):
    log_in(street, browser, idp)
    submit_to(browser, at_idp(street, browser, idp), "/logout-behaviour", behaviour="refuse")
    end = submit_to(browser, nemlogin_page(street, browser), "/logout")
    if idp == CONTEXT_HANDLER:
        assert "Korsbæk Kommune" in text_of(end), "the broker says who is left, and goes back by a button"
        end = back(browser, end)
    assert heading(end) == "Du er ikke logget ud alle steder", text_of(end)
    name = next(each.name for each in street.world.nemlogin.local_idps if each.entity_id == idp)
    assert f"luk browseren: {name}" in text_of(end)
    assert who_is_in(street, browser, idp) == {"idp"}


def test_the_service_is_told_that_the_municipality_refused(street, browser):
    log_in(street, browser, KORSBAEK_LOCAL)
    submit_to(browser, at_idp(street, browser, KORSBAEK_LOCAL), "/logout-behaviour", behaviour="refuse")
    end = log_out_at_system(street, browser, "selvbetjening")
    assert heading(end) == "Du er ikke logget ud alle steder"
    assert "PartialLogout" in text_of(end)


def back(browser: Browser, page: Page) -> Page:
    """Go back from the broker's page, which names who is left."""
    forms = [form for form in page.forms if form.carries_message]
    if forms:
        return browser.submit(forms[0])
    return browser.visit(next(link for link in page.links if "SAMLResponse=" in link))


def test_a_logout_at_the_municipality_is_one_at_nemlogin_and_its_services(street, browser):
    log_in(street, browser, KORSBAEK_LOCAL)
    page = at_idp(street, browser, KORSBAEK_LOCAL)
    assert "Context Handler" not in text_of(page), "NemLog-in is whom this login knows"
    end = submit_to(browser, page, "/logout")
    assert f"{street.world.nemlogin.name} siger, at alle systemer" in text_of(end)
    assert heading(end) == "Du er logget ud", text_of(end)
    assert who_is_in(street, browser, KORSBAEK_LOCAL) == set()


def test_a_logout_on_the_brokers_page_is_one_at_nemlogin_and_its_services(street, browser):
    log_in(street, browser, CONTEXT_HANDLER)
    page = browser.visit(LOGOUT)
    form = next(each for each in page.forms if each.method == "POST" and not each.carries_message)
    assert heading(browser.submit(form)) == "Du er logget ud"
    assert who_is_in(street, browser, CONTEXT_HANDLER) == set()


def test_a_local_login_is_kept_while_the_same_identity_logs_in_anew(street):
    sessions, at = Sessions(ids=SystemIds()), street.clock()
    first, second = street.world.nemlogin.identities[:2]
    here, there = (LocalLogin(EntityId(each), ANE_LOCAL, "_1") for each in LOGINS)
    session = sessions.begin(first, previous=None, local_login=here, at=at)
    again = sessions.begin(first, previous=session, local_login=there, at=at)
    assert again.local_logins == (here, there)
    assert sessions.begin(first, previous=again, at=at).local_logins == (here, there)
    assert sessions.begin(second, previous=again, at=at).local_logins == ()


# --- what is refused at the logout door towards local IdPs


def logout_url(street: Street, *, signer: str = "korsbaek-lokal", **changes: Any) -> str:
    url = street.topology.nemlogin.slo_towards_idps_url
    valid = LogoutRequest(
        id=SystemIds().message_id(),
        issue_instant=street.clock(),
        issuer=EntityId(KORSBAEK_LOCAL),
        destination=url,
        name_id=ANE_LOCAL,
        session_indexes=(),
        not_on_or_after=street.clock() + timedelta(minutes=5),
    )
    key = (street.keys.context_handler if signer == "broker" else street.keys.idp(signer)).signing
    _, _, query = logout_redirect(replace(valid, **changes), key).partition("?")
    return f"{url}?{query}"


@pytest.mark.parametrize(
    ("code", "signer", "changes"),
    [
        ("sig.value", "korsbaek", {}),
        ("fed.no-idp", "korsbaek-lokal", {"issuer": EntityId("https://saml.evil.test")}),
        ("fed.no-idp", "korsbaek-lokal", {"issuer": EntityId("https://saml.selvbetjening.sim.test")}),
        ("proto.destination", "korsbaek-lokal", {"destination": "http://localhost:8000/nemlogin/slo"}),
    ],
    ids=["forged-slo-01", "a-stranger-slo-02", "a-client-slo-02", "for-the-other-face-slo-03"],
)
def test_what_is_refused_at_the_logout_door_towards_local_idps(street, browser, code, signer, changes):
    log_in(street, browser, KORSBAEK_LOCAL)
    answer = street.get(logout_url(street, signer=signer, **changes))
    assert answer.status_code >= 400
    assert f">{code}<" in answer.text
    assert "location" not in answer.headers
    assert {"nemlogin", "selvbetjening"} <= who_is_in(street, browser, KORSBAEK_LOCAL)


def test_the_honest_twin_ends_the_session_and_counts_once(street, browser):
    log_in(street, browser, KORSBAEK_LOCAL)
    url = logout_url(street)
    assert street.get(url).is_redirect
    assert "nemlogin" not in who_is_in(street, browser, KORSBAEK_LOCAL)
    assert ">proto.replay<" in street.get(url).text


def test_a_local_idp_logs_out_nobody_who_came_by_another(street, browser):
    log_in(street, browser, KORSBAEK_LOCAL)
    by_the_broker = logout_url(street, signer="broker", issuer=EntityId(CONTEXT_HANDLER))
    assert street.get(by_the_broker).is_redirect, "a session that it does not have is logged out"
    assert {"nemlogin", "selvbetjening"} <= who_is_in(street, browser, KORSBAEK_LOCAL)


def test_an_answer_on_the_other_face_is_refused(street, browser):
    """What was asked towards local IdPs is not answered at the services' door, whoever signs (attack SLO-04)."""
    log_in(street, browser, KORSBAEK_LOCAL)
    submit_to(browser, at_idp(street, browser, KORSBAEK_LOCAL), "/logout-behaviour", behaviour="silent")
    submit_to(browser, nemlogin_page(street, browser), "/logout")
    asked = read_redirect(urlencode({"SAMLRequest": browser.seen[-1].encoded}).encode(), "SAMLRequest").octets
    request_id = MessageId(etree.fromstring(asked).get("ID", ""))

    def answer_at(url: str) -> str:
        response = LogoutResponse(
            SystemIds().message_id(), street.clock(), EntityId(KORSBAEK_LOCAL), url, request_id, Status(STATUS_SUCCESS)
        )
        return street.get(logout_redirect(response, street.keys.idp("korsbaek-lokal").signing)).text

    assert ">slo.unsolicited<" in answer_at(street.topology.nemlogin.slo_url)
    assert "Du er logget ud" in answer_at(street.topology.nemlogin.slo_towards_idps_url), "the honest twin"
