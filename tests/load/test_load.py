"""A minute of `make load` against half its figures: nothing fails, nobody is swapped, everything adds up.

That the rate could be held is seen in CPU time: on a machine that is shared with other work a login takes longer and costs the same.
"""

from pathlib import Path

from scripts.load.runs import BROKER_RATE, CORES, WHOLE_RATE, broker_alone, whole_logins

SECONDS = 30


def test_whole_logins_at_half_the_rate(tmp_path: Path) -> None:
    run = whole_logins(tmp_path, rate=WHOLE_RATE / 2, seconds=SECONDS)
    assert run.wrong() == []
    assert run.pace.done > 0
    assert CORES * 1000 / run.cpu_milliseconds >= WHOLE_RATE / 2


def test_the_broker_alone_at_half_the_rate(tmp_path: Path) -> None:
    run = broker_alone(tmp_path, rate=BROKER_RATE / 2, seconds=SECONDS)
    assert run.wrong() == []
    assert run.pace.done > 0
    assert 1000 / run.cpu_milliseconds >= BROKER_RATE / 2
