"""One HTTP/1.1 connection to an attribute service, spoken by h11: a request, its answer, and the next.

httpx serves everything else. A query lies on the path of a login, and httpx with its pool, its events and its two writes costs as much CPU
there as four RSA operations; h11, which does httpx's parsing too, costs less than one.
"""

import asyncio
import ssl
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self, cast

import h11
import httpx

from saml_web.local_names import address_of

HEADERS: Final = (
    (b"Content-Type", b"text/xml; charset=utf-8"),
    (b"SOAPAction", b'"http://www.oasis-open.org/committees/security"'),
    (b"Accept", b"text/xml"),
    # A kilobyte that unpacks to a megabyte would be in memory before it is measured; what comes packed all the same stays packed.
    (b"Accept-Encoding", b"identity"),
)


class NoConnectionError(OSError):
    """No connection came about, or the one kept from before was gone: no octet of an answer has come."""


class AnswerTooLongError(Exception):
    """The body is longer than allowed; reading stopped there."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection goes."""

    secure: bool
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes: an origin, and the way from there."""

    origin: Origin
    authority: bytes
    target: bytes

    @classmethod
    def of(cls, url: str) -> Self:
        """Read an absolute http or https URL. A user name in it is not sent.

        Raises:
            ValueError: if it is none.
        """
        try:
            parts = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise ValueError(str(error)) from error
        if parts.scheme not in {"http", "https"} or not parts.raw_host:
            raise ValueError(f"got {url!r:.200}, expected an absolute http or https URL")
        secure = parts.scheme == "https"
        origin = Origin(secure, parts.raw_host.decode("ascii"), parts.port or (443 if secure else 80))
        return cls(origin, parts.netloc, parts.raw_path)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back."""

    status: int
    octets: bytes


class SoapConnection(asyncio.Protocol):
    """A connection that one exchange at a time may use. Whoever cancels an exchange closes the connection."""

    def __init__(self, *, most: int) -> None:
        """`most` is how many octets a body may have."""
        self._most = most
        self._http = h11.Connection(h11.CLIENT)
        self._transport: asyncio.Transport | None = None
        self._awaited: asyncio.Future[HttpAnswer] | None = None
        self._status = 0
        self._octets = bytearray()
        self._heard = False
        self._used = False

    @classmethod
    async def open(cls, origin: Origin, *, tls: ssl.SSLContext | None, seconds: float, most: int) -> Self:
        """Connect within `seconds`.

        Raises:
            NoConnectionError: if nobody answers in time, or not with a certificate that holds.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                _, connection = await loop.create_connection(
                    lambda: cls(most=most),
                    address_of(origin.host),
                    origin.port,
                    ssl=tls,
                    # The certificate is asked for the name, whatever address that name has.
                    server_hostname=origin.host if tls else None,
                )
        except OSError as error:  # time-outs and TLS failures are OSErrors
            raise NoConnectionError(f"got {error!r:.200}") from error
        return connection

    @property
    def reusable(self) -> bool:
        """Whether another exchange may follow: both sides are done, and the other has neither hung up nor said more than asked."""
        idle = self._http.our_state is h11.IDLE and self._http.their_state is h11.IDLE
        return idle and not self._http.trailing_data[0] and self._is_open

    async def exchange(self, address: Address, body: bytes) -> HttpAnswer:
        """Send a request in one write and give the answer.

        Raises:
            NoConnectionError: if a connection that served before is gone; nothing of an answer has come.
            AnswerTooLongError: at the first octet beyond the most, whatever the answer says its length is.
            OSError: if the connection breaks.
            h11.ProtocolError: if the other side speaks no HTTP/1.1, or hangs up in the middle.
        """
        request = _request(address, len(body))
        try:
            answer = await self._sent(request, body)
        except (OSError, h11.RemoteProtocolError) as error:
            if self._used and not self._heard:
                raise NoConnectionError(f"got {error!r:.200}") from error
            raise
        self._used = True
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        return answer

    def close(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    @property
    def _is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def _sent(self, request: h11.Request, body: bytes) -> HttpAnswer:
        if self._transport is None or not self._is_open:
            raise ConnectionResetError("hung up before the request")
        self._heard = False
        self._octets = bytearray()
        self._awaited = asyncio.get_running_loop().create_future()
        send = self._http.send
        parts = (send(request), send(h11.Data(body)), send(h11.EndOfMessage()))
        # One write: two small ones meet Nagle's algorithm here and a delayed acknowledgement there, 40 ms in all.
        self._transport.write(b"".join(part for part in parts if part is not None))
        return await self._awaited

    # --- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to write to."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of asyncio's

    def data_received(self, data: bytes) -> None:
        """Take octets of the awaited answer. Any others would be read as the next query's answer, so they end the connection."""
        if self._awaited is None or self._awaited.done():
            self.close()
            return
        self._heard = True
        self._receive(data)

    def eof_received(self) -> None:
        """Take the end, which ends a body without a length and breaks one with a length off."""
        if self._awaited is not None and not self._awaited.done():
            self._receive(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._fail(exc or ConnectionResetError("hung up"))

    def _receive(self, octets: bytes) -> None:
        try:
            self._http.receive_data(octets)
            self._take_events()
        except (h11.RemoteProtocolError, AnswerTooLongError) as error:
            self._fail(error)

    def _take_events(self) -> None:
        while (event := self._http.next_event()) is not h11.NEED_DATA:
            match event:
                case h11.Response():
                    self._status = event.status_code
                case h11.Data():
                    self._octets += event.data
                    if len(self._octets) > self._most:
                        raise AnswerTooLongError
                case h11.EndOfMessage():
                    self._finish(HttpAnswer(self._status, bytes(self._octets)))
                    return
                case h11.ConnectionClosed():
                    raise h11.RemoteProtocolError("hung up before an answer")
                case _:  # 1xx: not the answer yet
                    continue

    def _finish(self, answer: HttpAnswer) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(answer)

    def _fail(self, error: Exception) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_exception(error)


@lru_cache(maxsize=256)
def _request(address: Address, length: int) -> h11.Request:
    # h11 examines every header anew; queries differ in their length alone
    headers = [(b"Host", address.authority), (b"Content-Length", b"%d" % length), *HEADERS]
    return h11.Request(method="POST", target=address.target, headers=headers)
