"""SIGTERM under load (plan K4): of two workers on one socket one after the other is asked to end and replaced, and nobody notices."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from scripts.chaos.brokers import Broker, ended, open_site, shared_socket
from scripts.chaos.people import Crowd

DRAIN_SECONDS: Final = 10.0
"""Within this a worker that was asked to end has ended."""

SETTLE_SECONDS: Final = 0.5
"""Load between two ends."""


@dataclass
class Drains:
    """What a run of ends showed."""

    ends: int = 0
    slowest: float = 0.0
    completed: int = 0
    turned_away: int = 0
    closed_while_idle: int = 0
    """Connections that a browser had kept open and found closed; it opens another one by itself, and nobody notices."""
    statuses: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def drain_in_turn(directory: Path, *, ends: int, rate: float, patience: float | None = None) -> Drains:
    """End a worker so many times while people log in, always with another one there."""
    drains = Drains()
    with open_site(directory, patience=patience) as site, shared_socket(site.port) as listening:
        workers: list[Broker] = [site.start(listening=listening) for _ in range(2)]
        crowd = Crowd(site.base_url, lambda: site.keys, rate=rate, size=6)
        crowd.broker_is_up()
        with crowd:
            for _ in range(ends):
                time.sleep(SETTLE_SECONDS)
                leaving = workers.pop(0)
                with ended(leaving):
                    drains.slowest = max(drains.slowest, leaving.terminate())
                drains.statuses.append(leaving.process.returncode)
                drains.ends += 1
                workers.append(site.start(listening=listening))
        for worker in workers:
            worker.terminate()
        report = site.audit()
    ledger = crowd.ledger
    drains.completed, drains.closed_while_idle, drains.turned_away = ledger.completed, ledger.cut, ledger.turned_away
    drains.wrong = list(ledger.wrong)
    if ledger.sent_again["refused"]:
        drains.wrong.append(f"{ledger.sent_again['refused']} answers were used up and not answered")
    if not report.conserved or report.counts.completed != ledger.completed:
        drains.wrong.append(f"{ledger.completed} people got in; {report}")
    return drains
