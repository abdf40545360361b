"""Connections that send too much, too slowly or nothing, against a real server on loopback (attack WEB-13)."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from federation.dev_ca_web import WebCertificate, ensure_web_certificate
from nsis_sim import http_limits
from nsis_sim.http_limits import MAX_HEAD_BYTES, MAX_HEADERS, MAX_SILENT_BYTES, MAX_URL_BYTES, LimitedHttp
from saml_web.clock import utc_now
from tests.nsis_sim.running import Running, running
from tests.processes import END_SECONDS, wait_until

HONEST = b"GET /honest HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def app(scope, receive, send):
    """Reads the whole body and says how long it was; an answer of 64 MB where that is asked for."""
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = bytes(64 << 20) if scope["path"] == "/huge" else str(length).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def limits(monkeypatch) -> Callable[..., None]:
    """Makes times short, so that the test need not wait for the real ones."""

    def set_all(**values: float) -> None:
        for name, value in values.items():
            monkeypatch.setattr(http_limits, name, value)

    return set_all


@pytest.fixture
def connect(monkeypatch) -> Iterator[Running]:
    with running(app, LimitedHttp, monkeypatch) as server:
        yield server


def answer_to(connection: socket.socket, octets: bytes = b"") -> bytes:
    """Send, and give the status line: empty if the connection was closed without an answer."""
    try:
        connection.sendall(octets)
        return connection.recv(4096).partition(b"\r\n")[0]
    except (ConnectionResetError, BrokenPipeError):
        return b""


def get(*headers: bytes, path: bytes = b"/") -> bytes:
    return b"\r\n".join([b"GET " + path + b" HTTP/1.1", b"Host: localhost", *headers, b"", b""])


def test_the_largest_honest_head_is_taken(connect):
    value = b"x" * (MAX_HEAD_BYTES // 4)
    assert b" 200 " in answer_to(connect(), get(b"Cookie: " + value, b"X-Other: " + value, path=b"/?" + value))


def test_a_head_that_is_too_long_is_refused_web_13(connect):
    assert b" 431 " in answer_to(connect(), get(b"Cookie: " + b"x" * MAX_HEAD_BYTES))


def test_a_head_without_end_is_refused(connect):
    assert b" 431 " in answer_to(connect(), b"GET / HTTP/1.1\r\nCookie: " + b"x" * (MAX_HEAD_BYTES + 1))


def test_as_many_headers_as_allowed_and_one_more(connect):
    many = [b"X-%d: y" % number for number in range(MAX_HEADERS)]
    assert b" 200 " in answer_to(connect(), get(*many[1:]))
    assert b" 431 " in answer_to(connect(), get(*many))


def test_an_address_that_is_too_long_is_refused(connect):
    assert b" 200 " in answer_to(connect(), get(path=b"/" + b"x" * (MAX_URL_BYTES - 1)))
    assert b" 414 " in answer_to(connect(), get(path=b"/" + b"x" * MAX_URL_BYTES))


def test_a_body_that_comes_with_a_long_head_counts_as_a_body(connect):
    body = b"x" * (2 * MAX_HEAD_BYTES)
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert b" 200 " in answer_to(connect(), head + body)


CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_chunks_with_words_and_trailers_are_taken(connect):
    assert b" 200 " in answer_to(connect(), CHUNKED + b"3;a=b\r\nabc\r\n0\r\nX-One: 1\r\nX-Two: 2\r\n\r\n")


def test_many_small_chunks_are_no_silence(connect):
    assert b" 200 " in answer_to(connect(), CHUNKED + b"1\r\na\r\n" * MAX_SILENT_BYTES + b"0\r\n\r\n")


@pytest.mark.parametrize(
    ("first", "more"),
    [(b"0\r\nX: ", b"y" * 4096), (b"0\r\n", b"x: y\r\n" * 700), (b"1;", b"y" * 4096)],
    ids=["one trailer", "many", "a chunk"],
)
def test_what_never_gets_to_the_next_octet_of_a_body_is_cut_off_web_13(connect, first, more):
    """Trailers are looked at by nobody, have no length and would stay in memory as long as the request."""
    connection = connect()
    connection.sendall(CHUNKED + first)
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        for _ in range(10_000):  # 40 MB
            connection.sendall(more)
    wait_until(connect.holds_none, "the end of the connection")


def test_an_octet_now_and_then_does_not_make_up_for_what_chunks_say_web_13(connect):
    connection, chunk = connect(), b"1;" + b"y" * 15_000 + b"\r\na\r\n"
    connection.sendall(CHUNKED)
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        for _ in range(2_000):  # 30 MB
            connection.sendall(chunk)


def test_a_trailer_is_no_header(monkeypatch):
    """Else a cookie would pass behind the back of whoever filters headers on the way (RFC 9110 6.5.1)."""
    seen: list[list[tuple[bytes, bytes]]] = []

    async def looks_afterwards(scope, receive, send):
        while (await receive()).get("more_body", False):
            pass
        seen.append(list(scope["headers"]))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    with running(looks_afterwards, LimitedHttp, monkeypatch) as connect:
        connection = connect()
        assert b" 204 " in answer_to(connection, CHUNKED + b"1\r\na\r\n0\r\nCookie: a=b\r\n\r\n")
        assert b" 204 " in answer_to(connection, get(b"Cookie: c=d"))
    assert [[value for name, value in headers if name == b"cookie"] for headers in seen] == [[], [b"c=d"]]


def test_whoever_does_not_go_on_is_cut_off(connect, limits):
    limits(HEAD_SECONDS=0.5, BODY_SECONDS=0.5, IDLE_SECONDS=0.1)
    half_a_body = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc"
    # Nothing; half a head; half a body; a request that was answered, and empty lines that put off the end of an idle connection.
    for beginning in (b"", b"GET / HTT", half_a_body, HONEST + b"\r\n\r\n"):
        connect().sendall(beginning)
    wait_until(connect.holds_none, "the end of all four")
    limits(HEAD_SECONDS=END_SECONDS, BODY_SECONDS=END_SECONDS)
    assert b" 200 " in answer_to(connect(), HONEST)


def test_an_octet_a_moment_is_no_way_to_hold_a_connection_web_13(connect, limits):
    limits(BODY_SECONDS=0.5)
    connection = connect()
    connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
    pause = threading.Event()
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        for _ in range(999):
            connection.sendall(b"x")
            pause.wait(0.05)


def test_an_answer_that_is_not_read_is_cut_off(connect, limits):
    limits(UNREAD_SECONDS=0.5)
    connection = connect()
    connection.sendall(get(path=b"/huge"))
    wait_until(connect.holds_none, "the end of the connection")


def test_who_waits_longest_makes_room_and_honest_requests_go_on_web_13(connect, limits):
    limits(MAX_CONNECTIONS=8)
    half_open = [connect() for _ in range(40)]
    for each in half_open:
        answer = answer_to(connect(), HONEST)
        assert b" 200 " in answer
        each.close()


def test_the_limit_on_connections_is_below_what_a_process_may_open():
    assert http_limits.MAX_CONNECTIONS <= 512


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> WebCertificate:
    return ensure_web_certificate(tmp_path_factory.mktemp("tls"), ("ch.localhost",), at=utc_now())


def secured(certificate: WebCertificate, connection: socket.socket) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=certificate.ca)
    return context.wrap_socket(connection, server_hostname="ch.localhost")


def is_answered(certificate: WebCertificate, connection: socket.socket) -> bool:
    """Whether an honest request is; on a machine that is busy its handshake may take too long as well, and it comes again."""
    try:
        with secured(certificate, connection) as honest:
            return b" 200 " in answer_to(honest, HONEST)
    except OSError:
        return False


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["nothing", "half a hello"])
def test_who_does_not_finish_its_handshake_is_cut_off_web_13(said, certificate, monkeypatch):
    with running(app, LimitedHttp, monkeypatch, tls=certificate, handshake_seconds=0.2) as connect:
        waiting = connect()
        waiting.settimeout(40)  # asyncio alone would cut it off after 60
        waiting.sendall(said)
        with suppress(ConnectionResetError):
            assert waiting.recv(1) == b""
        wait_until(lambda: is_answered(certificate, connect()), "the answer to an honest request")
