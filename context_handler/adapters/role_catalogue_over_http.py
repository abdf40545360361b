"""A look-up at a municipal role catalogue: bounded in time and size, the API key in a header, nowhere else and in no message."""

import asyncio
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, urlencode

import httpx

from federation.model import AttributeService
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId

TOTAL_SECONDS: Final = 5.0
"""How long a person waits at most, as for an attribute service (AS-12)."""

MAXIMUM_ANSWER: Final = 256 * 1024
"""Octets; more is cut off while it is read."""

API_KEY_HEADER: Final = "ApiKey"
"""Our choice: what municipal role catalogues call it is not public."""


class RoleCatalogueOverHttp:
    """Asks role catalogues. `api_key_for` gives a catalogue's key, which comes from a file and is never registered, exported or logged."""

    def __init__(self, client: httpx.AsyncClient, api_key_for: Callable[[AttributeService], str | None]) -> None:
        self._client = client
        self._api_key_for = api_key_for

    async def roles_of(self, service: AttributeService, user: str, system: EntityId) -> bytes:
        """Give the answer's octets.

        Raises:
            SamlError: `aq.unknown-user` for 404, `aq.denied` for 401 and 403, `aq.transport` for anything else that is no answer.
        """
        if service.role_catalogue is None:
            raise SamlError("aq.transport", f"got {service.entity_id}, which is no role catalogue")
        asked = urlencode({"system": system, "domain": service.role_catalogue.domain})
        url = f"{service.role_catalogue.url}/api/user/{quote(user, safe='')}/roles?{asked}"
        key = self._api_key_for(service)
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            **({API_KEY_HEADER: key} if key else {}),
        }
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                return await self._get(url, headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
            raise SamlError(
                "aq.transport", f"got {type(error).__name__} from {url!r:.200}, expected an answer"
            ) from error

    async def _get(self, url: str, headers: dict[str, str]) -> bytes:
        request = self._client.build_request("GET", url, headers=headers)
        response = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            if response.status_code != httpx.codes.OK:
                key = {404: "aq.unknown-user", 401: "aq.denied", 403: "aq.denied"}.get(
                    response.status_code, "aq.transport"
                )
                raise SamlError(key, f"got HTTP {response.status_code} from {url!r:.200}, expected 200")
            octets = bytearray()
            async for chunk in response.aiter_raw():
                octets += chunk
                if len(octets) > MAXIMUM_ANSWER:
                    raise SamlError("aq.transport", f"got more than {MAXIMUM_ANSWER} octets from {url!r:.200}")
            return bytes(octets)
        finally:
            await response.aclose()
