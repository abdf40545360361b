"""How the API lets a request in, before anything of it is read: by whose name it came, and how much of it there may be.

FastAPI reads a body before it asks any dependency, so both are asked here. A page of somebody else's may send a request of any size
without asking us, and may give its own name our address (DNS rebinding): then it is our origin to the browser, and could read the record.
"""

import ipaddress
import json
from collections.abc import Callable, Coroutine
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from oiosaml.errors import SamlError

MOST_JSON_PARTS: Final = 20_000
"""Commas and opening brackets of a JSON body, those in text counted with it: several times what an IdP with 1,000 linked users has."""

LARGEST_WORLD: Final = 8 * 1024 * 1024
"""Octets of one document for `apply`, the longest body there is: some thousand parties with their metadata."""

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def guarded_route(base_url: str) -> type[APIRoute]:
    """Give the class of the API's routes at a broker whose own address is `base_url`."""
    own = urlsplit(base_url).hostname or ""

    class GuardedRoute(APIRoute):
        """Refuses other hosts' requests (`web.csrf`) and bodies that are too long (`size`)."""

        def get_route_handler(self) -> Handler:
            """Wrap the handler."""
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                require_known_host(request, own)
                return await handle(_bounded(request))

            return guarded

    return GuardedRoute


def require_known_host(request: Request, own: str) -> None:
    """Let a request in that was sent to the broker's own name, to an IP address or to a name of this network.

    Raises:
        SamlError: `web.csrf` for any other name: a stranger can point only names with a dot at us.
    """
    host = request.headers.get("host")
    if host is None:
        return  # no browser
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        name = "."
    if name != own and "." in name and not name.endswith(".localhost") and not _is_address(name):
        raise SamlError("web.csrf", f"got Host {host!r:.200}, expected {own}, localhost or an IP address")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _bounded(request: Request) -> Request:
    """Give the request with a body that ends in a refusal once it is too long."""
    left = LARGEST_WORLD

    async def receive() -> Message:
        nonlocal left
        message = await request.receive()
        left -= len(message.get("body", b""))
        if left < 0:
            # FastAPI lets this one exception out of its reading as it is; the error pages turn it into `size`.
            raise HTTPException(413, f"got a body of more than {LARGEST_WORLD} bytes, expected at most that")
        return message

    return _FewParts(request.scope, receive)


class _FewParts(Request):
    """A request whose JSON is counted before it is read: what is read of 8 MB of brackets takes a second and 200 MB (WEB-13)."""

    async def json(self) -> Any:  # noqa: ANN401 - Starlette's own signature
        """Read the body; FastAPI asks this."""
        body = await self.body()
        if sum(map(body.count, (b",", b"[", b"{"))) > MOST_JSON_PARTS:
            raise HTTPException(413, f"got JSON of more than {MOST_JSON_PARTS:,} values, expected at most that")
        try:
            return json.loads(body, object_pairs_hook=_each_once)
        except _TwiceError as error:
            raise HTTPException(400, f"got {error!s:.80} twice in one object, expected each name once") from error


class _TwiceError(Exception):
    """A name stands twice in an object. No ValueError, which would count as no JSON at all."""


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Which of two values counts differs between readers, and attackers live in the difference.
    read: dict[str, Any] = {}
    for name, value in pairs:
        if name in read:
            raise _TwiceError(ascii(name))
        read[name] = value
    return read
