"""Whether the broker runs, and whether it can do its work."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from context_handler.ports import Ports


class HealthRoutes:
    """Two questions for whoever starts and watches the broker."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def routes(self) -> list[Route]:
        """List the routes."""
        return [Route("/healthz", self.alive), Route("/readyz", self.ready)]

    async def alive(self, _request: Request) -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        """The store can be read and somebody is registered: logins can succeed."""
        registry = self._ports.registry()
        systems, idps = len(registry.systems()), len(registry.idps())
        return JSONResponse(
            {"status": "ok" if systems and idps else "empty", "systems": systems, "idps": idps},
            status_code=200 if systems and idps else 503,
        )
