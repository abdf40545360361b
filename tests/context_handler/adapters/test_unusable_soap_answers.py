"""Answers that take too long, are too long or are none: refused with the one code, and bounded (attack AQ-05)."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable

import pytest

from context_handler.adapters.soap_over_http import MAXIMUM_ANSWER, TOTAL_SECONDS, SoapOverHttp
from tests.context_handler.adapters.soap_rig import Call, answer, refusal, saying, serving, twice

pytestmark = pytest.mark.anyio

LONG = 3600.0
"""Seconds that pass for the event loop when a test says so, and at no other moment: whatever the machine is busy with."""


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
