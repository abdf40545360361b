"""The IdP's doors for whoever is logged in, and for single logout: each reads, calls the story, writes."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from idp_mock.logout import (
    LoggedOut,
    Outbound,
    Silence,
    answer_logout,
    answer_logout_by_soap,
    begin_logout,
    finish_logout,
)
from idp_mock.ports import Ports
from idp_mock.sessions import IdpSession
from oiosaml.bindings.soap import CONTENT_TYPE, write_fault
from oiosaml.errors import SamlError
from oiosaml.logout_sending import RedirectTo
from saml_web.cookies import Cookie
from saml_web.error_pages import name_logout
from saml_web.form_origin import read_own_form
from saml_web.front_channel import Binding, has_response
from saml_web.inbound import read_body, read_query
from saml_web.logout_behaviour import LogoutBehaviour, chosen_behaviour
from saml_web.outbound import auto_post_page, pass_on, redirect
from saml_web.pages import Pages
from saml_web.security_headers import NO_STORE

MAX_MESSAGE_BYTES: Final = 64 * 1024
"""Longest logout message by POST or SOAP, still encoded. One with a certificate in its signature needs about 6 kB."""

SILENT_STATUS: Final = 503
"""What the back channel gets of a party that is to look as if it were down. A person gets a page that says so."""


class SessionRoutes:
    """The handlers of one IdP's session page and logout endpoints."""

    def __init__(self, ports: Ports, pages: Pages, cookie: Cookie, *, clock: Callable[[], datetime]) -> None:
        """Ask `clock` once for each request; `cookie` holds the session's handle."""
        self._ports = ports
        self._pages = pages
        self._cookie = cookie
        self._clock = clock

    async def home(self, request: Request) -> Response:
        """Who is logged in here, and what can be done with the session."""
        session = self._session(request)
        urls = self._ports.urls
        return self._pages.render(
            request,
            "session.html",
            idp=self._ports.idp,
            asker=self._ports.asker,
            session=session,
            behaviours=tuple(LogoutBehaviour),
            logout_url=urls.logout_url,
            end_url=urls.end_url,
            behaviour_url=urls.logout_behaviour_url,
            metadata_url=urls.metadata_url,
        )

    async def begin_logout(self, request: Request) -> Response:
        """The button that logs out everywhere."""
        name_logout(request)
        await read_own_form(request, base_url=self._ports.urls.base_url)
        session, at = self._session(request), self._clock()
        if session is None:
            return redirect(self._ports.urls.home_url)
        response = self._send(request, begin_logout(session, at=at, ports=self._ports))
        self._cookie.clear(response)
        return response

    async def end(self, request: Request) -> Response:
        """The button that ends the session here and tells nobody, as an expired session does."""
        await read_own_form(request, base_url=self._ports.urls.base_url)
        session = self._session(request)
        if session is not None:
            self._ports.sessions.end(session, at=self._clock())
        response = redirect(self._ports.urls.home_url)
        self._cookie.clear(response)
        return response

    async def behave(self, request: Request) -> Response:
        """The choice of what happens when the Context Handler asks to end the session."""
        form = await read_own_form(request, base_url=self._ports.urls.base_url)
        behaviour = chosen_behaviour(form)
        session = self._session(request)
        if session is not None:
            self._ports.sessions.behave(session, behaviour, at=self._clock())
        return redirect(self._ports.urls.home_url)

    async def slo_by_redirect(self, request: Request) -> Response:
        """A LogoutRequest or a LogoutResponse in the query."""
        name_logout(request)
        return self._logout_message(request, read_query(request), Binding.REDIRECT)

    async def slo_by_post(self, request: Request) -> Response:
        """A LogoutRequest or a LogoutResponse in a form."""
        name_logout(request)
        return self._logout_message(request, await read_body(request, limit=MAX_MESSAGE_BYTES), Binding.POST)

    async def slo_by_soap(self, request: Request) -> Response:
        """A LogoutRequest by the back channel; SOAPAction is not looked at."""
        try:
            envelope = await read_body(request, limit=MAX_MESSAGE_BYTES)
            answer = answer_logout_by_soap(envelope, at=self._clock(), ports=self._ports)
        except SamlError as refusal:
            # what is no SOAP is answered 4xx, not 500 as other faults: nothing failed here (WS-I Basic Profile 1.1, R1113)
            fault = write_fault("Client", f"{refusal.code}: {refusal.sentence('en')}")
            return _soap(fault, refusal.refusal.http_status)
        return Response(status_code=SILENT_STATUS) if isinstance(answer, Silence) else _soap(answer)

    def _logout_message(self, request: Request, octets: bytes, binding: Binding) -> Response:
        at = self._clock()
        if has_response(octets):
            return self._logged_out_page(request, finish_logout(octets, binding, at=at, ports=self._ports))
        outcome = answer_logout(octets, binding, at=at, ports=self._ports)
        if isinstance(outcome, Silence):
            return self._page(request, "silent.html")
        return self._send(request, outcome)

    def _logged_out_page(self, request: Request, outcome: LoggedOut) -> Response:
        return self._page(request, "logged_out.html", outcome=outcome)

    def _page(self, request: Request, template: str, outcome: LoggedOut | None = None) -> Response:
        ports = self._ports
        home_url = ports.urls.home_url
        return self._pages.render(
            request, template, idp=ports.idp, asker=ports.asker, home_url=home_url, outcome=outcome
        )

    def _send(self, request: Request, outbound: Outbound) -> Response:
        if isinstance(outbound, RedirectTo):
            return pass_on(self._pages, request, outbound.url)
        return auto_post_page(self._pages, request, action=outbound.action, fields=outbound.fields)

    def _session(self, request: Request) -> IdpSession | None:
        return self._ports.sessions.of(self._cookie.read(request), at=self._clock())


def _soap(octets: bytes, status: int = 200) -> Response:
    return Response(octets, status_code=status, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": NO_STORE})
