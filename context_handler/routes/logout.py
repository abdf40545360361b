"""The endpoints of single logout and the person's own logout page: raw octets in, a story told, a redirect, a form or a page out."""

import base64
import binascii
import zlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from context_handler.asking import RedirectTo
from context_handler.inbound import browser_id
from context_handler.login_state import PENDING_LOGIN_LIFETIME
from context_handler.logout import Outcome, begin_logout, begin_logout_by_person, continue_logout, go_on_without
from context_handler.logout_answering import LoggedOut, RefusedLogout, refuse_unread
from context_handler.logout_inbound import LogoutAnswer, LogoutByParty, LogoutByPerson
from context_handler.logout_state import Leg, Logout, PartyKind
from context_handler.ports import Ports
from context_handler.routes.remembered import RememberedIdp
from federation.urls import ContextHandlerUrls
from oiosaml.bindings.fields import unescaped
from oiosaml.bindings.soap import CONTENT_TYPE, write_fault
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId, FlowId
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT, BINDING_SOAP
from saml_web.cookies import transaction_cookie
from saml_web.error_pages import ErrorPages, name_flow, name_logout
from saml_web.form_origin import require_own_page
from saml_web.inbound import read_body, read_form, read_query
from saml_web.outbound import auto_post_page, pass_on, redirect
from saml_web.pages import Pages
from saml_web.security_headers import NO_STORE, ContentPolicy

MAXIMUM_ENVELOPE: Final = 64 * 1024
"""Octets of the longest LogoutRequest by SOAP. One with a certificate in its signature needs about 6 kB."""

_HEAD: Final = 2048
"""How many octets of a message are looked at to see what it is."""

_REQUEST: Final = b"SAMLRequest="
_RESPONSE: Final = b"SAMLResponse="
_FIELDS: Final = 10
"""How many fields are told apart; a binding has four."""


