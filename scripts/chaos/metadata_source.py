"""The same faults on the way to a member's metadata (plans U, M4): bounded time, the last good copy stays, logins go on."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import httpx

from context_handler.adapters.metadata_over_http import TOTAL_SECONDS
from scripts.bench.peers import KORSBAEK
from scripts.chaos.brokers import Site, ended, open_site
from scripts.chaos.people import Crowd
from scripts.chaos.upstream import Upstream
from scripts.chaos.wire import Fault, FaultyWire

BOUND_SECONDS: Final = TOTAL_SECONDS + 2.0
_CLIENT_SECONDS: Final = 30.0
_MEMBER: Final = "vendor"
_FINE: Final = frozenset({201})
_REFUSED: Final = frozenset({400, 413})
_EITHER: Final = _FINE | _REFUSED
_HARMLESS: Final = frozenset({Fault.LATENCY_100_MS, Fault.LATENCY_1_S, Fault.JITTER, Fault.WRONG})
"""Slow, or the answer of before, which is true here."""


class MetadataRun:
    """A member that was registered by an address, which is asked again under each fault."""

    def __init__(self, site: Site, wire: FaultyWire) -> None:
        self._api = f"{site.base_url}/_sim/api"
        self._site = site
        self._wire = wire
        self.seen = Upstream()

    def run(self, faults: Sequence[Fault]) -> Upstream:
        """Read the metadata anew under each fault, while people log in."""
        seen = self.seen
        with Crowd(self._site.base_url, lambda: self._site.keys, rate=5.0, size=2, who=(KORSBAEK,)) as others:
            others.broker_is_up()
            self._expect(Fault.NONE, _FINE)
            good = self._registered()
            for fault in faults:
                self._wire.set(fault)
                self._expect(fault, _FINE if fault in _HARMLESS else _EITHER if fault is Fault.FLAPPING else _REFUSED)
                if self._registered() != good:
                    seen.wrong.append(f"{fault}: the copy of before is gone")
                self._wire.set(Fault.NONE)
                self._expect(Fault.NONE, _FINE)
        ordered = sorted(others.ledger.seconds)
        seen.others, seen.others_p95 = others.ledger.completed, ordered[int(0.95 * len(ordered))] if ordered else 0.0
        seen.wrong += others.ledger.wrong
        return seen

    def _expect(self, fault: Fault, allowed: frozenset[int]) -> None:
        asked = {"id": _MEMBER, "cvr": "95000013", "metadata_url": self._wire.base_url, "allow_unsigned_metadata": True}
        began = time.monotonic()
        answer = self._call("POST", "/systems", params={"replace": "true"}, json=asked)
        took = time.monotonic() - began
        self.seen.slowest = max(self.seen.slowest, took)
        self.seen.outcomes.setdefault(fault.value, Counter())[str(answer.status_code)] += 1
        if answer.status_code not in allowed or took > BOUND_SECONDS:
            self.seen.wrong.append(f"metadata, {fault}: {answer.status_code} after {took:.1f} s: {answer.text[:200]}")

    def _registered(self) -> str:
        systems = self._call("GET", "/systems").json()
        found = next((each for each in systems if each["id"] == _MEMBER), None)
        return str(found["registration"]["metadata"]) if found else ""

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - handed on as it comes
        return httpx.request(method, self._api + path, trust_env=False, timeout=_CLIENT_SECONDS, **options)


@contextmanager
def metadata_run(directory: Path) -> Iterator[MetadataRun]:
    """Give a run in a directory of its own."""
    with open_site(directory) as site:
        broker = site.start()
        with ended(broker), _metadata_server(_metadata_of_byggesag(site)) as port, FaultyWire(port) as wire:
            yield MetadataRun(site, wire)


def _metadata_of_byggesag(site: Site) -> bytes:
    systems = httpx.get(f"{site.base_url}/_sim/api/systems", trust_env=False, timeout=_CLIENT_SECONDS).json()
    text = next(each for each in systems if each["id"] == "byggesag")["registration"]["metadata"]
    return str(text).replace("saml.byggesag.sim", "saml.vendor.sim").encode()


@contextmanager
def _metadata_server(octets: bytes) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(octets) + octets)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
