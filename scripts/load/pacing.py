"""Work at a steady rate by a bounded number of threads, and what it showed.

The loop is open up to that bound: a unit of work is due at its instant whatever became of the ones before, and how long it took is counted
from then, so that a server that stalls cannot hide it.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

LATE_SECONDS: Final = 2.0
"""A run is bounded in time whatever the machine can do; a rate that was not held is seen in the figures."""

Work = Callable[[int, int], None]
"""Does one unit, by the number of the thread and of the unit. Raises if it failed."""


@dataclass
class Pace:
    """What a run at a steady rate showed."""

    asked_rate: float
    seconds: float = 0.0
    took: list[float] = field(default_factory=list)
    """Seconds of each unit that succeeded, from when it was due."""
    failures: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """How many units succeeded."""
        return len(self.took)

    @property
    def rate(self) -> float:
        """Units a second that were done."""
        return self.done / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Give the time within which that share of the units was done."""
        ordered = sorted(self.took)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def at_a_steady_rate(
    work: Work, *, rate: float, seconds: float, threads: int, late_seconds: float = LATE_SECONDS
) -> Pace:
    """Do `rate` units a second for so many seconds, at most `threads` at a time. What is not begun `late_seconds` later is left out."""
    pace, lock = Pace(rate), threading.Lock()
    units = iter(range(int(rate * seconds)))
    began = time.monotonic()

    def live(number: int) -> None:
        while True:
            with lock:
                unit = next(units, None)
            if unit is None or time.monotonic() > began + seconds + late_seconds:
                return
            due = began + unit / rate
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                work(number, unit)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a login that failed
                with lock:
                    pace.failures.append(f"{type(error).__name__}: {error!s:.300}")
                continue
            with lock:
                pace.took.append(time.monotonic() - due)

    workers = [threading.Thread(target=live, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    pace.seconds = time.monotonic() - began
    return pace
