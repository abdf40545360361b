"""SEB as an authority behind a system: from the municipality's job function role to the national role, over the whole street."""

import pytest

from federation.played import played_by_sp_demo
from nsis_sim import headless_login
from nsis_sim.api_client import Api
from nsis_sim.login_report import LoginReport
from oiosaml import attributes as names
from oiosaml.refusals import REFUSALS
from tests.flows.street import BASE_URL, Street, heading, log_in, press, start, text_of

SCOPE = "urn:dk:gov:saml:cvrNumberIdentifier:91000013"
CPR = "6303038886"
CARE = "urn:dk:healthcare:national-federation-role:code:41003:value:PlejeAssR3"
MONITORING = "urn:dk:sundhed:ehealth:role:monitoring_assistor"
UNITS = ("5f0c9b0e-4a7e-4d1c-9b3e-2f6f8d1a7c10", "8d2f6f1c-5a54-4d0e-8a41-6f5f2f0f9b22")


def report_of(street: Street, system: str, idp: str, persona: str) -> LoginReport:
    """What `nsis login --json` would print."""
    with Api(BASE_URL, transport=street.transport) as api:
        wish = headless_login.resolve(api, system=system, idp=idp, persona=persona, level=None, start=None)
        return headless_login.log_in(wish, api=api, base_url=BASE_URL, transport=street.transport)


def test_nurse_gets_her_national_role_with_one_unit_in_each_group(street: Street) -> None:
    report = report_of(street, "seb", "korsbaek", "cilla-moeberg").to_json()

    assert (report["outcome"], report["level"]) == ("success", "Substantial")
    assert report["privileges"] == [
        {
            "scope": SCOPE,
            "privileges": [CARE, MONITORING],
            "constraints": [{"name": "urn:dk:kombit:orgUnit", "value": unit}],
        }
        for unit in UNITS
    ]


def test_attributes_have_the_names_that_seb_knows(street: Street) -> None:
    attributes = report_of(street, "seb", "korsbaek", "cilla-moeberg").attributes

    assert attributes[names.CPR_NUMBER_IDENTIFIER] == (CPR,)
    assert attributes[names.COMMON_NAME] == ("Cilla Møberg",)
    assert attributes[names.UID] == attributes[names.PROFESSIONAL_UUID] == ("f0a4b7a2-91d5-4f6e-b9b1-7f7a2f4d3c03",)
    assert names.CPR_NUMBER not in attributes


def test_cpr_number_reaches_only_the_system_that_asks_for_it(street: Street) -> None:
    """Korsbæk's IdP sends it with every login, since it cannot know where the person goes next."""
    for system in [each.id for each in played_by_sp_demo(street.world) if each.id != "seb"]:
        attributes = report_of(street, system, "korsbaek", "cilla-moeberg").attributes
        assert attributes, system
        assert not any(CPR in value for values in attributes.values() for value in values), system


def test_person_without_cpr_number_is_refused_and_told_which_piece_is_missing(street: Street) -> None:
    report = report_of(street, "seb", "skovrup", "ib-noehr")
    assert (report.outcome, report.code) == ("refused", "fed.attribute")
    assert list(report.status) == [
        "urn:oasis:names:tc:SAML:2.0:status:Responder",
        "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed",
    ]
    page = log_in(street, "seb", "skovrup", "ib-noehr")
    params = {"system": "SEB (simuleret)", "attribute": names.CPR_NUMBER_IDENTIFIER}
    assert REFUSALS["fed.attribute:required"].en.format_map(params) in text_of(page)


def test_person_without_a_role_there_has_an_empty_list(street: Street) -> None:
    report = report_of(street, "seb", "korsbaek", "mie-soe")
    assert (report.outcome, report.privileges) == ("success", ())


@pytest.mark.parametrize("system", ["byggesag", "ydelser"])
def test_the_other_systems_get_their_own_words_as_before(street: Street, system: str) -> None:
    report = report_of(street, system, "korsbaek", "cilla-moeberg")
    roles = [role for group in report.privileges for role in group.privileges]
    assert roles
    assert all(role.startswith(f"http://{system}.sim.test/") for role in roles)


# --- SEB's own pages


