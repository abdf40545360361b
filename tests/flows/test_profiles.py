"""Whole logins between the two generations: what comes in, what is translated, and what is refused with its code.

docs/profiles.md holds the same cells for people.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from nsis_sim.api_client import Api
from nsis_sim.headless_login import log_in as log_in_headless
from nsis_sim.headless_login import resolve
from nsis_sim.login_report import LoginReport
from oiosaml import attributes as names
from oiosaml import oiosaml2 as old
from tests.flows.street import BASE_URL, Street, heading, log_in, press, start, text_of

NO_AUTHN_CONTEXT = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"
EVA_UUID = "5a7b1c3d-2e4f-4d6a-8b9c-0e1f2a3b4c06"


def report(street: Street, system: str, idp: str, persona: str) -> LoginReport:
    with Api(BASE_URL, transport=street.transport) as api:
        wish = resolve(api, system=system, idp=idp, persona=persona, level=None, start=None)
        return log_in_headless(wish, api=api, base_url=BASE_URL, transport=street.transport)


def change(street: Street, kind: str, party: str, **changes: Any) -> None:
    """A change of a registration through the API, as `nsis apply` makes it; None takes a key out."""
    path = f"/_sim/api/{kind}/{party}"
    document: dict[str, Any] = street.get(path).json()["registration"] | changes
    answer = street.put(path, json={key: value for key, value in document.items() if value is not None})
    assert answer.status_code == 200, answer.text


def attributes_of(done: LoginReport) -> Mapping[str, tuple[str, ...]]:
    assert done.succeeded, done.explanation
    return done.attributes


def test_an_old_idp_to_an_old_system_keeps_the_nist_level(street: Street) -> None:
    done = report(street, "arkiv", "maagevig", "eva-aalund")
    said = attributes_of(done)
    assert (done.profile, done.level, done.assurance_level) == ("OIOSAML2", None, "3")
    assert said[old.SPEC_VERSION] == ("DK-SAML-2.0",)
    assert said[names.KOMBIT_SPEC_VERSION] == ("1.0",)
    assert said[old.CVR_NUMBER_IDENTIFIER] == ("93000012",)
    assert said[old.ORGANISATION_NAME] == ("Mågevig Kommune",)
    assert done.name_id == f"C=DK,O=93000012,CN=Eva Ålund,Serial={EVA_UUID}"
    assert [group.privileges for group in done.privileges] == [
        ("http://arkiv.sim.test/roles/usersystemrole/arkivar/1",)
    ]
    assert not any(name.startswith(old.OIOSAML3_PREFIX) for name in said)


def test_a_new_idp_to_an_old_system_is_translated(street: Street) -> None:
    done = report(street, "arkiv", "korsbaek", "ane-holm")
    said = attributes_of(done)
    assert (done.profile, done.level, done.assurance_level) == ("OIOSAML2", None, "3")
    assert said[old.MAIL] == ("ane.holm@korsbaek.test",)
    assert said[old.COMMON_NAME] == ("Ane Holm",)
    assert not any(name.startswith(old.OIOSAML3_PREFIX) for name in said)


@pytest.mark.parametrize("system", ["byggesag", "ydelser"])
def test_fed_24_an_old_idp_to_a_new_system_is_refused_with_its_own_code(street: Street, system: str) -> None:
    done = report(street, system, "maagevig", "eva-aalund")
    assert (done.outcome, done.code) == ("refused", "fed.no-nsis")
    # Byggesag's hint leaves the choice to the person, who is told on our own page; Ydelser's IDPList leaves none, and it is answered
    assert done.status[1:] == (() if system == "byggesag" else (NO_AUTHN_CONTEXT,))


def test_the_page_says_who_must_mend_it(street: Street) -> None:
    with street.browser() as browser:
        page = browser.visit(start(street, "byggesag", "maagevig"))
        assert "Mågevig Kommune: op til niveau AssuranceLevel 3 (intet NSIS-niveau)" in text_of(page)


def test_a_new_idps_low_level_is_too_low_for_an_old_system(street: Street) -> None:
    done = report(street, "arkiv", "korsbaek", "bo-lindgaard")
    assert (done.outcome, done.code) == ("refused", "fed.loa")
    done = report(street, "arkiv", "ravnkaer", "dan-oesteraa")
    assert (done.outcome, done.code) == ("refused", "fed.loa")


def test_the_login_page_asks_in_the_idps_own_words(street: Street) -> None:
    with street.browser() as browser:
        page = browser.visit(start(street, "arkiv", "maagevig"))
        assert "AssuranceLevel 3 eller højere" in text_of(page)
        assert "OIOSAML 2 (DK-SAML 2.0)" in text_of(page)
        result = press(browser, page, "persona", "eva-aalund")
    assert heading(result) == "Du er logget ind"
    said = text_of(result)
    assert "Adgangsbilletten følger den gamle profil, OIOSAML 2" in said
    assert "AssuranceLevel 3" in said and "CvrNumberIdentifier" in said and "Arkivar" in said
    assert "Det er ikke et NSIS-niveau" in said


def test_what_an_old_idp_leaves_unencrypted_is_taken_only_while_its_registration_says_so(
    new_street: Callable[[], Street],
) -> None:
    street = new_street()
    assert report(street, "arkiv", "maagevig", "eva-aalund").succeeded
    change(street, "idps", "maagevig", encryption_optional=None)
    assert report(street, "arkiv", "maagevig", "eva-aalund").code == "enc.structure"


def test_a_system_goes_to_the_old_profile_and_back_from_one_login_to_the_next(new_street: Callable[[], Street]) -> None:
    street = new_street()
    assert report(street, "byggesag", "korsbaek", "ane-holm").profile == "OIOSAML3"
    change(street, "systems", "byggesag", profile="OIOSAML2", minimum_assurance_level="3")
    done = report(street, "byggesag", "korsbaek", "ane-holm")
    assert (done.outcome, done.profile, done.assurance_level) == ("success", "OIOSAML2", "3")
    assert "registrering hos Context Handler er ændret" in text_of(log_in(street, "byggesag", "korsbaek", "ane-holm"))
    change(street, "systems", "byggesag", profile="OIOSAML3", minimum_assurance_level=None)
    done = report(street, "byggesag", "korsbaek", "ane-holm")
    assert (done.outcome, done.profile, done.level) == ("success", "OIOSAML3", "Substantial")


def test_an_idp_goes_to_the_old_profile_and_back_from_one_login_to_the_next(new_street: Callable[[], Street]) -> None:
    street = new_street()
    change(street, "idps", "korsbaek", profile="OIOSAML2", maximum_assurance_level="3")
    assert report(street, "byggesag", "korsbaek", "ane-holm").code == "fed.no-nsis"
    done = report(street, "arkiv", "korsbaek", "ane-holm")
    assert (done.outcome, done.assurance_level) == ("success", "3")
    change(street, "idps", "korsbaek", profile="OIOSAML3", maximum_assurance_level=None)
    assert report(street, "byggesag", "korsbaek", "ane-holm").level == "Substantial"


def test_a_municipality_that_moves_to_nsis_gets_in_where_nsis_is_demanded(new_street: Callable[[], Street]) -> None:
    street = new_street()
    assert report(street, "byggesag", "maagevig", "eva-aalund").code == "fed.no-nsis"
    moved = {"profile": "OIOSAML3", "maximum_level": "Substantial", "encryption_optional": None}
    change(street, "idps", "maagevig", **moved)
    # the IdP speaks for NSIS now, but Eva is not enrolled: what it says of her is still no NSIS level
    assert report(street, "byggesag", "maagevig", "eva-aalund").code == "fed.no-nsis"
    change(street, "idps", "maagevig", maximum_assurance_level=None)
    assert report(street, "byggesag", "maagevig", "eva-aalund").code == "fed.loa"


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ({}, {"profile": "OIOSAML2", "maximum_assurance_level": "3"}, "fed.profile"),
        ({"profile": "OIOSAML2", "maximum_assurance_level": "3"}, {"profile": "OIOSAML3"}, "fed.profile"),
    ],
)
def test_an_answer_to_a_question_from_before_the_switch_is_judged_by_the_registration_of_now(
    new_street: Callable[[], Street], before: dict[str, Any], after: dict[str, Any], code: str
) -> None:
    street = new_street()
    change(street, "idps", "korsbaek", **before)
    with street.browser() as browser:
        page = browser.visit(start(street, "arkiv", "korsbaek"))
        change(street, "idps", "korsbaek", **after)
        page = press(browser, page, "persona", "ane-holm")
        assert heading(page) != "Du er logget ind"
        assert code in codes_of(street)
        page = browser.visit(start(street, "arkiv", "korsbaek"))  # the IdP has a session by now
    assert heading(page) == "Du er logget ind"


def test_a_system_that_switches_during_a_login_is_answered_in_what_it_reads_now(
    new_street: Callable[[], Street],
) -> None:
    street = new_street()
    with street.browser() as browser:
        page = browser.visit(start(street, "byggesag", "korsbaek"))
        change(street, "systems", "byggesag", profile="OIOSAML2", minimum_assurance_level="3")
        result = press(browser, page, "persona", "ane-holm")
    assert "Adgangsbilletten følger den gamle profil" in text_of(result)


def test_a_system_without_encryption_key_cannot_be_registered_for_oiosaml_3(street: Street) -> None:
    document = street.get("/_sim/api/systems/arkiv").json()["registration"] | {"profile": "OIOSAML3"}
    answer = street.put("/_sim/api/systems/arkiv", json=document)
    assert (answer.status_code, answer.json()["code"]) == (400, "md.key")
    assert answer.json()["findings"][0]["rule_id"] == "SPM-08"


def codes_of(street: Street) -> set[str]:
    """Every code that the broker refused with so far."""
    return {code for seen in street.transport.seen for code in CODES if code in seen.text}


CODES = ("fed.profile", "fed.no-nsis", "fed.loa")


def test_both_tokens_stand_side_by_side_on_a_page(street: Street) -> None:
    first, second = (report(street, system, "korsbaek", "ane-holm").flow for system in ("byggesag", "arkiv"))
    with street.browser() as browser:
        page = browser.visit(f"{BASE_URL}/_sim/compare?a={first}&b={second}")
    assert heading(page) == "To adgangsbilletter side om side"
    assert "en anden værdi" in text_of(page)
    english = street.get(f"/_sim/compare?a={first}&b={second}", headers={"Accept-Language": "en"}).text
    assert "another value" in english and "Two tokens side by side" in english
    assert "<del>Substantial</del>" in page.text and "<ins>3</ins>" in page.text
    assert "det samme under et andet navn" in text_of(page)
    assert street.get("/_sim/compare?a=x&b=y").status_code == 404


@pytest.mark.parametrize(
    ("system", "level", "status"),
    [
        ("arkiv", "2", 303),
        ("arkiv", "4", 303),
        ("arkiv", "1", 400),
        ("arkiv", "High", 400),
        ("byggesag", "High", 303),
        ("byggesag", "3", 400),
    ],
)
def test_a_system_is_asked_for_a_level_of_its_own_ladder(street, system, level, status):
    answer = street.get(f"/sp/{system}/login", params={"level": level})
    assert answer.status_code == status
    assert ("web.form" in answer.text) is (status == 400)
