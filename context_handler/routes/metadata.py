"""The broker's two faces as signed metadata: an IdP towards systems, a system towards home IdPs (context-handler section 2)."""

from collections.abc import Callable
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from context_handler.faces import metadata_towards_idps, metadata_towards_systems
from context_handler.ports import Ports
from federation.urls import ContextHandlerUrls

MEDIA_TYPE = "application/samlmetadata+xml"


class MetadataRoutes:
    """Both metadata documents, made anew at each request: they are small and asked for rarely."""

    def __init__(self, ports: Ports, clock: Callable[[], datetime]) -> None:
        self._ports = ports
        self._clock = clock

    def routes(self) -> list[Route]:
        """List the routes."""
        return [
            Route(ContextHandlerUrls.METADATA_TOWARDS_SYSTEMS_PATH, self.towards_systems),
            Route(ContextHandlerUrls.METADATA_TOWARDS_IDPS_PATH, self.towards_idps),
        ]

    async def towards_systems(self, _request: Request) -> Response:
        """The IdP face."""
        return Response(metadata_towards_systems(self._ports, at=self._clock()), media_type=MEDIA_TYPE)

    async def towards_idps(self, _request: Request) -> Response:
        """The SP face."""
        return Response(metadata_towards_idps(self._ports, at=self._clock()), media_type=MEDIA_TYPE)
