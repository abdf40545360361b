"""Answers handed over in one piece are those that go in two, to the octet."""

import gc
import re
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from nsis_sim.http_answers import AnsweringHttp
from saml_web.error_pages import ErrorPages
from saml_web.ids import SystemIds
from saml_web.pages import Pages
from saml_web.whole_answer import WHOLE_ANSWER
from tests.nsis_sim.running import Running, running
from tests.processes import wait_until

BODY = "<p>rødgrød</p>".encode() * 5000
HEADERS = [
    (b"content-length", b"%d" % len(BODY)),
    (b"set-cookie", b"a=b"),
    (b"set-cookie", b"c=d"),
    (b"x", b"tab\tand \xe6"),
]
ODD = {"/break": b"a\r\nb: c", "/line": b"a\nb", "/return": b"a\rb", "/null": b"a\0b", "/delete": b"a\x7fb"}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers in two messages below /plain, and else in one piece."""
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    headers = [*HEADERS, (b"odd", ODD.get(scope["path"], b"even"))]
    if scope["path"].endswith("/close"):
        headers.append((b"connection", b"close"))
    if scope["path"].startswith("/plain"):
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": BODY})
        return
    whole = scope["extensions"][WHOLE_ANSWER]
    await whole(200, headers, BODY)
    if scope["path"] == "/twice":
        await whole(200, headers, BODY)


class Unlogged(AnsweringHttp):
    """As it is where answers are not logged. pytest listens to every logger."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.access_log = False


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(app, Unlogged, monkeypatch) as server:
        yield server


def answers(connect: Running, *requests: bytes) -> bytes:
    """Give all that comes before the connection ends, without its dates."""
    connection = connect()
    connection.sendall(b"".join(requests))
    came = b"".join(iter(lambda: connection.recv(65536), b""))
    return re.sub(rb"date: [^\r]+", b"date: then", came)


def asked(path: str, *, version: str = "1.1", last: bool = True, body: bytes | None = None, expect: str = "") -> bytes:
    method = "GET" if body is None else "POST"
    length = "" if body is None else f"Content-Length: {len(body)}\r\n"
    close = "Connection: close\r\n" if last and version == "1.1" else ""
    return f"{method} {path} HTTP/{version}\r\nHost: localhost\r\n{length}{close}{expect}\r\n".encode() + (body or b"")


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"version": "1.0"},
        {"body": b"x" * 100_000},
        {"body": b"x", "expect": "Expect: 100-continue\r\n"},
    ],
    ids=["kept open no longer", "HTTP/1.0", "a body", "a body that waits"],
)
def test_an_answer_in_one_piece_is_the_same(connect: Running, how: dict[str, object]) -> None:
    whole = answers(connect, asked("/", **how))  # type: ignore[arg-type]  # one of the few there are
    assert BODY in whole
    assert whole == answers(connect, asked("/plain/", **how))  # type: ignore[arg-type]  # see above


def test_a_connection_goes_on_and_requests_that_wait_are_answered_in_turn(connect: Running) -> None:
    whole = answers(connect, asked("/", last=False), asked("/", last=False, body=b"x"), asked("/"))
    assert whole.count(b"HTTP/1.1 200 OK") == 3
    assert whole == answers(connect, *[asked("/plain/", last=False)] * 2, asked("/plain/"))


@pytest.mark.parametrize("last", [False, True])
def test_an_answer_that_says_so_is_the_last(connect: Running, *, last: bool) -> None:
    whole = answers(connect, asked("/close", last=last), asked("/"))
    assert (whole.count(b"HTTP/1.1 200 OK"), whole.count(b"connection: close")) == (1, 1)
    assert whole == answers(connect, asked("/plain/close", last=last), asked("/plain/"))


@pytest.mark.parametrize("logged", [False, True])
def test_after_a_failure_the_client_is_told_that_the_connection_ends(
    monkeypatch: pytest.MonkeyPatch, *, logged: bool
) -> None:
    """The server closes it when it gets the exception, and a request sent into that would be lost."""

    async def fails(request: Request) -> Response:
        if request.url.path == "/fails":
            raise RuntimeError("nobody foresaw")
        return Response(b"well")

    house = Starlette(routes=[Route("/{path:path}", fails)])
    ErrorPages(Pages("context_handler", base_url="http://localhost", ids=SystemIds())).install(house)
    with running(house, AnsweringHttp if logged else Unlogged, monkeypatch) as connect:
        failed = answers(connect, asked("/fails", last=False), asked("/"))
        assert (failed[:12], failed.count(b"HTTP/1.1"), failed.count(b"connection: close")) == (b"HTTP/1.1 500", 1, 1)
        went_well = answers(connect, asked("/", last=False), asked("/"))
        assert went_well.count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize("path", ODD)
def test_no_header_breaks_an_answer_in_two(connect: Running, path: str) -> None:
    refused = answers(connect, asked(path))
    assert (refused[:12], refused.count(b"HTTP/1.1"), BODY in refused) == (b"HTTP/1.1 500", 1, False)


def test_a_request_is_answered_once(connect: Running) -> None:
    twice = answers(connect, asked("/twice", last=False))
    assert (twice.count(b"HTTP/1.1"), twice.count(BODY)) == (1, 1)


def test_answers_that_are_logged_go_the_ordinary_way(monkeypatch: pytest.MonkeyPatch) -> None:
    async def tells(scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200 if "extensions" in scope else 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    for protocol, status in ((AnsweringHttp, b"204"), (Unlogged, b"200")):
        with running(tells, protocol, monkeypatch) as server:
            assert answers(server, asked("/")).split(b" ")[1] == status


def test_a_request_that_was_answered_is_gone_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its body with it: what holds itself would stay until the collector comes round, and that is seldom."""
    requests: list[weakref.ref[object]] = []

    async def remembers(scope: Scope, receive: Receive, send: Send) -> None:
        requests.append(weakref.ref(send.__self__))  # type: ignore[attr-defined]  # uvicorn's own object for a request
        await scope["extensions"][WHOLE_ANSWER](200, HEADERS, BODY)

    with running(remembers, Unlogged, monkeypatch) as connect:
        gc.disable()
        try:
            for _ in range(2):
                answers(connect, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            wait_until(connect.holds_none, "the end of both connections")
            assert [each() for each in requests[:1]] == [None]
        finally:
            gc.enable()
