"""How the commands reach a simulator: names under `.localhost` are this machine, and its own TLS CA is trusted where it has been made."""

import os
import ssl
from pathlib import Path

import httpx

from federation.dev_ca_web import web_ca_path
from nsis_sim.settings import SettingsError, load_settings
from saml_web.local_names import address_of


class LocalNames(httpx.BaseTransport):
    """Connects to the loopback address for names under `.localhost`; the request and its certificate check keep the name."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        """Take the transport that does the rest."""
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it on."""
        host = request.url.host
        if address_of(host) == host:
            return self._inner.handle_request(request)
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address_of(host)),
            headers=request.headers,  # with the Host header that names the house
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return self._inner.handle_request(pinned)

    def close(self) -> None:
        """Close its connections."""
        self._inner.close()


def outgoing_transport() -> httpx.BaseTransport:
    """Give the transport of a command's own client. Proxy variables are not asked."""
    try:
        tls = client_tls(load_settings(os.environ).certs_dir)
    except SettingsError:
        tls = httpx.create_ssl_context(trust_env=False)
    return LocalNames(httpx.HTTPTransport(verify=tls, trust_env=False))


def client_tls(certs_dir: Path) -> ssl.SSLContext:
    """Give a TLS context that takes the usual authorities and, if it has been made, the simulator's own, which names `.localhost` alone."""
    context = httpx.create_ssl_context(trust_env=False)
    ca = web_ca_path(certs_dir)
    if ca.is_file():
        context.load_verify_locations(ca)
    return context
