"""Races at several worker processes on one store (plans R1, R2, R4): whoever comes first, exactly one thing happens."""

import http.client
import socket
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from context_handler.inbound import browser_id
from scripts.bench.peers import CONSUME, KORSBAEK, SKOVRUP, Answered, Driver
from scripts.chaos.brokers import Site
from scripts.chaos.people import check_token

FOLD: Final = 50
"""How many times one answer is posted at once."""

_TIMEOUT: Final = 120.0
_OK, _ONWARD, _REFUSED = 200, 303, 403


@dataclass
class Race:
    """What some rounds of a race showed."""

    rounds: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Volley:
    """Connections that let one request go at the same moment."""

    def __init__(self, ports: Sequence[int], fold: int = FOLD) -> None:
        """Connect to the ports in turn."""
        self._sockets = [
            socket.create_connection(("127.0.0.1", ports[number % len(ports)]), _TIMEOUT) for number in range(fold)
        ]

    def close(self) -> None:
        """Hang up."""
        for each in self._sockets:
            each.close()

    def fire(self, request: bytes) -> list[tuple[int, bytes]]:
        """Send everything but the last octet on every connection, then the last octets in one go; give status and body of each answer."""
        for each in self._sockets:
            each.sendall(request[:-1])
        for each in self._sockets:
            each.sendall(request[-1:])
        return [_answer_on(each) for each in self._sockets]


def _answer_on(connection: socket.socket) -> tuple[int, bytes]:
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, response.read()


def post(answered: Answered) -> bytes:
    """Give the octets of the request that carries an answer."""
    head = (
        f"POST {CONSUME} HTTP/1.1\r\nHost: localhost\r\nCookie: {answered.cookie}\r\nContent-Length: {len(answered.form)}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    return head.encode() + answered.form.encode()


def one_answer_many_times(site: Site, ports: Sequence[int], rounds: int) -> Race:
    """R1: of one answer posted fifty-fold at once, exactly one is accepted, and the others are refused as replays."""
    race = Race(rounds)
    with Driver(site.base_url, site.keys) as driver:
        volley = Volley(ports)
        for number in range(rounds):
            answered = driver.answer(driver.begin(driver.query(KORSBAEK, f"round-{number}")), KORSBAEK)
            answers = volley.fire(post(answered))
            accepted = [page for status, page in answers if status == _OK]
            replays = sum(status == _REFUSED and b"proto.replay" in page for status, page in answers)
            race.outcomes["accepted"] += len(accepted)
            race.outcomes["refused as replays"] += replays
            if (len(accepted), replays) != (1, FOLD - 1):
                told = Counter(status for status, _ in answers)
                race.wrong.append(f"round {number}: {len(accepted)} accepted, {replays} replays of {FOLD}: {told}")
            for page in accepted:
                check_token(driver, page, KORSBAEK, f"round-{number}")
        volley.close()
    return race


@contextmanager
def _pair(site: Site, ports: Sequence[int]) -> Iterator[tuple[Driver, Driver]]:
    """Two tabs of one browser, each at another worker."""
    with (
        Driver(site.base_url, site.keys, port=ports[0]) as one,
        Driver(site.base_url, site.keys, port=ports[-1]) as other,
    ):
        yield one, other


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run some calls in threads that begin together, and give what each gave; the first failure is raised."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the call gives
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(run, call) for call in calls]]


def crossed_tabs(site: Site, ports: Sequence[int], rounds: int) -> Race:
    """R2: one browser logs in to two municipalities in two tabs, and the answers come crossed and at once. Each tab gets its own token."""
    race = Race(rounds)
    with _pair(site, ports) as (one, other):
        for number in range(rounds):
            first, second = f"first-{number}", f"second-{number}"
            begun = one.begin(one.query(KORSBAEK, first))
            also = other.begin(other.query(SKOVRUP, second), begun.cookie)
            if also.cookie != begun.cookie:
                race.wrong.append(f"round {number}: the tabs have two cookies")
            # crossed: each tab carries the other one's answer
            to_second, to_first = one.answer(begun, KORSBAEK), other.answer(also, SKOVRUP)
            pages = at_once(partial(one.finish, to_first), partial(other.finish, to_second))
            check_token(other, pages[1], KORSBAEK, first)
            check_token(one, pages[0], SKOVRUP, second)
            race.outcomes["own token"] += 2
    return race


def logout_while_logging_in(site: Site, ports: Sequence[int], rounds: int) -> Race:
    """R4: a person logs out at a system while another login of the same browser is finished. No session outlives both."""
    race = Race(rounds)
    with _pair(site, ports) as (one, other):
        for number in range(rounds):
            token, cookies = one.session(KORSBAEK)
            handle = cookies.partition(";")[0].partition("=")[2]
            under_way = one.begin(one.query(KORSBAEK, force_authn=True), cookies)
            answered = one.answer(under_way, KORSBAEK)
            calls = (
                partial(one.exchange, "POST", CONSUME, answered.form, cookies),
                partial(other.log_out, token, cookies),
            )
            (login, _, _), logout = at_once(*calls)
            race.outcomes[f"login {login}, logout {logout}"] += 1
            left = _sessions_of(site, handle)
            if left or login not in (_OK, _REFUSED) or logout not in (_OK, _ONWARD):
                race.wrong.append(f"round {number}: login {login}, logout {logout}, {left} sessions left")
    return race


def _sessions_of(site: Site, handle: str) -> int:
    with closing(sqlite3.connect(site.store)) as store:
        (number,) = store.execute("SELECT COUNT(*) FROM sessions WHERE browser = ?", (browser_id(handle),)).fetchone()
        return int(number)
