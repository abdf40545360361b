"""NemLog-in's doors for whoever is logged in, and for single logout: each reads, calls the story, writes."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from nemlogin_mock.logout import (
    LoggedOut,
    Outcome,
    Silence,
    answer_logout,
    begin_logout,
    finish_logout,
)
from nemlogin_mock.ports import Ports
from nemlogin_mock.scenarios import SCENARIOS
from nemlogin_mock.sessions import Face, NemLogInSession
from oiosaml.logout_sending import RedirectTo
from saml_web.cookies import Cookie
from saml_web.error_pages import name_logout
from saml_web.form_origin import read_own_form
from saml_web.front_channel import Binding, has_response
from saml_web.inbound import read_body, read_query
from saml_web.logout_behaviour import LogoutBehaviour, chosen_behaviour
from saml_web.outbound import auto_post_page, redirect
from saml_web.pages import Pages

MAX_MESSAGE_BYTES: Final = 64 * 1024
"""Longest logout message by POST, still encoded. One with a certificate in its signature needs about 6 kB."""


class SessionRoutes:
    """The handlers of the front page, which shows the session, and of the logout endpoint."""

    def __init__(
        self,
        ports: Ports,
        pages: Pages,
        cookie: Cookie,
        *,
        starts: tuple[tuple[str, str], ...],
        clock: Callable[[], datetime],
    ) -> None:
        """`cookie` holds the session's handle; `starts` are services where a login can begin. Ask `clock` once for each request."""
        self._ports = ports
        self._pages = pages
        self._cookie = cookie
        self._starts = starts
        self._clock = clock

    async def front_page(self, request: Request) -> Response:
        """Who is logged in here, whom NemLog-in serves, and the test cases."""
        return self._pages.render(
            request,
            "home.html",
            nemlogin=self._ports.nemlogin,
            session=self._session(request),
            client_names={each.entity_id: each.name for each in self._ports.clients},
            local_idp_names={each.entity_id: each.name for each in self._ports.local_idps},
            behaviours=tuple(LogoutBehaviour),
            urls=self._ports.urls,
            clients=tuple(self._ports.clients),
            local_idps=tuple(self._ports.local_idps),
            identities=tuple(self._ports.identities),
            organisations=self._ports.names().organisations,
            scenarios=SCENARIOS,
            starts=self._starts,
        )

    async def begin_logout(self, request: Request) -> Response:
        """The button that logs out everywhere."""
        name_logout(request)
        await read_own_form(request, base_url=self._ports.urls.base_url)
        session = self._session(request)
        if session is None:
            return redirect(self._ports.urls.home_url)
        response = self._send(request, begin_logout(session, at=self._clock(), ports=self._ports))
        self._cookie.clear(response)
        return response

    async def behave(self, request: Request) -> Response:
        """The choice of what happens when a client asks to end the session."""
        form = await read_own_form(request, base_url=self._ports.urls.base_url)
        behaviour = chosen_behaviour(form)
        session = self._session(request)
        if session is not None:
            self._ports.sessions.behave(session, behaviour, at=self._clock())
        return redirect(self._ports.urls.home_url)

    async def slo_by_redirect(self, request: Request) -> Response:
        """A client's LogoutRequest or LogoutResponse in the query."""
        name_logout(request)
        return self._logout_message(request, read_query(request), Binding.REDIRECT, Face.CLIENTS)

    async def slo_by_post(self, request: Request) -> Response:
        """A client's LogoutRequest or LogoutResponse in a form."""
        name_logout(request)
        body = await read_body(request, limit=MAX_MESSAGE_BYTES)
        return self._logout_message(request, body, Binding.POST, Face.CLIENTS)

    async def slo_towards_idps(self, request: Request) -> Response:
        """A local IdP's LogoutRequest or LogoutResponse in the query."""
        name_logout(request)
        return self._logout_message(request, read_query(request), Binding.REDIRECT, Face.LOCAL_IDPS)

    def _logout_message(self, request: Request, octets: bytes, binding: Binding, face: Face) -> Response:
        story = finish_logout if has_response(octets) else answer_logout
        return self._send(request, story(octets, binding, face, at=self._clock(), ports=self._ports))

    def _send(self, request: Request, outcome: Outcome | Silence) -> Response:
        if isinstance(outcome, RedirectTo):
            return redirect(outcome.url)
        nemlogin, home_url = self._ports.nemlogin, self._ports.urls.home_url
        if isinstance(outcome, LoggedOut):
            return self._pages.render(request, "logged_out.html", nemlogin=nemlogin, outcome=outcome, home_url=home_url)
        if isinstance(outcome, Silence):
            return self._pages.render(request, "silent.html", nemlogin=nemlogin, home_url=home_url)
        return auto_post_page(self._pages, request, action=outcome.action, fields=outcome.fields)

    def _session(self, request: Request) -> NemLogInSession | None:
        return self._ports.sessions.of(self._cookie.read(request), at=self._clock())
