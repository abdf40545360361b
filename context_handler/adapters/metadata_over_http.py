"""Metadata fetched from an address that somebody registers: a stranger wrote it, so everything about it is guarded (MD-03, MD-04)."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

import httpx

from oiosaml.errors import SamlError
from saml_web.local_names import address_of

TOTAL_SECONDS: Final = 5.0
"""How long a whole fetch may take."""

MAXIMUM_METADATA: Final = 1024 * 1024
"""Octets of one entity's metadata; more is cut off while it is read."""

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the IP addresses of a host and port."""


class MetadataOverHttp:
    """Fetches metadata from http and https addresses. Follows no redirect: the address that was checked is the one that answers."""

    def __init__(self, client: httpx.AsyncClient, *, allow_private: bool, resolve: Resolver | None = None) -> None:
        """`allow_private` lets in addresses that only this machine or network can reach, as a simulator on a laptop needs."""
        self._client = client
        self._allow_private = allow_private
        self._resolve = resolve or _resolve

    @staticmethod
    def make_client(
        transport: httpx.AsyncBaseTransport | None = None, *, tls: ssl.SSLContext | None = None
    ) -> httpx.AsyncClient:
        """Give a client that follows no redirects and no proxy settings; whoever makes it closes it.

        `tls` says whose certificates it takes; without it the authorities that come with httpx.
        """
        return httpx.AsyncClient(
            timeout=TOTAL_SECONDS, follow_redirects=False, trust_env=False, transport=transport, verify=tls or True
        )

    async def fetch(self, url: str) -> bytes:
        """Give the octets at `url`.

        Raises:
            SamlError: `md.source` for another scheme, a forbidden address, a redirect, an error or a time-out; `size` for too much.
        """
        host, port = _parts(url)
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                address = await self._checked_address(host, port)
                return await self._get(url, host, address)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, UnicodeError) as error:
            # UnicodeError: a label of the name that is empty, too long or no IDNA
            raise SamlError("md.source", f"got {type(error).__name__} from {url!r:.200}, expected metadata") from error

    async def _checked_address(self, host: str, port: int) -> str:
        addresses = await self._resolve(host, port)
        # Every address is checked, since which one gets used is not ours to say once a name has two.
        if not self._allow_private:
            for address in addresses:
                if not ipaddress.ip_address(address.partition("%")[0]).is_global:
                    raise SamlError("md.source", f"got {host!r:.200}, which is {address}, expected a public address")
        return addresses[0]

    async def _get(self, url: str, host: str, address: str) -> bytes:
        # Pinned: the name is not resolved a second time, when it might point inside (DNS rebinding).
        literal = f"[{address}]" if ":" in address else address
        pinned = httpx.URL(url).copy_with(host=literal)
        headers = {
            "Host": urlsplit(url).netloc.rpartition("@")[2],
            "Accept": "application/samlmetadata+xml, application/xml",
            "Accept-Encoding": "identity",
        }
        request = self._client.build_request("GET", pinned, headers=headers, extensions={"sni_hostname": host})
        response = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            if response.status_code != httpx.codes.OK:
                raise SamlError("md.source", f"got HTTP {response.status_code} from {url!r:.200}, expected 200")
            octets = bytearray()
            # Raw: a kilobyte that unpacks to a megabyte would be in memory before it is measured.
            async for chunk in response.aiter_raw():
                octets += chunk
                if len(octets) > MAXIMUM_METADATA:
                    raise SamlError(
                        "size", f"got more than {MAXIMUM_METADATA} octets from {url!r:.200}, expected fewer"
                    )
            return bytes(octets)
        finally:
            await response.aclose()


def _parts(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SamlError("md.source", f"got {url!r:.200}, expected an http or https address") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise SamlError("md.source", f"got {url!r:.200}, expected an http or https address without user name")
    return parts.hostname, port or {"http": 80, "https": 443}[parts.scheme]


async def _resolve(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(address_of(host), port, type=socket.SOCK_STREAM)
    return [str(address[0]) for _, _, _, _, address in found]
