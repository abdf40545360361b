"""People who log in at a steady rate, through whatever happens to the broker, and remember what they were told.

Each keeps what a browser keeps: when the broker dies under an answer, the answer is sent again once the broker is back, as a reloaded page
does; when that is refused, the person begins anew at the system.
"""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from federation.dev_ca import KeyRing
from oiosaml import attributes as names
from oiosaml.messages.assertion import Assertion
from scripts.bench.peers import KORSBAEK, SKOVRUP, SSO, Answered, Begun, Driver, Municipality, fields_of

DOWN: Final = (OSError, http.client.HTTPException)
"""What a person sees of a broker that is not there."""

BOTH: Final = (KORSBAEK, SKOVRUP)

PATIENCE_SECONDS: Final = 120.0
"""How long a person goes on trying, through one death of the broker after another and through slow starts on a busy machine."""

_PAUSE: Final = 0.05
_OK, _ONWARD, _REFUSED = 200, 303, 403


class SwappedError(AssertionError):
    """A token went to somebody else."""


@dataclass
class Ledger:
    """What everybody saw, together."""

    completed: int = 0
    turned_away: int = 0
    """Logins that could not begin: nobody answered a fresh connection."""
    cut: int = 0
    """Answers under which the broker died or hung up."""
    sent_again: Counter[str] = field(default_factory=Counter)
    """What became of them once the broker was back: `accepted` or `refused`."""
    twice: int = 0
    """Answers that were accepted although they had been accepted before."""
    wrong: list[str] = field(default_factory=list)
    """Everything that must not happen, in words."""
    seconds: list[float] = field(default_factory=list)
    """How long each login took, of those that nothing cut."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, **numbers: int) -> None:
        """Add to the numbers."""
        with self._lock:
            for name, number in numbers.items():
                setattr(self, name, getattr(self, name) + number)

    def says_wrong(self, what: str) -> None:
        """Note what must not happen."""
        with self._lock:
            self.wrong.append(what)

    def took(self, seconds: float) -> None:
        """Note a whole login."""
        with self._lock:
            self.completed += 1
            self.seconds.append(seconds)

    def came_back(self, how: str) -> None:
        """Note what became of an answer that was sent again."""
        with self._lock:
            self.sent_again[how] += 1


@dataclass
class Crowd:
    """A few threads that share a rate. Use as a context manager; leaving it waits until everybody is in."""

    base_url: str
    keys: Callable[[], KeyRing]
    rate: float
    """Logins a second, all together."""
    size: int = 4
    ports: Sequence[int] = ()
    """Where the workers listen, if not where the base URL says; each person goes to one."""
    who: Sequence[Municipality] = BOTH
    ledger: Ledger = field(default_factory=Ledger)
    accepted: Callable[[], frozenset[str]] = frozenset
    """Which answers had been accepted when the broker died last."""
    logs_out: int = 0
    """After each login whose number this divides, the person logs out again; 0 for never."""
    last: dict[int, Answered] = field(default_factory=dict)
    """The answer by which each person got in last: used up, for ever."""
    _going: threading.Event = field(default_factory=threading.Event)
    _busy: list[threading.Lock] = field(default_factory=list)
    _up: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Crowd":
        """Begin."""
        self._going.set()
        self._busy = [threading.Lock() for _ in range(self.size)]
        self._threads = [threading.Thread(target=self._live, args=(number,)) for number in range(self.size)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let everybody finish."""
        self._over.set()
        self._up.set()
        self._going.set()
        for thread in self._threads:
            thread.join()

    def broker_is_up(self) -> None:
        """Say that the broker answers."""
        self._up.set()

    def broker_is_down(self) -> None:
        """Say that it does not, so that nobody tries before what it left was read."""
        self._up.clear()

    def pause(self) -> None:
        """Let everybody finish the login under way, and begin none."""
        self._going.clear()
        for busy in self._busy:
            with busy:
                pass

    def go_on(self) -> None:
        """Let them begin again."""
        self._going.set()

    def _live(self, number: int) -> None:
        started = time.monotonic()
        turn = 0
        while not self._over.is_set():
            due = started + (turn * self.size + number) / self.rate
            self._over.wait(max(0.0, due - time.monotonic()))
            if self._over.is_set():
                return
            self._going.wait()
            with self._busy[number]:
                self._log_in(number, turn)
            turn += 1
            if time.monotonic() - due > PATIENCE_SECONDS:
                started += (
                    time.monotonic() - due
                )  # after an outage nobody makes up for the logins there would have been

    def _log_in(self, number: int, turn: int) -> None:
        try:
            self._until_in(number, turn)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a login that failed
            self.ledger.says_wrong(f"person {number}, login {turn}: {type(error).__name__}: {error}")

    def _until_in(self, number: int, turn: int) -> None:
        municipality = self.who[turn % len(self.who)]
        give_up = time.monotonic() + PATIENCE_SECONDS
        state = f"person-{number}-{turn}"
        while time.monotonic() < give_up:
            port = self.ports[number % len(self.ports)] if self.ports else None
            with Driver(self.base_url, self.keys(), port=port) as driver:
                if self._gets_in(driver, number, turn, municipality, state):
                    return
        raise TimeoutError("the person did not get in")

    def _gets_in(self, driver: Driver, number: int, turn: int, municipality: Municipality, state: str) -> bool:
        began = time.monotonic()
        try:
            answered = driver.answer(driver.begin(driver.query(municipality, state)), municipality)
        except DOWN:
            self.ledger.note(turned_away=1)
            self._wait_until_up()
            return False
        page = self._finish(driver, answered)
        if page is None:
            return False
        token = check_token(driver, page, municipality, state)
        self.ledger.took(time.monotonic() - began)
        self.last[number] = answered
        if self.logs_out and turn % self.logs_out == 0:
            self._log_out(driver, token)
        return True

    def _finish(self, driver: Driver, answered: Answered) -> bytes | None:
        """Send the answer, again and again until the broker says something; None if it is refused as used, and the person begins anew."""
        try:
            return driver.finish(answered)
        except DOWN:
            self.ledger.note(cut=1)
        give_up = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up:
            self._wait_until_up()
            was_accepted = answered.question in self.accepted()
            try:
                status, page = driver.send_back(answered)
            except DOWN:
                continue
            if status == _OK and not was_accepted:
                self.ledger.came_back("accepted")
                return page
            if status == _REFUSED and was_accepted and b"proto.replay" in page:
                self.ledger.came_back("refused")
                return None
            self.ledger.note(twice=int(status == _OK))
            raise AssertionError(f"sent again: {status}, accepted before the kill: {was_accepted}, {page[:300]!r}")
        raise TimeoutError("the broker did not come back")

    def _log_out(self, driver: Driver, token: Assertion) -> None:
        try:
            status = driver.log_out(token)
        except DOWN:
            return  # the logout is under way or was never begun; the audit counts it
        if status not in (_OK, _ONWARD):
            raise AssertionError(f"a logout was answered with {status}")

    def _wait_until_up(self) -> None:
        self._over.wait(_PAUSE)
        self._up.wait(PATIENCE_SECONDS)


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one login went whose refusal is no failure."""

    status: int
    page: bytes
    asked: float
    """When the request left that was answered so; monotonic seconds."""

    @property
    def got_in(self) -> bool:
        """Whether a token came."""
        return self.status == _OK


def attempt(driver: Driver, municipality: Municipality, state: str = "attempt") -> Attempt:
    """Log in as far as it goes: to a token, to a refusal, or to the page that asks for another IdP."""
    asked = time.monotonic()
    status, headers, page = driver.exchange("GET", f"{SSO}?{driver.query(municipality, state)}")
    if status == _ONWARD and f"/idp/{municipality.id}/" in headers["Location"]:
        begun = Begun(headers["Location"], headers["Set-Cookie"].partition(";")[0])
        answered = driver.answer(begun, municipality)
        asked = time.monotonic()
        status, page = driver.send_back(answered)
        if status == _OK:
            check_token(driver, page, municipality, state)
    return Attempt(status, page, asked)


def check_token(driver: Driver, page: bytes, municipality: Municipality, state: str) -> Assertion:
    """See that the token is this person's: her municipality, and the RelayState of her own login.

    Raises:
        SwappedError: if it is somebody else's.
    """
    assertion = driver.read(page)
    told = (assertion.values_of(names.CVR), fields_of(page).get("RelayState"))
    if told != ((municipality.cvr,), state):
        raise SwappedError(f"got {told}, expected {municipality.cvr} and {state}")
    return assertion
