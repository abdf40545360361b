"""SOAP over HTTP to attribute services (AS-01, AS-12): bounded in time and size, one retry when no connection came about."""

import asyncio
from typing import Final

import httpx

from oiosaml.errors import SamlError

CONNECT_SECONDS: Final = 2.0
TOTAL_SECONDS: Final = 5.0
"""How long a person waits at most for somebody else's attribute service (AS-12)."""

MAXIMUM_ANSWER: Final = 1024 * 1024
"""Octets. An answer holds one assertion; anything longer is cut while it is read (attack AQ-05)."""

HEADERS: Final = {
    "Content-Type": "text/xml; charset=utf-8",
    "SOAPAction": '"http://www.oasis-open.org/committees/security"',
    "Accept-Encoding": "identity",
}


class SoapOverHttp:
    """Carries SOAP messages by an httpx client that the composition root owns and closes."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    @staticmethod
    def make_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
        """Give a client that follows no redirects and no proxy settings: the address comes from registered metadata and nothing else."""
        timeout = httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS)
        return httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False, transport=transport)

    async def post_soap(self, url: str, envelope: bytes) -> bytes:
        """Give the answer's octets, whatever its HTTP status: SOAP faults come with 500 (SOAP 1.1 section 6.2).

        Raises:
            SamlError: `aq.transport` for time-outs, broken connections, an answer that is too long or no XML.
        """
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                try:
                    return await self._post(url, envelope)
                except httpx.ConnectError:
                    return await self._post(url, envelope)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, UnicodeError) as error:
            raise SamlError(
                "aq.transport",
                f"got {type(error).__name__} from {url}, expected a SOAP answer within {TOTAL_SECONDS:g} s",
            ) from error

    async def _post(self, url: str, envelope: bytes) -> bytes:
        async with self._client.stream("POST", url, content=envelope, headers=HEADERS) as response:
            if response.status_code not in (200, 500):
                raise SamlError(
                    "aq.transport", f"got HTTP {response.status_code} from {url}, expected 200 or a SOAP fault"
                )
            octets = bytearray()
            # Raw: a kilobyte that unpacks to a megabyte would be in memory before it is measured.
            async for chunk in response.aiter_raw():
                octets += chunk
                if len(octets) > MAXIMUM_ANSWER:
                    raise SamlError("aq.transport", f"got more than {MAXIMUM_ANSWER} octets from {url}")
            return bytes(octets)