def is_logout_message(octets: bytes, binding: str) -> bool:
    """Tell whether a message at the shared endpoint is of a logout: by its first octets, without parsing it.

    A LogoutResponse does not belong there, and it is the story of a logout that says so. A wrong guess does no harm: the story that
    gets the message refuses any other kind.
    """
    fields = octets.split(b"&", _FIELDS)
    requests = [field[len(_REQUEST) :] for field in fields if field.startswith(_REQUEST)]
    responses = [field[len(_RESPONSE) :] for field in fields if field.startswith(_RESPONSE)]
    if len(requests or responses) != 1:
        return False
    # Every login comes by here: the other fields stay as they are, and of this one no more is decoded than is looked at.
    value = (requests or responses)[0][: 3 * _HEAD]
    try:
        # A plus sign is read as base64's own: whether it may come unescaped is for the story to say.
        encoded = unescaped(value.replace(b"+", b"%2B"))[: _HEAD // 4 * 4]
        head = base64.b64decode(encoded)
        if binding != BINDING_POST:
            head = zlib.decompressobj(-zlib.MAX_WBITS).decompress(head, _HEAD)
    except (ValueError, binascii.Error, zlib.error):
        return False
    return (b"LogoutRequest" if requests else b"LogoutResponse") in head


class LogoutRoutes:
    """Single logout at one broker in one workspace."""

    def __init__(self, ports: Ports, pages: Pages, errors: ErrorPages, clock: Callable[[], datetime]) -> None:
        self._ports = ports
        self._pages = pages
        self._errors = errors
        self._clock = clock
        base_url = ports.urls.base_url
        self._browser_cookie = transaction_cookie("nsis_login", base_url=base_url, lifetime=PENDING_LOGIN_LIFETIME)
        self._session_cookie = transaction_cookie(
            "nsis_session", base_url=base_url, lifetime=ports.session_limits.absolute
        )
        self._remembered = RememberedIdp(base_url)

    def routes(self) -> list[Route]:
        """List the routes. A system's LogoutRequest comes to the SSO endpoint, whose route hands it over."""
        urls, both = ContextHandlerUrls, ["GET", "POST"]
        return [
            Route(urls.SLO_RESPONSE_FROM_SYSTEMS_PATH, self.response_from_system, methods=both),
            Route(urls.SLO_REQUEST_FROM_IDPS_PATH, self.request_from_idp, methods=both),
            Route(urls.SLO_RESPONSE_FROM_IDPS_PATH, self.response_from_idp, methods=both),
            Route(urls.SLO_SOAP_PATH, self.soap, methods=["POST"]),
            Route(urls.LOGOUT_PATH, self.page, methods=["GET"]),
            Route(urls.LOGOUT_PATH, self.click, methods=["POST"]),
        ]

    async def request_from_system(self, request: Request, octets: bytes) -> Response:
        """A system says that the person logs out there. An answer that strayed to the same address is refused."""
        return await self._begin(request, PartyKind.SYSTEM, octets)

    async def request_from_idp(self, request: Request) -> Response:
        """A home IdP says so."""
        try:
            octets = await _octets(request)
        except SamlError as refusal:
            return self._unread(request, refusal)
        return await self._begin(request, PartyKind.HOME_IDP, octets)

    async def response_from_system(self, request: Request) -> Response:
        """A system answers."""
        return await self._continue(request, PartyKind.SYSTEM)

    async def response_from_idp(self, request: Request) -> Response:
        """A home IdP answers."""
        return await self._continue(request, PartyKind.HOME_IDP)

    async def soap(self, request: Request) -> Response:
        """A system asks by the back channel."""
        try:
            octets = await read_body(request, limit=MAXIMUM_ENVELOPE)
        except SamlError as refusal:
            return _fault(refuse_unread(refusal, self._clock(), self._ports).error)
        inbound = LogoutByParty(PartyKind.SYSTEM, BINDING_SOAP, octets)
        outcome = await begin_logout(inbound, self._clock(), self._ports)
        answer = outcome.answer if isinstance(outcome, LoggedOut | RefusedLogout) else None
        if isinstance(outcome, RefusedLogout) and answer is None:
            return _fault(outcome.error)
        if not isinstance(answer, bytes):
            raise TypeError("a logout by the back channel ended without an envelope")
        return _soap(answer)

    async def page(self, request: Request) -> Response:
        """Where the person is logged in; above it the logout that is under way, which may be a stranger's (attack SLO-02)."""
        under_way = self._ports.logouts.under_way(self._ports.workspace, self._browser(request))
        if under_way:
            return self._waiting(request, under_way[0])
        remembered = self._remembered.name(request, self._ports.registry())
        return self._pages.render(
            request, "logout.html", logins=self._logins(request), remembered=remembered, urls=self._ports.urls
        )

    async def click(self, request: Request) -> Response:
        """The person logs out here, or goes on without a participant."""
        form = await read_form(request)
        require_own_page(request, form, base_url=self._ports.urls.base_url)
        flow = form.optional("logout")
        if flow is not None:
            outcome = await go_on_without(FlowId(flow), self._browser(request), self._clock(), self._ports)
            return self._answer(request, outcome)
        browser = self._browser_cookie.read(request) or self._ports.ids.handle()
        inbound = LogoutByPerson(browser_id(browser), self._session(request))
        response = self._answer(request, await begin_logout_by_person(inbound, self._clock(), self._ports))
        self._browser_cookie.set(response, browser)
        self._session_cookie.clear(response)
        return response

    async def _begin(self, request: Request, kind: PartyKind, octets: bytes) -> Response:
        browser = self._browser_cookie.read(request) or self._ports.ids.handle()
        inbound = LogoutByParty(kind, _binding(request), octets, browser_id(browser), self._session(request))
        response = self._answer(request, await begin_logout(inbound, self._clock(), self._ports))
        self._browser_cookie.set(response, browser)
        return response

    async def _continue(self, request: Request, kind: PartyKind) -> Response:
        try:
            octets = await _octets(request)
        except SamlError as refusal:
            return self._unread(request, refusal)
        inbound = LogoutAnswer(kind, _binding(request), octets, self._browser(request))
        return self._answer(request, await continue_logout(inbound, self._clock(), self._ports))

    def _answer(self, request: Request, outcome: Outcome) -> Response:
        if isinstance(outcome, RefusedLogout):
            if outcome.goes_on_as is not None:
                return redirect(self._ports.urls.logout_url)
            name_flow(request, outcome.flow, step=outcome.step, record_url=self._ports.urls.record_url(outcome.flow))
            name_logout(request)
            return self._errors.answer(request, outcome.error)
        if isinstance(outcome, LoggedOut):
            return self._logged_out(request, outcome)
        if isinstance(outcome, RedirectTo):
            return pass_on(self._pages, request, outcome.url)
        return auto_post_page(self._pages, request, action=outcome.form.action, fields=outcome.form.fields)

    def _unread(self, request: Request, refusal: SamlError) -> Response:
        return self._answer(request, refuse_unread(refusal, self._clock(), self._ports))

    def _logged_out(self, request: Request, outcome: LoggedOut) -> Response:
        """Everybody is out: back to the initiator at once. Somebody is not: the person reads who, and goes back by a button.

        So does a person who has other logins in this browser: nobody may end those for them (attack SLO-05), and nobody but them is told.
        """
        logout, answer = outcome.logout, outcome.answer
        logins = self._logins(request)
        if not logout.still_logged_in and not logins and answer is not None and not isinstance(answer, bytes):
            return self._answer(request, answer)
        back: dict[str, Any] = {"action": None, "fields": (), "link": None}
        targets: tuple[str, ...] = ()
        if isinstance(answer, RedirectTo):
            back["link"] = answer.url
        elif answer is not None and not isinstance(answer, bytes):
            back |= {"action": answer.form.action, "fields": answer.form.fields}
            targets = (answer.form.action,)
        initiator = logout.initiator
        return self._pages.render(
            request,
            "logged_out.html",
            policy=ContentPolicy(form_targets=targets) if targets else ContentPolicy(),
            switch="in-page",
            still=[self._shown(leg) for leg in logout.still_logged_in],
            out=[self._shown(leg) for leg in logout.legs if leg not in logout.still_logged_in],
            initiator=self._name(initiator.kind, initiator.party) if initiator.party else None,
            logins=logins,
            reference=logout.flow,
            another_under_way=bool(self._ports.logouts.under_way(self._ports.workspace, logout.browser)),
            urls=self._ports.urls,
            **back,
        )

    def _waiting(self, request: Request, logout: Logout) -> Response:
        logout = logout.without(self._ports.logouts.logged_out_meanwhile(self._ports.workspace, logout))
        return self._pages.render(
            request,
            "logout_waiting.html",
            logout=logout.flow,
            asked=self._shown(logout.asked) if logout.asked else None,
            left=[self._shown(leg) for leg in logout.waiting()],
            logins=self._logins(request),
            urls=self._ports.urls,
        )

    def _logins(self, request: Request) -> list[tuple[str, list[str], bool]]:
        """Give where this browser is logged in, by its own cookie: the IdP, the systems, and whether another person logged in since."""
        handle = self._session(request)
        sessions = self._ports.logouts.sessions_of_browser(self._ports.workspace, handle) if handle else ()
        return [
            (
                self._name(PartyKind.HOME_IDP, each.session.idp),
                [self._name(PartyKind.SYSTEM, p.system) for p in each.participants],
                each.left_behind,
            )
            for each in sessions
        ]

    def _shown(self, leg: Leg) -> tuple[str, str]:
        return leg.kind.value, self._name(leg.kind, leg.party)

    def _name(self, kind: PartyKind, party: EntityId) -> str:
        registry = self._ports.registry()
        found = registry.idp(party) if kind is PartyKind.HOME_IDP else registry.system(party)
        return found.registration.name if found is not None else party

    def _browser(self, request: Request) -> str:
        return browser_id(self._browser_cookie.read(request) or "")

    def _session(self, request: Request) -> str | None:
        handle = self._session_cookie.read(request)
        return browser_id(handle) if handle else None


def _binding(request: Request) -> str:
    return BINDING_REDIRECT if request.method == "GET" else BINDING_POST


async def _octets(request: Request) -> bytes:
    return read_query(request) if request.method == "GET" else await read_body(request)


def _fault(refusal: SamlError) -> Response:
    fault = write_fault("Client", f"{refusal.code}: {refusal.sentence('en')}")
    return _soap(fault, refusal.refusal.http_status)


def _soap(octets: bytes, status: int = 200) -> Response:
    return Response(octets, status_code=status, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": NO_STORE})
