"""The composition root of the NemLog-in simulator: every port is wired here, every route listed."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from fastapi import FastAPI
from starlette.routing import Route

from federation.nemlogin import NemLogIn, NemLogInClient
from federation.present import Present, PresentWorld
from federation.urls import NemLogInUrls
from nemlogin_mock.clients import Clients
from nemlogin_mock.identities import Identities
from nemlogin_mock.local_idps import LocalIdps
from nemlogin_mock.local_login import PENDING_LIFETIME
from nemlogin_mock.logins import Logins
from nemlogin_mock.logout_memory import Logouts
from nemlogin_mock.ports import Names, Ports
from nemlogin_mock.routes import Routes
from nemlogin_mock.session_routes import SessionRoutes
from nemlogin_mock.sessions import SESSION_LIFETIME, Sessions
from oiosaml.ids import IdSource
from oiosaml.keys import DecryptionKey, SigningKey
from saml_web.cookies import session_cookie, transaction_cookie
from saml_web.error_pages import ErrorPages
from saml_web.expiring_memory import ExpiringMemory
from saml_web.pages import Pages
from saml_web.static_files import static_route

MAX_PENDING: Final = 2_000
"""Most logins at local IdPs at once; the oldest are forgotten first."""


def create_app(
    nemlogin: NemLogIn,
    world: PresentWorld,
    *,
    metadata: bytes,
    metadata_towards_idps: bytes,
    clients: Sequence[NemLogInClient],
    urls: NemLogInUrls,
    signing: SigningKey,
    decryption: DecryptionKey,
    starts: tuple[tuple[str, str], ...] = (),
    ids: IdSource,
    entropy: Callable[[int], bytes],
    clock: Callable[[], datetime],
) -> FastAPI:
    """Give NemLog-in as an app whose paths are relative to `urls.base_url`; mount it at `urls.path`.

    `clients` are everybody it serves, the Context Handler among them, with the metadata they have uploaded. `starts` are names and
    addresses of services for the front page. `world` is asked at each request what organisations and systems are called.
    """
    ports = Ports(
        nemlogin=nemlogin,
        metadata=metadata,
        metadata_towards_idps=metadata_towards_idps,
        identities=Identities(nemlogin.identities),
        clients=Clients(clients),
        local_idps=LocalIdps(nemlogin.local_idps),
        logins=Logins(),
        sessions=Sessions(ids=ids),
        logouts=Logouts(),
        pending=ExpiringMemory(lifetime=PENDING_LIFETIME, limit=MAX_PENDING),
        names=Present(world, Names.of),
        signing=signing,
        decryption=decryption,
        urls=urls,
        ids=ids,
        entropy=entropy,
    )
    pages = Pages("nemlogin_mock", base_url=urls.base_url, ids=ids)
    browser = transaction_cookie("nsis_nemlogin_login", base_url=urls.base_url, lifetime=PENDING_LIFETIME)
    cookie = session_cookie("nsis_nemlogin_session", base_url=urls.base_url, lifetime=SESSION_LIFETIME)
    routes = Routes(ports, pages, browser=browser, session=cookie, clock=clock)
    session = SessionRoutes(ports, pages, cookie, starts=starts, clock=clock)
    app = FastAPI(
        title="NemLog-in (simulator)",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        routes=[
            Route("/", session.front_page, methods=["GET"]),
            Route(NemLogInUrls.LOGOUT_PATH, session.begin_logout, methods=["POST"]),
            Route(NemLogInUrls.LOGOUT_BEHAVIOUR_PATH, session.behave, methods=["POST"]),
            Route(NemLogInUrls.SLO_PATH, session.slo_by_redirect, methods=["GET"]),
            Route(NemLogInUrls.SLO_PATH, session.slo_by_post, methods=["POST"]),
            Route(NemLogInUrls.SLO_TOWARDS_IDPS_PATH, session.slo_towards_idps, methods=["GET"]),
            Route(NemLogInUrls.SSO_PATH, routes.sso, methods=["GET"]),
            Route(NemLogInUrls.LOGIN_PATH, routes.login, methods=["POST"]),
            Route(NemLogInUrls.ACS_PATH, routes.consume, methods=["POST"]),
            Route(NemLogInUrls.ATTRIBUTE_QUERY_PATH, routes.attribute_query, methods=["POST"]),
            Route(NemLogInUrls.METADATA_PATH, routes.metadata, methods=["GET"]),
            Route(NemLogInUrls.METADATA_TOWARDS_IDPS_PATH, routes.metadata_towards_idps, methods=["GET"]),
            Route("/healthz", routes.health, methods=["GET"]),
            static_route(),
        ],
    )
    ErrorPages(pages).install(app)
    return app
