"""What comes in during a logout, as values: raw octets, on which face, by which binding, in which browser."""

from dataclasses import dataclass, field

from context_handler.logout_state import PartyKind
from federation.urls import ContextHandlerUrls
from oiosaml.errors import SamlError
from oiosaml.logout_openings import (
    open_logout_request_post,
    open_logout_request_redirect,
    open_logout_request_soap,
    open_logout_response_post,
    open_logout_response_redirect,
)
from oiosaml.messages.logout import LogoutRequest, LogoutResponse
from oiosaml.uris import BINDING_REDIRECT, BINDING_SOAP
from oiosaml.verified import Unverified


def requests_come_to(kind: PartyKind, urls: ContextHandlerUrls) -> str:
    """Give where that kind of party says through the browser that the person logs out."""
    return urls.slo_request_from_idps_url if kind is PartyKind.HOME_IDP else urls.sso_url


@dataclass(frozen=True, slots=True)
class LogoutByParty:
    """A LogoutRequest as it came: the raw query, the raw form body, or the SOAP envelope."""

    kind: PartyKind
    binding: str
    octets: bytes = field(repr=False)
    browser: str = ""
    """`browser_id` of the transaction cookie; empty by the back channel, which has no browser."""
    session: str | None = None
    """`browser_id` of the session cookie, if one came. It decides nothing: it tells the vendor of a name that nobody has."""

    def open(self) -> Unverified[LogoutRequest]:
        """Decode and parse the message."""
        if self.binding == BINDING_SOAP:
            return open_logout_request_soap(self.octets)
        if self.binding == BINDING_REDIRECT:
            return open_logout_request_redirect(self.octets)
        return open_logout_request_post(self.octets)

    def location(self, urls: ContextHandlerUrls) -> str:
        """Give our own endpoint that it came to, which it must name as its destination."""
        if self.binding == BINDING_SOAP:
            return urls.slo_soap_url
        return requests_come_to(self.kind, urls)

    def misread(self) -> Unverified[LogoutResponse] | None:
        """Give the answer that came in place of a request; None if no answer came either."""
        try:
            return LogoutAnswer(self.kind, self.binding, self.octets, self.browser).open()
        except SamlError:
            return None


@dataclass(frozen=True, slots=True)
class LogoutAnswer:
    """A LogoutResponse as it came through the browser."""

    kind: PartyKind
    binding: str
    octets: bytes = field(repr=False)
    browser: str

    def open(self) -> Unverified[LogoutResponse]:
        """Decode and parse the message."""
        if self.binding == BINDING_REDIRECT:
            return open_logout_response_redirect(self.octets)
        return open_logout_response_post(self.octets)

    def misread(self) -> Unverified[LogoutRequest] | None:
        """Give the request that came in place of an answer; None if no request came either."""
        try:
            return LogoutByParty(self.kind, self.binding, self.octets, self.browser).open()
        except SamlError:
            return None


@dataclass(frozen=True, slots=True)
class LogoutByPerson:
    """A click on our own page."""

    browser: str
    session: str | None
    """`browser_id` of the session cookie, if one came."""
