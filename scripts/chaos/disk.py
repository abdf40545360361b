"""A store that cannot be used while people log in (plan K3): refused at once with a page, nothing half done, well again by itself."""

import resource
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from scripts.bench.peers import CONSUME, KORSBAEK, SSO, Answered, Driver
from scripts.chaos.brokers import Broker, Site, ended, open_site

HELD_UP_SECONDS: Final = 2.0
"""Within this anybody is answered: the first waits half a second for the lock, nobody after it, and machines are shared."""

_OK, _ONWARD, _UNAVAILABLE = 200, 303, 503
_BEGINS: Final = "cannot be used, what needs it is refused"
_OVER: Final = "can be used again"
_TORN_OCTETS: Final = 100
_ROOM_TO_SAY: Final = 2048
"""Octets. One page of the store is twice as long."""


@dataclass
class Disk:
    """What a run of faults showed."""

    refused: dict[str, int] = field(default_factory=dict)
    """Requests that met each fault; every one was answered 503."""
    slowest: float = 0.0
    torn: int = 0
    wrong: list[str] = field(default_factory=list)
    lost: int = 0


Fault = Callable[[Site, Broker], AbstractContextManager[None]]


@contextmanager
def full(_site: Site, broker: Broker) -> Iterator[None]:
    """The kernel says no to what goes beyond a few octets of any file, as on a full disk; our log has still room for what is to be said."""
    limits = resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE)
    size = broker.log.stat().st_size + _ROOM_TO_SAY
    resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, (size, limits[1]))
    yield
    resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, limits)


@contextmanager
def locked(site: Site, _broker: Broker) -> Iterator[None]:
    """Another program holds the store."""
    with closing(sqlite3.connect(site.store, isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE")
        yield
        blocker.execute("ROLLBACK")


@contextmanager
def missing(site: Site, _broker: Broker) -> Iterator[None]:
    """Somebody moved the file away, and puts it back."""
    away = site.store.with_name("away")
    site.store.rename(away)
    yield
    away.rename(site.store)


FAULTS: Final[Mapping[str, Fault]] = {"disk full": full, "locked": locked, "file missing": missing}


def disk_run(directory: Path, *, held_seconds: float, rounds: int = 1) -> Disk:
    """Meet every fault for so long, `rounds` times each, and then a torn last frame."""
    disk = Disk()
    with open_site(directory) as site:
        broker = site.start()
        for _ in range(rounds):
            with ended(broker):
                for name, fault in FAULTS.items():
                    _meet(name, fault, site, broker, disk, held_seconds)
                _die_and_tear(site, broker, disk)
            broker = site.start()
            disk.torn += 1
        with ended(broker), Driver(site.base_url, site.keys) as driver:
            driver.login(KORSBAEK)
            broker.terminate()
        report = site.audit()
    counts = report.counts
    disk.lost = counts.started - counts.completed - counts.refused - counts.expired - counts.pending
    if not report.conserved:
        disk.wrong.append(f"not conserved: {report}")
    return disk


def _meet(name: str, fault: Fault, site: Site, broker: Broker, disk: Disk, held_seconds: float) -> None:
    said = broker.log.read_text("utf-8")
    with Driver(site.base_url, site.keys) as driver:
        driver.login(KORSBAEK)
        under_way = driver.answer(driver.begin(driver.query(KORSBAEK)), KORSBAEK)
        started = site.audit().counts.started
        with fault(site, broker):
            until = time.monotonic() + held_seconds
            while True:
                _expect_refusals(name, driver, under_way, disk)
                if time.monotonic() > until:
                    break
        status, _ = driver.send_back(under_way)
        if status != _OK:
            disk.wrong.append(f"{name}: the answer that met it was then answered {status}")
        driver.login(KORSBAEK)
    if site.audit().counts.started != started + 1:
        disk.wrong.append(f"{name}: something of what was refused is there")
    told = broker.log.read_text("utf-8")[len(said) :]
    if (told.count(_BEGINS), told.count(_OVER)) != (1, 1):
        disk.wrong.append(
            f"{name}: said {told.count(_BEGINS)} times that it began, {told.count(_OVER)} that it was over"
        )


def _expect_refusals(name: str, driver: Driver, under_way: Answered, disk: Disk) -> None:
    """A request to begin, an answer, and a look at whether the process lives."""
    for method, path, body, cookie in (
        ("GET", f"{SSO}?{driver.query(KORSBAEK)}", None, None),
        ("POST", CONSUME, under_way.form, under_way.cookie),
    ):
        began = time.monotonic()
        status, headers, page = driver.exchange(method, path, body, cookie)
        disk.slowest = max(disk.slowest, time.monotonic() - began)
        disk.refused[name] = disk.refused.get(name, 0) + 1
        if (status, b"web.unavailable" in page) != (_UNAVAILABLE, True) or "Retry-After" not in headers:
            disk.wrong.append(f"{name}: {method} was answered {status} {page[:200]!r}")
    began = time.monotonic()
    alive = driver.exchange("GET", "/healthz")[0]
    disk.slowest = max(disk.slowest, time.monotonic() - began)
    if alive != _OK:
        disk.wrong.append(f"{name}: the process does not say that it lives: {alive}")
    time.sleep(0.05)


def _die_and_tear(site: Site, broker: Broker, disk: Disk) -> None:
    """The broker dies, and the last frame of the log is torn: its transaction is gone as a whole, and all before it is there."""
    with Driver(site.base_url, site.keys) as driver:
        driver.login(KORSBAEK)
        before = site.audit().counts
        driver.begin(driver.query(KORSBAEK))
        broker.kill()
    log = Path(f"{site.store}-wal")
    octets = log.read_bytes()
    log.write_bytes(octets[:-_TORN_OCTETS] + bytes(_TORN_OCTETS))
    counts = site.audit().counts
    if (counts.started, counts.completed) != (before.started, before.completed):
        disk.wrong.append(f"after a torn frame: {counts}, expected {before}")
