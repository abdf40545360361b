"""What leaves the IdP: a sealed assertion or a signed refusal, in a form for the Context Handler's registered ACS."""

from datetime import datetime
from typing import Final

from federation.model import Profile
from idp_mock.asked import profile_asked_in
from idp_mock.inbound import Refusal
from idp_mock.ports import Ports
from idp_mock.request import OpenedRequest
from idp_mock.sessions import IdpSession
from idp_mock.token import compose_assertion
from oiosaml.bindings.post import PostForm, write_post_form
from oiosaml.messages.assertion import Assertion, write_assertion
from oiosaml.messages.element import serialise
from oiosaml.messages.response import Response, Status, write_encrypted_assertion, write_response
from oiosaml.uris import (
    STATUS_AUTHN_FAILED,
    STATUS_NO_AUTHN_CONTEXT,
    STATUS_NO_PASSIVE,
    STATUS_REQUEST_DENIED,
    STATUS_RESPONDER,
    STATUS_SUCCESS,
)
from oiosaml.xml.encryption import encrypt
from oiosaml.xml.sign import sign_enveloped

NO_PASSIVE: Final = Status(STATUS_RESPONDER, STATUS_NO_PASSIVE, "No session here, and the user must not be asked")

REFUSAL_STATUS: Final = {
    # Products differ between AuthnFailed and RequestDenied here. We send the one that cannot be taken for a failed login (our choice).
    Refusal.CANCEL: Status(STATUS_RESPONDER, STATUS_REQUEST_DENIED, "The user cancelled the login"),
    Refusal.CANNOT_REACH_LEVEL: Status(
        STATUS_RESPONDER, STATUS_NO_AUTHN_CONTEXT, "The user cannot log in at the requested level"
    ),
    Refusal.FAIL: Status(STATUS_RESPONDER, STATUS_AUTHN_FAILED, "The user could not be authenticated"),
}


def answer_with_session(
    session: IdpSession, opened: OpenedRequest, acs_url: str, *, at: datetime, ports: Ports
) -> PostForm:
    """Say who is logged in: assertion signed, then encrypted for the Context Handler; the Response itself unsigned (R3-IDP-02 to 05).

    An older IdP whose registration leaves encryption to it sends its OIOSAML 2 assertion signed and readable.
    """
    assertion = compose_assertion(session, opened.verified.value, acs_url, at=at, ports=ports)
    return _seal(assertion, opened, acs_url, at=at, ports=ports)


def answer_with_status(status: Status, opened: OpenedRequest, acs_url: str, *, at: datetime, ports: Ports) -> PostForm:
    """Refuse, signed, so that nobody else can refuse in our name (R3-IDP-17)."""
    element = write_response(_envelope(status, opened, acs_url, at=at, ports=ports))
    sign_enveloped(element, ports.signing)
    return write_post_form(acs_url, serialise(element), relay_state=opened.relay_state)


def _seal(assertion: Assertion, opened: OpenedRequest, acs_url: str, *, at: datetime, ports: Ports) -> PostForm:
    element = write_assertion(assertion)
    sign_enveloped(element, ports.signing)
    envelope = _envelope(Status(STATUS_SUCCESS), opened, acs_url, at=at, ports=ports)
    if ports.idp.encryption_optional and profile_asked_in(opened.verified.value, ports.idp) is Profile.OIOSAML2:
        return write_post_form(acs_url, serialise(write_response(envelope, element)), relay_state=opened.relay_state)
    encrypted = encrypt(
        serialise(element), ports.broker.encryption_key, ports.broker.encryption_method, entropy=ports.entropy
    )
    octets = serialise(write_response(envelope, write_encrypted_assertion(encrypted)))
    return write_post_form(acs_url, octets, relay_state=opened.relay_state)


def _envelope(status: Status, opened: OpenedRequest, acs_url: str, *, at: datetime, ports: Ports) -> Response:
    return Response(
        id=ports.ids.message_id(),
        issue_instant=at,
        status=status,
        issuer=ports.idp.entity_id,
        in_response_to=opened.verified.value.id,
        destination=acs_url,
    )
