"""A store that is full, locked, gone or torn under a running broker: 503 with a page, nothing half done, well again by itself (plan K3).

A read-only store is met in the tests of the store itself. `make chaos` holds each fault for ten seconds.
"""

from pathlib import Path

from scripts.chaos.disk import FAULTS, HELD_UP_SECONDS, disk_run


def test_a_store_in_trouble_refuses_at_once_and_loses_nothing(tmp_path: Path) -> None:
    seen = disk_run(tmp_path, held_seconds=0.5)
    assert seen.wrong == []
    assert (set(seen.refused), seen.torn, seen.lost) == (set(FAULTS), 1, 0)
    assert seen.slowest < HELD_UP_SECONDS
