"""SEB as an authority behind a system: from the municipality's job function role to the national role, over the whole street."""

import pytest

from nsis_sim import headless_login
from nsis_sim.api_client import Api
from nsis_sim.login_report import LoginReport
from oiosaml import attributes as names
from oiosaml.refusals import REFUSALS
from tests.flows.street import BASE_URL, Street, log_in, text_of

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
    for system in [each.id for each in street.world.systems if each.id != "seb"]:
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
