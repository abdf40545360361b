"""`kill -9` at each of the twelve named points, under load: nothing is lost, nothing is accepted twice, who repeats gets in (plan K1).

The same run, 25 times each and at fifty random moments besides, is `make chaos`.
"""

from pathlib import Path

from scripts.chaos.brokers import UNHURRIED
from scripts.chaos.kill_points import POINTS
from scripts.chaos.kills import BACK_SECONDS, kill_run

RATE = 12.0


def test_a_kill_at_each_of_the_twelve_points_loses_nothing_and_lets_nothing_in_twice(tmp_path: Path) -> None:
    with kill_run(tmp_path, seed=2026, rate=RATE, patience=UNHURRIED) as run:
        seen = run.run(POINTS)
    assert seen.wrong == []
    assert sorted(seen.at) == sorted(point.name for point in POINTS)
    assert max(seen.starts_cpu) < BACK_SECONDS
    assert (seen.twice, seen.lost) == (0, 0)
    # the run was about something: people got in, answers were cut, some of them after they had been accepted
    assert seen.completed > 12
    assert seen.sent_again["accepted"] > 0
    assert seen.sent_again["refused"] > 0
    assert seen.replays_refused > 0
