"""What leaves NemLog-in: a sealed assertion or a signed refusal, in a form for the client's registered ACS."""

from datetime import datetime
from typing import Final

from nemlogin_mock.inbound import Refusal
from nemlogin_mock.ports import Ports
from nemlogin_mock.request import OpenedRequest
from oiosaml.bindings.post import PostForm, write_post_form
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

NO_PASSIVE: Final = Status(STATUS_RESPONDER, STATUS_NO_PASSIVE, "Nobody is logged in, and the user must not be asked")

REFUSAL_STATUS: Final = {
    Refusal.CANCEL: Status(STATUS_RESPONDER, STATUS_REQUEST_DENIED, "The user cancelled at NemLog-in"),
    Refusal.CANNOT_REACH_LEVEL: Status(
        STATUS_RESPONDER, STATUS_NO_AUTHN_CONTEXT, "The user cannot log in as the service asks"
    ),
    Refusal.FAIL: Status(STATUS_RESPONDER, STATUS_AUTHN_FAILED, "The user could not be authenticated"),
}


def seal(signed: bytes, opened: OpenedRequest, *, at: datetime, ports: Ports) -> PostForm:
    """Encrypt a signed assertion for the client, and put it into an unsigned Response (R3-IDP-02 to 05)."""
    face = opened.client.face
    encrypted = encrypt(signed, face.encryption_key, face.encryption_method, entropy=ports.entropy)
    envelope = _envelope(Status(STATUS_SUCCESS), opened, at=at, ports=ports)
    octets = serialise(write_response(envelope, write_encrypted_assertion(encrypted)))
    return write_post_form(opened.acs_url, octets, relay_state=opened.relay_state)


def answer_with_status(status: Status, opened: OpenedRequest, *, at: datetime, ports: Ports) -> PostForm:
    """Refuse, signed, so that nobody else can refuse in our name (R3-IDP-17)."""
    element = write_response(_envelope(status, opened, at=at, ports=ports))
    sign_enveloped(element, ports.signing)
    return write_post_form(opened.acs_url, serialise(element), relay_state=opened.relay_state)


def _envelope(status: Status, opened: OpenedRequest, *, at: datetime, ports: Ports) -> Response:
    return Response(
        id=ports.ids.message_id(),
        issue_instant=at,
        status=status,
        issuer=ports.nemlogin.entity_id,
        in_response_to=opened.verified.value.id,
        destination=opened.acs_url,
    )
