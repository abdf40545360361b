"""A store with nothing in it but its tables: migrated once by each process that tests, since that takes longer than most tests do."""

import tempfile
from functools import cache
from pathlib import Path

from context_handler.store.database import Database


def empty_store(path: Path) -> Path:
    """Put an empty store at `path`, unless one is there; opening it finds nothing to migrate."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_migrated_once())
    return path


@cache
def _migrated_once() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "store"
        Database(path).close()
        assert [each.name for each in path.parent.iterdir()] == [path.name], "everything is in the file itself"
        return path.read_bytes()
