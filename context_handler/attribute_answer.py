"""What leaves the broker's own attribute service: a signed Response in SOAP, round a signed, encrypted assertion or none (AS-08, AS-09)."""

from datetime import datetime, timedelta
from typing import Final

from context_handler.encryption_choice import encryption_for, may_be_plain
from context_handler.ports import Ports, RegisteredSystem
from oiosaml.attributes import Attribute
from oiosaml.bindings.soap import wrap
from oiosaml.ids import AssertionId, MessageId
from oiosaml.messages.assertion import Assertion, Conditions, ProxyRestriction, Subject, write_assertion
from oiosaml.messages.attribute_query import AttributeQuery
from oiosaml.messages.element import serialise
from oiosaml.messages.response import Response, Status, write_encrypted_assertion, write_response
from oiosaml.uris import STATUS_SUCCESS
from oiosaml.validity import Window
from oiosaml.xml.encryption import encrypt
from oiosaml.xml.sign import sign_enveloped
from oiosaml.xml.writing import NewElement

LIFETIME: Final = timedelta(minutes=5)
"""How long the answer may be relied on (AS-09)."""


def tell(
    query: AttributeQuery,
    released: tuple[Attribute, ...],
    proxy_restrictions: tuple[ProxyRestriction, ...],
    system: RegisteredSystem,
    *,
    at: datetime,
    ports: Ports,
) -> bytes:
    """Say it of exactly the subject that was asked about, to this system alone; encrypted if the system has a key for that.

    Raises:
        SamlError: as `encryption_for`: where the key counts no longer nothing is told, least of all in clear.
    """
    assertion = Assertion(
        id=AssertionId(ports.ids.message_id()),
        issue_instant=at,
        issuer=ports.entity_id_towards_systems,
        subject=Subject(query.subject),
        conditions=Conditions(
            Window(at, at + LIFETIME),
            ((system.registration.entity_id,),),
            tuple(each.passed_on() for each in proxy_restrictions),
        ),
        authn_statements=(),
        # a statement holds one attribute at least (SAML Core 2.7.3)
        attribute_statements=(released,) if released else (),
    )
    element = write_assertion(assertion)
    sign_enveloped(element, ports.keys.signing)
    recipient = None if may_be_plain(system) else encryption_for(system)
    if recipient is not None:
        public_key, method = recipient
        element = write_encrypted_assertion(encrypt(serialise(element), public_key, method, entropy=ports.entropy))
    return _write(Status(STATUS_SUCCESS), element, query.id, at=at, ports=ports)


def refuse(status: Status, question: MessageId | None, *, at: datetime, ports: Ports) -> bytes:
    """Say why there is no answer. The status holds the code and its sentence; what may quote a stranger stays in the record."""
    return _write(status, None, question, at=at, ports=ports)


def _write(
    status: Status, content: NewElement | None, question: MessageId | None, *, at: datetime, ports: Ports
) -> bytes:
    envelope = Response(
        id=ports.ids.message_id(),
        issue_instant=at,
        status=status,
        issuer=ports.entity_id_towards_systems,
        in_response_to=question,
    )
    element = write_response(envelope, *(() if content is None else (content,)))
    sign_enveloped(element, ports.keys.signing)  # whatever the status, so that nobody can refuse in our name
    return wrap(serialise(element))
