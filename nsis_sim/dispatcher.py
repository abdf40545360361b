"""Several houses behind one port: requests go to the house with the longest base path that fits.

The Host header plays no part as long as paths tell the houses apart. Where two houses have the same path on different hosts, as in
realistic addressing, the host picks among the configured ones, and a host that nobody configured gets an answer from nobody: no URL is
ever built from it. `url_for` plays no part at all.

Each house's routes start at its own base URL; `root_path` tells it which part of the path is not its own, as the ASGI spec has it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from saml_web.security_headers import with_default_headers

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_MISDIRECTED: Final = 421


class Dispatcher:
    """An ASGI app made of houses, by path and, where paths do not tell them apart, by host."""

    def __init__(self, houses: Mapping[str, Starlette]) -> None:
        """Take the houses by base URL.

        Raises:
            ValueError: if two houses have one base URL, for then one of them could never be reached.
        """
        paths = [urlsplit(base_url).path.rstrip("/") for base_url in houses]
        self._by_host = len(set(paths)) < len(paths)
        self._houses = houses
        self._streets: dict[str, _Street] = {}
        for base_url, app in houses.items():
            host = _authority(base_url) if self._by_host else ""
            self._streets.setdefault(host, _Street()).add(urlsplit(base_url).path.rstrip("/"), app)
        self._unrouted = Starlette()
        self._unrouted.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or run every house's start and end."""
        if scope["type"] == "lifespan":
            await Starlette(lifespan=self._lifespan)(scope, receive, send)
            return
        send = with_default_headers(send)
        street = self._streets.get(_host_of(scope) if self._by_host else "")
        if street is None:
            known = ", ".join(sorted(self._streets))
            await PlainTextResponse(
                f"SIMULATOR: nobody lives at that host name. There is {known}.\n", status_code=_MISDIRECTED
            )(scope, receive, send)
            return
        prefix, app = street.find(scope["path"]) or ("", self._unrouted)
        # A house's own address is its front page, with or without the slash.
        path = scope["path"] if scope["path"] != prefix else f"{prefix}/"
        await app({**scope, "path": path, "root_path": scope.get("root_path", "") + prefix}, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for app in self._houses.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield


class _Street:
    """The houses of one host, by path."""

    def __init__(self) -> None:
        self._by_prefix: dict[str, ASGIApp] = {}
        self._longest_first: tuple[str, ...] = ()

    def add(self, prefix: str, app: ASGIApp) -> None:
        if prefix in self._by_prefix:
            raise ValueError(f"two houses have the path {prefix or '/'!r}; give each a base URL of its own")
        self._by_prefix[prefix] = app
        self._longest_first = tuple(sorted(self._by_prefix, key=len, reverse=True))

    def find(self, path: str) -> tuple[str, ASGIApp] | None:
        for prefix in self._longest_first:
            # The slash matters: /idp/skovrup must not answer for /idp/skovrupper.
            if path == prefix or path.startswith(prefix + "/"):
                return prefix, self._by_prefix[prefix]
        return None


def _authority(base_url: str) -> str:
    parts = urlsplit(base_url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{host}:{parts.port or _DEFAULT_PORTS[parts.scheme]}"


def _host_of(scope: Scope) -> str:
    """Give the host a request names, with its port, in lower case; empty if it names none, or several."""
    named = [value for name, value in scope["headers"] if name == b"host"]
    if len(named) != 1:
        return ""
    host = named[0].decode("latin-1").lower()
    has_port = ":" in host.rpartition("]")[2]
    return host if has_port else f"{host}:{_DEFAULT_PORTS.get(scope.get('scheme', 'http'), 80)}"