def front_door(street: Street) -> str:
    return street.topology.system("seb").home_url


@pytest.mark.parametrize(
    ("language", "role", "unit_is", "places"),
    [
        (
            "da",
            "Plejeassistent, rolle 3 – national rolle PlejeAssR3 med kode 41003",
            "Organisationsenhed",
            ("Hjemmesygeplejen Nord", "Hjemmesygeplejen Syd"),
        ),
        (
            "en",
            "Care assistant, role 3 – national role PlejeAssR3 with code 41003",
            "Organisation unit",
            ("Home nursing North", "Home nursing South"),
        ),
    ],
    ids=["da", "en"],
)
def test_nurse_sees_her_role_with_one_unit_in_each_group_in_plain_words(
    street: Street, language: str, role: str, unit_is: str, places: tuple[str, str]
) -> None:
    with street.browser(**{"Accept-Language": language}) as browser:
        login = browser.visit(start(street, "seb", "korsbaek"))
        text = text_of(press(browser, login, "persona", "cilla-moeberg"), language)
    for unit, place in zip(UNITS, places, strict=True):
        assert f"{place} {role}" in text
        assert f"{unit_is}: {unit}" in text
    assert "dk:healthcare:saml:attribute:UserAuthorizationCode" in text
    assert "KT2Z4" in text


def test_front_door_sends_the_person_to_the_idp_they_choose_by_idp_list(street: Street) -> None:
    with street.browser() as browser:
        page = browser.visit(front_door(street))
        assert heading(page) == "Log ind i SEB (simuleret)"
        assert "Lokal IdP" in text_of(page)
        page = press(browser, page, "idp", "https://saml.idp.korsbaek.test")
        assert page.url.startswith(street.topology.idp("korsbaek").base_url), "the broker asks nothing more"


def test_front_door_finds_by_name_and_says_if_there_is_nothing(street: Street) -> None:
    with street.browser() as browser:
        page = browser.visit(front_door(street) + "?tab=local&q=kors")
        assert [value for form in page.forms for name, value in form.buttons if name == "idp"] == [
            "https://saml.idp.korsbaek.test"
        ]
        page = browser.visit(front_door(street) + "?q=nowhere")
        assert "Ingen kommune har det i sit navn." in text_of(page)
        page = browser.visit(front_door(street) + "?tab=mitid")
        assert "ikke simuleret her" in text_of(page)


def test_front_door_remembers_the_choice_until_it_is_to_forget_it(street: Street) -> None:
    with street.browser() as browser:
        login_url = street.topology.system("seb").login_url
        assert heading(browser.visit(login_url)) == "Log ind i SEB (simuleret)", "nobody was chosen yet"
        page = browser.visit(front_door(street))
        press(browser, page, "idp", "https://saml.idp.korsbaek.test", remember="1")
        assert browser.visit(login_url).url.startswith(street.topology.idp("korsbaek").base_url)
        page = browser.visit(front_door(street))
        assert "Du har valgt før:" in text_of(page)
        press(browser, page, "forget", "1")
        assert heading(browser.visit(login_url)) == "Log ind i SEB (simuleret)"


def test_front_door_takes_no_idp_that_it_does_not_show(street: Street) -> None:
    path = street.topology.system("seb").path + "/choose"
    answer = street.post(path, data={"idp": "https://evil.test"})
    assert (answer.status_code, answer.headers.get("location")) == (400, None)
    foreign = {"Origin": "https://evil.test"}
    answer = street.post(path, data={"idp": "https://saml.idp.korsbaek.test"}, headers=foreign)
    assert answer.status_code == 403


def test_nurse_goes_from_byggesag_to_seb_without_a_second_prompt(street: Street) -> None:
    with street.browser() as browser:
        login = browser.visit(start(street, "byggesag", "korsbaek"))
        assert heading(press(browser, login, "persona", "cilla-moeberg")) == "Du er logget ind"
        page = press(browser, browser.visit(front_door(street)), "idp", "https://saml.idp.korsbaek.test")
        assert heading(page) == "Du er logget ind", "nobody asked who she is"
        text = text_of(page)
        assert all(unit in text for unit in UNITS)
        assert CPR in text, "the session's rights and attributes are SEB's own, not those that Byggesag got"
