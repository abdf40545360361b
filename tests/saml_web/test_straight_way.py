"""What a login goes through is answered without a router, and answered the same."""

import asyncio

import pytest
from httpx import ASGITransport, AsyncClient
from httpx import Response as Answer
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from oiosaml.errors import SamlError
from saml_web.error_pages import ErrorPages
from saml_web.ids import SystemIds
from saml_web.pages import Pages
from saml_web.straight_way import StraightWay
from saml_web.whole_answer import WHOLE_ANSWER

PAGES = Pages("context_handler", base_url="http://localhost:8000", ids=SystemIds())


async def refusing(request: Request) -> Response:
    if request.url.query == "fail":
        raise RuntimeError("broken")
    if request.url.query:
        raise SamlError("size", "got too much")
    return PlainTextResponse("routed" if "endpoint" in request.scope else "straight")


async def posted(request: Request) -> Response:
    return PlainTextResponse(await request.body())


def ask(method: str, path: str, *, straight: bool = True, root_path: str = "", body: bytes = b"") -> Answer:
    async def send_one() -> Answer:
        transport = ASGITransport(house(straight=straight), raise_app_exceptions=False, root_path=root_path)
        async with AsyncClient(transport=transport, base_url="http://house.test") as client:
            return await client.request(method, path, content=body)

    return asyncio.run(send_one())


def house(*, straight: bool) -> Starlette:
    errors = ErrorPages(PAGES)
    routes = [Route("/in", refusing, methods=["GET"]), Route("/in", posted, methods=["POST"])]
    middleware = [Middleware(StraightWay, routes=routes, errors=errors)] if straight else []
    app = Starlette(routes=routes, middleware=middleware)
    errors.install(app)
    return app


def test_a_listed_route_is_answered_without_the_router():
    assert ask("GET", "/in").text == "straight"
    assert ask("GET", "/in", straight=False).text == "routed"
    assert ask("POST", "/in", body=b"abc").text == "abc"


def test_a_house_below_a_path_is_reached_too():
    assert ask("GET", "/house/in", root_path="/house").text == "straight"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/in?refuse"), ("GET", "/in?fail"), ("HEAD", "/in"), ("PUT", "/in"), ("OPTIONS", "/in"), ("GET", "/in/"), ("GET", "/other")],
)  # fmt: skip
def test_what_is_not_answered_well_is_answered_as_behind_the_router(method, path):
    own = {"content-length", "content-security-policy", "set-cookie"}  # each page has a reference of its own
    first, second = (
        {"status": answer.status_code} | {name: value for name, value in answer.headers.items() if name not in own}
        for answer in (ask(method, path), ask(method, path, straight=False))
    )
    assert first == second


def test_a_path_with_parameters_is_none_for_it():
    with pytest.raises(ValueError, match="without parameters"):
        StraightWay(Starlette(), [Route("/in/{name}", refusing)], ErrorPages(PAGES))


@pytest.mark.parametrize("path", ["/in", "/in?refuse"])
def test_a_server_that_takes_an_answer_whole_gets_it_so_with_every_header(path):
    taken = []

    async def whole(status, headers, body):
        taken.append((status, headers, bytes(body)))

    async def in_two(message):
        raise AssertionError(f"got {message['type']}, expected the answer in one piece")

    async def ask_whole() -> None:
        place, _, query = path.partition("?")
        scope = {"type": "http", "method": "GET", "path": place, "query_string": query.encode(), "headers": [],
                 "extensions": {WHOLE_ANSWER: whole}}  # fmt: skip
        await house(straight=True)(scope, None, in_two)

    asyncio.run(ask_whole())
    ((status, headers, body),) = taken
    ordinary = ask("GET", path)
    assert (status, len(body)) == (ordinary.status_code, len(ordinary.content))
    names = [name for name, _ in headers]
    assert sorted(names) == sorted({*(name.lower().encode() for name in ordinary.headers), *names})
    assert {
        b"cache-control",
        b"content-security-policy",
        b"referrer-policy",
        b"x-content-type-options",
        b"x-frame-options",
    } <= set(names)
