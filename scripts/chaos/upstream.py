"""Faults of what the broker asks on somebody's behalf (plan U): bounded time, a page that says who failed, nobody else disturbed."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from context_handler.adapters.soap_over_http import TOTAL_SECONDS
from scripts.bench.attribute_stub import StubAttributeService
from scripts.bench.peers import KORSBAEK, SKOVRUP, Driver
from scripts.chaos.brokers import Broker, Site, ended
from scripts.chaos.people import Crowd, check_token
from scripts.chaos.wire import Fault, FaultyWire

REST_SECONDS: Final = 2.0
"""Within this and what the broker waits for others a person reads something, whatever they do: the rest of a login or a logout, on a
machine that is busy with this run alone."""

OPEN_SECONDS: Final = 2.0
"""How long breakers stay open here, so that fifteen faults do not take as many times ten seconds."""

CLOSED_WITHIN: Final = 120.0
_OK, _FAILED_DEPENDENCY = 200, 424
_CODE: Final = re.compile(rb"\b(?:aq|proto|fed|web|flow)\.[a-z-]+")

_AFTERWARDS: Final = 2
"""Logins one after the other, once so many failed that the breaker is open."""

FINE: Final = "a token"
_AT_ONCE: Final = "aq.unavailable"
_TRANSPORT: Final = frozenset({"aq.transport", _AT_ONCE})
EXPECTED: Final[dict[Fault, frozenset[str]]] = {
    Fault.LATENCY_100_MS: frozenset({FINE}),
    Fault.LATENCY_1_S: frozenset({FINE}),
    Fault.LATENCY_5_S: _TRANSPORT,
    Fault.LATENCY_30_S: _TRANSPORT,
    Fault.JITTER: frozenset({FINE}),
    Fault.REFUSE: _TRANSPORT,
    Fault.RESET: _TRANSPORT,
    Fault.HALF_OPEN: _TRANSPORT,
    Fault.DRIP: _TRANSPORT,
    Fault.TRUNCATED: _TRANSPORT,
    Fault.HUGE: _TRANSPORT,
    Fault.ERROR: _TRANSPORT,
    Fault.SOAP_FAULT: frozenset({"aq.fault"}),
    Fault.WRONG: frozenset({"proto.in-response-to"}),
    Fault.FLAPPING: frozenset({FINE, *_TRANSPORT}),
}
"""What people may read under each fault, and nothing else."""


@dataclass
class Upstream:
    """What a run of faults showed."""

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    slowest: float = 0.0
    opened: int = 0
    """Under how many faults the breaker opened, and people were refused at once."""
    others: int = 0
    """Logins by the other municipality meanwhile, all of which must succeed."""
    others_p95: float = 0.0
    tokens: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def under_a_fault(self) -> int:
        """How many were tried under all faults together."""
        return sum(each.total() for each in self.outcomes.values())


class UpstreamRun:
    """One broker, a municipality whose attribute service is behind a faulty wire, and another that has none."""

    def __init__(self, site: Site, wire: FaultyWire, rest_seconds: float) -> None:
        self._site = site
        self._wire = wire
        self._bound = (site.patience or TOTAL_SECONDS) + rest_seconds
        self._lock = threading.Lock()
        self.seen = Upstream()

    def run(self, faults: Sequence[Fault], logins: int) -> Upstream:
        """Let so many people log in at once under each fault, and see that all is well again after it."""
        seen = self.seen
        with Crowd(self._site.base_url, lambda: self._site.keys, rate=5.0, size=2, who=(KORSBAEK,)) as others:
            others.broker_is_up()
            self._log_in()  # something true that a wrong answer can be
            for fault in faults:
                self._under(fault, logins)
        ordered = sorted(others.ledger.seconds)
        seen.others, seen.others_p95 = others.ledger.completed, ordered[int(0.95 * len(ordered))] if ordered else 0.0
        seen.wrong += others.ledger.wrong
        if seen.tokens > self._wire.served:
            seen.wrong.append(f"{seen.tokens} tokens with rights, {self._wire.served} answers of the service")
        report = self._site.audit()
        if not report.conserved:
            seen.wrong.append(f"not conserved: {report}")
        return seen

    def _under(self, fault: Fault, logins: int) -> None:
        self._wire.set(fault)
        with ThreadPoolExecutor(logins) as people:
            told = Counter(people.map(lambda _: self._log_in(), range(logins)))
        if set(told) <= _TRANSPORT:
            told += Counter(self._log_in() for _ in range(_AFTERWARDS))
            self.seen.opened += told[_AT_ONCE] > 0
        self.seen.outcomes[fault.value] = told
        if unexpected := set(told) - EXPECTED[fault]:
            self.seen.wrong.append(f"{fault}: got {sorted(unexpected)}, expected {sorted(EXPECTED[fault])}")
        self._wire.set(Fault.NONE)
        began = time.monotonic()
        while self._log_in() != FINE:
            if time.monotonic() - began > CLOSED_WITHIN:
                self.seen.wrong.append(f"after {fault} the breaker did not close")
                return
            time.sleep(0.05)

    def _log_in(self) -> str:
        """Log in as somebody whose rights come from the service; give the code that the person reads."""
        with Driver(self._site.base_url, self._site.keys) as driver:
            answered = driver.answer(driver.begin(driver.query(SKOVRUP, "upstream")), SKOVRUP)
            began = time.monotonic()
            status, page = driver.send_back(answered)
            took = time.monotonic() - began
            with self._lock:
                self.seen.slowest = max(self.seen.slowest, took)
            if took > self._bound:
                self.seen.wrong.append(f"a person waited for {took:.1f} s")
            if status == _OK:
                check_token(driver, page, SKOVRUP, "upstream")
                with self._lock:
                    self.seen.tokens += 1
                return FINE
        code = _CODE.search(page)
        # The sentence says whose fault it is, in the person's language.
        if code is not None and code[0].startswith(b"aq.") and b"attributservice" not in page:
            self.seen.wrong.append(f"the page for {code[0]!r} names nobody")
        return code[0].decode() if code else f"HTTP {status}"


@contextmanager
def upstream_run(
    directory: Path, *, patience: float | None = None, rest_seconds: float = REST_SECONDS
) -> Iterator[UpstreamRun]:
    """Give a run in a directory of its own."""
    directory.mkdir(parents=True, exist_ok=True)
    site = Site(directory, patience=patience)
    with StubAttributeService(site.keys) as service, FaultyWire(urlsplit(service.base_url).port or 0) as wire:
        site.attribute_service_url = wire.base_url
        broker: Broker = site.start(open_seconds=OPEN_SECONDS)
        with ended(broker):
            yield UpstreamRun(site, wire, rest_seconds)
