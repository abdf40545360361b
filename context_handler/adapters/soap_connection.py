"""One HTTP/1.1 connection to an attribute service: a request in one write, its answer read by llhttp, and the next.

httpx serves everything else. A query lies on the path of a login, and httpx with its pool, its events and its two writes costs as much CPU
there as four RSA operations. llhttp also reads what comes to the broker; it is strict unless told otherwise, and bounds nothing, which
is done here.
"""

import asyncio
import re
import ssl
from dataclasses import dataclass
from typing import Final, Self, cast

import httptools
import httpx

from saml_web.local_names import address_of

MAXIMUM_HEAD: Final = 16 * 1024
"""How many octets may come before a body begins, interim answers among them. Our choice."""

MAXIMUM_SILENCE: Final = 16 * 1024
"""How many octets may come within an answer that belong to no body: what chunks say of themselves, and trailers, which have no other end
and are not read. Each octet of the body makes up for MADE_UP_FOR of them. Our choice."""

MADE_UP_FOR: Final = 128
"""What may come with an octet of a body: the smallest chunk needs five octets of its own. Our choice."""

_HEADERS: Final = (
    b"Content-Type: text/xml; charset=utf-8\r\n"
    b'SOAPAction: "http://www.oasis-open.org/committees/security"\r\n'
    b"Accept: text/xml\r\n"
    # A kilobyte that unpacks to a megabyte would be in memory before it is measured; what comes packed all the same stays packed.
    b"Accept-Encoding: identity\r\n"
)

_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
"""Headers that say where a body ends."""

_VERSIONS: Final = frozenset({"1.1", "1.0"})

_FINAL: Final = 200
"""The lowest status of an answer that is no interim one."""

_VISIBLE: Final = re.compile(rb"[!-~]+").fullmatch


class NoConnectionError(OSError):
    """No connection came about, or the one kept from before was gone: no octet of an answer has come."""


class BrokenAnswerError(Exception):
    """What came is no HTTP/1.1 answer, or only a part of one."""


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
    """Where a message goes: an origin, and how each request there begins."""

    origin: Origin
    head: bytes
    """The request's head up to the length of its body."""

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
        if not (_VISIBLE(parts.netloc) and _VISIBLE(parts.raw_path)):
            raise ValueError(f"got {url!r:.200}, expected a URL of visible ASCII")
        return cls(origin, b"POST %b HTTP/1.1\r\nHost: %b\r\n%b" % (parts.raw_path, parts.netloc, _HEADERS))


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
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._awaited: asyncio.Future[HttpAnswer] | None = None
        self._octets = bytearray()
        self._head_octets = 0
        self._silent_octets = 0
        """What came beyond what the body makes up for."""
        self._framing: bytes | None = None
        """The header that says where the body ends. Without one it ends with the connection."""
        self._in_body = False
        self._heard = False
        self._used = False
        self._done = False
        """Whether the last answer is whole, nothing came behind it, and the other side keeps the connection."""

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
        return self._done and self._is_open

    async def exchange(self, address: Address, body: bytes) -> HttpAnswer:
        """Send a request in one write and give the answer.

        Raises:
            NoConnectionError: if a connection that served before is gone; nothing of an answer has come.
            AnswerTooLongError: at the first octet beyond the most, whatever the answer says its length is.
            OSError: if the connection breaks.
            BrokenAnswerError: if the other side speaks no HTTP/1.1, or hangs up in the middle.
        """
        try:
            answer = await self._sent(b"%bContent-Length: %d\r\n\r\n%b" % (address.head, len(body), body))
        except (OSError, BrokenAnswerError) as error:
            if self._used and not self._heard:
                raise NoConnectionError(f"got {error!r:.200}") from error
            raise
        self._used = True
        return answer

    def close(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    @property
    def _is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def _sent(self, request: bytes) -> HttpAnswer:
        if self._transport is None or not self._is_open:
            raise ConnectionResetError("hung up before the request")
        self._heard = self._done = self._in_body = False
        self._octets, self._head_octets, self._silent_octets = bytearray(), 0, 0
        self._awaited = asyncio.get_running_loop().create_future()
        # One write: two small ones meet Nagle's algorithm here and a delayed acknowledgement there, 40 ms in all.
        self._transport.write(request)
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
        self._silent_octets += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._done = False
            self._fail(BrokenAnswerError(f"{error.__context__ or error!r:.200}"))
        if not self._in_body:
            self._head_octets += len(data)
            if self._head_octets > MAXIMUM_HEAD:
                self._fail(BrokenAnswerError(f"got a head of more than {MAXIMUM_HEAD} octets"))
        elif self._silent_octets > MAXIMUM_SILENCE:
            self._fail(
                BrokenAnswerError(f"got {self._silent_octets} octets of trailers, or of what chunks say of themselves")
            )

    def eof_received(self) -> None:
        """Take the end, which ends a body without a length and breaks one with a length off."""
        if self._in_body and self._framing is None:
            self._finish()
        self._fail(BrokenAnswerError("hung up before the end of an answer"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._fail(exc or ConnectionResetError("hung up"))

    # --- what llhttp calls

    def on_message_begin(self) -> None:
        """Begin an answer. One behind the answer that was awaited is nobody's, and its connection not to be used again."""
        self._framing, self._in_body, self._done = None, False, False

    def on_header(self, name: bytes, value: bytes) -> None:
        """See how the body ends: by one length, or by chunks under no other coding (RFC 9112 6.3)."""
        name = name.lower()
        if name in _FRAMING and not self._in_body:
            if self._framing is not None or (name == b"transfer-encoding" and value.lower() != b"chunked"):
                raise BrokenAnswerError("got a body whose end can be read in two ways")
            self._framing = name

    def on_headers_complete(self) -> None:
        """Begin the body, if this is no interim answer."""
        if self._parser.get_http_version() not in _VERSIONS:
            raise BrokenAnswerError(f"got HTTP/{self._parser.get_http_version()}, expected HTTP/1.1")
        self._in_body = self._parser.get_status_code() >= _FINAL

    def on_body(self, octets: bytes) -> None:
        """Take a part of the body."""
        self._silent_octets = max(0, self._silent_octets - MADE_UP_FOR * len(octets))
        if self._is_awaited:
            self._octets += octets
            if len(self._octets) > self._most:
                self._fail(AnswerTooLongError())

    def on_message_complete(self) -> None:
        """Give the answer to whoever waits. An interim one is not it."""
        if self._in_body and self._is_awaited:
            self._done = self._parser.should_keep_alive()
            self._finish()

    @property
    def _is_awaited(self) -> bool:
        return self._awaited is not None and not self._awaited.done()

    def _finish(self) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(HttpAnswer(self._parser.get_status_code(), bytes(self._octets)))

    def _fail(self, error: Exception) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_exception(error)
