"""The composition root: every route of the broker is listed here, every port wired by hand."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from context_handler.endings import Ending
from context_handler.housekeeping import kept_in_order
from context_handler.ports import Ports
from context_handler.revocation import Revocations
from context_handler.routes.attribute_service import AttributeServiceRoutes
from context_handler.routes.authority import AuthorityRoutes
from context_handler.routes.comparison import ComparisonRoutes
from context_handler.routes.health import HealthRoutes
from context_handler.routes.logout import LogoutRoutes
from context_handler.routes.metadata import MetadataRoutes
from context_handler.routes.portal import PortalRoutes
from context_handler.routes.remembered import RememberedRoutes
from context_handler.routes.saml import SamlRoutes
from context_handler.store.record import Record
from federation.topology import Topology
from federation.urls import ContextHandlerUrls
from saml_web.api_docs import api_docs_route
from saml_web.error_pages import ErrorPages
from saml_web.pages import Pages
from saml_web.static_files import static_route
from saml_web.straight_way import StraightWay

OPENAPI_PATH: Final = "/_sim/api/openapi.json"


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the launcher has opened for one broker."""

    ports: Ports
    api: APIRouter
    record: Record
    """What happened in every flow; the page that compares tokens reads it."""
    clients: Sequence[AbstractAsyncContextManager[object]]
    """What goes out to other machines; closed when the broker ends."""
    clock: Callable[[], datetime]
    topology: Topology
    endings: Callable[[], Sequence[Ending]]
    """What of the members ends soon; the front page says so."""
    ca_certificate_der: bytes
    """Of the CA that every certificate here names as its issuer."""
    revocations: Revocations
    """Which of that CA's certificates are revoked; the list in force is served."""
    upkeep: Callable[[], AbstractAsyncContextManager[None]]
    """What looks after the members in the background while the broker runs."""
    close: Callable[[], None]
    """Closes the store."""


def create_app(wiring: Wiring) -> Starlette:
    """Make the Context Handler as an ASGI app whose paths are KOMBIT's (design D1).

    The SAML endpoints stand before everything else, routing included, and outside FastAPI, whose routing and middleware cost as much as an
    RSA operation for each request; the registration API is a FastAPI app of its own below its path.
    """
    ports, clock = wiring.ports, wiring.clock
    pages = Pages("context_handler", base_url=ports.urls.base_url, ids=ports.ids)
    errors = ErrorPages(pages)
    api = _api(wiring.api, errors)
    logouts = LogoutRoutes(ports, pages, errors, clock)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as clients, kept_in_order(ports, clock), wiring.upkeep():
            for client in wiring.clients:
                await clients.enter_async_context(client)
            yield
        wiring.close()

    login = SamlRoutes(ports, pages, errors, clock, logouts.request_from_system).routes()
    app = Starlette(
        routes=[
            *login,
            *logouts.routes(),
            *AttributeServiceRoutes(ports, clock).routes(),
            *MetadataRoutes(ports, clock).routes(),
            *AuthorityRoutes(wiring.ca_certificate_der, wiring.revocations).routes(),
            *HealthRoutes(ports).routes(),
            *PortalRoutes(ports, pages, wiring.topology, wiring.endings, clock).routes(),
            *RememberedRoutes(ports, pages).routes(),
            *ComparisonRoutes(wiring.record, ports.workspace, pages).routes(),
            static_route(),
            api_docs_route(pages, api, openapi_url=ports.urls.base_url + OPENAPI_PATH),
            Mount(ContextHandlerUrls.API_PATH, app=_with_whole_path(api)),
        ],
        middleware=[Middleware(StraightWay, routes=login, errors=errors)],
        lifespan=lifespan,
    )
    errors.install(app)
    return app


def _api(router: APIRouter, errors: ErrorPages) -> FastAPI:
    api = FastAPI(
        title="NSIS Context Handler simulator",
        summary="Register your own system or IdP, and read what happened in a login.",
        version="1",
        openapi_url=OPENAPI_PATH,
        docs_url=None,
        redoc_url=None,
    )
    # As they are, for nothing is to be added to them: `include_router` would make all of them, with their models, a second time.
    api.router.routes.extend(router.routes)
    errors.install(api)
    return api


def _with_whole_path(api: FastAPI) -> ASGIApp:
    """Let the API's routes see the path as the OpenAPI document writes it, from the broker's base URL on."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await api({**scope, "root_path": scope["app_root_path"]}, receive, send)

    return app
