"""A request that offers another protocol is answered as if it did not (RFC 9110 7.8), with its body, and so is the one behind it."""

import json
import socket
from collections.abc import Iterator
from http.client import parse_headers

import pytest
from starlette.types import Receive, Scope, Send

from nsis_sim.http_limits import MAX_HEAD_BYTES, MAX_HEADERS, LimitedHttp
from tests.nsis_sim.running import Running, running
from tests.processes import wait_until

JAVA = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nUpgrade: h2c\r\n"
"""What Java's HttpClient adds to each request to an http address."""


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Says what came."""
    octets, more = b"", True
    while more:
        message = await receive()
        octets += message.get("body", b"")
        more = message.get("more_body", False)
    headers = [[name.decode(), value.decode()] for name, value in scope["headers"]]
    said = json.dumps(
        [scope["method"], scope["path"], scope["query_string"].decode(), octets.decode(), headers]
    ).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(said))]})
    await send({"type": "http.response.body", "body": said})


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(app, LimitedHttp, monkeypatch) as server:
        yield server


def request(path: bytes, body: bytes | None = None, *, offer: bytes = JAVA, more: bytes = b"") -> bytes:
    method = b"GET" if body is None else b"POST"
    length = b"" if body is None else b"Content-Length: %d\r\n" % len(body)
    return b"%b %b HTTP/1.1\r\nHost: localhost\r\n%b%b%b\r\n%b" % (method, path, offer, more, length, body or b"")


def answers(connection: socket.socket, number: int) -> list[list[object]]:
    """Read so many answers; of each give method, path, query, body and headers of its request."""
    got = []
    with connection.makefile("rb") as file:
        for _ in range(number):
            assert file.readline() == b"HTTP/1.1 200 OK\r\n"
            length = int(parse_headers(file)["content-length"])
            got.append(json.loads(file.read(length)))
    return got


@pytest.mark.parametrize("offer", [JAVA, b"Connection: upgrade\r\nUpgrade: websocket\r\n", b"Upgrade: h2c\r\n", b""])
def test_the_body_behind_an_offer_arrives(connect: Running, offer: bytes) -> None:
    connection = connect()
    connection.sendall(request(b"/a?b=c", b"SAMLResponse=x", offer=offer))
    assert [said[:4] for said in answers(connection, 1)] == [["POST", "/a", "b=c", "SAMLResponse=x"]]


def test_no_octet_of_a_body_is_read_as_a_request(connect: Running) -> None:
    """Else whoever writes a body writes requests, behind the back of a proxy that looks at each (CWE-444)."""
    hidden = request(b"/hidden", offer=b"")
    connection = connect()
    connection.sendall(request(b"/a", hidden) + request(b"/b", hidden) + request(b"/c", offer=b""))
    assert [said[1] for said in answers(connection, 3)] == ["/a", "/b", "/c"]


@pytest.mark.parametrize("piece", [1, 7, 64])
def test_it_may_come_in_pieces(connect: Running, piece: int) -> None:
    connection = connect()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    octets = request(b"/a", b"one") + request(b"/b", b"two")
    for start in range(0, len(octets), piece):
        connection.sendall(octets[start : start + piece])
    assert [said[3] for said in answers(connection, 2)] == ["one", "two"]


def test_head_and_body_in_two_writes(connect: Running) -> None:
    """As Ktor sends it."""
    connection, body = connect(), b"x" * 100_000
    head, _, _ = request(b"/a", body).partition(b"\r\n\r\n")
    connection.sendall(head + b"\r\n\r\n")
    wait_until(lambda: bool(connect.server.server_state.tasks), "the head was read")
    connection.sendall(body)
    ((_, _, _, got, _),) = answers(connection, 1)
    assert got == body.decode()


def test_a_body_in_chunks(connect: Running) -> None:
    connection = connect()
    chunked = (
        b"POST /a HTTP/1.1\r\nHost: localhost\r\n"
        + JAVA
        + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    connection.sendall(chunked + request(b"/b"))
    assert [said[3] for said in answers(connection, 2)] == ["abcde", ""]


def test_nothing_else_of_the_head_is_lost(connect: Running) -> None:
    connection = connect()
    connection.sendall(request(b"/a", b"x", more=b"Cookie: a=b\r\nCookie: c=d\r\n"))
    ((_, _, _, _, headers),) = answers(connection, 1)
    assert isinstance(headers, list)
    assert [value for name, value in headers if name == "cookie"] == ["a=b", "c=d"]
    assert "upgrade" not in dict(headers)
    assert dict(headers)["connection"] == "Upgrade, HTTP2-Settings"


def test_a_connection_that_is_to_end_ends(connect: Running) -> None:
    connection = connect()
    connection.sendall(request(b"/a", b"x", offer=b"Connection: close, Upgrade\r\nUpgrade: h2c\r\n"))
    assert answers(connection, 1)
    assert connection.recv(1) == b""


@pytest.mark.parametrize("more", [b"X: y\r\n" * MAX_HEADERS, b"X: " + b"y" * MAX_HEAD_BYTES + b"\r\n"])
def test_an_offer_widens_no_limit(connect: Running, more: bytes) -> None:
    connection = connect()
    connection.sendall(request(b"/a", more=more))
    assert connection.recv(4096).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "octets", [b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
)
def test_no_other_protocol_is_spoken(connect: Running, octets: bytes) -> None:
    """A tunnel, and HTTP/2 without asking."""
    connection = connect()
    connection.sendall(octets)
    assert connection.recv(4096).startswith(b"HTTP/1.1 400 ")
