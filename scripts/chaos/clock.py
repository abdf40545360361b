"""Jumps of the whole process's clock (plan C), by faketime: no failure, no answer twice, and durations that a clock does not measure.

The peers' clocks jump along, as those of one machine do. Answers that no longer fit the time are refused; that is what they are for.
"""

import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from oiosaml.validity import CLOCK_SKEW
from saml_web.clock import utc_now
from scripts.bench.attribute_stub import StubAttributeService
from scripts.bench.peers import KORSBAEK, SKOVRUP, Answered, Driver
from scripts.chaos.brokers import Broker, Site
from scripts.chaos.people import DOWN, attempt
from scripts.chaos.wire import Fault, FaultyWire

SKEW: Final = CLOCK_SKEW.total_seconds()
_HOUR, _DAY = 3600.0, 86400.0
_MOMENTS: Final[Mapping[str, datetime]] = {
    "to 29 February": datetime(2028, 2, 29, 12, tzinfo=UTC),
    "to the end of 28 February": datetime(2028, 2, 28, 23, 59, 59, tzinfo=UTC),
    "over the change to summer time": datetime(2027, 3, 28, 1, 0, 1, tzinfo=UTC),
    "over the change from summer time": datetime(2027, 10, 31, 1, 0, 1, tzinfo=UTC),
    "to the last second of a year": datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
    "to the last second of 32 bits": datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC),
    "beyond the last second of 32 bits": datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    "to before the certificate": datetime(2020, 1, 1, tzinfo=UTC),
}
_STEPS: Final[Mapping[str, float]] = {
    "+1 s": 1.0,
    "-1 s": -1.0,
    "+skew": SKEW,
    "-skew": -SKEW,
    "+skew and 1 s": SKEW + 1,
    "-skew and 1 s": -SKEW - 1,
    "+59 min": 59 * 60.0,
    "+61 min": 61 * 60.0,
    "+1 h": _HOUR,
    "-1 h": -_HOUR,
    "+12 h": 12 * _HOUR,
    "-12 h": -12 * _HOUR,
    "+1 day": _DAY,
    "-1 day": -_DAY,
    "+30 days": 30 * _DAY,
    "-30 days": -30 * _DAY,
}
JUMPS: Final = (*_STEPS, *_MOMENTS)
"""The twenty-four jumps by name."""

RESTARTED_UP_TO: Final = 31 * _DAY
"""Seconds ahead up to which the broker is also started anew under the jumped clock: later its certificates would be renewed."""

_OK, _REFUSED, _FAILURE = 200, 403, 500
_PAUSE: Final = 0.02


def offset_of(jump: str) -> float:
    """Give the seconds by which a jump puts the clock off."""
    return _STEPS[jump] if jump in _STEPS else (_MOMENTS[jump] - utc_now()).total_seconds()


@dataclass
class Jumps:
    """What a run of jumps showed."""

    runs: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    replays_refused: int = 0
    wrong: list[str] = field(default_factory=list)


