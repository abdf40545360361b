"""How a demo system's attribute query travels: one POST, bounded in time and size, to the address in the broker's metadata."""

import ssl
from typing import Final

import httpx

from oiosaml.bindings.soap import CONTENT_TYPE
from saml_web.local_names import address_of
from sp_demo.front_door import refuse

TOTAL_SECONDS: Final = 10.0
"""How long the broker may take with a query: the five seconds it gives an attribute service itself, and as much again."""

MAXIMUM_ANSWER: Final = 1024 * 1024
"""Octets. An answer holds one assertion; anything longer is cut while it is read."""


class SoapOverHttp:
    """Carries SOAP messages. No redirects, no proxies, no cookies."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """`tls` says whose certificates are taken; without it the authorities that come with httpx."""
        self._tls = tls
        self._transport = transport

    async def post(self, url: str, envelope: bytes) -> bytes:
        """Give the answer's octets, a fault's as well.

        Raises:
            SamlError: `aq.transport:context-handler` for time-outs, broken connections and answers that are too long.
        """
        address = httpx.URL(url)
        pinned = address.copy_with(host=address_of(address.host))
        headers = {"Content-Type": CONTENT_TYPE, "Host": address.netloc.decode("ascii"), "Accept-Encoding": "identity"}
        client = httpx.AsyncClient(
            timeout=TOTAL_SECONDS, trust_env=False, transport=self._transport, verify=self._tls or True
        )
        try:
            async with client:
                request = client.build_request(
                    "POST", pinned, content=envelope, headers=headers, extensions={"sni_hostname": address.host}
                )
                response = await client.send(request, stream=True)
                octets = bytearray()
                async for chunk in response.aiter_raw():
                    octets += chunk
                    if len(octets) > MAXIMUM_ANSWER:
                        raise refuse(
                            "aq.transport:context-handler", f"got more than {MAXIMUM_ANSWER} octets from {url}"
                        )
        except httpx.HTTPError as error:
            raise refuse("aq.transport:context-handler", f"got {error!r:.200} from {url}") from error
        return bytes(octets)
