"""Several houses behind one port: requests go to the house with the longest base path that fits. Hosts and `url_for` play no part.

Each house's routes start at its own base URL; `root_path` tells it which part of the path is not its own, as the ASGI spec has it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send


class Dispatcher:
    """An ASGI app made of houses, by path."""

    def __init__(self, houses: Mapping[str, Starlette]) -> None:
        """Take the houses by base URL.

        Raises:
            ValueError: if two houses have one path, for then one of them could never be reached.
        """
        self._by_prefix: dict[str, Starlette] = {}
        for base_url, app in houses.items():
            prefix = urlsplit(base_url).path.rstrip("/")
            if prefix in self._by_prefix:
                raise ValueError(f"two houses have the path {prefix or '/'!r}; give each a base URL of its own")
            self._by_prefix[prefix] = app
        self._longest_first = sorted(self._by_prefix, key=len, reverse=True)
        self._unrouted = Starlette()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or run every house's start and end."""
        if scope["type"] == "lifespan":
            await Starlette(lifespan=self._lifespan)(scope, receive, send)
            return
        prefix, app = self._find(scope["path"])
        await app({**scope, "root_path": scope.get("root_path", "") + prefix}, receive, send)

    def _find(self, path: str) -> tuple[str, ASGIApp]:
        for prefix in self._longest_first:
            # The slash matters: /idp/skovrup must not answer for /idp/skovrupper.
            if path == prefix or path.startswith(prefix + "/"):
                return prefix, self._by_prefix[prefix]
        return "", self._unrouted

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for app in self._by_prefix.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield
