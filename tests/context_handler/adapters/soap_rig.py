"""Both ends of a SOAP call over a real socket: a server that follows scripts, and what a test asks of the carrier."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from context_handler.adapters.soap_over_http import SoapOverHttp
from oiosaml.errors import SamlError

SERVER_END_SECONDS = 60


def answer(body: bytes, status: str = "200 OK", *, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


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


async def twice(server: Server, carrier: SoapOverHttp, *, once_unusable: bool = False) -> list[bytes]:
    """Ask twice; the second time at once, or once the connection of the first is seen to be of no more use."""
    async with carrier:
        first = await carrier.post_soap(server.url, b"<soap/>")
        while once_unusable and usable(carrier):  # noqa: ASYNC110 - a connection tells nobody
            await asyncio.sleep(0)
        return [first, await carrier.post_soap(server.url, b"<soap/>")]


def usable(carrier: SoapOverHttp) -> bool:
    return any(connection.reusable for kept in carrier._kept.values() for _, connection in kept)
