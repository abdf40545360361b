"""The SAML endpoints and the discovery page: raw octets in, a story told, a redirect, a form or a page out."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from context_handler.answering import RefusedLogin, refuse_unread
from context_handler.asking import OutboundMessage, RedirectTo
from context_handler.choosing import show_choice
from context_handler.discovery import AskForHomeIdp, Wishes, choices_on_page
from context_handler.inbound import AnswerFromIdp, ChosenIdp, RequestFromSystem, browser_id
from context_handler.login import begin_login, continue_login, finish_login
from context_handler.login_state import PENDING_LOGIN_LIFETIME
from context_handler.ports import Ports
from context_handler.routes.logout import is_logout_message
from context_handler.routes.remembered import RememberedIdp
from federation.urls import ContextHandlerUrls
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId, FlowId
from oiosaml.name_id import is_uuid
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT
from saml_web.cookies import transaction_cookie
from saml_web.error_pages import ErrorPages, name_flow, refusal_context
from saml_web.form_origin import require_own_page
from saml_web.inbound import query_value, read_body, read_form, read_query
from saml_web.outbound import auto_post_page, pass_on, redirect, repost_page, without_marker
from saml_web.pages import Pages
from saml_web.security_headers import ContentPolicy

HINT_PARAMETER: Final = "idp"
"""Discovery hint in the SSO URL's query, beside the signed message (our choice)."""

REPOSTED_FIELDS: Final = 10
"""Most fields of a form that is sent to itself once more; a binding has four."""


