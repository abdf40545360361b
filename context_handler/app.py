"""The composition root: every route of the broker is listed here, every port wired by hand."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import httpx
from fastapi import APIRouter, FastAPI

from context_handler.housekeeping import kept_in_order
from context_handler.ports import Ports
from context_handler.routes.health import HealthRoutes
from context_handler.routes.metadata import MetadataRoutes
from context_handler.routes.portal import PortalRoutes
from context_handler.routes.saml import SamlRoutes
from federation.model import Person
from federation.topology import Topology
from saml_web.api_docs import api_docs_route
from saml_web.error_pages import ErrorPages
from saml_web.pages import Pages
from saml_web.static_files import static_route

OPENAPI_PATH: Final = "/_sim/api/openapi.json"


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the launcher has opened for one broker."""

    ports: Ports
    api: APIRouter
    http: httpx.AsyncClient
    """The client behind `ports.attribute_services`; closed when the broker ends."""
    clock: Callable[[], datetime]
    topology: Topology
    people: Sequence[Person]
    close: Callable[[], None]
    """Closes the store."""


def create_app(wiring: Wiring) -> FastAPI:
    """Make the Context Handler as an ASGI app whose paths are KOMBIT's (design D1)."""
    ports, clock = wiring.ports, wiring.clock
    pages = Pages("context_handler", base_url=ports.urls.base_url, ids=ports.ids)
    errors = ErrorPages(pages)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with wiring.http, kept_in_order(ports, clock):
            yield
        wiring.close()

    app = FastAPI(
        title="NSIS Context Handler simulator",
        summary="Register your own system or IdP, and read what happened in a login.",
        version="1",
        openapi_url=OPENAPI_PATH,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.include_router(wiring.api)
    app.router.routes.extend(
        [
            *SamlRoutes(ports, pages, errors, clock).routes(),
            *MetadataRoutes(ports, clock).routes(),
            *HealthRoutes(ports).routes(),
            *PortalRoutes(ports, pages, wiring.topology, wiring.people).routes(),
            static_route(),
            api_docs_route(pages, app, openapi_url=ports.urls.base_url + OPENAPI_PATH),
        ]
    )
    errors.install(app)
    return app
