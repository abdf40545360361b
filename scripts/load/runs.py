"""The two runs: everybody's houses with whole logins, and the broker alone with peers that cost it nothing."""

import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from context_handler.audit import AuditReport, audit
from context_handler.store.database import Database
from context_handler.store.sqlite_record import SqliteRecord
from nsis_sim.settings import STORE_FILE
from oiosaml.ids import DEFAULT_WORKSPACE
from saml_web.clock import utc_now
from scripts.bench.__main__ import running
from scripts.chaos.brokers import ended, open_site, patience_hook
from scripts.load.driving import PROCESSES, WARM_UP, drive_broker
from scripts.load.pacing import Pace, at_a_steady_rate
from scripts.load.walking import PEOPLE, Someone, Walk
from scripts.load.watching import Watch

WHOLE_RATE: Final = 20.0
"""Whole logins a second on one machine of two cores, everything included."""

BROKER_RATE: Final = 150.0
"""Logins a second for each core of the broker alone."""

CORES: Final = 2
P95_SECONDS: Final = 1.5
GROWTH: Final = 0.05
"""By how much memory may grow once all is warm."""

_THREADS: Final = 16
_WARM_UP: Final = 24

_NAME_ID: Final = re.compile(r"eid/(?:professional|person)/(?:uuid|persistent)/([0-9a-f-]{36})")


@dataclass
class Run:
    """What a run showed."""

    pace: Pace
    watch: Watch
    report: AuditReport
    begun: int
    """Logins that were begun by the driver, warm-up included."""
    swapped: list[str] = field(default_factory=list)

    @property
    def cpu_milliseconds(self) -> float:
        """CPU time of the processes for one login."""
        return self.watch.cpu_seconds / max(1, self.pace.done) * 1e3

    def wrong(self) -> list[str]:
        """Say what does not hold whatever the machine is busy with: failures, swaps, losses."""
        counts = self.report.counts
        told = list(self.pace.failures[:5]) + self.swapped[:5]
        if not self.report.conserved:
            told.append(f"not conserved: {self.report}")
        if (counts.started, counts.completed) != (self.begun, self.begun):
            told.append(f"{self.begun} logins were begun, the broker knows {counts}")
        return told

    def figures(self) -> dict[str, float | str]:
        """Give it as it is published."""
        last = self.watch.seen[-1]
        return {
            "asked_rate": self.pace.asked_rate,
            "rate": round(self.pace.rate, 2),
            "seconds": round(self.pace.seconds, 1),
            "logins": self.pace.done,
            "failed": len(self.pace.failures),
            "swapped": len(self.swapped),
            "conserved": str(self.report.conserved),
            "p50_seconds": round(self.pace.percentile(0.50), 3),
            "p95_seconds": round(self.pace.percentile(0.95), 3),
            "p99_seconds": round(self.pace.percentile(0.99), 3),
            "cpu_milliseconds_a_login": round(self.cpu_milliseconds, 1),
            "memory_megabytes": round(last.megabytes, 1),
            "memory_growth_since_warm": round(self.watch.growth, 4),
            "open_files_more_than_when_warm": self.watch.more_files,
        }


def whole_logins(directory: Path, *, rate: float, seconds: float, patience: float | None = None) -> Run:
    """Run the demo with all its houses in one process, and log people in as they do: five redirects and posts each."""
    identities = _Identities()
    with running(directory, "demo", hooks=patience_hook(patience), NSIS_RSA_BITS="2048") as (pid, base_url, _):

        def log_in(_thread: int, unit: int) -> None:
            someone = PEOPLE[unit % len(PEOPLE)]
            with Walk(base_url) as walk:
                identities.note(someone, walk.log_in(someone))

        for unit in range(_WARM_UP):
            log_in(0, unit)
        with Watch([pid]) as watch:
            pace = at_a_steady_rate(log_in, rate=rate, seconds=seconds, threads=_THREADS)
    begun = pace.done + len(pace.failures) + _WARM_UP
    return Run(pace, watch, _audit(directory / "var" / STORE_FILE), begun, identities.swapped)


def broker_alone(directory: Path, *, rate: float, seconds: float, patience: float | None = None) -> Run:
    """Run one broker process, whose systems, IdPs and attribute service are the driver's."""
    with open_site(directory, patience=patience) as site:
        broker = site.start()
        with ended(broker):
            with Watch([broker.process.pid]) as watch:
                pace = drive_broker(site, rate=rate, seconds=seconds)
            broker.terminate()
        swapped = [each for each in pace.failures if "wapped" in each]
        return Run(pace, watch, site.audit(), pace.done + len(pace.failures) + PROCESSES * WARM_UP, swapped)


class _Identities:
    """Under which NameID each system knows each person: always the same one, and nobody else's."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()
        self.swapped: list[str] = []

    def note(self, someone: Someone, page: str) -> None:
        """Compare what a result page shows with what was shown before."""
        found = _NAME_ID.search(page)
        name_id = found[1] if found else "none"
        with self._lock:
            known = self._known.setdefault((someone.persona, someone.system), name_id)
            shared = [each for each, other in self._known.items() if other == name_id]
        if known != name_id or shared != [(someone.persona, someone.system)]:
            self.swapped.append(f"{someone} is {name_id}, was {known}, shared by {shared}")


def _audit(store: Path) -> AuditReport:
    database = Database(store)
    try:
        return audit(SqliteRecord(database), DEFAULT_WORKSPACE, utc_now())
    finally:
        database.close()
