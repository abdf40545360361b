"""The broker's own answer to a system: assertion composed, signed, encrypted for that system, posted to its registered ACS."""

from datetime import datetime, timedelta
from typing import Final

from context_handler.encryption_choice import encryption_for
from context_handler.ports import Ports, RegisteredSystem
from context_handler.visit import Requester
from oiosaml.attributes import Attribute
from oiosaml.bindings.post import PostForm, write_post_form
from oiosaml.ids import AssertionId, EntityId
from oiosaml.messages.assertion import (
    Assertion,
    AuthnStatement,
    Conditions,
    ProxyRestriction,
    Subject,
    SubjectConfirmation,
    write_assertion,
)
from oiosaml.messages.element import serialise
from oiosaml.messages.response import Response, Status, write_encrypted_assertion, write_response
from oiosaml.name_id import NameId
from oiosaml.uris import CONFIRMATION_BEARER, STATUS_SUCCESS
from oiosaml.validity import Window
from oiosaml.value_type import value_type
from oiosaml.xml.encryption import encrypt
from oiosaml.xml.sign import sign_enveloped
from oiosaml.xml.writing import NewElement

CONFIRMATION_LIFETIME: Final = timedelta(minutes=5)
"""How long the answer may be on its way (R3-IDP-15: typically 5 minutes)."""

CONDITIONS_LIFETIME: Final = timedelta(minutes=10)
"""How long the assertion may be used (R3-IDP-15: 10 minutes to 1 hour)."""


@value_type
class Identity:
    """What the broker says of a user to one system."""

    name_id: NameId
    class_ref: str
    """The level as the system's profile writes it."""
    attributes: tuple[Attribute, ...]
    authn_instant: datetime
    """Copied from the home IdP: the broker did not log anybody in (CHT-11)."""
    home_idp: EntityId
    session_index: str
    proxy_restrictions: tuple[ProxyRestriction, ...] = ()
    """What the home IdP said of passing its word on; ours says one step less (SAML Core 2.5.1.6)."""


def compose_assertion(identity: Identity, requester: Requester, *, at: datetime, ports: Ports) -> Assertion:
    """Say it with fresh IDs, our own issuer, this system as the only audience, nothing of the IdP's message reused (CHT-09)."""
    return Assertion(
        id=AssertionId(ports.ids.message_id()),
        issue_instant=at,
        issuer=ports.entity_id_towards_systems,
        subject=Subject(
            identity.name_id,
            (
                SubjectConfirmation(
                    CONFIRMATION_BEARER,
                    recipient=requester.acs_url,
                    in_response_to=requester.request.id,
                    window=Window(None, at + CONFIRMATION_LIFETIME),
                ),
            ),
        ),
        conditions=Conditions(
            Window(at, at + CONDITIONS_LIFETIME),
            ((requester.system,),),
            tuple(each.passed_on() for each in identity.proxy_restrictions),
        ),
        authn_statements=(
            AuthnStatement(
                authn_instant=identity.authn_instant,
                session_index=identity.session_index,
                authn_context_class_ref=identity.class_ref,
                authenticating_authorities=(identity.home_idp,),
            ),
        ),
        attribute_statements=(identity.attributes,),
    )


@value_type
class SignedAssertion:
    """An assertion with its signature, as the element that a Response can hold and as octets."""

    element: NewElement
    octets: bytes


def sign_assertion(assertion: Assertion, ports: Ports) -> SignedAssertion:
    """Sign the assertion with the key in use."""
    element = write_assertion(assertion)
    sign_enveloped(element, ports.keys.signing)
    return SignedAssertion(element, serialise(element))


def seal(
    assertion: SignedAssertion, system: RegisteredSystem, requester: Requester, *, at: datetime, ports: Ports
) -> bytes:
    """Give the octets of an unsigned Response (R3-IDP-02) that holds what was signed, encrypted (R3-IDP-05).

    Only OIOSAML 2 knows systems without an encryption key; such a one gets the signed assertion as it is.
    """
    envelope = _envelope(Status(STATUS_SUCCESS), requester, at=at, ports=ports)
    recipient = encryption_for(system)
    if recipient is None:
        return serialise(write_response(envelope, assertion.element))
    public_key, method = recipient
    encrypted = encrypt(assertion.octets, public_key, method, entropy=ports.entropy)
    return serialise(write_response(envelope, write_encrypted_assertion(encrypted)))


def refuse(status: Status, requester: Requester, *, at: datetime, ports: Ports) -> bytes:
    """Give the octets of a signed Response without assertion (R3-IDP-17: signing it is our choice, so that nobody can forge a refusal)."""
    element = write_response(_envelope(status, requester, at=at, ports=ports))
    sign_enveloped(element, ports.keys.signing)
    return serialise(element)


def answer_form(octets: bytes, requester: Requester) -> PostForm:
    """Give the form that carries the answer to the registered ACS, with the system's own RelayState."""
    return write_post_form(requester.acs_url, octets, relay_state=requester.relay_state)


def _envelope(status: Status, requester: Requester, *, at: datetime, ports: Ports) -> Response:
    return Response(
        id=ports.ids.message_id(),
        issue_instant=at,
        status=status,
        issuer=ports.entity_id_towards_systems,
        in_response_to=requester.request.id,
        destination=requester.acs_url,
    )
