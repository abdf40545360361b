"""A store that cannot be used: refused with one code, said once in the log, nothing half written, and well again by itself (plan K3)."""

import logging
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from context_handler.answer_in_hand import AnswerInHand
from context_handler.audit import audit
from context_handler.store import trouble
from context_handler.store.database import Database
from context_handler.store.sqlite import SqliteStore
from context_handler.store.sqlite_record import SqliteRecord
from oiosaml.errors import SamlError
from oiosaml.ids import FlowId
from tests.builders import NOW
from tests.context_handler.boots import BOOT
from tests.context_handler.store.contract import HERE, assertion, login, steps

NOBODY = 65534
FIRST, SECOND = FlowId("flow-1"), FlowId("flow-2")


@pytest.fixture
def path() -> Iterator[Path]:
    """In a directory that somebody other than the administrator may use."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o777)
        yield directory / "store.db"


def begin(store: SqliteStore, number: int) -> None:
    store.save_pending(HERE, login(number), steps(f"flow-{number}", "begin"))


@contextmanager
def not_as_root() -> Iterator[None]:
    """What a file's permissions say binds everybody but root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    yield
    blocker.execute("ROLLBACK")
    blocker.close()


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """The file system comes back read-only after a fault of its disk: as another file that nobody may write."""
    copy = path.with_name("copy.db")
    for suffix in ("", "-wal", "-shm"):
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
        Path(f"{copy}{suffix}").chmod(0o444)
    swap(path, copy)
    with not_as_root():
        yield
    swap(path, copy)


def swap(path: Path, copy: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        one, other, third = Path(f"{path}{suffix}"), Path(f"{copy}{suffix}"), Path(f"{path}{suffix}.away")
        for source, target in ((one, third), (other, one), (third, other)):
            if source.exists():
                source.rename(target)


@contextmanager
def missing(path: Path) -> Iterator[None]:
    """Somebody moved the file away while it was open."""
    away = path.with_name("away.db")
    path.rename(away)
    yield
    assert not path.exists(), "an empty store was made in its place, and everything written there is lost later"
    away.rename(path)


Fault = Callable[[Path], AbstractContextManager[None]]


@pytest.mark.parametrize(
    ("fault", "reason"), [(locked, "SQLITE_BUSY"), (read_only, "SQLITE_READONLY"), (missing, "No such file")]
)
def test_what_cannot_be_written_is_refused_said_once_and_possible_again_afterwards(
    path: Path, fault: Fault, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(path, busy_timeout=timedelta(milliseconds=20))
    store, record = SqliteStore(database, BOOT), SqliteRecord(database)
    begin(store, 1)
    caplog.set_level(logging.WARNING)
    with fault(path):
        for number in (2, 3, 4):
            with pytest.raises(SamlError) as refused:
                begin(store, number)
            assert refused.value.code == "web.unavailable"
    assert [each.levelname for each in caplog.records] == ["ERROR"]
    begin(store, 2)
    assert store.pending_by_handle(HERE, FIRST) == login(1), "what was written before is there"
    report = audit(record, HERE, NOW)
    assert (report.conserved, report.counts.started) == (True, 2), "nothing of what was refused is there"
    assert [each.levelname for each in caplog.records] == ["ERROR", "WARNING"]
    assert "store.db cannot be used" in caplog.messages[0]
    assert reason in caplog.messages[0]
    assert caplog.messages[1] == "the store store.db can be used again; 3 calls were refused"
    database.close()


def test_a_lock_holds_up_the_first_call_and_none_after_it(path: Path) -> None:
    database = Database(path)
    store = SqliteStore(database, BOOT)
    with locked(path):
        started = time.monotonic()
        for number in range(100):
            with pytest.raises(SamlError):
                begin(store, number)
        took = time.monotonic() - started
    # a hundred in turn would have waited for fifty seconds
    assert trouble.BUSY_TIMEOUT.total_seconds() * 0.9 < took < 30
    begin(store, 1)
    with database.reading() as connection:
        assert connection.execute("PRAGMA busy_timeout").fetchone() == (500,), "patient again"
    database.close()


def test_a_read_during_a_lock_neither_waits_nor_ends_the_trouble(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    database = Database(path, busy_timeout=timedelta(milliseconds=20))
    store = SqliteStore(database, BOOT)
    begin(store, 1)
    with locked(path):
        for number in (2, 3):
            with pytest.raises(SamlError):
                begin(store, number)
            assert store.pending_by_handle(HERE, FIRST) == login(1)
    assert len(caplog.records) == 1
    database.close()


def as_the_power_left_it(path: Path) -> Path:
    """Copy the files as they lie while the store is open."""
    copy = path.with_name("after.db")
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    return copy


@pytest.mark.parametrize("damage", ["cut", "garbled"])
def test_of_a_torn_last_frame_the_whole_transaction_is_gone_and_nothing_else(path: Path, damage: str) -> None:
    database = Database(path)
    store = SqliteStore(database, BOOT)
    begin(store, 1)
    store.accept_answer(HERE, AnswerInHand(login(1), assertion(), steps("flow-1", "accept")))
    begin(store, 2)
    copy = as_the_power_left_it(path)
    database.close()
    log = Path(f"{copy}-wal")
    octets = log.read_bytes()
    log.write_bytes(octets[:-100] if damage == "cut" else octets[:-100] + bytes(100))
    again = Database(copy)
    mended = SqliteStore(again, BOOT)
    assert mended.pending_by_handle(HERE, SECOND) is None
    report = audit(SqliteRecord(again), HERE, NOW)
    assert (report.conserved, report.counts.started, report.counts.pending) == (True, 1, 1)
    begin(mended, 2)
    again.close()
