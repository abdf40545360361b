"""A server in a thread of this process, and connections to it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
import uvicorn
from starlette.types import ASGIApp

from federation.dev_ca_web import WebCertificate
from nsis_sim.http_limits import HANDSHAKE_SECONDS, LimitedHttp
from nsis_sim.server import _Server, listen
from tests.processes import END_SECONDS


@dataclass
class Running:
    """A server in a thread, and a way to open connections to it."""

    server: _Server
    port: int
    opened: ExitStack

    def __call__(self) -> socket.socket:
        return self.opened.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=END_SECONDS))

    def holds_none(self) -> bool:
        return not self.server.server_state.connections


@contextmanager
def running(
    app: ASGIApp,
    protocol: type[LimitedHttp],
    monkeypatch: pytest.MonkeyPatch,
    *,
    tls: WebCertificate | None = None,
    handshake_seconds: float = HANDSHAKE_SECONDS,
) -> Iterator[Running]:
    """Serve `app` on loopback until the block ends."""
    monkeypatch.setattr("nsis_sim.server._settle", lambda: None)  # this process goes on as it was
    port, sockets = listen(("127.0.0.1",), 0)
    ready = threading.Event()
    config = uvicorn.Config(
        app,
        http=protocol,
        log_config=None,
        log_level="critical",
        lifespan="off",
        ws="none",
        ssl_keyfile=tls.key if tls else None,
        ssl_certfile=tls.certificate if tls else None,
    )
    server = _Server(config, ready.set, handshake_seconds=handshake_seconds)
    server.capture_signals = ExitStack  # type: ignore[method-assign]  # signals belong to the main thread
    thread = threading.Thread(target=server.run, kwargs={"sockets": sockets})  # on the loop that a house has
    thread.start()
    assert ready.wait(END_SECONDS)
    with ExitStack() as opened:
        yield Running(server, port, opened)
        server.should_exit = True
    thread.join(END_SECONDS)
    for each in sockets:
        each.close()
