"""A database of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from context_handler.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "store.db")
    yield opened
    opened.close()
