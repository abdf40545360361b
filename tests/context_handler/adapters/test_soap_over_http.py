"""SOAP to an address out of registered metadata: bounded, and every failure has the one code (attacks AQ-05, MD-10)."""

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from context_handler.adapters.soap_over_http import MAXIMUM_ANSWER, TOTAL_SECONDS, SoapOverHttp
from oiosaml.errors import SamlError
from tests.conftest import Member

pytestmark = pytest.mark.anyio

SOON = 0.01
"""Seconds after which a connection that never comes about is given up."""

LONG = 3600.0
"""Seconds that pass for the event loop when a test says so, and at no other moment: whatever the machine is busy with."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def answer(body: bytes, status: str = "200 OK", *, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


SERVER_END_SECONDS = 60


@dataclass
class Server:
    """A server that does to its nth connection what the nth script says; the last script holds for all that follow."""

    scripts: tuple[Callable[["Call"], Awaitable[None]], ...]
    url: str = ""
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    calls: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.calls[task] = writer
        with suppress(OSError, asyncio.IncompleteReadError):  # the client has had enough
            await script(Call(self, reader, writer))
        writer.close()


@dataclass
class Call:
    """One connection, seen by the server."""

    server: Server
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def read(self) -> None:
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        self.server.requests.append(head + await self.reader.readexactly(length))

    async def say(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    async def until_hung_up(self) -> None:
        await self.reader.read()


def saying(*answers: bytes) -> Callable[[Call], Awaitable[None]]:
    """Reads and answers as often as there are answers, then hangs up."""

    async def script(call: Call) -> None:
        for octets in answers:
            await call.read()
            await call.say(octets)

    return script


def let_pass(seconds: float) -> None:
    """Let so much time pass for the event loop of the test."""
    loop = asyncio.get_running_loop()
    before = loop.time
    loop.time = lambda: before() + seconds  # type: ignore[method-assign]  # this loop's own, which ends with the test


async def hanging(call: Call) -> None:
    await call.read()
    let_pass(LONG)
    await call.until_hung_up()


async def dripping(call: Call) -> None:
    await call.read()
    for octet in answer(b"x" * 100):
        await call.say(bytes([octet]))
        let_pass(TOTAL_SECONDS / 50)
        await asyncio.sleep(0)
    await call.until_hung_up()


async def endless(call: Call) -> None:
    await call.read()
    await call.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await call.say(b"10000\r\n" + b"x" * 65536 + b"\r\n")


@asynccontextmanager
async def serving(
    *scripts: Callable[[Call], Awaitable[None]], tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    server = Server(scripts)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    scheme = "https" if tls else "http"
    server.url = f"{scheme}://127.0.0.1:{listener.sockets[0].getsockname()[1]}/soap?of=us"
    async with listener:
        yield server
        # Hung up and waited for, not cancelled: a cancelled handler leaves its socket to the garbage collector.
        for writer in server.calls.values():
            writer.transport.abort()
        if server.calls:
            await asyncio.wait(server.calls, timeout=SERVER_END_SECONDS)


async def refusal(carrier: SoapOverHttp, url: str) -> SamlError:
    with pytest.raises(SamlError) as refused:
        async with carrier:
            await carrier.post_soap(url, b"<soap/>")
    assert refused.value.code == "aq.transport"
    return refused.value


async def test_aq_05_control_the_answer_is_given() -> None:
    async with serving(saying(answer(b"<answer/>"))) as server, SoapOverHttp() as carrier:
        assert await carrier.post_soap(server.url, b"<soap/>") == b"<answer/>"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /soap?of=us HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Accept-Encoding: identity" in head
    assert body == b"<soap/>"


async def test_a_soap_fault_is_an_answer() -> None:
    async with serving(saying(answer(b"<fault/>", "500 Broken"))) as server, SoapOverHttp() as carrier:
        assert await carrier.post_soap(server.url, b"<soap/>") == b"<fault/>"


@pytest.mark.parametrize("status", ["404 Not Found", "302 Found", "204 No Content"])
async def test_another_status_is_refused_and_no_redirect_followed(status: str) -> None:
    async with serving(saying(answer(b"", status, headers="Location: /soap\r\n"))) as server:
        assert status[:3] in (await refusal(SoapOverHttp(), server.url)).detail
    assert len(server.requests) == 1


async def test_interim_answers_are_passed_over() -> None:
    octets = b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(b"<answer/>")
    async with serving(saying(octets)) as server, SoapOverHttp() as carrier:
        assert await carrier.post_soap(server.url, b"<soap/>") == b"<answer/>"


async def test_a_body_without_length_ends_with_the_connection() -> None:
    async with serving(saying(b"HTTP/1.1 200 OK\r\n\r\n<answer/>")) as server, SoapOverHttp() as carrier:
        assert await carrier.post_soap(server.url, b"<soap/>") == b"<answer/>"


# --- connections that are used again


async def twice(server: Server, carrier: SoapOverHttp, *, once_unusable: bool = False) -> list[bytes]:
    """Ask twice; the second time at once, or once the connection of the first is seen to be of no more use."""
    async with carrier:
        first = await carrier.post_soap(server.url, b"<soap/>")
        while once_unusable and usable(carrier):  # noqa: ASYNC110 - a connection tells nobody
            await asyncio.sleep(0)
        return [first, await carrier.post_soap(server.url, b"<soap/>")]


def usable(carrier: SoapOverHttp) -> bool:
    return any(connection.reusable for kept in carrier._kept.values() for _, connection in kept)


async def test_a_connection_is_used_again() -> None:
    async with serving(saying(answer(b"1"), answer(b"2"))) as server:
        assert await twice(server, SoapOverHttp()) == [b"1", b"2"]
    assert server.connections == 1


async def test_a_connection_is_not_kept_for_long() -> None:
    async with serving(saying(answer(b"1"), answer(b"2"))) as server:
        assert await twice(server, SoapOverHttp(kept_seconds=0)) == [b"1", b"1"]
    assert server.connections == 2


async def test_a_connection_that_was_hung_up_meanwhile_is_not_used() -> None:
    async with serving(saying(answer(b"1"))) as server:
        assert await twice(server, SoapOverHttp(), once_unusable=True) == [b"1", b"1"]
    assert server.connections == 2


async def test_a_kept_connection_that_ends_in_silence_is_tried_once_more_on_a_fresh_one() -> None:
    async def hangs_up_on_the_second(call: Call) -> None:
        await saying(answer(b"1"))(call)
        await call.read()

    async with serving(hangs_up_on_the_second, saying(answer(b"2"))) as server:
        assert await twice(server, SoapOverHttp()) == [b"1", b"2"]
    assert (server.connections, len(server.requests)) == (2, 3)


async def test_a_kept_connection_that_ends_after_the_first_octet_is_not_tried_again() -> None:
    async with serving(saying(answer(b"1"), b"H")) as server, SoapOverHttp() as carrier:
        await carrier.post_soap(server.url, b"<soap/>")
        await refusal(carrier, server.url)
    assert (server.connections, len(server.requests)) == (1, 2)


async def test_a_fresh_connection_that_ends_in_silence_is_not_tried_again() -> None:
    async with serving(saying(b"")) as server:
        await refusal(SoapOverHttp(), server.url)
    assert len(server.requests) == 1


@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
async def test_octets_that_nobody_asked_for_are_not_the_next_answer(*, later: bool) -> None:
    first_is_here = asyncio.Event()

    async def says_too_much(call: Call) -> None:
        await call.read()
        await call.say(answer(b"1") + (b"" if later else answer(b"planted")))
        if later:
            await first_is_here.wait()
            await call.say(answer(b"planted"))
        await call.until_hung_up()

    async with serving(says_too_much, saying(answer(b"2"))) as server, SoapOverHttp() as carrier:
        assert await carrier.post_soap(server.url, b"<soap/>") == b"1"
        assert usable(carrier) or not later
        first_is_here.set()
        while usable(carrier):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0)
        assert await carrier.post_soap(server.url, b"<soap/>") == b"2"


# --- answers that take too long, are too long or are none


@pytest.mark.parametrize("script", [hanging, dripping])
async def test_aq_05_slow_or_hanging(script: Callable[[Call], Awaitable[None]]) -> None:
    async with serving(script) as server:
        assert "TimeoutError" in (await refusal(SoapOverHttp(), server.url)).detail
    assert server.connections == 1


async def test_aq_05_huge() -> None:
    async with serving(endless) as server:
        assert str(MAXIMUM_ANSWER) in (await refusal(SoapOverHttp(), server.url)).detail


async def test_aq_05_as_long_as_allowed() -> None:
    async with serving(saying(answer(b"x" * MAXIMUM_ANSWER))) as server, SoapOverHttp() as carrier:
        assert len(await carrier.post_soap(server.url, b"<soap/>")) == MAXIMUM_ANSWER


async def test_aq_05_nothing_is_unpacked_on_the_way() -> None:
    bomb = gzip.compress(b" " * 16 * 1024 * 1024)
    octets = answer(bomb, headers="Content-Encoding: gzip\r\n")
    async with serving(saying(octets)) as server, SoapOverHttp() as carrier:
        assert await carrier.post_soap(server.url, b"<soap/>") == bomb, (
            "the parser refuses it; unpacked it would be 16 MB"
        )


@pytest.mark.parametrize(
    "octets",
    [
        answer(b"<answer/>")[:-1],
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n<ans",
        b"SSH-2.0-sshd\r\n\r\n",
        b"\x00\xff\x00\xff\r\n\r\n",
        answer(b"<answer/>", headers="Content-Length: 9\r\n"),
        answer(b"9\r\n<answer/>\r\n0\r\n\r\n", headers="Transfer-Encoding: chunked\r\n"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n9\r\n<answer/>\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n<answer/>",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n" + answer(b"<answer/>"),
        b"HTTP/1.1 200 OK\r\nContent Length: 9\r\n\r\n<answer/>",
        b"HTTP/1.1 200 OK\nContent-Length: 9\n\n<answer/>",
        b"HTTP/2.0 200 OK\r\nContent-Length: 9\r\n\r\n<answer/>",
    ],
    ids=[
        "cut in the body",
        "cut in the head",
        "cut in a chunk",
        "another protocol",
        "garbage",
        "two lengths",
        "a length and chunks",
        "another coding",
        "no coding",
        "upgrade",
        "a name with a space",
        "bare line feeds",
        "another version",
    ],
)
async def test_aq_05_cut_or_garbage(octets: bytes) -> None:
    async with serving(saying(octets)) as server:
        await refusal(SoapOverHttp(), server.url)
    assert len(server.requests) == 1


async def test_control_chunks_are_an_answer() -> None:
    octets = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n<ans\r\n5\r\nwer/>\r\n0\r\n\r\n"
    async with serving(saying(octets, octets)) as server:
        assert await twice(server, SoapOverHttp()) == [b"<answer/>"] * 2
    assert server.connections == 1


@pytest.mark.parametrize(
    "piece", [b"x" * 1000, b"X: y\r\n" * 100, b"\r\nHTTP/1.1 103 Early Hints\r\n"], ids=["line", "lines", "hints"]
)
async def test_aq_05_endless_head(piece: bytes) -> None:
    async def never_gets_to_the_body(call: Call) -> None:
        await call.read()
        await call.say(b"HTTP/1.1 103 Early Hints\r\nX: ")
        while True:
            await call.say(piece)

    async with serving(never_gets_to_the_body) as server:
        # Refused for its length, and not when the time was up.
        assert "BrokenAnswerError" in (await refusal(SoapOverHttp(), server.url)).detail


@pytest.mark.parametrize(
    "piece",
    [b"0\r\nX: " + b"y" * 1000, b"0\r\n" + b"X: y\r\n" * 100, b"1;" + b"y" * 1000],
    ids=["trailer", "trailers", "chunk"],
)
async def test_aq_05_endless_within_an_answer(piece: bytes) -> None:
    """What is no octet of the body counts as well: chunks that speak of themselves, trailers."""

    async def never_gets_to_the_end(call: Call) -> None:
        await call.read()
        await call.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n<a/>\r\n" + piece)
        while True:
            await call.say(piece[3:])

    async with serving(never_gets_to_the_end) as server:
        assert "BrokenAnswerError" in (await refusal(SoapOverHttp(), server.url)).detail


async def test_control_a_trailer_is_passed_over() -> None:
    octets = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n<answer/>\r\n0\r\nX: 3\r\n\r\n"
    async with serving(saying(octets, octets)) as server:
        assert await twice(server, SoapOverHttp()) == [b"<answer/>"] * 2


async def test_a_connection_that_the_other_will_close_is_not_used_again() -> None:
    async with serving(saying(answer(b"1", headers="Connection: close\r\n"), answer(b"2"))) as server:
        assert await twice(server, SoapOverHttp()) == [b"1", b"1"]
    assert server.connections == 2


async def test_silence_after_an_answer_without_a_body_is_no_answer() -> None:
    empty = b"HTTP/1.1 204 No Content\r\n\r\n"

    async def hangs_up_on_the_second(call: Call) -> None:
        await saying(empty)(call)
        await call.read()

    async with serving(hangs_up_on_the_second, saying(answer(b"2"))) as server, SoapOverHttp() as carrier:
        with pytest.raises(SamlError, match="204"):
            await carrier.post_soap(server.url, b"<soap/>")
        assert await carrier.post_soap(server.url, b"<soap/>") == b"2"


# --- no connection


async def test_refused_is_tried_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    connect, tried = loop.create_connection, []

    async def counted(*arguments: object, **options: object) -> object:
        tried.append(arguments)
        return await connect(*arguments, **options)  # type: ignore[call-overload]  # whatever it was given

    monkeypatch.setattr(loop, "create_connection", counted)
    with socket.socket() as nobody:  # bound and not listening: the port is refused
        nobody.bind(("127.0.0.1", 0))
        await refusal(SoapOverHttp(), f"http://127.0.0.1:{nobody.getsockname()[1]}/")
    assert len(tried) == 2


async def test_nobody_answers_the_knock_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
    assert "NoConnectionError" in (await refusal(SoapOverHttp(connect_seconds=SOON), "http://own.test/")).detail


def server_tls(member: Member, directory: Path) -> ssl.SSLContext:
    path = directory / "server.pem"
    path.write_bytes(member.key_pem + member.certificate_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def tls(idp: Member, tmp_path: Path) -> ssl.SSLContext:
    return server_tls(idp, tmp_path)


async def test_a_certificate_that_nobody_trusts_is_refused(tls: ssl.SSLContext) -> None:
    async with serving(saying(answer(b"<answer/>")), tls=tls) as server:
        await refusal(SoapOverHttp(), server.url)
    assert not server.requests


async def test_control_the_same_with_trust(idp: Member, tls: ssl.SSLContext) -> None:
    trusting = ssl.create_default_context(cadata=idp.certificate_pem.decode())
    trusting.check_hostname = False  # the member's certificate names no host
    async with serving(saying(answer(b"1"), answer(b"2")), tls=tls) as server:
        assert await twice(server, SoapOverHttp(tls=lambda: trusting)) == [b"1", b"2"]
    assert server.connections == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://xn--zz99/",
        "https://\u2603.test/",
        "https://[v1.x]/",
        "ftp://own.test/",
        "https:///soap",
        "http://own.test:99999/",
        f"http://{'a' * 64}.test/",
    ],
)
async def test_address_that_is_none(url: str) -> None:
    await refusal(SoapOverHttp(), url)
