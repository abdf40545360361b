"""The story of one attribute query: opened, vouched for, checked, answered about somebody who is logged in at the client that asks.

As everywhere, whatever is said is signed, a refusal too. Nobody learns of a login but the client it was for (attack AQ-08).
"""

from datetime import datetime, timedelta
from typing import Final

from nemlogin_mock.clients import Client
from nemlogin_mock.ports import Ports
from nemlogin_mock.token import attributes_for
from oiosaml.attributes import Attribute
from oiosaml.bindings.soap import unwrap, wrap
from oiosaml.errors import Party, SamlError
from oiosaml.ids import AssertionId, MessageId
from oiosaml.messages.assertion import Assertion, Conditions, Subject, write_assertion
from oiosaml.messages.attribute_query import AttributeQuery
from oiosaml.messages.element import qname, serialise
from oiosaml.messages.response import Response, Status, write_encrypted_assertion, write_response
from oiosaml.openings import open_attribute_query, vouch_for_attribute_query
from oiosaml.rules import attribute_query as rules
from oiosaml.rules.attribute_query import AttributeQueryExpectations
from oiosaml.rules.rule import enforce
from oiosaml.uris import (
    NS_SAMLP,
    STATUS_REQUEST_DENIED,
    STATUS_REQUESTER,
    STATUS_SUCCESS,
    STATUS_UNKNOWN_PRINCIPAL,
)
from oiosaml.validity import Window
from oiosaml.verified import Unverified
from oiosaml.xml.encryption import encrypt
from oiosaml.xml.sign import sign_enveloped
from oiosaml.xml.writing import NewElement

LIFETIME: Final = timedelta(minutes=5)
"""How long an answer says that it holds, as an attribute service's does (AS-09)."""

UNKNOWN_PRINCIPAL: Final = Status(
    STATUS_REQUESTER, STATUS_UNKNOWN_PRINCIPAL, "Ikke logget ind hos tjenesten / Not logged in"
)

_RULES: Final = (
    rules.version_is_2,
    rules.issuer_may_ask,
    rules.destination_is_us,
    rules.not_made_in_the_future,
    rules.not_stale,
)
"""Those of any attribute query; what a municipality's service asks of subject and names does not hold here."""

_ATTRIBUTE_QUERY: Final = qname(NS_SAMLP, "AttributeQuery")


def answer_query(envelope: bytes, *, at: datetime, ports: Ports) -> bytes:
    """Give the answer's SOAP envelope.

    Raises:
        SamlError: only if there is no query to answer: the octets are not a SOAP envelope round one AttributeQuery.
    """
    unwrap(envelope, _ATTRIBUTE_QUERY)
    question: MessageId | None = None
    try:
        unverified = open_attribute_query(envelope)
        question = unverified.claimed_id
        client, query = _vouch(unverified, at=at, ports=ports)
        enforce(
            _RULES,
            query,
            AttributeQueryExpectations(at, frozenset({client.face.entity_id}), ports.urls.attribute_query_url),
        )
        return _tell(query, client, at=at, ports=ports)
    except SamlError as refusal:
        message = f"{refusal.code}: {refusal.sentence('en')}"
        return _write(Status(STATUS_REQUESTER, STATUS_REQUEST_DENIED, message), None, question, at=at, ports=ports)


def _vouch(unverified: Unverified[AttributeQuery], *, at: datetime, ports: Ports) -> tuple[Client, AttributeQuery]:
    try:
        client = ports.clients.connected(unverified.claimed_issuer, at=at)
        return client, vouch_for_attribute_query(unverified, client.face.keys).value
    except SamlError as error:
        raise SamlError("aq.denied:nemlogin", f"{error.code}: {error.detail}", party=Party.SYSTEM) from error


def _tell(query: AttributeQuery, client: Client, *, at: datetime, ports: Ports) -> bytes:
    identity = ports.logins.find(client.face.entity_id, query.subject, at=at)
    known = () if identity is None else attributes_for(identity, client, ports)
    asked = tuple(each for each in known if not query.attribute_names or each.name in query.attribute_names)
    # composed and sealed for an unknown user too, so that the clock does not tell who is logged in (attack AQ-09)
    sealed = _seal(query, client, asked, at=at, ports=ports)
    if identity is None:
        return _write(UNKNOWN_PRINCIPAL, None, query.id, at=at, ports=ports)
    return _write(Status(STATUS_SUCCESS), sealed, query.id, at=at, ports=ports)


def _seal(
    query: AttributeQuery, client: Client, attributes: tuple[Attribute, ...], *, at: datetime, ports: Ports
) -> NewElement:
    assertion = Assertion(
        id=AssertionId(ports.ids.message_id()),
        issue_instant=at,
        issuer=ports.nemlogin.entity_id,
        subject=Subject(query.subject),
        conditions=Conditions(Window(at, at + LIFETIME), ((client.face.entity_id,),)),
        authn_statements=(),
        # a statement holds one attribute at least (SAML Core 2.7.3)
        attribute_statements=(attributes,) if attributes else (),
    )
    element = write_assertion(assertion)
    sign_enveloped(element, ports.signing)
    face = client.face
    return write_encrypted_assertion(
        encrypt(serialise(element), face.encryption_key, face.encryption_method, entropy=ports.entropy)
    )


def _write(
    status: Status, sealed: NewElement | None, in_response_to: MessageId | None, *, at: datetime, ports: Ports
) -> bytes:
    envelope = Response(
        id=ports.ids.message_id(),
        issue_instant=at,
        status=status,
        issuer=ports.nemlogin.entity_id,
        in_response_to=in_response_to,
    )
    element = write_response(envelope, *(() if sealed is None else (sealed,)))
    sign_enveloped(element, ports.signing)
    return wrap(serialise(element))
