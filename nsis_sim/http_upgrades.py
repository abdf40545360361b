"""Offers of another protocol are not taken, and not heard: the request behind one is a request like any other (RFC 9110 7.8).

Java's HttpClient and `curl --http2` offer HTTP/2 with each request to an http address. llhttp takes the offer for granted: to it a request
ends with its head, and what follows is the other protocol's. The body would be lost, or, coming by itself, be read as the next request.
"""

from typing import Protocol

import httptools

_TUNNEL = b"CONNECT"
"""The one method after whose head no HTTP follows, offer or not. No house is a proxy; uvicorn refuses its target."""


class HttpHead(Protocol):
    """A request's head, as llhttp's callbacks have left it with the connection. Names of headers are in lower case."""

    url: bytes
    headers: list[tuple[bytes, bytes]]


class UndistractedParser:
    """llhttp, a fresh one of which reads a head once more without the offer in it, and goes on with what follows.

    Callbacks see such a head twice; `is_distracted` is true until the second time, and what is told until then is to be ignored.
    """

    def __init__(self, connection: HttpHead) -> None:
        self._connection = connection
        self._llhttp = self._fresh()

    @property
    def is_distracted(self) -> bool:
        """Whether the head that was just read has an offer in it."""
        return self._llhttp.should_upgrade() and self._llhttp.get_method() != _TUNNEL

    def feed_data(self, data: bytes) -> None:
        """Take octets.

        Raises:
            httptools.HttpParserError: if they are no HTTP/1.
            httptools.HttpParserUpgrade: after the head of a CONNECT.
        """
        rest = memoryview(data)
        while True:
            try:
                self._llhttp.feed_data(rest)
                return
            except httptools.HttpParserUpgrade as offer:
                if not self.is_distracted:
                    raise
                rest = rest[offer.args[0] :]
            head, self._llhttp = self._head_without_offer(), self._fresh()
            self._llhttp.feed_data(head)

    def should_upgrade(self) -> bool:
        """Whether another protocol follows."""
        return self._llhttp.should_upgrade()

    def should_keep_alive(self) -> bool:
        """Whether another request may follow."""
        return self._llhttp.should_keep_alive()

    def get_http_version(self) -> str:
        """Give the request's version."""
        return self._llhttp.get_http_version()

    def get_method(self) -> bytes:
        """Give the request's method."""
        return self._llhttp.get_method()

    def _fresh(self) -> httptools.HttpRequestParser:
        llhttp = httptools.HttpRequestParser(self._connection)
        # As uvicorn has it: a client may have sent more behind a request that ends the connection, and is answered all the same.
        llhttp.set_dangerous_leniencies(lenient_data_after_close=True)
        return llhttp

    def _head_without_offer(self) -> bytes:
        version = self._llhttp.get_http_version().encode("ascii")
        lines = [b"%b %b HTTP/%b" % (self._llhttp.get_method(), self._connection.url, version)]
        lines += [b"%b: %b" % header for header in self._connection.headers if header[0] != b"upgrade"]
        return b"\r\n".join((*lines, b"", b""))
