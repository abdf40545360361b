"""The attribute service's doors: each reads, calls the story, writes."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from attribute_service.answer import answer_query
from attribute_service.ports import Ports
from oiosaml.bindings.soap import CONTENT_TYPE, write_fault
from oiosaml.errors import SamlError
from saml_web.inbound import read_body
from saml_web.security_headers import NO_STORE

MAX_ENVELOPE_BYTES: Final = 64 * 1024
"""Longest query accepted. One with a certificate in its signature needs about 6 kB."""


class Routes:
    """The handlers of one attribute service."""

    def __init__(self, ports: Ports, *, clock: Callable[[], datetime]) -> None:
        """Ask `clock` once for each request."""
        self._ports = ports
        self._clock = clock

    async def soap(self, request: Request) -> Response:
        """An AttributeQuery in SOAP 1.1; SOAPAction is not looked at (AS-01)."""
        try:
            envelope = await read_body(request, limit=MAX_ENVELOPE_BYTES)
            return _soap(answer_query(envelope, at=self._clock(), ports=self._ports))
        except SamlError as refusal:
            # what is no SOAP is answered 4xx, not 500 as other faults: nothing failed here (WS-I Basic Profile 1.1, R1113)
            return _soap(
                write_fault("Client", f"{refusal.code}: {refusal.sentence('en')}"), refusal.refusal.http_status
            )

    async def metadata(self, _: Request) -> Response:
        """The service's own metadata."""
        return Response(self._ports.service.metadata, media_type="application/samlmetadata+xml")

    async def health(self, _: Request) -> Response:
        """That this house stands."""
        return JSONResponse({"status": "ok", "service": "attribute_service", "id": self._ports.service.id})


def _soap(octets: bytes, status: int = 200) -> Response:
    return Response(octets, status_code=status, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": NO_STORE})