class SamlRoutes:
    """The browser-facing endpoints of one broker in one workspace."""

    def __init__(
        self,
        ports: Ports,
        pages: Pages,
        errors: ErrorPages,
        clock: Callable[[], datetime],
        logout_request: Callable[[Request, bytes], Awaitable[Response]],
    ) -> None:
        self._ports = ports
        self._logout_request = logout_request
        self._pages = pages
        self._errors = errors
        self._clock = clock
        base_url = ports.urls.base_url
        self._browser_cookie = transaction_cookie("nsis_login", base_url=base_url, lifetime=PENDING_LOGIN_LIFETIME)
        # It has to come with a home IdP's POST and with a system's, both from other sites, so it is one more transaction cookie.
        self._session_cookie = transaction_cookie(
            "nsis_session", base_url=base_url, lifetime=ports.session_limits.absolute
        )
        self._remembered = RememberedIdp(base_url)

    def routes(self) -> list[Route]:
        """List the routes."""
        urls = ContextHandlerUrls
        return [
            Route(urls.SSO_PATH, self.single_sign_on, methods=["GET", "POST"]),
            Route(urls.DISCOVERY_PATH, self.discovery_page, methods=["GET"]),
            Route(urls.DISCOVERY_PATH, self.discovery_choice, methods=["POST"]),
            Route(urls.ACS_PATH, self.consume, methods=["POST"]),
        ]

    async def single_sign_on(self, request: Request) -> Response:
        """A system sends a person who wants in, or out: both messages have one address (context-handler section 2)."""
        by_redirect = request.method == "GET"
        try:
            octets = read_query(request) if by_redirect else await read_body(request)
        except SamlError as refusal:
            return self._unread(request, refusal)
        if is_logout_message(octets, BINDING_REDIRECT if by_redirect else BINDING_POST):
            return await self._logout_request(request, octets)
        handle = self._browser_cookie.read(request) or self._ports.ids.handle()
        inbound = RequestFromSystem(
            binding=BINDING_REDIRECT if by_redirect else BINDING_POST,
            octets=octets,
            browser=browser_id(handle),
            wishes=self._wishes(request),
            session=self._session(request),
        )
        response = self._answer(request, await begin_login(inbound, self._clock(), self._ports))
        self._browser_cookie.set(response, handle)
        return response

    async def discovery_page(self, request: Request) -> Response:
        """The person is shown the municipalities."""
        flow = FlowId(request.query_params.get("login", ""))
        if is_uuid(flow):  # else the error page would show a stranger's words as our reference
            name_flow(request, flow)
        choice = show_choice(flow, self._browser(request), self._clock(), self._ports)
        last = self._remembered.in_question(request)
        return self._pages.render(
            request,
            "discovery.html",
            choice=choice,
            buttons=choices_on_page(choice.candidates.able, self._ports.registry(), first=last),
            last=last,
            search=request.query_params.get("q", "").strip(),
            action=self._ports.urls.discovery_url,
        )

    async def discovery_choice(self, request: Request) -> Response:
        """The person has chosen."""
        form = await read_form(request)
        require_own_page(request, form, base_url=self._ports.urls.base_url)
        idp = EntityId(form.one("idp"))
        chosen = ChosenIdp(FlowId(form.one("login")), idp, self._browser(request), self._session(request))
        outcome = await continue_login(chosen, self._clock(), self._ports)
        response = self._answer(request, outcome)
        if isinstance(outcome, RefusedLogin):
            return response
        if form.optional("remember"):
            self._remembered.keep(response, idp)
        elif self._remembered.in_question(request) is not None:
            self._remembered.forget(response)
        return response

    async def consume(self, request: Request) -> Response:
        """A home IdP sends a person back."""
        try:
            body, came_back = without_marker(await read_body(request))
        except SamlError as refusal:
            return self._unread(request, refusal)
        if self._browser_cookie.read(request) is None and not came_back:
            # A cross-site POST leaves Lax cookies behind; sent once more from our own page, it brings them along.
            return repost_page(self._pages, request, action=self._ports.urls.acs_url, fields=_fields(body))
        fresh = self._ports.ids.handle()
        inbound = AnswerFromIdp(
            octets=body,
            browser=self._browser(request),
            fresh_session=browser_id(fresh),
            session=self._session(request),
        )
        outcome = await finish_login(inbound, self._clock(), self._ports)
        response = self._answer(request, outcome)
        if isinstance(outcome, RefusedLogin):
            self._remembered.question(request, response, outcome)
        else:
            self._session_cookie.set(response, fresh)
        return response

    def _answer(self, request: Request, outcome: OutboundMessage | AskForHomeIdp | RefusedLogin) -> Response:
        if isinstance(outcome, RedirectTo):
            return pass_on(self._pages, request, outcome.url)
        if isinstance(outcome, AskForHomeIdp):
            return redirect(f"{self._ports.urls.discovery_url}?{urlencode({'login': outcome.flow})}")
        if isinstance(outcome, RefusedLogin):
            return self._refused(request, outcome)
        return auto_post_page(self._pages, request, action=outcome.form.action, fields=outcome.form.fields)

    def _unread(self, request: Request, refusal: SamlError) -> Response:
        return self._refused(request, refuse_unread(refusal, self._clock(), self._ports))

    def _refused(self, request: Request, refused: RefusedLogin) -> Response:
        name_flow(request, refused.flow, step=refused.step, record_url=self._ports.urls.record_url(refused.flow))
        if refused.answer is None:
            return self._errors.answer(request, refused.error)
        if refused.at_once:
            return auto_post_page(self._pages, request, action=refused.answer.action, fields=refused.answer.fields)
        system = self._ports.registry().system(refused.system) if refused.system else None
        return self._pages.render(
            request,
            "refused.html",
            status=refused.error.refusal.http_status,
            policy=ContentPolicy(form_targets=(refused.answer.action,)),
            switch="in-page",
            action=refused.answer.action,
            fields=refused.answer.fields,
            system=system.registration.name if system else refused.system,
            **refusal_context(request, refused.error),
        )

    def _browser(self, request: Request) -> str:
        return browser_id(self._browser_cookie.read(request) or "")

    def _session(self, request: Request) -> str | None:
        handle = self._session_cookie.read(request)
        return None if handle is None else browser_id(handle)

    def _wishes(self, request: Request) -> Wishes:
        hint = query_value(request, HINT_PARAMETER)
        return Wishes(
            hint=EntityId(hint) if hint else None,
            remembered=self._remembered.deciding(request),
        )


def _fields(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=REPOSTED_FIELDS
        )
    except ValueError as error:
        raise SamlError(
            "bind.params", f"got a body that is not a form ({error}), expected SAMLResponse and RelayState"
        ) from error
