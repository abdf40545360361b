"""Logout messages on their way out: signed as each binding prescribes (SAML Bindings 3.2, 3.4, 3.5). None leaves unsigned."""

from typing import Final, Literal

from oiosaml.bindings.post import PostForm, write_post_form
from oiosaml.bindings.redirect import write_redirect
from oiosaml.bindings.soap import wrap
from oiosaml.errors import SamlError
from oiosaml.keys import SigningKey
from oiosaml.messages.element import serialise
from oiosaml.messages.logout import LogoutRequest, LogoutResponse, write_logout_request, write_logout_response
from oiosaml.messages.metadata import Endpoint, endpoint_by
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT
from oiosaml.value_type import value_type
from oiosaml.xml.sign import sign_enveloped
from oiosaml.xml.writing import NewElement

LogoutMessage = LogoutRequest | LogoutResponse


@value_type
class RedirectTo:
    """Send the browser to `url`, which carries a signed message."""

    url: str


_REQUEST: Final = "SAMLRequest"
_RESPONSE: Final = "SAMLResponse"


def logout_endpoint(services: tuple[Endpoint, ...], preferred: str) -> Endpoint:
    """Give where a party takes logout messages through the browser: by the binding `preferred`, else by Redirect, else by POST.

    Raises:
        SamlError: `md.endpoint` if it takes none.
    """
    endpoint = endpoint_by(services, (preferred, BINDING_REDIRECT, BINDING_POST))
    if endpoint is None:
        raise SamlError("md.endpoint", "got no SingleLogoutService with HTTP-Redirect or HTTP-POST, expected one")
    return endpoint


def send_by_browser(
    message: LogoutMessage, endpoint: Endpoint, key: SigningKey, *, relay_state: str | None = None
) -> RedirectTo | PostForm:
    """Give the message, whose destination is this endpoint's, as its binding carries it.

    Raises:
        ValueError: if the message has no destination.
        SamlError: `req.relay-state` if the RelayState cannot be carried.
    """
    if endpoint.binding == BINDING_POST:
        return logout_form(message, key, relay_state=relay_state)
    return RedirectTo(logout_redirect(message, key, relay_state=relay_state))


def logout_redirect(message: LogoutMessage, key: SigningKey, *, relay_state: str | None = None) -> str:
    """Give the URL that carries the message to its destination, signed in the query.

    Raises:
        ValueError: if the message has no destination.
        SamlError: `req.relay-state` if the RelayState cannot be carried.
    """
    octets = serialise(_written(message))
    return write_redirect(
        _destination(message), octets, relay_state=relay_state, key=key, parameter=_parameter(message)
    )


def logout_form(message: LogoutMessage, key: SigningKey, *, relay_state: str | None = None) -> PostForm:
    """Give the form that carries the message to its destination, signed within.

    Raises:
        ValueError: if the message has no destination.
        SamlError: `req.relay-state` if the RelayState cannot be carried.
    """
    element = _written(message)
    sign_enveloped(element, key)
    return write_post_form(
        _destination(message), serialise(element), relay_state=relay_state, parameter=_parameter(message)
    )


def logout_envelope(message: LogoutMessage, key: SigningKey) -> bytes:
    """Give the SOAP envelope that holds the message, signed within. An answer on the same connection needs no destination."""
    element = _written(message)
    sign_enveloped(element, key)
    return wrap(serialise(element))


def _written(message: LogoutMessage) -> NewElement:
    return write_logout_request(message) if isinstance(message, LogoutRequest) else write_logout_response(message)


def _parameter(message: LogoutMessage) -> Literal["SAMLRequest", "SAMLResponse"]:
    return _REQUEST if isinstance(message, LogoutRequest) else _RESPONSE


def _destination(message: LogoutMessage) -> str:
    if message.destination is None:
        raise ValueError(f"got {message.id} without a destination, expected one: the browser must be sent somewhere")
    return message.destination
