"""One demo system as a web application: every route, and every port wired by hand."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from federation.model import Profile
from federation.urls import SystemUrls
from oiosaml.errors import SamlError
from oiosaml.ids import IdSource
from saml_web.clock import utc_now
from saml_web.cookies import Cookie, session_cookie, transaction_cookie
from saml_web.error_pages import ErrorPages
from saml_web.form_origin import read_own_form
from saml_web.ids import SystemIds
from saml_web.inbound import MAX_MESSAGE_BODY_BYTES, Form, parse_form, read_body
from saml_web.outbound import auto_post_page, redirect, repost_page, without_marker
from saml_web.pages import Pages
from saml_web.static_files import static_route
from sp_demo.broker import Broker, BrokerMetadata
from sp_demo.front_door import open_envelope, refuse
from sp_demo.login import PENDING_LIFETIME, SESSION_LIFETIME, Logins
from sp_demo.logout import Logouts
from sp_demo.logout_routes import LogoutRoutes
from sp_demo.names import Names, no_names
from sp_demo.result_page import downloads, home_context, result_context
from sp_demo.seb.front_page import FrontPage
from sp_demo.seb.register import Register
from sp_demo.stack import PostSoap, RedirectTo, Stack
from sp_demo.system import DemoSystem, IdpChoice, SystemKeys
from sp_demo.wish import read_wish

IdpChoices = Callable[[], tuple[IdpChoice, ...]]
"""Gives the IdPs a person may ask for by name, as the registry has them now."""


def no_choices() -> tuple[IdpChoice, ...]:
    """Offer no IdP by name; the Context Handler's own page asks."""
    return ()


async def no_way_out(url: str, envelope: bytes) -> bytes:
    """Reach no attribute service: for systems that find their rights in the token."""
    raise refuse("aq.transport:context-handler", f"got no way to send {len(envelope)} octets to {url}")


