"""The endpoints that a login goes through, answered before a router looks for the others.

Every refusal becomes the house's error page as it does behind the router; any other failure is Starlette's, which stands in front of both.
"""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from oiosaml.errors import SamlError
from saml_web.error_pages import ErrorPages
from saml_web.whole_answer import give

Endpoint = Callable[[Request], Awaitable[Response]]


class StraightWay:
    """A middleware that answers some of the app's routes itself. The app lists them, too, and answers what is not asked by GET or POST."""

    def __init__(self, app: ASGIApp, routes: Sequence[Route], errors: ErrorPages) -> None:
        """Take routes without parameters in their paths.

        Raises:
            ValueError: if a path has parameters.
        """
        self._app = app
        self._errors = errors
        self._endpoints: dict[tuple[str, str], Endpoint] = {}
        for route in routes:
            if route.param_convertors:
                raise ValueError(f"got {route.path}, expected a path without parameters")
            for method in {"GET", "POST"} & (route.methods or set()):
                self._endpoints.setdefault((method, route.path), route.endpoint)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        endpoint = self._endpoint(scope) if scope["type"] == "http" else None
        if endpoint is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            response = await endpoint(request)
        except SamlError as refusal:
            response = self._errors.answer(request, refusal)
        await give(response, scope, receive, send)

    def _endpoint(self, scope: Scope) -> Endpoint | None:
        return self._endpoints.get((scope["method"], scope["path"].removeprefix(scope.get("root_path", ""))))
