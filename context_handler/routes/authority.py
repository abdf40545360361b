"""What the certificates point at: the simulated CA's own certificate and its revocation list, so that a strict peer can build the chain."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from context_handler.revocation import Revocations
from federation.urls import ContextHandlerUrls
from oiosaml.errors import SamlError

CERTIFICATE_MEDIA_TYPE: Final = "application/pkix-cert"
"""One certificate in DER (RFC 2585, section 4.1), as RFC 5280, section 4.2.2.1, asks of a caIssuers address."""

CRL_MEDIA_TYPE: Final = "application/pkix-crl"
"""One list in DER (RFC 2585, section 4.2)."""


class AuthorityRoutes:
    """The certificate as it was read at start, and the list that is in force now."""

    def __init__(self, ca_certificate_der: bytes, revocations: Revocations) -> None:
        self._ca_certificate = ca_certificate_der
        self._revocations = revocations

    def routes(self) -> list[Route]:
        """List the routes."""
        return [
            Route(ContextHandlerUrls.CA_CERTIFICATE_PATH, self.ca_certificate),
            Route(ContextHandlerUrls.CRL_PATH, self.crl),
        ]

    async def ca_certificate(self, _request: Request) -> Response:
        """The CA's certificate."""
        return Response(self._ca_certificate, media_type=CERTIFICATE_MEDIA_TYPE)

    async def crl(self, _request: Request) -> Response:
        """The CA's revocation list."""
        current = self._revocations.current
        if current is None:
            raise SamlError("web.unavailable", "got no usable revocation list yet")
        return Response(current.octets, media_type=CRL_MEDIA_TYPE)
