"""The composition root of one municipality's attribute service: every port is wired here, every route listed."""

from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI
from starlette.routing import Route

from attribute_service.answered import AnsweredQueries
from attribute_service.directory import Directory
from attribute_service.ports import Ports
from attribute_service.role_catalogue import RoleCatalogue
from attribute_service.routes import Routes
from federation.model import AttributeService
from federation.present import Present, PresentWorld
from federation.sp_face import SpFace
from federation.urls import AttributeServiceUrls
from oiosaml.ids import IdSource
from oiosaml.keys import SigningKey
from saml_web.error_pages import ErrorPages
from saml_web.pages import Pages
from saml_web.static_files import static_route


def create_app(
    service: AttributeService,
    world: PresentWorld,
    *,
    urls: AttributeServiceUrls,
    broker: SpFace,
    signing: SigningKey,
    ids: IdSource,
    entropy: Callable[[int], bytes],
    clock: Callable[[], datetime],
    api_key: str | None = None,
) -> FastAPI:
    """Give the attribute service as an app whose paths are relative to `urls.base_url`; mount it at `urls.path`.

    `api_key` makes it a role catalogue, too.
    `service.metadata` is served as it stands: the octets that the Context Handler has registered.
    `broker` is the Context Handler's SP face at start; nobody else is answered. Speaks of users of `service.cvrs` only;
    `world` is asked at each request who they are and which roles they have.
    """
    ports = Ports(
        service=service,
        directory=Present(world, lambda present: Directory.of(present, service.cvrs)),
        broker=broker,
        answered=AnsweredQueries(),
        signing=signing,
        urls=urls,
        ids=ids,
        entropy=entropy,
    )
    routes = Routes(ports, clock=clock)
    app = FastAPI(
        title=f"Attribute service: {service.name}",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        routes=[
            Route(AttributeServiceUrls.SOAP_PATH, routes.soap, methods=["POST"]),
            Route(AttributeServiceUrls.METADATA_PATH, routes.metadata, methods=["GET"]),
            Route("/api/user/{userid}/roles", RoleCatalogue(ports, api_key).roles, methods=["GET"]),
            Route("/healthz", routes.health, methods=["GET"]),
            static_route(),
        ],
    )
    # a house for machines has no pages of its own; people who stray here get the shared error page
    ErrorPages(Pages("saml_web", base_url=urls.base_url, ids=ids)).install(app)
    return app
