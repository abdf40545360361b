"""The door of the broker's own attribute service, for systems that fetch their users' rights (context-handler section 2)."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from context_handler.answering_queries import answer_query, refuse_unread
from context_handler.ports import Ports
from federation.urls import ContextHandlerUrls
from oiosaml.bindings.soap import CONTENT_TYPE, write_fault
from oiosaml.errors import SamlError
from saml_web.inbound import read_body
from saml_web.security_headers import NO_STORE

MAXIMUM_ENVELOPE: Final = 64 * 1024
"""Octets of the longest query accepted. One with a certificate in its signature needs about 6 kB."""


class AttributeServiceRoutes:
    """SOAP 1.1; SOAPAction is not looked at (AS-01)."""

    def __init__(self, ports: Ports, clock: Callable[[], datetime]) -> None:
        self._ports = ports
        self._clock = clock

    def routes(self) -> list[Route]:
        """List the routes."""
        return [Route(ContextHandlerUrls.ATTRIBUTE_SERVICE_PATH, self.soap, methods=["POST"])]

    async def soap(self, request: Request) -> Response:
        """A system asks."""
        try:
            envelope = await read_body(request, limit=MAXIMUM_ENVELOPE)
            return _soap(await answer_query(envelope, self._clock(), self._ports))
        except SamlError as refusal:
            flow = refuse_unread(refusal, self._clock(), self._ports)
            # what is no SOAP is answered 4xx, not 500 as other faults: nothing failed here (WS-I Basic Profile 1.1, R1113)
            fault = write_fault("Client", f"{refusal.code}: {refusal.sentence('en')} Reference: {flow}")
            return _soap(fault, refusal.refusal.http_status)


def _soap(octets: bytes, status: int = 200) -> Response:
    return Response(octets, status_code=status, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": NO_STORE})
