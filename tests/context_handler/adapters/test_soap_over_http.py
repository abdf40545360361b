"""SOAP to an address out of registered metadata: bounded, and every failure has the one code (attacks AQ-05, MD-10)."""

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from context_handler.adapters.soap_over_http import MAXIMUM_ANSWER, SoapOverHttp
from oiosaml.errors import SamlError

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def ask(answer: httpx.Response, url: str = "https://own.test/soap") -> bytes:
    async with SoapOverHttp.make_client(httpx.MockTransport(lambda _: answer)) as client:
        return await SoapOverHttp(client).post_soap(url, b"<soap/>")


async def endless(piece: bytes, times: int) -> AsyncIterator[bytes]:
    for _ in range(times):
        yield piece


async def test_aq_05_control_the_answer_is_given() -> None:
    assert await ask(httpx.Response(500, stream=httpx.ByteStream(b"<fault/>"))) == b"<fault/>"


async def test_aq_05_huge() -> None:
    with pytest.raises(SamlError) as refused:
        await ask(httpx.Response(200, content=endless(b"x" * 65536, MAXIMUM_ANSWER // 65536 + 1)))
    assert refused.value.code == "aq.transport"


async def test_aq_05_nothing_is_unpacked_on_the_way() -> None:
    bomb = gzip.compress(b" " * 16 * 1024 * 1024)
    answer = httpx.Response(200, content=endless(bomb, 1), headers={"Content-Encoding": "gzip"})
    assert await ask(answer) == bomb, "the parser refuses it; unpacked it would be 16 MB"


@pytest.mark.parametrize("url", ["https://xn--zz99/", "https://\u2603.test/", "https://[v1.x]/"])
async def test_address_that_is_none(url: str) -> None:
    with pytest.raises(SamlError) as refused:
        await ask(httpx.Response(200), url)
    assert refused.value.code == "aq.transport"
