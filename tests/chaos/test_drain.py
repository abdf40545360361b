"""SIGTERM under load: a worker finishes what it has begun and ends, and no login fails as long as another is there (plan K4).

Twenty ends are `make chaos`.
"""

from pathlib import Path

from scripts.chaos.drain import DRAIN_SECONDS, drain_in_turn

ENDS = 2
RATE = 20.0


def test_workers_that_end_in_turn_turn_nobody_away(tmp_path: Path) -> None:
    seen = drain_in_turn(tmp_path, ends=ENDS, rate=RATE)
    assert seen.wrong == []
    assert seen.turned_away == 0
    assert seen.statuses == [0] * ENDS
    assert seen.slowest < DRAIN_SECONDS
    assert seen.completed > ENDS
