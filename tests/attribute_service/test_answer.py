"""Whole queries to the attribute service: what it tells, to whom, and how it refuses."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from oiosaml.attributes import CPR_NUMBER, PRIVILEGES_INTERMEDIATE
from oiosaml.bindings.soap import wrap
from oiosaml.ids import EntityId, MessageId
from oiosaml.messages.element import qname
from oiosaml.messages.response import Answer
from oiosaml.name_id import NameId
from oiosaml.privileges import Constraint, PrivilegeGroup, cvr_scope, read_privileges
from oiosaml.rules.attribute_response import ATTRIBUTE_RESPONSE_RULES, AttributeResponseExpectations
from oiosaml.rules.rule import enforce
from oiosaml.uris import (
    NAMEID_PERSISTENT,
    NAMEID_X509_SUBJECT_NAME,
    NS_SAML,
    NS_SAMLP,
    NS_SOAP,
    STATUS_REQUEST_DENIED,
    STATUS_REQUESTER,
    STATUS_RESPONDER,
    STATUS_UNKNOWN_PRINCIPAL,
)
from tests.attribute_service.house import (
    CASE_WORKER,
    IB,
    OF_ANOTHER_MUNICIPALITY,
    OTHER_SYSTEM,
    PAYER,
    UNHEARD_OF,
    UNIT,
    UNIT_KEY,
    UNREGISTERED,
    WITHOUT_ROLES,
    WORLD,
    House,
    make_house,
    question,
)
from tests.builders import ATTRIBUTE_SERVICE, CH_SP_FACE, IB_NOEHR, NOW, QUERY_ID, SKOVRUP, SYSTEM
from tests.conftest import Member


def subject_of(person, **changes: str) -> NameId:
    parts = {"cvr": person.cvr, "name": person.name, "uuid": person.uuid} | changes
    return NameId("C=DK,O={cvr},CN={name},Serial={uuid}".format(**parts), NAMEID_X509_SUBJECT_NAME)


def privileges_in(answer: Answer) -> tuple[PrivilegeGroup, ...]:
    assert answer.assertion is not None, answer.envelope.status
    (text,) = answer.assertion.value.values_of(PRIVILEGES_INTERMEDIATE)
    return read_privileges(text).groups


def roles_in(answer: Answer) -> list[str]:
    return [privilege for group in privileges_in(answer) for privilege in group.privileges]


def assert_refused(
    answer: Answer, code: str, *, top: str = STATUS_REQUESTER, second: str | None = STATUS_REQUEST_DENIED
):
    """A signed status without anything else."""
    assert (answer.envelope.status.code, answer.envelope.status.second_code) == (top, second)
    assert answer.envelope.status.message.startswith(f"{code}: ")
    assert answer.envelope_signer is not None
    assert answer.assertion is None


# --- what is told


def test_tells_every_role_with_its_dynamic_values(house: House):
    scope = cvr_scope(SKOVRUP)
    assert privileges_in(house.ask()) == (
        PrivilegeGroup(scope, (CASE_WORKER,), (Constraint(UNIT_KEY, UNIT),)),
        PrivilegeGroup(scope, (PAYER,)),
        PrivilegeGroup(scope, (UNREGISTERED,)),
    )


def test_the_answer_breaks_none_of_the_context_handlers_rules(house: House):
    query = question()
    expected = AttributeResponseExpectations(query, ATTRIBUTE_SERVICE, NOW)
    assert enforce(ATTRIBUTE_RESPONSE_RULES, house.ask(query), expected) == ()


def test_the_answer_is_as_as09_has_it(house: House):
    answer = house.ask()
    assert answer.envelope.in_response_to == QUERY_ID
    assert answer.envelope.issuer == ATTRIBUTE_SERVICE
    assert answer.envelope_signer == house.service.verification.fingerprint
    assertion = answer.assertion.value
    assert assertion.issuer == ATTRIBUTE_SERVICE
    assert assertion.subject.name_id == IB_NOEHR
    assert assertion.conditions.audience_restrictions == ((CH_SP_FACE,),)
    assert assertion.conditions.window.not_on_or_after - NOW == timedelta(minutes=5)
    assert assertion.authn_statements == ()
    assert len(assertion.attribute_statements) == 1


def test_the_assertion_travels_encrypted(house: House):
    body = house.post(house.envelope()).content
    assert b"EncryptedAssertion" in body
    assert b"privilegesIntermediate" not in body


def test_only_roles_of_the_target_system_are_told(house: House):
    assert roles_in(house.ask(question(target_user_system=SYSTEM))) == [CASE_WORKER]
    assert roles_in(house.ask(question(id=MessageId("_2"), target_user_system=OTHER_SYSTEM))) == [PAYER]


def test_a_target_system_nobody_knows_does_not_filter(house: House):
    stranger = EntityId("https://saml.stranger.sim.test")
    assert len(roles_in(house.ask(question(target_user_system=stranger)))) == 3


def test_no_attribute_names_mean_everything(house: House):
    answer = house.ask(question(attribute_names=()))
    assert [each.name for each in answer.assertion.value.attributes] == [PRIVILEGES_INTERMEDIATE, UNIT_KEY]


def test_a_dynamic_value_may_be_asked_for_by_its_key(house: House):
    answer = house.ask(question(attribute_names=(UNIT_KEY,)))
    assert [(each.name, each.values) for each in answer.assertion.value.attributes] == [(UNIT_KEY, (UNIT,))]


def test_what_is_not_offered_is_not_told(house: House):
    answer = house.ask(question(attribute_names=(CPR_NUMBER, PRIVILEGES_INTERMEDIATE)))
    assert [each.name for each in answer.assertion.value.attributes] == [PRIVILEGES_INTERMEDIATE]


def test_nothing_of_what_was_asked_for_is_success_without_statement(house: House):
    answer = house.ask(question(attribute_names=(CPR_NUMBER,)))
    assert answer.envelope.status.is_success
    assert answer.assertion.value.attribute_statements == ()


def test_a_user_without_roles_has_an_empty_list(house: House):
    assert privileges_in(house.ask(question(subject=subject_of(WITHOUT_ROLES)))) == ()


def test_the_user_is_found_by_uuid_whatever_its_case_and_the_name_beside_it(house: House):
    name = subject_of(IB, uuid=IB.uuid.upper(), name="Somebody, Else")
    answer = house.ask(question(subject=name))
    assert answer.assertion.value.subject.name_id == name
    assert len(privileges_in(answer)) == 3


def test_unknown_extensions_are_passed_over(house: House):
    def add_extension(query: etree._Element) -> None:
        extensions = etree.Element(qname(NS_SAMLP, "Extensions"))
        etree.SubElement(extensions, "{urn:x:other}Wish").text = "more"
        query.insert(1, extensions)

    assert house.ask(change=add_extension).envelope.status.is_success


XML_IN_VALUES = '</saml:AttributeValue><saml:Attribute Name="x">&<![CDATA[]]>'


def test_markup_in_a_name_comes_back_as_text(house: House):
    name = subject_of(IB, name=f'Finn "Komma, Jr." Ry {XML_IN_VALUES}')
    assert house.ask(question(subject=name)).assertion.value.subject.name_id == name


def test_markup_in_a_dynamic_value_arrives_as_text(member: Callable[[str], Member], broker: Member):
    value = replace(IB.dynamic_values[0], value=XML_IN_VALUES)
    house = make_house(
        member("attribute-service"), broker, world=replace(WORLD, people=(replace(IB, dynamic_values=(value,)),))
    )
    answer = house.ask(question(attribute_names=()))
    assert answer.assertion.value.values_of(UNIT_KEY) == (XML_IN_VALUES,)
    assert privileges_in(answer)[0].constraints == (Constraint(UNIT_KEY, XML_IN_VALUES),)


# --- who is not known


@pytest.mark.parametrize(
    "subject",
    [
        subject_of(IB, uuid="99999999-1d4e-4c3c-9a77-3c6c2a9b5e04"),
        subject_of(IB, cvr="91000013"),
        subject_of(UNHEARD_OF),
        subject_of(OF_ANOTHER_MUNICIPALITY),
    ],
)
def test_an_unknown_user_is_said_so_and_nothing_is_invented_aq_09(house: House, subject: NameId):
    answer = house.ask(question(subject=subject))
    assert answer.envelope.status.code == STATUS_REQUESTER
    assert answer.envelope.status.second_code == STATUS_UNKNOWN_PRINCIPAL
    assert answer.envelope_signer is not None
    assert answer.assertion is None


def test_an_unknown_user_costs_the_same_work_aq_09(member: Callable[[str], Member], broker: Member):
    # counted, not timed: content keys drawn and message IDs used stand for encryption and signatures
    def work(subject: NameId) -> tuple[list[int], str]:
        house = make_house(member("attribute-service"), broker)
        house.ask(question(subject=subject))
        return house.entropy_drawn, house.ids.message_id()

    assert work(IB_NOEHR) == work(subject_of(UNHEARD_OF))


# --- queries that are not answered


def test_refuses_an_unsigned_query_aq_08(house: House):
    assert_refused(house.ask(signed=False), "aq.denied")


def test_refuses_a_strangers_signature_aq_08(house: House, stranger: Member):
    assert_refused(house.ask(key=stranger.signing), "aq.denied")


def test_refuses_another_issuer_whoever_signed(house: House):
    assert_refused(house.ask(question(issuer=EntityId("https://saml.stranger.test"))), "aq.denied")


def test_refuses_a_query_changed_after_it_was_signed(house: House):
    envelope = house.envelope().replace(IB.uuid.encode(), WITHOUT_ROLES.uuid.encode())
    assert_refused(house.open(house.post(envelope)), "aq.denied")


def test_refuses_a_query_for_another_service(house: House):
    assert_refused(house.ask(question(destination="https://sim.test/attributes/korsbaek")), "proto.destination")


def test_refuses_a_query_without_destination(house: House):
    assert_refused(house.ask(question(destination=None)), "proto.destination")


def test_refuses_a_stale_query(house: House):
    assert_refused(house.ask(question(issue_instant=NOW - timedelta(minutes=11))), "proto.stale")


def test_refuses_a_query_from_the_future(house: House):
    assert_refused(house.ask(question(issue_instant=NOW + timedelta(minutes=6))), "proto.not-yet-valid")


@pytest.mark.parametrize(
    "subject", [NameId("ib-noehr", NAMEID_X509_SUBJECT_NAME), replace(IB_NOEHR, format=NAMEID_PERSISTENT)]
)
def test_refuses_a_subject_in_another_layout(house: House, subject: NameId):
    assert_refused(house.ask(question(subject=subject)), "proto.subject")


def test_refuses_a_replayed_query(house: House):
    envelope = house.envelope()
    assert house.open(house.post(envelope)).envelope.status.is_success
    assert_refused(house.open(house.post(envelope)), "proto.replay")


def test_a_strangers_query_does_not_use_up_an_id(house: House, stranger: Member):
    house.ask(key=stranger.signing)
    assert house.ask().envelope.status.is_success


def test_a_query_that_is_no_query_gets_a_status_not_a_fault(house: House):
    def spoil(query: etree._Element) -> None:
        etree.SubElement(query, qname(NS_SAML, "Advice"))

    assert_refused(house.ask(change=spoil), "xml.schema")


def test_the_detail_of_a_strangers_query_is_not_echoed(house: House):
    body = house.post(house.envelope(question(issuer=EntityId("https://saml.very-odd.test")))).text
    assert "very-odd" not in body


def test_what_cannot_be_written_is_our_fault(member: Callable[[str], Member], broker: Member):
    people = (replace(IB, job_function_roles=("urn:x:\x01",)),)
    house = make_house(member("attribute-service"), broker, world=replace(WORLD, people=people))
    assert_refused(house.ask(), "web.internal", top=STATUS_RESPONDER, second=None)


# --- what is no SOAP

QUERY = b'<samlp:AttributeQuery xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>'
SOAP = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">%b</s:Envelope>'


@pytest.mark.parametrize(
    ("octets", "status", "code"),
    [
        (b"", 400, "xml.malformed"),
        (b"<not-closed", 400, "xml.malformed"),
        (b"<other/>", 400, "xml.root"),
        (b'<!DOCTYPE x [<!ENTITY y "z">]>' + wrap(QUERY), 400, "xml.dtd"),
        (wrap(b"<a>" * 200 + b"</a>" * 200), 400, "xml.limits"),
        (SOAP % (b"<s:Body>" + QUERY + b"</s:Body>") * 2, 400, "xml.malformed"),
        (SOAP % ((b"<s:Body>" + QUERY + b"</s:Body>") * 2), 400, "xml.schema"),
        (wrap(QUERY * 2), 400, "xml.schema"),
        (wrap(QUERY.replace(b"AttributeQuery", b"AuthnRequest")), 400, "xml.root"),
        (SOAP % (b"<s:Header>" + QUERY + b"</s:Header><s:Body>" + QUERY + b"</s:Body>"), 400, "xml.schema"),
        (b" " * (64 * 1024 + 1), 413, "size"),
    ],
)
def test_what_is_no_soap_gets_a_fault(house: House, octets: bytes, status: int, code: str):
    response = house.post(octets)
    assert response.status_code == status
    fault = etree.fromstring(response.content).find(f"{{{NS_SOAP}}}Body/{{{NS_SOAP}}}Fault")
    assert fault.findtext("faultcode") == "soap:Client"
    assert fault.findtext("faultstring").startswith(f"{code}: ")


# --- the other doors


def test_health(house: House):
    response = house.visit("GET", "/healthz")
    assert response.json() == {"status": "ok", "service": "attribute_service", "id": "skovrup"}


def test_the_soap_door_takes_only_post(house: House):
    assert house.visit("GET", "/saml2/soap").status_code == 405