class Time:
    """The one clock of the broker's process and of its peers, in a file that faketime reads at every look."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ahead = 0.0
        self.set(0.0)

    def set(self, seconds: float) -> None:
        """Put the clock off from the true time, in one step."""
        draft = self._file.with_name("draft")
        draft.write_text(f"{seconds:+.3f}\n", "ascii")
        draft.replace(self._file)
        self._ahead = seconds

    def now(self) -> datetime:
        """Give the time as the broker's process has it."""
        return utc_now() + timedelta(seconds=self._ahead)

    def environment(self) -> dict[str, str]:
        """Give what makes a process live by this clock; the monotonic one stays true."""
        library = subprocess.run(
            ["faketime", "-f", "+0", "printenv", "LD_PRELOAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        return {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


class ClockRun:
    """One broker whose clock jumps, and back."""

    def __init__(self, site: Site, wire: FaultyWire, clock: Time) -> None:
        self._site = site
        self._wire = wire
        self._clock = clock
        self._broker: Broker | None = None
        self.seen = Jumps()

    def run(self, jumps: Sequence[str], *, restarting: bool = True) -> Jumps:
        """Make each jump three times: while nobody is under way, in the middle of a login, and under load."""
        self._broker = self._site.start()
        try:
            for jump in jumps:
                self._idle(jump, restarting=restarting)
                self._in_the_middle(jump)
                self._under_load(jump)
        finally:
            self._broker.kill()
        report = self._site.audit()
        if not report.conserved:
            self.seen.wrong.append(f"not conserved: {report}")
        return self.seen

    @contextmanager
    def _jumped(self, jump: str, scene: str) -> Iterator[None]:
        self._clock.set(offset_of(jump))
        try:
            yield
        finally:
            self._clock.set(0.0)
        self.seen.runs += 1
        self._expect(jump, scene, self._log_in(), {_OK})

    def _driver(self) -> Driver:
        return Driver(self._site.base_url, self._site.keys, clock=self._clock.now)

    def _log_in(self) -> int:
        with self._driver() as driver:
            return attempt(driver, KORSBAEK).status

    def _idle(self, jump: str, *, restarting: bool) -> None:
        """Nobody is under way. What was accepted before stays used up, also for a broker that starts under the jumped clock."""
        with self._driver() as driver:
            used = self._answered(driver)
            self._expect(jump, "before", driver.send_back(used)[0], {_OK})
        with self._jumped(jump, "idle"):
            if restarting and 0 < offset_of(jump) <= RESTARTED_UP_TO and self._broker is not None:
                self._broker.kill()
                self._broker = self._site.start()
            self._expect(jump, "idle", self._log_in())
            self._replay(jump, used)
        self._replay(jump, used)

    def _in_the_middle(self, jump: str) -> None:
        """A person is at the home IdP; another waits for the attribute service, whose five seconds no clock measures."""
        waiting: list[int] = []
        with self._driver() as driver:
            answered = self._answered(driver)
            self._wire.set(Fault.LATENCY_1_S)
            asked = self._wire.asked
            other = threading.Thread(target=lambda: waiting.append(self._log_in_slowly()))
            other.start()
            while self._wire.asked == asked and other.is_alive():
                time.sleep(_PAUSE)
            with self._jumped(jump, "in the middle"):
                status = driver.send_back(answered)[0]
                self._expect(jump, "in the middle", status)
                other.join()
            self._wire.set(Fault.NONE)
            if status == _REFUSED:  # not used up then, if the message was at fault and not the login
                self._expect(jump, "in the middle, back", driver.send_back(answered)[0])
            self._replay(jump, answered)
        self._expect(jump, "while the service was asked", waiting[0], {_OK})

    def _under_load(self, jump: str) -> None:
        over = threading.Event()

        def people() -> None:
            while not over.is_set():
                try:
                    self._expect(jump, "under load", self._log_in())
                except DOWN as error:
                    self.seen.wrong.append(f"{jump}, under load: {error!r}")
                over.wait(_PAUSE)

        crowd = [threading.Thread(target=people) for _ in range(3)]
        for person in crowd:
            person.start()
        time.sleep(0.2)
        with self._jumped(jump, "under load"):
            time.sleep(0.3)
        over.set()
        for person in crowd:
            person.join()

    def _log_in_slowly(self) -> int:
        # Its query was begun before the jump; the stub's clock is the true one, and so is the visit's.
        with Driver(self._site.base_url, self._site.keys) as driver:
            return attempt(driver, SKOVRUP).status

    def _answered(self, driver: Driver) -> Answered:
        return driver.answer(driver.begin(driver.query(KORSBAEK)), KORSBAEK)

    def _replay(self, jump: str, used: Answered) -> None:
        with self._driver() as driver:
            status = driver.send_back(used)[0]
        self.seen.replays_refused += status == _REFUSED
        self._expect(jump, "a used answer", status, {_REFUSED})

    def _expect(self, jump: str, scene: str, status: int, allowed: set[int] | None = None) -> None:
        self.seen.statuses[status] += 1
        if status >= _FAILURE or (allowed is not None and status not in allowed):
            self.seen.wrong.append(f"{jump}, {scene}: {status}")


@contextmanager
def clock_run(directory: Path, *, patience: float | None = None) -> Iterator[ClockRun]:
    """Give a run in a directory of its own."""
    directory.mkdir(parents=True, exist_ok=True)
    clock = Time(directory / "clock")
    site = Site(directory, environment=clock.environment(), patience=patience)
    with StubAttributeService(site.keys) as service, FaultyWire(urlsplit(service.base_url).port or 0) as wire:
        site.attribute_service_url = wire.base_url
        yield ClockRun(site, wire, clock)
