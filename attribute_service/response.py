"""What leaves the attribute service: a signed Response in SOAP, round a signed and encrypted assertion or none."""

from datetime import datetime, timedelta
from typing import Final

from attribute_service.ports import Ports
from oiosaml.attributes import Attribute
from oiosaml.bindings.soap import wrap
from oiosaml.errors import SamlError
from oiosaml.ids import AssertionId, MessageId
from oiosaml.messages.assertion import Assertion, Conditions, Subject, write_assertion
from oiosaml.messages.attribute_query import AttributeQuery
from oiosaml.messages.element import serialise
from oiosaml.messages.response import Response, Status, write_encrypted_assertion, write_response
from oiosaml.uris import STATUS_REQUEST_DENIED, STATUS_REQUESTER, STATUS_RESPONDER
from oiosaml.validity import Window
from oiosaml.xml.encryption import encrypt
from oiosaml.xml.sign import sign_enveloped
from oiosaml.xml.writing import NewElement

LIFETIME: Final = timedelta(minutes=5)
"""How long the rights may be relied on (AS-09)."""


def compose_assertion(
    query: AttributeQuery, attributes: tuple[Attribute, ...], *, at: datetime, ports: Ports
) -> Assertion:
    """Say it of exactly the subject that was asked about, to the Context Handler alone; nobody logged in here (AS-09)."""
    return Assertion(
        id=AssertionId(ports.ids.message_id()),
        issue_instant=at,
        issuer=ports.service.entity_id,
        subject=Subject(query.subject),
        conditions=Conditions(Window(at, at + LIFETIME), ((ports.broker.entity_id,),)),
        authn_statements=(),
        # a statement holds one attribute at least (SAML Core 2.7.3)
        attribute_statements=(attributes,) if attributes else (),
    )


def seal(assertion: Assertion, ports: Ports) -> NewElement:
    """Sign with our own key, then encrypt for the Context Handler, whose certificate we always know (AS-08, our choice)."""
    element = write_assertion(assertion)
    sign_enveloped(element, ports.signing)
    encrypted = encrypt(
        serialise(element), ports.broker.encryption_key, ports.broker.encryption_method, entropy=ports.entropy
    )
    return write_encrypted_assertion(encrypted)


def write_answer(
    status: Status, sealed: NewElement | None, in_response_to: MessageId | None, *, at: datetime, ports: Ports
) -> bytes:
    """Give the SOAP envelope of a Response that is signed whatever its status, so that nobody can refuse in our name."""
    envelope = Response(
        id=ports.ids.message_id(),
        issue_instant=at,
        status=status,
        issuer=ports.service.entity_id,
        in_response_to=in_response_to,
    )
    element = write_response(envelope, *(() if sealed is None else (sealed,)))
    sign_enveloped(element, ports.signing)
    return wrap(serialise(element))


def refusal_status(refusal: SamlError) -> Status:
    """Give the status of a refusal: `Requester` for a query at fault, `Responder` when the fault is ours (AS-10).

    The message names the code and the sentence for people. The detail stays here: it may quote a stranger.
    """
    message = f"{refusal.code}: {refusal.sentence('en')}"
    if refusal.code.startswith("web."):
        return Status(STATUS_RESPONDER, None, message)
    return Status(STATUS_REQUESTER, STATUS_REQUEST_DENIED, message)
