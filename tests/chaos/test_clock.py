"""The clock of the whole process jumps, and back (plan C): no failure, nothing accepted twice, waiting measured by no clock.

Three of the twenty-four jumps; `make chaos` makes them all. faketime is installed by scripts/test_peers.sh.
"""

from pathlib import Path

from scripts.chaos.brokers import UNHURRIED
from scripts.chaos.clock import JUMPS, clock_run

SOME = ("+61 min", "-1 day", "beyond the last second of 32 bits")


def test_a_clock_that_jumps_breaks_nothing_and_lets_nothing_in_twice(tmp_path: Path) -> None:
    with clock_run(tmp_path, patience=UNHURRIED) as run:
        seen = run.run(SOME, restarting=False)
    assert seen.wrong == []
    assert seen.runs == 3 * len(SOME)
    assert seen.replays_refused > 0


def test_there_are_twenty_four_jumps() -> None:
    assert len(set(JUMPS)) == 24
