"""SOAP over HTTP to attribute services (AS-01, AS-12): bounded in time and size, one retry when no connection came about."""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from types import TracebackType
from typing import Final, Self

import httpx

from context_handler.adapters.soap_connection import (
    Address,
    AnswerTooLongError,
    BrokenAnswerError,
    HttpAnswer,
    NoConnectionError,
    Origin,
    SoapConnection,
)
from oiosaml.errors import SamlError

CONNECT_SECONDS: Final = 2.0
"""How long a connection to an attribute service may take: a service that is there answers within a second."""

TOTAL_SECONDS: Final = 5.0
"""How long a person waits at most for somebody else's attribute service (AS-12)."""

MAXIMUM_ANSWER: Final = 1024 * 1024
"""Octets. An answer holds one assertion; anything longer is cut while it is read (attack AQ-05)."""

KEPT_SECONDS: Final = 3.0
"""How long an idle connection is used again. Our choice: servers commonly hang up after five, and a query must not find the door shut."""

MAXIMUM_KEPT: Final = 8
"""Idle connections kept to one origin. Our choice."""


@lru_cache(maxsize=256)
def _address_of(url: str) -> Address:
    """Read a URL once: there are as many as attribute services are registered."""
    return Address.of(url)


class SoapOverHttp:
    """Carries SOAP messages over connections of its own.

    No redirects, no proxies, no cookies: the address comes from registered metadata and nothing else.
    """

    def __init__(
        self,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
        kept_seconds: float = KEPT_SECONDS,
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        """Make it without connecting. `tls` is asked once, at the first https address, since reading the authorities takes 20 ms."""
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._kept_seconds = kept_seconds
        self._tls = tls or (lambda: httpx.create_ssl_context(trust_env=False))
        self._context: ssl.SSLContext | None = None
        self._kept: dict[Origin, deque[tuple[float, SoapConnection]]] = {}

    async def __aenter__(self) -> Self:
        """Own the connections until the block ends."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop every idle connection."""
        for kept in self._kept.values():
            for _, connection in kept:
                connection.close()
        self._kept.clear()

    async def post_soap(self, url: str, envelope: bytes) -> bytes:
        """Give the answer's octets for status 200 and 500: SOAP faults come with 500 (SOAP 1.1 section 6.2).

        Raises:
            SamlError: `aq.transport` for time-outs, broken connections, other statuses and an answer that is too long.
        """
        try:
            async with asyncio.timeout(self._total_seconds):
                answer = await self._post(_address_of(url), envelope)
        except AnswerTooLongError as error:
            raise SamlError("aq.transport", f"got more than {MAXIMUM_ANSWER} octets from {url}") from error
        except (OSError, BrokenAnswerError, ValueError) as error:
            # OSError: time-outs, too. ValueError: also a name that is no IDNA.
            raise SamlError(
                "aq.transport",
                f"got {type(error).__name__} from {url}, expected a SOAP answer within {self._total_seconds:g} s",
            ) from error
        if answer.status not in (200, 500):
            raise SamlError("aq.transport", f"got HTTP {answer.status} from {url}, expected 200 or a SOAP fault")
        return answer.octets

    async def _post(self, address: Address, envelope: bytes) -> HttpAnswer:
        try:
            connection = self._idle(address.origin) or await self._connect(address.origin)
            return await self._exchange(connection, address, envelope)
        except NoConnectionError:
            # The one retry (AS-12). A kept connection that was hung up is told from a broken answer by its silence; any other may be
            # gone just as well, so the retry takes a fresh one.
            return await self._exchange(await self._connect(address.origin), address, envelope)

    async def _exchange(self, connection: SoapConnection, address: Address, envelope: bytes) -> HttpAnswer:
        try:
            answer = await connection.exchange(address, envelope)
        except BaseException:  # a cancelled exchange, too, leaves a connection in the middle of a message
            connection.close()
            raise
        self._keep(address.origin, connection)
        return answer

    async def _connect(self, origin: Origin) -> SoapConnection:
        if origin.secure and self._context is None:
            self._context = self._tls()
        tls = self._context if origin.secure else None
        return await SoapConnection.open(origin, tls=tls, seconds=self._connect_seconds, most=MAXIMUM_ANSWER)

    def _idle(self, origin: Origin) -> SoapConnection | None:
        kept = self._kept.get(origin)
        while kept:
            since, connection = kept.pop()
            if time.monotonic() - since < self._kept_seconds and connection.reusable:
                return connection
            connection.close()
        return None

    def _keep(self, origin: Origin, connection: SoapConnection) -> None:
        kept = self._kept.setdefault(origin, deque())
        if connection.reusable and len(kept) < MAXIMUM_KEPT:
            kept.append((time.monotonic(), connection))
        else:
            connection.close()
