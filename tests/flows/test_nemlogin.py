"""NemLog-in as home IdP of municipalities without their own: who gets in under which name, who is refused, and each test case's end."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from lxml import etree

from nemlogin_mock.scenarios import SCENARIOS, Scenario, Twist
from nsis_sim.browser import Browser, Page
from oiosaml.bindings.redirect import read_redirect
from oiosaml.errors import REFUSALS
from tests.flows.street import Street, entity_id, heading, press, start, text_of
from tests.flows.test_logins import CVR, LOA, PERSISTENT, X509, Token, right

HASSELNAES, VESTERKLIT = "97100015", "97200013"
UUID = "https://data.gov.dk/model/core/eid/professional/uuid/persistent"
FULL_NAME = "https://data.gov.dk/model/core/eid/fullName"
NEMLOGIN = "https://saml.nemlogin.sim.test"
NAMES = "{urn:oasis:names:tc:SAML:2.0:assertion}"


def token_of(street: Street, browser: Browser, system: str) -> Token:
    return Token(browser._client.get(f"{street.topology.system(system).base_url}/result/assertion.xml").content)


def log_in(street: Street, system: str, persona: str, **wish: str) -> Token:
    with street.browser() as browser:
        page = press(browser, browser.visit(start(street, system, "nemlogin", **wish)), "persona", persona)
        assert (page.status, heading(page)) == (200, "Du er logget ind"), text_of(page)
        return token_of(street, browser, system)


def refused(street: Street, system: str, persona: str, **fill: str) -> Page:
    """The broker's page, with what NemLog-in sent on its way to it."""
    with street.browser() as browser:
        browser.hold = "SAMLResponse"
        answer = press(browser, browser.visit(start(street, system, "nemlogin")), "persona", persona, **fill)
        return browser.submit(answer.forms[0])


@pytest.mark.parametrize(
    ("persona", "system", "rights", "cvr"),
    [
        ("sif-oernhoej", "byggesag", {right(HASSELNAES, "sagsbehandler", kle="02.34")}, HASSELNAES),
        ("sif-oernhoej", "ydelser", set(), HASSELNAES),
        ("tage-vindelev", "byggesag", {right(HASSELNAES, "sagsbehandler", kle="02.34")}, HASSELNAES),
        ("ulla-aeblegaard", "byggesag", set(), HASSELNAES),
        ("viggo-aakaer", "ydelser", {right(VESTERKLIT, "godkender")}, VESTERKLIT),
    ],
)
def test_an_employee_has_the_rights_of_the_municipality_behind_the_one_registration(
    street: Street, persona: str, system: str, rights: Any, cvr: str
) -> None:
    token = log_in(street, system, persona)
    assert token.rights(system) == rights
    # Ulla logs in at High; NemLog-in is registered for Substantial here.
    assert token.values(LOA) == ["Substantial"]
    assert token.values(CVR) == [cvr]


@pytest.mark.parametrize(
    ("persona", "name"),
    [
        # linked: the UUID of the municipality's organisation system
        ("sif-oernhoej", f"C=DK,O={HASSELNAES},CN=Sif Ørnhøj,Serial=84c6e20a-d193-4ff7-828b-e7394b5d6f11"),
        # not linked: NemLog-in's own; and a name that came in two parts
        ("tage-vindelev", f"C=DK,O={HASSELNAES},CN=Tage Vindelev,Serial=2e608ca4-7b3d-4f91-8c25-81d3e5f70902"),
    ],
)
def test_the_subject_is_built_in_kombits_layout(street: Street, persona: str, name: str) -> None:
    assert log_in(street, "ydelser", persona).name_id == (X509, name)


def test_a_persistent_name_is_the_same_at_every_login(street: Street) -> None:
    first, second = log_in(street, "byggesag", "sif-oernhoej"), log_in(street, "byggesag", "sif-oernhoej")
    assert first.name_id == second.name_id
    assert first.name_id[0] == PERSISTENT


def question_at_nemlogin(page: Page) -> etree._Element:
    """The broker's request as NemLog-in's page shows it to be: read from the form that carries it."""
    query = next(value for name, value in page.forms[0].fields if name == "message")
    return etree.fromstring(read_redirect(query.encode(), "SAMLRequest").octets)


def test_the_broker_asks_for_an_employee_and_names_the_system_behind_it(street: Street) -> None:
    with street.browser() as browser:
        page = browser.visit(start(street, "byggesag", "nemlogin"))
        asked = question_at_nemlogin(page)
        assert [each.text for each in asked.iter(f"{NAMES}AuthnContextClassRef")] == [
            "https://data.gov.dk/concept/core/nsis/loa/Substantial",
            "https://data.gov.dk/eid/Professional",
        ]
        assert [each.text for each in asked.iter("{*}RequesterID")] == ["https://saml.byggesag.sim.test"]
        shown = text_of(page)
        for words in (
            "Betydelig eller højere",
            "medarbejder (Professional)",
            "Byggesag",
            "ethvert identifikationsmiddel",
        ):
            assert words in shown


