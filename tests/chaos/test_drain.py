"""SIGTERM under load: a worker finishes what it has begun and ends, and no login fails as long as another is there (plan K4).

Twenty ends are `make chaos`, which also says how long they took.
"""

import socket
from pathlib import Path

from scripts.bench.peers import Driver
from scripts.chaos.brokers import UNHURRIED, ended, open_site
from scripts.chaos.drain import drain_in_turn
from tests.processes import END_SECONDS, wait_until

ENDS = 2
RATE = 20.0


def refuses_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_connection_accepted_just_before_the_end_is_heard_out(tmp_path: Path) -> None:
    with open_site(tmp_path, patience=UNHURRIED) as site:
        broker = site.start()
        with ended(broker), socket.create_connection(("127.0.0.1", broker.port), timeout=END_SECONDS) as browser:
            with Driver(
                site.base_url, site.keys
            ) as another:  # connections are accepted in turn: if this one was, so was the first
                assert another.exchange("GET", "/healthz")[0] == 200
            broker.process.terminate()
            wait_until(lambda: refuses_connections(broker.port), "the end of listening")
            browser.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert browser.recv(4096).startswith(b"HTTP/1.1 200 ")
            assert broker.wait() == 0


def test_workers_that_end_in_turn_turn_nobody_away(tmp_path: Path) -> None:
    seen = drain_in_turn(tmp_path, ends=ENDS, rate=RATE, patience=UNHURRIED)
    assert seen.wrong == []
    assert seen.turned_away == 0
    assert seen.statuses == [0] * ENDS
    assert seen.completed > ENDS
