"""The federation changes while people log in at several workers (plan R5): a confirmed change counts on all of them, and at once."""

import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx

from oiosaml.keys import read_verification_key
from scripts.bench.peers import KORSBAEK, SKOVRUP, Driver, Municipality
from scripts.chaos.brokers import Site
from scripts.chaos.people import attempt

PATIENCE_SECONDS: Final = 120.0
"""How long we wait until somebody has asked at each worker. Whoever asks after a confirmation is refused at once, or it is a finding."""

PAUSE_SECONDS: Final = 0.05
_TIMEOUT: Final = 120.0
_FAILURE: Final = 500


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is taken out and put back."""

    name: str
    path: str
    out: dict[str, str]
    back: dict[str, str]
    shuts_out: tuple[Municipality, ...]
    """Whose people get no token meanwhile."""


def changes_of(site: Site) -> tuple[Change, ...]:
    """Give the kinds of change: system off, IdP off, IdP withdrawn, key out."""
    key = read_verification_key(site.keys.idp("skovrup").signing.certificate_der).fingerprint
    on_off = ({"enabled": "false"}, {"enabled": "true"})
    withdrawal = ({"withdrawn": "true"}, {"withdrawn": "false"})
    with_key = ({"withdrawn": "true", "key": key}, {"withdrawn": "false", "key": key})
    return (
        Change("system off", "/systems/byggesag/enabled", *on_off, (KORSBAEK, SKOVRUP)),
        Change("IdP off", "/idps/skovrup/enabled", *on_off, (SKOVRUP,)),
        Change("IdP withdrawn", "/idps/skovrup/withdrawn", *withdrawal, (SKOVRUP,)),
        Change("key out", "/idps/skovrup/withdrawn", *with_key, (SKOVRUP,)),
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """What one person at one worker got."""

    municipality: str
    port: int
    asked: float
    """When the request left that was answered so; monotonic seconds, for tokens tell their instant in whole seconds."""
    told: float
    token: bool


@dataclass
class Changes:
    """What a run of changes showed."""

    changes: int = 0
    tokens: int = 0
    refusals: int = 0
    slowest: float = 0.0
    """Seconds from a confirmation until the last worker had refused somebody, who first had to come by."""
    wrong: list[str] = field(default_factory=list)


class ChangeRun:
    """People who log in at every worker all the time, and an administrator who takes members out and puts them back."""

    def __init__(self, site: Site, ports: Sequence[int]) -> None:
        self._site = site
        self._ports = ports
        self._seen: list[Seen] = []
        self._out: list[tuple[Change, float, float]] = []
        self._over = threading.Event()
        self._result = Changes()

    def run(self, number: int) -> Changes:
        """Make so many changes."""
        people = [
            threading.Thread(target=self._log_in_for_ever, args=(port, municipality))
            for port in self._ports
            for municipality in (KORSBAEK, SKOVRUP)
        ]
        for person in people:
            person.start()
        try:
            for change in itertools.islice(itertools.cycle(changes_of(self._site)), number):
                self._take_out(change)
        finally:
            self._over.set()
            for person in people:
                person.join()
        self._judge()
        return self._result

    def _take_out(self, change: Change) -> None:
        self._put(change, change.out)
        confirmed = time.monotonic()
        waiting = {(port, each.id) for port in self._ports for each in change.shuts_out}
        while waiting and time.monotonic() - confirmed < PATIENCE_SECONDS:
            time.sleep(PAUSE_SECONDS)
            waiting -= {
                (each.port, each.municipality)
                for each in tuple(self._seen)
                if not each.token and each.asked > confirmed
            }
        took = time.monotonic() - confirmed
        self._result.slowest = max(self._result.slowest, took)
        if waiting:
            self._result.wrong.append(f"{change.name}: not refused within {took:.1f} s at {sorted(waiting)}")
        self._out.append((change, confirmed, time.monotonic()))
        self._put(change, change.back)
        self._result.changes += 1

    def _put(self, change: Change, asked: dict[str, str]) -> None:
        port = self._ports[self._result.changes % len(self._ports)]
        url = f"http://127.0.0.1:{port}/_sim/api{change.path}"
        answer = httpx.put(url, params=asked, trust_env=False, timeout=_TIMEOUT)
        if answer.status_code != httpx.codes.NO_CONTENT:
            raise RuntimeError(f"{change.name} was answered {answer.status_code}: {answer.text[:300]}")

    def _log_in_for_ever(self, port: int, municipality: Municipality) -> None:
        with Driver(self._site.base_url, self._site.keys, port=port) as driver:
            while not self._over.is_set():
                each = attempt(driver, municipality)
                self._seen.append(Seen(municipality.id, port, each.asked, time.monotonic(), each.got_in))
                if each.status >= _FAILURE:
                    self._result.wrong.append(f"{each.status}: {each.page[:200]!r}")
                self._over.wait(PAUSE_SECONDS)

    def _judge(self) -> None:
        self._result.tokens = sum(each.token for each in self._seen)
        self._result.refusals = len(self._seen) - self._result.tokens
        for change, confirmed, back in self._out:
            shut_out = {each.id for each in change.shuts_out}
            for each in self._seen:
                if each.asked < confirmed or each.told > back:
                    continue
                if each.token and each.municipality in shut_out:
                    late = each.asked - confirmed
                    self._result.wrong.append(
                        f"{change.name}: a token for what was asked {late:.3f} s after it was confirmed"
                    )
                if not each.token and each.municipality not in shut_out:
                    self._result.wrong.append(f"{change.name}: a person of {each.municipality} was refused")
