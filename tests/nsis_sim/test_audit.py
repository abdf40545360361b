"""`nsis audit` and `nsis prompts`, pointed rightly and wrongly."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from context_handler.store.database import Database
from nsis_sim.settings import STORE_FILE
from tests.processes import run_here

COMMANDS = pytest.mark.parametrize("command", ["audit", "prompts"])


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE somebodys (own TEXT)")


def text(path: Path) -> None:
    path.write_text("a letter " * 100, "utf-8")


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NSIS_DATA_DIR", str(tmp_path))
    return tmp_path


@COMMANDS
def test_no_store_is_said_with_the_ways_out(command: str, directory: Path) -> None:
    done = run_here(command)
    assert done.returncode == 2
    assert f"There is no store at {directory / STORE_FILE}" in done.stderr
    assert "NSIS_DATA_DIR" in done.stderr
    assert "--base-url" in done.stderr


@COMMANDS
@pytest.mark.parametrize(
    "write", [foreign, text, Path.touch, Path.mkdir], ids=["foreign", "text", "empty", "directory"]
)
def test_what_is_no_store_is_named_and_left_as_it_is(
    command: str, write: Callable[[Path], None], directory: Path
) -> None:
    path = directory / STORE_FILE
    write(path)
    before = path.read_bytes() if path.is_file() else None
    done = run_here(command)
    assert done.returncode == 2
    assert str(path) in done.stderr
    assert "NSIS_DATA_DIR" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert (path.read_bytes() if path.is_file() else None) == before
    assert list(directory.iterdir()) == [path]


def test_an_empty_store_adds_up(directory: Path) -> None:
    Database(directory / STORE_FILE).close()
    done = run_here("audit")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "0 started = 0 completed + 0 refused + 0 expired + 0 pending",
        "Logouts: 0 started = 0 completed + 0 partial + 0 refused + 0 under way",
    ]


def test_nobody_at_the_base_url_is_status_2() -> None:
    done = run_here("audit", "--base-url", "http://127.0.0.1:1")
    assert done.returncode == 2
    assert "No simulator answers at http://127.0.0.1:1" in done.stderr