@pytest.mark.parametrize(
    ("persona", "key", "params"),
    [
        ("gry-soe", "fed.profile:person", {}),
        ("poul-firmasen", "fed.scope:nemlogin", {"cvr": "95000013"}),
        ("asta-lavgaard", "fed.loa", {"required": "Betydelig", "actual": "Lav"}),
    ],
    ids=["a-citizen-fed-09", "another-organisation-fed-01", "too-low-a-level-fed-04"],
)
def test_who_is_refused_and_with_which_sentence(
    street: Street, persona: str, key: str, params: Mapping[str, str]
) -> None:
    page = refused(street, "byggesag", persona)
    assert page.status == REFUSALS[key].http_status
    assert REFUSALS[key].da.format_map(params) in text_of(page)
    assert f"Kode{REFUSALS[key].code}" in text_of(page)


def scenario_cases() -> list[Any]:
    return [pytest.param(each, id=each.id) for each in SCENARIOS]


@pytest.mark.parametrize("scenario", scenario_cases())
def test_each_test_case_ends_at_the_context_handler_as_it_says(street: Street, scenario: Scenario) -> None:
    if scenario.twist is Twist.REPLAYED:
        log_in(street, "byggesag", "sif-oernhoej")
    with street.browser() as browser:
        browser.hold = "SAMLResponse"
        page = browser.visit(start(street, "byggesag", "nemlogin"))
        answer = press(browser, page, "persona", "sif-oernhoej", scenario=scenario.id)
        ended = browser.submit(answer.forms[0])
    if scenario.refused_with is None:
        assert "SAMLResponse" in ended.text, text_of(ended)
    else:
        assert f"Kode{scenario.refused_with}" in text_of(ended), text_of(ended)


def test_an_old_login_is_refused_where_a_new_one_was_asked_for(street: Street) -> None:
    with street.browser() as browser:
        browser.hold = "SAMLResponse"
        page = browser.visit(start(street, "byggesag", "nemlogin", force="1"))
        answer = press(browser, page, "persona", "sif-oernhoej", scenario="IT-FORCE-1")
        assert "Kodeproto.force-authn" in text_of(browser.submit(answer.forms[0]))


@pytest.mark.parametrize(("refusal", "code"), [("cannot-reach-level", "fed.loa"), ("fail", "proto.status")])
def test_a_refusal_of_nemlogin_reaches_the_system(street: Street, refusal: str, code: str) -> None:
    with street.browser() as browser:
        browser.hold = "SAMLResponse"
        answer = press(browser, browser.visit(start(street, "byggesag", "nemlogin")), "refusal", refusal)
        assert f"Kode{code}" in text_of(browser.submit(answer.forms[0]))


def test_who_cancels_at_nemlogin_is_back_at_the_system(street: Street) -> None:
    with street.browser() as browser:
        page = press(browser, browser.visit(start(street, "byggesag", "nemlogin")), "refusal", "cancel")
        assert heading(page) == "Du blev ikke logget ind"


def test_discovery_shows_the_municipalities_and_not_nemlogin_alone(street: Street) -> None:
    with street.browser() as browser:
        page = browser.visit(street.topology.system("ydelser").login_url)
        names = re.findall(r'class="sim-choice"[^>]*>([^<]+)<', page.text)
        assert "Hasselnæs Kommune (NemLog-in)" in names
        assert "Vesterklit Kommune (NemLog-in)" in names
        assert "NemLog-in" not in names
        login = press(browser, page, "idp", NEMLOGIN)
        assert login.url.startswith(street.topology.nemlogin.sso_url)


def test_a_persona_named_in_the_header_needs_no_page(street: Street) -> None:
    with street.browser(**{"X-NSIS-Persona": "sif-oernhoej"}) as browser:
        page = browser.visit(start(street, "byggesag", "nemlogin"))
        assert heading(page) == "Du er logget ind"


def test_a_service_of_its_own_gets_a_citizen(street: Street) -> None:
    with street.browser() as browser:
        page = press(browser, browser.visit(street.topology.system("selvbetjening").login_url), "persona", "gry-soe")
        assert heading(page) == "Du er logget ind", text_of(page)
        token = token_of(street, browser, "selvbetjening")
        assert token.values(FULL_NAME) == ["Gry Sø"]
        assert token.values(CVR) == []
        assert token.name_id[1].startswith("https://data.gov.dk/model/core/eid/person/uuid/")
        assert token.values(LOA) == ["High"]


def test_nemlogin_front_page_names_every_test_case(street: Street) -> None:
    answer: httpx.Response = street.get("/nemlogin/")
    assert answer.status_code == 200
    for name in ("IT-LOGON-1", "IT-SLO-3", "IT-SIGN-1", "Selvbetjening", entity_id(street, "idps", "nemlogin")):
        assert name in answer.text


def test_a_session_with_nemlogin_answers_the_next_system_at_the_level_it_was_cut_to(street: Street) -> None:
    with street.browser() as browser:
        press(browser, browser.visit(start(street, "byggesag", "nemlogin")), "persona", "ulla-aeblegaard")
        page = browser.visit(start(street, "ydelser", "nemlogin"))
        assert heading(page) == "Du er logget ind", text_of(page)
        token = token_of(street, browser, "ydelser")
    assert token.values(LOA) == ["Substantial"]
    assert token.name_id == (
        X509,
        f"C=DK,O={HASSELNAES},CN=Ulla Æblegård,Serial=3f719db5-8c4e-4aa2-9d36-92e4f6081a03",
    )
