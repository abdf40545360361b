"""A demo system that finds no rights in its token and asks for them with pysaml2: what it takes, and what ends without a login."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from lxml import etree

from oiosaml.attributes import PRIVILEGES_INTERMEDIATE, Attribute
from oiosaml.bindings.soap import unwrap, wrap, write_fault
from oiosaml.ids import MessageId
from oiosaml.messages.assertion import Subject
from oiosaml.messages.attribute_query import AttributeQuery
from oiosaml.messages.response import Status
from oiosaml.name_id import NameId
from oiosaml.openings import open_attribute_query, vouch_for_attribute_query
from oiosaml.uris import NAMEID_PERSISTENT, NS_SAMLP, STATUS_REQUESTER, STATUS_UNKNOWN_PRINCIPAL
from sp_demo.front_door import refuse
from sp_demo.system import StackName
from tests.sp_demo.houses import ATTRIBUTE_SERVICE, RIGHTS, House, Visitor, make_house, result_of
from tests.trees import serialise

BASE64_RIGHTS = base64.b64encode(RIGHTS).decode()


@dataclass
class AttributeService:
    """The broker's attribute service, right in all but what a test changes."""

    house: House = field(init=False)
    answer: Callable[[AttributeQuery], bytes] | None = None
    asked: list[AttributeQuery] = field(default_factory=list)

    async def post(self, url: str, envelope: bytes) -> bytes:
        assert url == ATTRIBUTE_SERVICE
        query = vouch_for_attribute_query(
            open_attribute_query(envelope), (self.house.issuer.recipient.verification,)
        ).value
        self.asked.append(query)
        return (self.answer or self.honest)(query)

    def honest(
        self, query: AttributeQuery, *, key: Any = None, in_response_to: str | None = None, **changes: Any
    ) -> bytes:
        issuer = self.house.issuer
        valid = replace(
            issuer.assertion(query.id),
            subject=Subject(query.subject),
            authn_statements=(),
            attribute_statements=((Attribute(PRIVILEGES_INTERMEDIATE, (BASE64_RIGHTS,)),),),
        )
        sealed = issuer.sealed(serialise(issuer.signed(replace(valid, **changes), key=key)))
        return wrap(issuer.wrap(in_response_to or query.id, sealed, destination=None))

    def without_rights_in_token(self) -> dict[str, Any]:
        attributes = self.house.issuer.attributes(**{PRIVILEGES_INTERMEDIATE: ()})
        return {"attribute_statements": (attributes,)}


@pytest.fixture
def service(member: Any, broker: Any) -> AttributeService:
    made = AttributeService()
    made.house = make_house(StackName.PYSAML2, member, broker, post_soap=made.post)
    return made


def log_in(service: AttributeService) -> tuple[Visitor, Any]:
    visitor = service.house.visitor()
    visitor.begin(service.house.login)
    octets = service.house.issuer.answer(visitor.request_id, **service.without_rights_in_token())
    return visitor, visitor.post(service.house.acs, octets)


def refusal(service: AttributeService) -> str:
    """Log in, be refused, and give the code; nobody is logged in afterwards."""
    visitor, response = log_in(service)
    assert 400 <= response.status_code < 500
    assert not any("session" in cookie for cookie in response.headers.get_list("set-cookie"))
    assert result_of(service.house, visitor).status_code == 303
    found = re.search(r"<dt>Code</dt><dd>([a-z0-9.-]+)</dd>", response.text)
    assert found is not None
    return found[1]


def test_the_rights_that_were_asked_for_are_shown(service: AttributeService) -> None:
    visitor, response = log_in(service)
    assert response.status_code == 303, response.text
    page = result_of(service.house, visitor).text
    assert "Sagsbehandler" in page
    assert "02.34.02" in page


def test_the_query_names_the_subject_of_the_token_and_asks_for_rights_alone(service: AttributeService) -> None:
    log_in(service)
    (query,) = service.asked
    assert query.subject == service.house.issuer.subject("_x").name_id
    assert query.attribute_names == (PRIVILEGES_INTERMEDIATE,)
    assert query.destination == ATTRIBUTE_SERVICE
    assert query.issuer == service.house.system.entity_id


def test_a_system_with_rights_in_its_token_asks_nobody(service: AttributeService, member: Any, broker: Any) -> None:
    house = make_house(StackName.PYSAML2, member, broker)
    assert "Sagsbehandler" in result_of(house, house.logged_in()).text
    assert service.asked == []


def test_no_rights_is_an_answer(service: AttributeService) -> None:
    service.answer = lambda query: service.honest(query, attribute_statements=())
    visitor, response = log_in(service)
    assert response.status_code == 303
    assert "Sagsbehandler" not in result_of(service.house, visitor).text


def test_refuses_rights_of_somebody_else(service: AttributeService) -> None:
    other = Subject(NameId("https://data.gov.dk/model/core/eid/professional/uuid/0", NAMEID_PERSISTENT))
    service.answer = lambda query: service.honest(query, subject=other)
    assert refusal(service) == "aq.subject"


def test_refuses_an_answer_to_another_query(service: AttributeService) -> None:
    service.answer = lambda query: service.honest(query, in_response_to="_another")
    assert refusal(service) == "proto.in-response-to"


def test_refuses_rights_that_somebody_else_signed(service: AttributeService, member: Any) -> None:
    service.answer = lambda query: service.honest(query, key=member("stranger"))
    assert refusal(service) == "sig.value"


def test_refuses_rights_for_another_system(service: AttributeService) -> None:
    def answer(query: AttributeQuery) -> bytes:
        conditions = service.house.issuer.assertion(query.id).conditions
        assert conditions is not None
        return service.honest(
            query, conditions=replace(conditions, audience_restrictions=(("https://saml.other.test",),))
        )

    service.answer = answer
    assert refusal(service) == "sig.value"


def test_refuses_rights_that_were_changed_on_the_way(service: AttributeService) -> None:
    def answer(query: AttributeQuery) -> bytes:
        response = unwrap(service.honest(query), f"{{{NS_SAMLP}}}Response")
        value = next(response.iter("{http://www.w3.org/2001/04/xmlenc#}CipherValue"))
        value.text = "A" + (value.text or "")[1:]
        return wrap(etree.tostring(response))

    service.answer = answer
    assert refusal(service) in {"enc.failed", "sig.value"}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda _: write_fault("Client", "no"), "xml.root"),
        (lambda _: b"<html>", "xml.malformed"),
        (lambda _: b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "xml.dtd"),
    ],
)
def test_refuses_what_is_no_answer(service: AttributeService, answer: Any, code: str) -> None:
    service.answer = answer
    assert refusal(service) == code


def test_a_service_that_says_no_is_told_by_its_name(service: AttributeService) -> None:
    def answer(query: AttributeQuery) -> bytes:
        status = Status(STATUS_REQUESTER, STATUS_UNKNOWN_PRINCIPAL)
        return wrap(service.house.issuer.refusal(query.id, status))

    service.answer = answer
    assert refusal(service) == "aq.fault"


def test_nobody_answers(service: AttributeService) -> None:
    def answer(query: AttributeQuery) -> bytes:
        raise refuse("aq.transport:context-handler", f"nothing for {MessageId(query.id)}")

    service.answer = answer
    assert refusal(service) == "aq.transport"
