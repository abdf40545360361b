"""What a browser brings to the broker, as values: raw octets, and which browser it was."""

import hashlib
from dataclasses import field

from context_handler.discovery import NO_WISHES, Wishes
from oiosaml.ids import EntityId, FlowId
from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.messages.response import Response
from oiosaml.openings import open_authn_request_post, open_authn_request_redirect, open_response
from oiosaml.uris import BINDING_REDIRECT
from oiosaml.value_type import value_type
from oiosaml.verified import Unverified


def browser_id(handle: str) -> str:
    """Give what is stored of a browser's handle: its SHA-256, so that the store alone lets nobody pose as the browser."""
    return hashlib.sha256(handle.encode()).hexdigest()


@value_type
class RequestFromSystem:
    """An AuthnRequest as it came: the raw query or the raw form body."""

    binding: str
    octets: bytes = field(repr=False)
    browser: str
    """`browser_id` of the browser's handle."""
    wishes: Wishes = NO_WISHES
    session: str | None = None
    """`browser_id` of the session cookie, if one came."""

    def open(self) -> Unverified[AuthnRequest]:
        """Decode and parse the message."""
        if self.binding == BINDING_REDIRECT:
            return open_authn_request_redirect(self.octets)
        return open_authn_request_post(self.octets)


@value_type
class AnswerFromIdp:
    """A Response as it came: the raw form body."""

    octets: bytes = field(repr=False)
    browser: str
    fresh_session: str
    """`browser_id` of the session cookie that the browser gets if the login succeeds."""
    session: str | None = None
    """`browser_id` of the one that came, if any."""

    def open(self) -> Unverified[Response]:
        """Decode and parse the message."""
        return open_response(self.octets)


@value_type
class ChosenIdp:
    """A choice made on the discovery page."""

    flow: FlowId
    idp: EntityId
    browser: str
    session: str | None = None
    """`browser_id` of the session cookie, if one came."""
