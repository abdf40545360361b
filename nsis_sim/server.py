"""One uvicorn server in this process: its sockets, its ready line, and an end without traceback."""

import asyncio
import contextlib
import errno
import gc
import json
import os
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from federation.dev_ca_web import WebCertificate
from nsis_sim.http_answers import AnsweringHttp
from nsis_sim.http_limits import HANDSHAKE_SECONDS, IDLE_SECONDS, LimitedHttp
from nsis_sim.large_pages import use_large_pages
from nsis_sim.log_lines import log_config

_ATTEMPTS_AT_A_FREE_PORT: Final = 20
_BACKLOG: Final = 256
"""Connections that the kernel holds while we are busy. A room of forty opens about a hundred at once."""

_TICKS_A_SECOND: Final = 10
"""How often uvicorn looks round."""

_YOUNG_OBJECTS: Final = 10_000
"""How many new containers are there before Python looks for cycles among them. A login makes some, and nearly none is in a cycle."""

_DRAIN_SECONDS: Final = 8
"""How long requests that are being answered may take after SIGTERM or Ctrl-C: five for an attribute query (AS-12), and the rest of its
login. A browser that sends its request an octet at a time would last for ever."""


MAX_OPEN_FILES: Final = 65_536
"""Files and sockets that the process asks to be allowed, as far as its hard limit goes. Connections that have not finished a TLS handshake
are counted by nobody: with the usual 1,024 a thousand of them would leave no descriptor for honest clients and for the store (WEB-13)."""

_LOOK_SECONDS: Final = 0.02
"""How long we wait at the end between two looks at connections that were accepted and have not asked yet."""

_LOOKS: Final = 50
"""How often a connection accepted just before the end is looked at for its request: a second in all; an honest one needs a moment."""


class PortBusyError(Exception):
    """Somebody else listens on the port."""

    def __init__(self, address: str, port: int) -> None:
        super().__init__(
            f"Port {port} on {address} is taken by another program. End that one, or take another port: NSIS_PORT={port + 1} make demo"
        )


class AddressError(Exception):
    """An address to listen on is not one of this machine's."""


def listen(addresses: tuple[str, ...], port: int) -> tuple[int, list[socket.socket]]:
    """Listen on one port at every address, and give the port: `port` itself, or a free one where it is 0.

    A machine without IPv6 listens without it.

    Raises:
        PortBusyError: if the port is taken.
        AddressError: if no address can be listened on.
    """
    for _ in range(_ATTEMPTS_AT_A_FREE_PORT):
        taken, sockets = port, []
        try:
            for address in addresses:
                bound = _bind(address, taken)
                if bound is not None:
                    sockets.append(bound)
                    taken = bound.getsockname()[1]
        except PortBusyError:
            for bound in sockets:
                bound.close()
            # A port that was free at the first address may be taken at the second: then another one is tried.
            if port != 0 or not sockets:
                raise
            continue
        if not sockets:
            raise AddressError(f"None of the addresses {', '.join(addresses)} can be listened on; see NSIS_LISTEN.")
        return taken, sockets
    raise AddressError(f"No port is free at all of {', '.join(addresses)}.")


def _bind(address: str, port: int) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        bound = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return None  # the kernel has no IPv6
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        # Only IPv6: 127.0.0.1 has a socket of its own, and `::` must not take IPv4 connections by the way.
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        bound.bind((address, port))
        bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise PortBusyError(address, port) from error
        if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
            return None
        raise AddressError(f"Cannot listen on {address} port {port}: {error.strerror}") from error
    return bound


def serve(
    app: ASGIApp,
    sockets: list[socket.socket],
    *,
    log_level: str,
    on_ready: Callable[[], None],
    tls: WebCertificate | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; `on_ready` is called once connections are answered. Returns normally after either signal."""
    allow_open_files()
    config = uvicorn.Config(
        app,
        http=AnsweringHttp,
        log_config=log_config(log_level),
        access_log=log_level == "debug",
        lifespan="on",
        server_header=False,
        # The peer's word about scheme and address is not asked: all URLs come from settings.
        proxy_headers=False,
        ws="none",
        backlog=_BACKLOG,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        ssl_keyfile=tls.key if tls else None,
        ssl_certfile=tls.certificate if tls else None,
    )
    _Server(config, on_ready).run(sockets=sockets)


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, on_ready: Callable[[], None], *, handshake_seconds: float = HANDSHAKE_SECONDS
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._handshake_seconds = handshake_seconds

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn starts the application and listens to nothing: it could not be told how long a handshake may take.
        await super().startup(sockets=[])
        if self.started and not self.should_exit:
            for each in sockets or ():
                self.servers.append(await self._answering(each))
            _settle()
            self._on_ready()

    async def _answering(self, listening: socket.socket) -> asyncio.Server:
        tls, loop = self.config.ssl, asyncio.get_running_loop()
        return await loop.create_server(
            self._connection,
            sock=listening,
            ssl=tls,
            ssl_handshake_timeout=self._handshake_seconds if tls else None,
            backlog=_BACKLOG,
        )

    def _connection(self) -> asyncio.Protocol:
        made = self.config.http_protocol_class
        return made(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)  # type: ignore[call-arg]

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_A_SECOND == 0:
            now = asyncio.get_running_loop().time()
            for connection in tuple(self.server_state.connections):
                if isinstance(connection, LimitedHttp):
                    connection.enforce_times(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn closes every connection that is not being answered. One that has just been accepted carries a request that is not here
        # yet; closed now, a person would be turned away while another worker is there to serve the next. Kept ones browsers open anew.
        for server in self.servers:
            server.close()
        for _ in range(_LOOKS):
            await asyncio.sleep(_LOOK_SECONDS)
            if not any(_unheard(each) for each in self.server_state.connections):
                break
        await super().shutdown(sockets=sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises the signal anew afterwards; an asked-for end is a success, so here it is not.
        previous = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def allow_open_files() -> None:
    """Raise this process's limit on open files to MAX_OPEN_FILES, or as far as the system lets it; it is never lowered."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(MAX_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # a system may have a limit of its own besides
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _unheard(connection: object) -> bool:
    return isinstance(connection, LimitedHttp) and connection.cycle is None


def _settle() -> None:
    """Keep what the start has made out of every later search for cycles: it stays until the end, and searching it costs each login."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, *gc.get_threshold()[1:])
    use_large_pages()


def write_ready_file(path: Path, base_url: str) -> None:
    """Write where the server is and which process it is, in one step: a reader sees the whole file or none."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps({"base_url": base_url, "pid": os.getpid()}) + "\n", "utf-8")
    draft.replace(path)
