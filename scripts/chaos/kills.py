"""`kill -9` at the twelve named points and at random moments, under load; what must hold is looked at after each death (plans K1, K2)."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from scripts.assurance import Figure
from scripts.bench.peers import Answered, Driver
from scripts.chaos.brokers import Broker, Site, ended, open_site
from scripts.chaos.kill_points import BY_NAME, ROLLOVER, KillPoint
from scripts.chaos.people import DOWN, Crowd

BACK_SECONDS: Final = 5.0
"""Within this the broker is back in service; on a machine that others share, in CPU time."""

DEATH_SECONDS: Final = 120.0
"""Within this a broker that is to die has come to its point: people log in several times a second, on a machine that is not too busy."""

LONGEST_WAIT: Final = 1.0
"""Seconds until a kill at a random moment, at most."""

_IMPORT: Final = BY_NAME["metadata-import-half-done"]
_LOGOUT: Final = BY_NAME["logout-half-done"]
_OK, _REFUSED = 200, 403


@dataclass
class Kills:
    """What a run of kills showed."""

    at: Counter[str] = field(default_factory=Counter)
    starts: list[float] = field(default_factory=list)
    """Seconds until the broker answered again, each time."""
    starts_cpu: list[float] = field(default_factory=list)
    """CPU seconds of those starts."""
    completed: int = 0
    cut: int = 0
    sent_again: Counter[str] = field(default_factory=Counter)
    replays_refused: int = 0
    twice: int = 0
    wrong: list[str] = field(default_factory=list)
    started_logins: int = 0
    lost: int = 0

    def figures(self) -> dict[str, Figure]:
        """Give it as it is published."""
        return {
            "kills": sum(self.at.values()),
            "by_point": dict(sorted(self.at.items())),
            "slowest_back_in_service_seconds": round(max(self.starts, default=0.0), 2),
            "slowest_back_in_service_cpu_seconds": round(max(self.starts_cpu, default=0.0), 2),
            "logins_started": self.started_logins,
            "logins_completed": self.completed,
            "answers_cut": self.cut,
            "cut_and_then_accepted_once": self.sent_again["accepted"],
            "accepted_before_and_refused_after": self.sent_again["refused"] + self.replays_refused,
            "accepted_twice": self.twice,
            "lost": self.lost,
        }


class KillRun:
    """One site whose broker dies again and again while people log in."""

    def __init__(self, site: Site, moments: random.Random, rate: float) -> None:
        self._site = site
        self._moments = moments
        self._seen = Kills()
        self._accepted: frozenset[str] = frozenset()
        self._crowd = Crowd(site.base_url, lambda: site.keys, rate, accepted=lambda: self._accepted, logs_out=2)
        self._imports = 0
        self._metadata = ""

    def run(self, plan: Sequence[KillPoint | None]) -> Kills:
        """Kill at each point in turn; None is a random moment."""
        seen, crowd = self._seen, self._crowd
        broker = self._site.start(kill=self._spec(plan[0]))
        self._metadata = self._metadata_of_byggesag()
        crowd.broker_is_up()
        with crowd:
            for point, following in zip(plan, [*plan[1:], None], strict=True):
                with ended(broker):
                    self._die(broker, point)
                seen.at[point.name if point else "random"] += 1
                crowd.broker_is_down()
                self._accepted = self._site.accepted()
                used_up = list(crowd.last.values())
                broker = self._site.start(kill=self._spec(following))
                seen.starts.append(broker.started_in)
                seen.starts_cpu.append(broker.start_cpu)
                self._look(point, used_up)
                crowd.broker_is_up()
                crowd.go_on()
        with ended(broker):
            if "import-" in self._systems():
                seen.wrong.append("an import that was cut is there")
            broker.terminate()
        self._close_the_books()
        return seen

    def _spec(self, point: KillPoint | None) -> str | None:
        if point is None or point is ROLLOVER:
            return None
        # Imports and logouts are rarer than logins: they die at the first. The very first start registers the shipped federation.
        rare = point in (_IMPORT, _LOGOUT)
        passes = 1 if rare else self._moments.randrange(2, 6)
        return f"{point.name}:{passes + (point is _IMPORT and not self._site.store.exists())}"

    def _die(self, broker: Broker, point: KillPoint | None) -> None:
        if point is None:
            time.sleep(self._moments.uniform(0, LONGEST_WAIT))
            broker.kill()
        elif point is ROLLOVER:
            self._roll_over_half()
            broker.kill()
        elif point is _IMPORT:
            self._import_until_it_dies()
        broker.wait(DEATH_SECONDS)
        if not broker.was_killed:
            raise AssertionError(f"the broker ended by itself with {broker.process.returncode}")

    def _roll_over_half(self) -> None:
        """The command that changes the broker's key dies between key and certificate. People come back when everybody knows the new one."""
        self._crowd.pause()
        begun = self._site.nsis("keys", "rollover", "begin")
        if begun.returncode != 0:
            raise AssertionError(f"no rollover began: {begun.stderr}")
        died = self._site.nsis("keys", "rollover", "complete", kill=f"{ROLLOVER.name}:1")
        if died.returncode != -9:
            raise AssertionError(f"the rollover ended with {died.returncode}, expected a kill: {died.stderr}")

    def _import_until_it_dies(self) -> None:
        self._imports += 1
        document = {
            "id": f"import-{self._imports}",
            "cvr": "95000013",
            "metadata": self._metadata.replace("saml.byggesag.sim", f"saml.import-{self._imports}.sim"),
        }
        try:
            answer = httpx.post(f"{self._api}/systems", json=document, trust_env=False, timeout=DEATH_SECONDS)
        except httpx.HTTPError:
            return
        raise AssertionError(f"the import was answered: {answer.status_code} {answer.text[:300]}")

    def _look(self, point: KillPoint | None, used_up: Sequence[Answered]) -> None:
        """What was accepted before is accepted no more, and of what was half done nothing is there."""
        if point is ROLLOVER:
            self._site.read_keys()
        else:
            with Driver(self._site.base_url, self._site.keys) as driver:
                self._replay(driver, point, used_up)

    def _replay(self, driver: Driver, point: KillPoint | None, used_up: Sequence[Answered]) -> None:
        for answered in used_up:
            try:
                status, page = driver.send_back(answered)
            except DOWN:
                return  # the next point was reached by this very answer
            if status != _REFUSED or b"proto.replay" not in page:
                self._seen.wrong.append(f"after {point}: a used answer was answered {status}")
            self._seen.replays_refused += status == _REFUSED
            self._seen.twice += status == _OK

    def _close_the_books(self) -> None:
        ledger, report = self._crowd.ledger, self._site.audit()
        self._seen.completed, self._seen.cut, self._seen.sent_again = ledger.completed, ledger.cut, ledger.sent_again
        self._seen.twice += ledger.twice
        self._seen.wrong += ledger.wrong
        self._seen.wrong += [f"{each.flow}: {each.detail}" for each in report.discrepancies]
        if max(self._seen.starts_cpu) > BACK_SECONDS:
            self._seen.wrong.append(f"a start took {max(self._seen.starts_cpu):.1f} s of CPU time")
        counts = report.counts
        self._seen.started_logins = counts.started
        self._seen.lost = counts.started - counts.completed - counts.refused - counts.expired - counts.pending
        if not report.conserved:
            self._seen.wrong.append(f"not conserved: {report}")
        if counts.completed < ledger.completed:
            self._seen.wrong.append(f"{ledger.completed} people got in, {counts.completed} logins were completed")

    @property
    def _api(self) -> str:
        return f"{self._site.base_url}/_sim/api"

    def _systems(self) -> str:
        return httpx.get(f"{self._api}/systems", trust_env=False, timeout=DEATH_SECONDS).text

    def _metadata_of_byggesag(self) -> str:
        parties = httpx.get(f"{self._api}/systems", trust_env=False, timeout=DEATH_SECONDS).json()
        return str(next(each for each in parties if each["id"] == "byggesag")["registration"]["metadata"])


@contextmanager
def kill_run(directory: Path, *, seed: int, rate: float, patience: float | None = None) -> Iterator[KillRun]:
    """Give a run in a directory of its own."""
    with open_site(directory, patience=patience) as site:
        yield KillRun(site, random.Random(seed), rate)  # noqa: S311 - the same moments each time
