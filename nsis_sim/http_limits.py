"""What one connection may send and how long it may take: uvicorn bounds neither a request's head nor the time a request takes.

A client that sends an octet a second, or none, holds one connection and nothing else; when connections run out, the one that has kept us
waiting longest makes room, so that honest logins go on (attack WEB-13). An honest client is never among those: its request is here whole
within a moment. Nothing here looks at what a request says.
"""

import asyncio
import math
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from nsis_sim.http_upgrades import UndistractedParser

MAX_HEAD_BYTES: Final = 48 * 1024
"""Octets of a request's line and headers together: a query of 16 kB, and twice the 8 kB of cookies that most servers stop at."""

MAX_SILENT_BYTES: Final = 16 * 1024
"""Octets of a request under way that belong to no body: what chunks say of themselves, and trailers, which have no other end (attack
WEB-13). Nothing of that is used. Each octet of the body makes up for OCTETS_MADE_UP_FOR of them."""

OCTETS_MADE_UP_FOR: Final = 128
"""What may come with an octet of a body: the smallest chunk needs five octets of its own, and some clients sign each."""

MAX_URL_BYTES: Final = 17 * 1024
"""Octets of a request's path and query: the longest query that a house reads, and a path."""

MAX_HEADERS: Final = 100
"""Most headers of a request. Browsers send about twenty, and proxies add a few."""

HANDSHAKE_SECONDS: Final = 5.0
"""How long a TLS handshake may take: two round trips and a signature, which a slow mobile link does in two seconds. Until it is done nobody
counts the connection, so that it must not last; asyncio alone would give it a minute."""

HEAD_SECONDS: Final = 10.0
"""How long a request's line and headers may take, from the connection or the first octet on: a slow mobile link needs two."""

BODY_SECONDS: Final = 30.0
"""How long a body may take, from the headers on: 512 kB at 140 kbit/s, slower than any link that shows our pages."""

UNREAD_SECONDS: Final = 30.0
"""How long a client may leave an answer unread before its connection is cut."""

IDLE_SECONDS: Final = 5
"""How long a connection may stand idle between two requests. Browsers open a new one without anybody noticing."""

MAX_CONNECTIONS: Final = 512
"""Connections held at a time: half of the 1,024 files that Linux lets a process open, the rest is for the store and for peers."""

_RETRY_AFTER: Final = b"retry-after: 1\r\n"


class LimitedHttp(HttpToolsProtocol):
    """uvicorn's protocol with an end to everything. `enforce_times` is to be called about once a second."""

    _due: float = math.inf
    """When what we wait for must be here, by the loop's clock."""
    waiting_since: float = math.inf
    """Since when it is the client's turn; infinite while it is ours."""
    _unread_since: float = math.inf
    _head_bytes: int = 0
    _in_head: bool = True
    _in_body: bool = False
    _silent_bytes: int = 0
    """What came of this request beyond what its body makes up for."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(*arguments, **options)
        self.parser: UndistractedParser = UndistractedParser(self)  # type: ignore[assignment]  # has what uvicorn asks of a parser

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Take a connection, in the place of another one if there are too many."""
        super().connection_made(transport)
        self._wait(HEAD_SECONDS)
        if len(self.connections) > MAX_CONNECTIONS:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Take octets. A head without end is refused by what came, since nothing else is known of it."""
        self._head_bytes += len(data)
        self._silent_bytes += len(data)
        super().data_received(data)
        if self._in_body and self._silent_bytes > MAX_SILENT_BYTES and not self.transport.is_closing():
            self.transport.abort()
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Expect a head."""
        self._in_head, self._in_body = True, False
        self._wait(HEAD_SECONDS)
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header of the head. A trailer is none: whoever filtered the head has not seen it (RFC 9110 6.5.1)."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Look at the head's size before anything is made of it, and expect a body."""
        self._in_head, self._in_body, self._silent_bytes = False, True, 0
        if self.transport.is_closing() or self.parser.is_distracted:
            return
        self._wait(BODY_SECONDS)
        if (refusal := self._head_refusal()) is not None:
            self._refuse(refusal)
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body, unless its head was refused."""
        self._silent_bytes = max(0, self._silent_bytes - OCTETS_MADE_UP_FOR * len(body))
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Expect nothing: it is our turn."""
        if self.parser.is_distracted:
            return
        self._due = self.waiting_since = math.inf
        self._head_bytes = 0
        self._in_body = False
        if not self.transport.is_closing():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """The client may ask again, unless it has already. A body that is not here yet is still waited for."""
        if not self.pipeline:
            # Empty lines between requests put uvicorn's own clock for idle connections off, and this one not.
            self._wait(min(self._due - self.loop.time(), IDLE_SECONDS + HEAD_SECONDS))
        super().on_response_complete()

    def enforce_times(self, now: float) -> None:
        """Cut the connection if the client took too long to send, or to read."""
        unread = self.transport.get_write_buffer_size() > 0
        self._unread_since = min(self._unread_since, now) if unread else math.inf
        if now >= self._due or now >= self._unread_since + UNREAD_SECONDS:
            self.transport.abort()

    def _wait(self, seconds: float) -> None:
        now = self.loop.time()
        self._due = now + seconds
        self.waiting_since = min(self.waiting_since, now)

    def _make_room(self) -> None:
        waiting = (each for each in self.connections if isinstance(each, LimitedHttp) and each is not self)
        longest = min(waiting, key=lambda each: each.waiting_since, default=self)
        if longest.waiting_since < math.inf and longest is not self:
            longest.transport.abort()
            self.connections.discard(longest)
        else:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    def _head_refusal(self) -> HTTPStatus | None:
        if len(self.url) > MAX_URL_BYTES:
            return HTTPStatus.REQUEST_URI_TOO_LONG
        if len(self.headers) > MAX_HEADERS:
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        # Octets of a body may have come along: only then is it worth adding up.
        if self._head_bytes > MAX_HEAD_BYTES:
            head = len(self.url) + sum(len(name) + len(value) + len(": \r\n") for name, value in self.headers)
            if head > MAX_HEAD_BYTES:
                return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        return None

    def _refuse(self, status: HTTPStatus) -> None:
        words = status.phrase.encode()
        again = _RETRY_AFTER if status is HTTPStatus.SERVICE_UNAVAILABLE else b""
        self.transport.write(
            b"HTTP/1.1 %d %s\r\ncontent-type: text/plain; charset=utf-8\r\ncache-control: no-store\r\n%s"
            b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (status, words, again, len(words), words)
        )
        self.transport.close()