def create_app(
    system: DemoSystem,
    keys: SystemKeys,
    *,
    metadata: bytes,
    broker_metadata: BrokerMetadata,
    names: Names = no_names,
    idps: IdpChoices = no_choices,
    register: Register | None = None,
    ids: IdSource | None = None,
    clock: Callable[[], datetime] = utc_now,
    post_soap: PostSoap = no_way_out,
) -> FastAPI:
    """Give the application of one demo system, to be served at `system.urls`.

    `metadata` is served as it stands: the octets that the Context Handler has registered.
    With a `register` it is SEB: with a front door of its own, and rights read as the health sector reads them.
    `clock` rules our own memory only: both stacks read the system clock for the times in a message.
    """
    id_source = ids or SystemIds()
    base_url = system.urls.base_url
    pages = Pages("sp_demo", base_url=base_url, ids=id_source)
    logins = Logins(system, ids=id_source)
    house = _House(
        system=system,
        pages=pages,
        broker=Broker(system, keys, metadata=broker_metadata),
        logins=logins,
        logouts=Logouts(system, logins, ids=id_source),
        names=names,
        idps=idps,
        register=register,
        front_page=FrontPage(system=system, pages=pages, idps=idps) if register is not None else None,
        ids=id_source,
        clock=clock,
        post_soap=post_soap,
        browser=transaction_cookie(f"nsis_{system.id}_login", base_url=base_url, lifetime=PENDING_LIFETIME),
        session=session_cookie(f"nsis_{system.id}_session", base_url=base_url, lifetime=SESSION_LIFETIME),
        metadata=metadata,
    )
    app = FastAPI(title=system.name, routes=_routes(house), openapi_url=None, docs_url=None, redoc_url=None)
    ErrorPages(pages).install(app)
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class _House:
    system: DemoSystem
    pages: Pages
    broker: Broker
    logins: Logins
    logouts: Logouts
    names: Names
    idps: IdpChoices
    register: Register | None
    front_page: FrontPage | None
    ids: IdSource
    clock: Callable[[], datetime]
    post_soap: PostSoap
    browser: Cookie
    session: Cookie
    metadata: bytes

    async def home(self, request: Request) -> Response:
        """Offer the ways to log in."""
        logged_in = self.logins.outcome(self.session.read(request), at=self.clock()) is not None
        if self.front_page is not None:
            return await self.front_page.show(request, logged_in=logged_in)
        return self.pages.render(request, "home.html", **home_context(self.system, self.idps(), logged_in=logged_in))

    async def login(self, request: Request) -> Response:
        """Send the browser to the Context Handler with a signed request."""
        wish = read_wish(request.query_params, self.system)
        if self.front_page is not None and wish.idp is None:
            remembered = self.front_page.remembered(request)
            if remembered is None and not wish.passive:
                return redirect(self.system.urls.home_url)
            wish = replace(wish, idp=remembered.entity_id if remembered else None)
        at = self.clock()
        stack = await self.broker.stack(at=at)
        browser = self.browser.read(request) or self.ids.handle()
        begun = self.logins.begin(stack, wish, browser=browser, at=at)
        response: Response
        if isinstance(begun.outbound, RedirectTo):
            response = redirect(begun.outbound.url)
        else:
            response = auto_post_page(self.pages, request, action=begun.outbound.action, fields=begun.outbound.fields)
        self.browser.set(response, browser)
        return response

    async def acs(self, request: Request) -> Response:
        """Judge the Context Handler's answer, then send the browser to a page that may be loaded again."""
        body, reposted = without_marker(await read_body(request, limit=MAX_MESSAGE_BODY_BYTES))
        form = parse_form(body)
        encoded, relay_state = form.one("SAMLResponse"), form.optional("RelayState")
        browser = self.browser.read(request)
        if browser is None and not reposted:
            return repost_page(self.pages, request, action=self.system.urls.acs_url, fields=_fields(form))
        envelope = open_envelope(encoded, may_be_plain=self.system.profile is Profile.OIOSAML2)
        at = self.clock()
        stack = await self.broker.stack(at=at)
        session = self.logins.finish(stack, envelope, relay_state=relay_state, browser=browser, at=at)
        if self.system.queries_rights:
            await self._fetch_rights(stack, session, at)
        response = redirect(f"{self.system.urls.base_url}/result")
        self.session.set(response, session)
        return response

    async def _fetch_rights(self, stack: Stack, session: str, at: datetime) -> None:
        """Ask for the rights that the token does not hold. Without an answer nobody is logged in: no rights are guessed."""
        login = self.logins.logged_in(session, at=at)
        if login is None or stack.rights is None:
            return
        try:
            rights = await stack.rights.ask(login.token, fresh_id=self.ids.message_id(), post=self.post_soap)
            self.logins.add_rights(session, rights, at=at)
        except SamlError:
            self.logins.end(session, at=at)
            raise

    async def result(self, request: Request) -> Response:
        """Show who is logged in, or why not."""
        at, session = self.clock(), self.session.read(request)
        outcome = self.logins.outcome(session, at=at)
        if outcome is None or session is None:
            return redirect(self.system.urls.home_url)
        behaviour = self.logouts.behaviour(session, at=at)
        template, context = result_context(self.system, outcome, self.names, behaviour, self.register)
        return self.pages.render(request, template, **context)

    async def download(self, request: Request) -> Response:
        """Give the octets behind the page, as they are."""
        outcome = self.logins.outcome(self.session.read(request), at=self.clock())
        return downloads(outcome, request.path_params["name"])

    async def end(self, request: Request) -> Response:
        """Forget the login here. The Context Handler's session is not touched."""
        await read_own_form(request, base_url=self.system.urls.base_url)
        self.logins.end(self.session.read(request), at=self.clock())
        response = redirect(self.system.urls.home_url)
        self.session.clear(response)
        return response

    async def own_metadata(self, _request: Request) -> Response:
        """Give the document that the Context Handler registers."""
        return Response(self.metadata, media_type="application/samlmetadata+xml")


def _routes(house: _House) -> list[BaseRoute]:
    logout = LogoutRoutes(
        system=house.system,
        pages=house.pages,
        broker=house.broker,
        logouts=house.logouts,
        session=house.session,
        clock=house.clock,
    )
    return [
        Route("/", house.home, methods=["GET"]),
        *([Route("/choose", house.front_page.choose, methods=["POST"])] if house.front_page is not None else []),
        Route("/login", house.login, methods=["GET"]),
        Route("/acs", house.acs, methods=["POST"]),
        Route("/result", house.result, methods=["GET"]),
        Route("/result/{name}", house.download, methods=["GET"]),
        Route("/end", house.end, methods=["POST"]),
        Route("/logout", logout.begin, methods=["POST"]),
        Route("/logout-behaviour", logout.behave, methods=["POST"]),
        Route(SystemUrls.SLO_PATH, logout.by_redirect, methods=["GET"]),
        Route(SystemUrls.SLO_PATH, logout.by_post, methods=["POST"]),
        Route(SystemUrls.SLO_SOAP_PATH, logout.by_soap, methods=["POST"]),
        Route("/metadata", house.own_metadata, methods=["GET"]),
        Route("/healthz", _healthz, methods=["GET"]),
        static_route(),
    ]


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok")


def _fields(form: Form) -> tuple[tuple[str, str], ...]:
    names = ("SAMLResponse", "RelayState")
    return tuple((name, value) for name in names if (value := form.optional(name)) is not None)
