"""An address that a stranger wrote: only http(s), no inside, no redirect, bounded (attacks MD-03, MD-04)."""

import gzip
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from context_handler.adapters.metadata_over_http import MAXIMUM_METADATA, MetadataOverHttp
from oiosaml.errors import SamlError

PUBLIC = "93.184.215.14"
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class World:
    """Names, their addresses, and one web server behind all of them."""

    def __init__(self, *addresses: str, answer: httpx.Response | None = None) -> None:
        self.addresses = addresses or (PUBLIC,)
        self.answer = answer or httpx.Response(200, stream=httpx.ByteStream(b"<md/>"))
        self.asked: list[httpx.Request] = []

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        return self.addresses

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answer

    async def fetch(self, url: str, *, allow_private: bool = False) -> bytes:
        async with httpx.AsyncClient(transport=httpx.MockTransport(self.respond)) as client:
            return await MetadataOverHttp(client, allow_private=allow_private, resolve=self.resolve).fetch(url)

    async def refusal(self, url: str) -> str:
        with pytest.raises(SamlError) as refused:
            await self.fetch(url)
        return refused.value.code


async def test_fetches_from_the_address_that_was_checked() -> None:
    world = World()
    assert await world.fetch("https://own.test:8443/metadata?x=1") == b"<md/>"
    (request,) = world.asked
    assert str(request.url) == f"https://{PUBLIC}:8443/metadata?x=1"
    assert request.headers["Host"] == "own.test:8443"
    assert request.extensions["sni_hostname"] == "own.test"


LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0")
PRIVATE = ("10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1")
LINK_LOCAL = ("169.254.169.254", "fe80::1%eth0")


@pytest.mark.parametrize("address", [*LOOPBACK, *PRIVATE, *LINK_LOCAL])
async def test_md_03_refuses_the_inside(address: str) -> None:
    world = World(address)
    assert await world.refusal("http://looks-public.test/") == "md.source"
    assert world.asked == []


async def test_refuses_a_name_with_one_address_outside_and_one_inside() -> None:
    world = World(PUBLIC, "127.0.0.1")
    assert await world.refusal("http://two-faced.test/") == "md.source"
    assert world.asked == []


async def test_a_simulator_may_be_told_to_fetch_from_its_own_machine() -> None:
    assert await World("127.0.0.1").fetch("http://localhost:9000/", allow_private=True) == b"<md/>"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://own.test/",
        "own.test/metadata",
        "//own.test",
        "http://",
        "http://own.test:99999/",
        "http://user:secret@own.test/",
        "http://[::1",
        "",
    ],
)
async def test_refuses_what_is_no_web_address(url: str) -> None:
    world = World()
    assert await world.refusal(url) == "md.source"
    assert world.asked == []


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
async def test_md_03_follows_no_redirect_and_takes_no_error_for_metadata(status: int) -> None:
    world = World(
        answer=httpx.Response(status, headers={"Location": "http://127.0.0.1/"}, stream=httpx.ByteStream(b"<md/>"))
    )
    assert await world.refusal("http://own.test/") == "md.source"
    assert len(world.asked) == 1


async def test_cuts_an_endless_answer_off_while_it_comes() -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1
            yield b"x" * 65536

    assert await World(answer=httpx.Response(200, content=endless())).refusal("http://own.test/") == "size"
    assert given <= MAXIMUM_METADATA // 65536 + 1


async def test_a_broken_connection_is_told() -> None:
    world = World()

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    world.respond = broken  # type: ignore[method-assign]  # this world's server is down
    assert await world.refusal("http://own.test/") == "md.source"


@pytest.mark.parametrize("url", ["http://a..b/", f"http://{'a' * 70}.test/"])
async def test_a_name_that_cannot_be_asked_for_is_told(url: str) -> None:
    async with httpx.AsyncClient() as client:
        with pytest.raises(SamlError) as refused:
            await MetadataOverHttp(client, allow_private=True).fetch(url)
    assert refused.value.code == "md.source"


async def test_nothing_is_unpacked_on_the_way_md_04() -> None:
    """16 kB that stand for 16 MB would be in memory before they could be measured."""
    bomb = gzip.compress(b" " * 16 * 1024 * 1024)
    world = World(answer=httpx.Response(200, content=_once(bomb), headers={"Content-Encoding": "gzip"}))
    assert await world.fetch("http://own.test/") == bomb
    assert world.asked[0].headers["Accept-Encoding"] == "identity"


async def _once(octets: bytes) -> AsyncIterator[bytes]:
    yield octets
