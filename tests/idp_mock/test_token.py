"""What the IdP says about people, as the Context Handler reads it."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from oiosaml.attributes import (
    CVR,
    EMAIL,
    FULL_NAME,
    KOMBIT_SPEC_VERSION,
    LOA,
    ORG_NAME,
    PRIVILEGES_INTERMEDIATE,
    PROFESSIONAL_UUID,
    SPEC_VERSION,
)
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.metadata import MetadataEncryptionMethod
from oiosaml.name_id import X509SubjectName
from oiosaml.nsis import AssuranceLevel
from oiosaml.privileges import Constraint, PrivilegeGroup, cvr_scope, read_privileges
from oiosaml.rules.assertion import ASSERTION_RULES, AssertionExpectations
from oiosaml.rules.response import RESPONSE_RULES, ResponseExpectations
from oiosaml.rules.rule import enforce
from oiosaml.uris import AES128_GCM, AUTHN_CONTEXT_NSIS, NAME_FORMAT_URI, NAMEID_X509_SUBJECT_NAME
from tests.builders import (
    BROKER_REQUEST_ID,
    CH_ACS,
    CH_SP_FACE,
    IDP,
    JOB_FUNCTION_ROLE,
    KORSBAEK,
    NOW,
    PRIVILEGES_TEXT,
)
from tests.conftest import Member
from tests.idp_mock.house import ANE, KORSBAEKS_IDP, NURSE, UNIT_KEY, UNITS, WORLD, House, make_house, person

XML_IN_VALUES = '</saml:AttributeValue><saml:Attribute Name="x">&<![CDATA[]]>'


def said_of(house: House, persona: str) -> Assertion:
    answer = house.open(house.ask(more=f"&persona={persona}"))
    assert answer.assertion is not None, answer.envelope.status
    return answer.assertion.value


def test_the_answer_breaks_none_of_the_context_handlers_rules(house: House):
    answer = house.open(house.ask(more="&persona=ane-holm"))
    envelope = ResponseExpectations(NOW, IDP, CH_ACS, BROKER_REQUEST_ID, NOW)
    assertion = AssertionExpectations(
        at=NOW,
        idp=IDP,
        our_entity_id=CH_SP_FACE,
        assertion_consumer_service=CH_ACS,
        request_id=BROKER_REQUEST_ID,
        requested_at=NOW,
        registered_cvrs=(KORSBAEK,),
        registered_level=AssuranceLevel.SUBSTANTIAL,
        requested_level=AssuranceLevel.SUBSTANTIAL,
        knows_roles=True,
    )
    assert enforce(RESPONSE_RULES, answer.envelope, envelope) == ()
    assert enforce(ASSERTION_RULES, answer.assertion.value, assertion) == ()


def test_the_assertion_is_signed_by_the_idp_and_travels_encrypted(house: House):
    answer = house.open(house.ask(more="&persona=ane-holm"))
    assert answer.assertion.signer == house.idp.verification.fingerprint
    assert answer.envelope_signer is None
    assert "EncryptedAssertion" in house.response_in(house.ask(more="&persona=ane-holm"))


def test_it_is_for_the_context_handler_alone_and_for_this_request(house: House):
    assertion = said_of(house, "ane-holm")
    (confirmation,) = assertion.subject.confirmations
    assert (confirmation.recipient, confirmation.in_response_to) == (CH_ACS, BROKER_REQUEST_ID)
    assert confirmation.window.not_on_or_after == NOW + timedelta(minutes=5)
    assert assertion.conditions.audience_restrictions == ((CH_SP_FACE,),)
    assert assertion.conditions.window.not_on_or_after == NOW + timedelta(minutes=10)


def test_it_says_when_and_how_the_person_logged_in(house: House):
    (statement,) = said_of(house, "ane-holm").authn_statements
    assert (statement.authn_instant, statement.authn_context_class_ref) == (NOW, AUTHN_CONTEXT_NSIS)
    assert statement.session_index


def test_ids_are_never_used_twice(house: House):
    said = [said_of(house, each) for each in ("ane-holm", "bo-lindgaard")]
    assert len({*(each.id for each in said), *(s.session_index for each in said for s in each.authn_statements)}) == 4


def test_the_attributes_are_kombits_each_once(house: House):
    attributes = list(said_of(house, "ane-holm").attributes)
    assert {each.name: each.values for each in attributes} == {
        SPEC_VERSION: ("OIO-SAML-3.0",),
        KOMBIT_SPEC_VERSION: ("2.0",),
        LOA: ("Substantial",),
        CVR: ("91000013",),
        ORG_NAME: ("Korsbæk Kommune",),
        FULL_NAME: ("Ane Holm",),
        PROFESSIONAL_UUID: (ANE.uuid,),
        EMAIL: ("ane.holm@korsbaek.test",),
        PRIVILEGES_INTERMEDIATE: (PRIVILEGES_TEXT,),
    }
    assert len(attributes) == 9
    assert {each.name_format for each in attributes} == {NAME_FORMAT_URI}


def test_an_email_that_is_not_known_is_not_sent(house: House):
    assert said_of(house, "bo-lindgaard").values_of(EMAIL) == ()


def test_a_dynamic_value_stands_in_the_group_of_its_role(house: House):
    (text,) = said_of(house, "cilla-moeberg").values_of(PRIVILEGES_INTERMEDIATE)
    assert read_privileges(text).groups == (
        PrivilegeGroup(cvr_scope(KORSBAEK), (NURSE,), (Constraint(UNIT_KEY, UNITS),)),
    )


def test_a_person_without_roles_has_an_empty_list(house: House):
    (text,) = said_of(house, "bo-lindgaard").values_of(PRIVILEGES_INTERMEDIATE)
    assert read_privileges(text).groups == ()


def test_an_organisation_nobody_named_is_called_like_its_idp(idp: Member, broker: Member):
    house = make_house(idp, broker, world=replace(WORLD, authorities=()), registration=replace(KORSBAEKS_IDP, name="X"))
    assert said_of(house, "ane-holm").values_of(ORG_NAME) == ("X",)


@pytest.mark.parametrize(
    "name",
    [
        'Finn "Komma, Jr." Ry',
        "Å,CN=Æ,Serial=Ø",
        "L" + "ang" * 66 + "t",
        XML_IN_VALUES,
        "<script>alert(1)</script> & 'co'",
    ],
)
def test_any_name_arrives_unchanged_as_text(idp: Member, broker: Member, name: str):
    named = person("navn", name, job_function_roles=(JOB_FUNCTION_ROLE,), email=f"{len(name)}@korsbaek.test")
    house = make_house(idp, broker, world=replace(WORLD, people=(named,)))
    page = house.ask()
    assert "<script>" not in page.text
    assertion = house.open(house.choose(page, persona="navn")).assertion.value
    assert assertion.values_of(FULL_NAME) == (name,)
    assert assertion.subject.name_id.format == NAMEID_X509_SUBJECT_NAME
    assert assertion.subject.name_id.value == f"C=DK,O=91000013,CN={name},Serial={named.uuid}"
    assert len(list(assertion.attributes)) == 9


def test_a_comma_in_a_name_survives_the_layout(house: House):
    value = said_of(house, "finn-ry").subject.name_id.value
    assert X509SubjectName.parse(value).common_name == 'Finn "Komma, Jr." Ry'


@pytest.mark.parametrize("field", ["organisation", "role", "value"])
def test_markup_elsewhere_in_the_register_arrives_as_text(idp: Member, broker: Member, field: str):
    authority = replace(WORLD.authorities[0], name=XML_IN_VALUES if field == "organisation" else "Korsbæk")
    role = "urn:x:" + XML_IN_VALUES if field == "role" else NURSE
    cilla = next(each for each in WORLD.people if each.id == "cilla-moeberg")
    values = (replace(cilla.dynamic_values[0], value=XML_IN_VALUES),) if field == "value" else ()
    cilla = replace(cilla, job_function_roles=(role,), dynamic_values=values)
    house = make_house(idp, broker, world=replace(WORLD, authorities=(authority,), people=(cilla,)))
    assertion = said_of(house, "cilla-moeberg")
    assert assertion.values_of(ORG_NAME) == (authority.name,)
    (group,) = privileges_as_written(assertion)
    assert group == ((role,), tuple(each.value for each in values))


def privileges_as_written(assertion: Assertion) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Privileges and constraint values as text, without the rules that would refuse odd URIs."""
    root = etree.fromstring(base64.b64decode(assertion.values_of(PRIVILEGES_INTERMEDIATE)[0]))
    return [
        (
            tuple(each.text for each in group.findall("Privilege")),
            tuple(each.text for each in group.findall("Constraint")),
        )
        for group in root
    ]


def test_the_brokers_metadata_chooses_the_encryption(idp: Member, broker: Member):
    house = make_house(idp, broker, decryptable=(MetadataEncryptionMethod(AES128_GCM),))
    page = house.ask(more="&persona=ane-holm")
    assert AES128_GCM in house.response_in(page)
    assert house.open(page).envelope.status.is_success
