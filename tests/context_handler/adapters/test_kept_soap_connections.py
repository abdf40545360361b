"""Connections that are used again: not for long, not once they are of no use, and never for an answer that nobody asked for."""

import asyncio

import pytest

from context_handler.adapters.soap_over_http import SoapOverHttp
from oiosaml.errors import SamlError
from tests.context_handler.adapters.soap_rig import Call, answer, refusal, saying, serving, twice, usable

pytestmark = pytest.mark.anyio


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
        while usable(carrier):  # noqa: ASYNC110 - a connection tells nobody
            await asyncio.sleep(0)
        assert await carrier.post_soap(server.url, b"<soap/>") == b"2"


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
