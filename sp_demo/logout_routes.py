"""The logout doors of one demo system: each reads, calls the story, writes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from oiosaml.bindings.soap import CONTENT_TYPE, write_fault
from oiosaml.errors import SamlError
from saml_web.cookies import Cookie
from saml_web.error_pages import name_logout
from saml_web.form_origin import read_own_form
from saml_web.inbound import read_body, read_query
from saml_web.logout_behaviour import chosen_behaviour
from saml_web.outbound import auto_post_page, pass_on, redirect
from saml_web.pages import Pages
from saml_web.security_headers import NO_STORE
from sp_demo.broker import Broker
from sp_demo.logout import Logouts
from sp_demo.logout_door import (
    MAX_LOGOUT_BYTES,
    LogoutMessage,
    open_logout_envelope,
    open_logout_form,
    open_logout_redirect,
)
from sp_demo.stack import PostTo, RedirectTo
from sp_demo.system import DemoSystem

SILENT_STATUS: Final = 503
"""What the back channel gets of a system that is to look as if it were down. A person gets a page that says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRoutes:
    """The handlers, with what they need."""

    system: DemoSystem
    pages: Pages
    broker: Broker
    logouts: Logouts
    session: Cookie
    clock: Callable[[], datetime]

    async def begin(self, request: Request) -> Response:
        """The button that logs out everywhere."""
        name_logout(request)
        await read_own_form(request, base_url=self.system.urls.base_url)
        at, session = self.clock(), self.session.read(request)
        begun = None
        if session is not None:
            begun = self.logouts.begin(await self.broker.stack(at=at), session, at=at)
        response = redirect(self.system.urls.home_url) if begun is None else self._send(request, begun.outbound)
        self.session.clear(response)
        return response

    async def behave(self, request: Request) -> Response:
        """The choice of what happens when the Context Handler asks to end the session."""
        form = await read_own_form(request, base_url=self.system.urls.base_url)
        behaviour = chosen_behaviour(form)
        session = self.session.read(request)
        if session is not None:
            self.logouts.behave(session, behaviour, at=self.clock())
        return redirect(f"{self.system.urls.base_url}/result")

    async def by_redirect(self, request: Request) -> Response:
        """A LogoutRequest or LogoutResponse in the query."""
        name_logout(request)
        return await self._message(request, open_logout_redirect(read_query(request)))

    async def by_post(self, request: Request) -> Response:
        """A LogoutRequest or LogoutResponse in a form."""
        name_logout(request)
        return await self._message(request, open_logout_form(await read_body(request, limit=2 * MAX_LOGOUT_BYTES)))

    async def by_soap(self, request: Request) -> Response:
        """A LogoutRequest by the back channel."""
        at = self.clock()
        try:
            message = open_logout_envelope(await read_body(request, limit=MAX_LOGOUT_BYTES))
            answer = self.logouts.answer(await self.broker.stack(at=at), message, at=at)
        except SamlError as refusal:
            fault = write_fault("Client", f"{refusal.code}: {refusal.sentence('en')}")
            return _soap(fault, refusal.refusal.http_status)
        return _soap(answer) if isinstance(answer, bytes) else Response(status_code=SILENT_STATUS)

    async def _message(self, request: Request, message: LogoutMessage) -> Response:
        at = self.clock()
        stack = await self.broker.stack(at=at)
        home_url = self.system.urls.home_url
        if message.is_response:
            outcome = self.logouts.finish(stack, message, at=at)
            return self.pages.render(request, "logged_out.html", system=self.system, outcome=outcome, home_url=home_url)
        answer = self.logouts.answer(stack, message, at=at)
        if isinstance(answer, RedirectTo | PostTo):
            return self._send(request, answer)
        return self.pages.render(request, "silent.html", system=self.system, home_url=home_url)

    def _send(self, request: Request, outbound: RedirectTo | PostTo) -> Response:
        if isinstance(outbound, RedirectTo):
            return pass_on(self.pages, request, outbound.url)
        return auto_post_page(self.pages, request, action=outbound.action, fields=outbound.fields)


def _soap(octets: bytes, status: int = 200) -> Response:
    return Response(octets, status_code=status, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": NO_STORE})
