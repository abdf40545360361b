"""What a process holds while it works: memory, open files and CPU time, from /proc."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

from scripts.bench.process_clock import cpu_seconds
from scripts.load.slowness import slowness

EVERY_SECONDS: Final = 2.0

SETTLED_SECONDS: Final = 300.0
"""Memory counts from minute five on; in a shorter run from its half."""


@dataclass(frozen=True, slots=True)
class Held:
    """What some processes held together at one moment."""

    at: float
    megabytes: float
    open_files: int
    slowness: float
    """Of the machine, not of the processes."""


class Watch:
    """Looks at processes every few seconds. Use as a context manager."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._began = 0.0
        self._cpu = 0.0
        self.seen: list[Held] = []

    def __enter__(self) -> "Watch":
        """Begin."""
        self._began = time.monotonic()
        self._cpu = self._used()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look once more, and end."""
        self._over.set()
        self._thread.join()
        self._cpu = self._used() - self._cpu
        self.seen.append(self._held())

    @property
    def cpu_seconds(self) -> float:
        """CPU time the processes used in the block, once it has ended."""
        return self._cpu

    @property
    def slowness(self) -> float:
        """How many times as long as on the machine of the published figures work took here meanwhile; at least 1."""
        return max(1.0, fmean(each.slowness for each in self.seen))

    def settled(self) -> Held:
        """Give what was held once all was warm."""
        half = self.seen[-1].at / 2
        since = min(SETTLED_SECONDS, half)
        return next(each for each in self.seen if each.at >= since)

    @property
    def growth(self) -> float:
        """By which share memory grew since then."""
        return self.seen[-1].megabytes / self.settled().megabytes - 1

    @property
    def more_files(self) -> int:
        """How many more files were open at most after all was warm than before."""
        since = self.settled().at
        before = [each.open_files for each in self.seen if each.at <= since]
        return max(each.open_files for each in self.seen) - max(before)

    def _look(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            self.seen.append(self._held())

    def _held(self) -> Held:
        return Held(
            time.monotonic() - self._began,
            sum(_megabytes(pid) for pid in self._pids),
            sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in self._pids),
            slowness(),
        )

    def _used(self) -> float:
        return sum(cpu_seconds(pid) for pid in self._pids)


def _megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
