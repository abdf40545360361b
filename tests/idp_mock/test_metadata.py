from dataclasses import replace

from oiosaml.attributes import PRIVILEGES_INTERMEDIATE
from oiosaml.messages.metadata import signing_keys
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.rules.idp_metadata import IDP_METADATA_RULES
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.rule import Requirement, examine
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT
from oiosaml.xml.parse import parse_metadata
from oiosaml.xml.verify import verify_enveloped
from tests.builders import IDP, NOW
from tests.conftest import Member
from tests.idp_mock.house import KORSBAEKS_IDP, URLS, House, make_house


def test_the_metadata_can_be_registered(house: House):
    document = read_metadata(house.visit("GET", "https://sim.test/metadata").content)
    assert document.entity is not None
    assert document.entity.entity_id == IDP
    findings = examine(IDP_METADATA_RULES, document, MetadataExpectations(NOW))
    assert [each.detail for each in findings if each.requirement is Requirement.MUST] == []


def test_it_names_the_key_that_signs_and_the_doors_that_open(house: House):
    role = read_metadata(house.visit("GET", "https://sim.test/metadata").content).entity.idp
    assert [key.fingerprint for key in signing_keys(role.keys)] == [house.idp.verification.fingerprint]
    assert {(each.binding, each.location) for each in role.single_sign_on_services} == {
        (BINDING_REDIRECT, URLS.sso_url),
        (BINDING_POST, URLS.sso_url),
    }
    assert role.want_authn_requests_signed


def test_it_is_signed_with_the_key_it_names(house: House):
    response = house.visit("GET", "https://sim.test/metadata")
    assert response.headers["content-type"] == "application/samlmetadata+xml"
    verified = verify_enveloped(parse_metadata(response.content), (house.idp.verification,), lambda root: root.tag)
    assert verified.signer == house.idp.verification.fingerprint


def test_privileges_are_listed_only_by_an_idp_that_knows_roles(idp: Member, broker: Member):
    for knows_roles in (True, False):
        house = make_house(idp, broker, registration=replace(KORSBAEKS_IDP, knows_roles=knows_roles))
        role = read_metadata(house.visit("GET", "https://sim.test/metadata").content).entity.idp
        assert (PRIVILEGES_INTERMEDIATE in role.attribute_names) is knows_roles
