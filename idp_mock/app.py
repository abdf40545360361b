"""The composition root of one municipality's IdP: every port is wired here, every route listed."""

from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI
from starlette.routing import Route

from federation.model import HomeIdp
from federation.present import Present, PresentWorld
from federation.sp_face import SpFace
from federation.urls import IdpUrls
from idp_mock.logout_memory import Logouts
from idp_mock.people import Known
from idp_mock.ports import Ports
from idp_mock.routes import Routes
from idp_mock.session_routes import SessionRoutes
from idp_mock.sessions import SESSION_LIFETIME, Sessions
from oiosaml.ids import IdSource
from oiosaml.keys import SigningKey
from saml_web.cookies import session_cookie
from saml_web.error_pages import ErrorPages
from saml_web.pages import Pages
from saml_web.static_files import static_route


def create_app(
    idp: HomeIdp,
    world: PresentWorld,
    *,
    urls: IdpUrls,
    broker: SpFace,
    asker: str,
    signing: SigningKey,
    ids: IdSource,
    entropy: Callable[[int], bytes],
    clock: Callable[[], datetime],
) -> FastAPI:
    """Give the IdP as an app whose paths are relative to `urls.base_url`; mount it at `urls.path`.

    `idp.metadata` is served as it stands: the octets that the Context Handler has registered. `broker` is the
    Context Handler's SP face at start, or NemLog-in's where that asks in its place; `asker` is its name on the pages.
    Nobody but people of `idp.cvrs` can log in; `world` is asked at each request who they are and which roles they have.
    """
    ports = Ports(
        idp=idp,
        known=Present(world, lambda present: Known.of(present, idp.cvrs)),
        sessions=Sessions(ids=ids),
        logouts=Logouts(),
        broker=broker,
        asker=asker,
        signing=signing,
        urls=urls,
        ids=ids,
        entropy=entropy,
    )
    pages = Pages("idp_mock", base_url=urls.base_url, ids=ids)
    cookie = session_cookie(f"nsis_idp_{idp.id}", base_url=urls.base_url, lifetime=SESSION_LIFETIME)
    login, session = Routes(ports, pages, cookie, clock=clock), SessionRoutes(ports, pages, cookie, clock=clock)
    app = FastAPI(
        title=f"Mock IdP: {idp.name}",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        routes=[
            Route(IdpUrls.SSO_PATH, login.sso_by_redirect, methods=["GET"]),
            Route(IdpUrls.SSO_PATH, login.sso_by_post, methods=["POST"]),
            Route(IdpUrls.LOGIN_PATH, login.login, methods=["POST"]),
            Route("/", session.home, methods=["GET"]),
            Route(IdpUrls.LOGOUT_PATH, session.begin_logout, methods=["POST"]),
            Route(IdpUrls.END_PATH, session.end, methods=["POST"]),
            Route(IdpUrls.LOGOUT_BEHAVIOUR_PATH, session.behave, methods=["POST"]),
            Route(IdpUrls.SLO_PATH, session.slo_by_redirect, methods=["GET"]),
            Route(IdpUrls.SLO_PATH, session.slo_by_post, methods=["POST"]),
            Route(IdpUrls.SLO_SOAP_PATH, session.slo_by_soap, methods=["POST"]),
            Route(IdpUrls.METADATA_PATH, login.metadata, methods=["GET"]),
            Route("/healthz", login.health, methods=["GET"]),
            static_route(),
        ],
    )
    ErrorPages(pages).install(app)
    return app
