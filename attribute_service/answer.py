"""The story of one query: opened, vouched for, checked, answered. Whatever is said is signed, a refusal too."""

from datetime import datetime
from typing import Final

from attribute_service.ports import Ports
from attribute_service.response import compose_assertion, refusal_status, seal, write_answer
from oiosaml.bindings.soap import unwrap
from oiosaml.errors import Party, SamlError
from oiosaml.ids import MessageId
from oiosaml.messages.attribute_query import AttributeQuery
from oiosaml.messages.element import qname
from oiosaml.messages.response import Status
from oiosaml.openings import open_attribute_query, vouch_for_attribute_query
from oiosaml.rules.attribute_query import ATTRIBUTE_QUERY_RULES, AttributeQueryExpectations
from oiosaml.rules.rule import enforce
from oiosaml.uris import NS_SAMLP, STATUS_REQUESTER, STATUS_SUCCESS, STATUS_UNKNOWN_PRINCIPAL
from oiosaml.verified import Unverified
from oiosaml.xml.escaping import UnwritableText

UNKNOWN_PRINCIPAL: Final = Status(STATUS_REQUESTER, STATUS_UNKNOWN_PRINCIPAL, "Ukendt bruger / Unknown user")
"""AS-10."""

_ATTRIBUTE_QUERY: Final = qname(NS_SAMLP, "AttributeQuery")


def answer_query(envelope: bytes, *, at: datetime, ports: Ports) -> bytes:
    """Give the answer's SOAP envelope: the rights, that there is no such user, or why there is no answer.

    Raises:
        SamlError: only if there is no query to answer: the octets are not a SOAP envelope round one AttributeQuery.
    """
    require_a_query(envelope)
    question: MessageId | None = None
    try:
        unverified = open_attribute_query(envelope)
        question = unverified.claimed_id
        query = vouch_for_context_handler(unverified, ports)
        check_query(query, at=at, ports=ports)
        ports.answered.remember(query.id, at=at)
        return tell(query, at=at, ports=ports)
    except UnwritableText as failure:
        # what the role catalogue holds, not what was asked (AS-10)
        return write_answer(refusal_status(SamlError("web.internal", str(failure))), None, question, at=at, ports=ports)
    except SamlError as refusal:
        return write_answer(refusal_status(refusal), None, question, at=at, ports=ports)


def require_a_query(envelope: bytes) -> None:
    """Refuse what is not SOAP round one AttributeQuery; whether the query itself is any good is seen later.

    Raises:
        SamlError: an `xml.…` code.
    """
    unwrap(envelope, _ATTRIBUTE_QUERY)


def vouch_for_context_handler(unverified: Unverified[AttributeQuery], ports: Ports) -> AttributeQuery:
    """Believe the query if the Context Handler signed it.

    Raises:
        SamlError: `aq.denied` for everybody else: a service that answers anybody is a register of who may do what (attack AQ-08).
    """
    if unverified.claimed_issuer != ports.broker.entity_id:
        raise SamlError(
            "aq.denied",
            f"got the issuer {unverified.claimed_issuer!r:.120}, expected {ports.broker.entity_id}",
            party=Party.CONTEXT_HANDLER,
        )
    try:
        return vouch_for_attribute_query(unverified, ports.broker.keys).value
    except SamlError as error:
        raise SamlError("aq.denied", f"{error.code}: {error.detail}", party=Party.CONTEXT_HANDLER) from error


def check_query(query: AttributeQuery, *, at: datetime, ports: Ports) -> None:
    """Hold the query to the rules.

    Raises:
        RuleViolation: with the first broken rule's code, such as `proto.destination` or `proto.stale`.
    """
    expected = AttributeQueryExpectations(at, frozenset({ports.broker.entity_id}), ports.urls.soap_url)
    enforce(ATTRIBUTE_QUERY_RULES, query, expected)


def tell(query: AttributeQuery, *, at: datetime, ports: Ports) -> bytes:
    """Tell the user's rights, or that there is no such user.

    Both cost the same: the assertion is composed, signed and encrypted in either case, and thrown away for an unknown user,
    so that the clock does not tell who works here (attack AQ-09).
    """
    directory = ports.directory()
    person = directory.find(query.subject)
    attributes = directory.attributes_of(person, asked_for=query.attribute_names, target=query.target_user_system)
    sealed = seal(compose_assertion(query, attributes, at=at, ports=ports), ports)
    if person is None:
        return write_answer(UNKNOWN_PRINCIPAL, None, query.id, at=at, ports=ports)
    return write_answer(Status(STATUS_SUCCESS), sealed, query.id, at=at, ports=ports)
