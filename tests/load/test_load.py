"""A minute of `make load` against half its figures: nothing fails, nobody is swapped, everything adds up.

That the rate could be held is seen in CPU time, and for a machine as fast as that of the published figures: on one that is shared with
other work a login takes longer. Nor does the broker give up waiting for others here, as it does in earnest.
"""

from pathlib import Path

from scripts.chaos.brokers import UNHURRIED
from scripts.load.runs import BROKER_RATE, CORES, WHOLE_RATE, broker_alone, whole_logins
from tests.processes import shipped_keys

WHOLE_SECONDS, BROKER_SECONDS = 45, 15
"""A minute between them; the broker alone has seven times the rate."""


def test_whole_logins_at_half_the_rate(tmp_path: Path) -> None:
    shipped_keys(tmp_path / "certs")
    run = whole_logins(tmp_path, rate=WHOLE_RATE / 2, seconds=WHOLE_SECONDS, patience=UNHURRIED)
    assert run.wrong() == []
    assert run.pace.done > 0
    assert CORES * 1000 / run.cpu_milliseconds >= WHOLE_RATE / 2 / run.watch.slowness


def test_the_broker_alone_at_half_the_rate(tmp_path: Path) -> None:
    run = broker_alone(tmp_path, rate=BROKER_RATE / 2, seconds=BROKER_SECONDS, patience=UNHURRIED)
    assert run.wrong() == []
    assert run.pace.done > 0
    assert 1000 / run.cpu_milliseconds >= BROKER_RATE / 2 / run.watch.slowness
