"""A store that is full, locked, gone or torn under a running broker: 503 with a page, nothing half done, well again by itself (plan K3).

A read-only store is met in the tests of the store itself, and so is how long a lock holds anybody up. `make chaos` holds each fault for
ten seconds, and says how long the slowest answer took.
"""

from pathlib import Path

from scripts.chaos.disk import FAULTS, disk_run


def test_a_store_in_trouble_refuses_and_loses_nothing(tmp_path: Path) -> None:
    seen = disk_run(tmp_path, held_seconds=0.5)
    assert seen.wrong == []
    assert (set(seen.refused), seen.torn, seen.lost) == (set(FAULTS), 1, 0)
