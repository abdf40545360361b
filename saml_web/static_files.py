"""Stylesheets, fonts and icons, under a URL that holds their version, so that browsers may keep them for a year.

Only files found when the module's package was read are served, by exact name: no path from a request ever reaches the
file system.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

STATIC_PATH: Final = "/_sim/static"
"""Where each house serves them, below its own base URL."""

_ROOT: Final = Path(__file__).parent / "static"
_MEDIA_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
}
_HEADERS: Final = {"Cache-Control": "public, max-age=31536000, immutable"}


@cache
def static_names() -> frozenset[str]:
    """Give the name of every file that is served, relative to the static root."""
    return frozenset(
        path.relative_to(_ROOT).as_posix()
        for path in _ROOT.rglob("*")
        if path.is_file() and path.suffix in _MEDIA_TYPES
    )


@cache
def static_version() -> str:
    """Give twelve hexadecimal digits that change when any static file does."""
    digest = hashlib.sha256()
    for name in sorted(static_names()):
        digest.update(name.encode() + b"\0" + hashlib.sha256((_ROOT / name).read_bytes()).digest())
    return digest.hexdigest()[:12]


def static_url(name: str, *, prefix: str = "") -> str:
    """Give the root-relative URL of a static file; `prefix` is the path of the base URL the house is reached at.

    Raises:
        KeyError: if there is no such file: a misspelt name fails the first test that renders the page.
    """
    if name not in static_names():
        raise KeyError(name)
    return f"{prefix}{STATIC_PATH}/{static_version()}/{name}"


def static_route() -> Route:
    """Give the route that serves the files. The version in the URL is not compared: it only makes the URL new."""
    return Route(f"{STATIC_PATH}/{{version}}/{{name:path}}", _serve, methods=["GET"], name="static")


async def _serve(request: Request) -> FileResponse:
    name = request.path_params["name"]
    if name not in static_names():
        raise HTTPException(404)
    return FileResponse(_ROOT / name, media_type=_MEDIA_TYPES[Path(name).suffix], headers=_HEADERS)
