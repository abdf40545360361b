"""SQLite keeps the Store's contract, and fails without leaving half of anything."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from context_handler.answer_in_hand import AnswerInHand
from context_handler.audit import audit
from context_handler.login_state import LoginState
from context_handler.store.database import Database, Survives
from context_handler.store.schema import HEAD, version_of
from context_handler.store.sqlite import SqliteStore
from context_handler.store.sqlite_record import SqliteRecord
from oiosaml.errors import SamlError
from oiosaml.ids import FlowId
from tests.builders import NOW
from tests.context_handler.boots import BOOT
from tests.context_handler.store.contract import HERE, Opened, StoreContract, assertion, login, steps, walk_every_path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "store.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Opened]:
    databases: list[Database] = []

    def open_it() -> Opened:
        databases.append(Database(path))
        return Opened(SqliteStore(databases[-1], BOOT), SqliteRecord(databases[-1]), open_it)

    yield open_it()
    for database in databases:
        database.close()


class TestSqlite(StoreContract):
    """The contract on SQLite."""


def synchronous(database: Database) -> int:
    with database.reading() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        return int(connection.execute("PRAGMA synchronous").fetchone()[0])


NORMAL, FULL = 1, 2


def test_no_write_of_a_flow_waits_for_the_disk(path: Path) -> None:
    database = Database(path)
    during: list[int] = []

    def look(statement: str) -> None:
        if statement == "COMMIT":
            during.append(synchronous(database))

    with database.reading() as connection:
        connection.set_trace_callback(look)
    store = SqliteStore(database, BOOT)
    store.save_pending(HERE, login(), steps("flow-1", "begin"))
    store.accept_answer(HERE, AnswerInHand(login(), assertion(), steps("flow-1", "accept")))
    store.finish(HERE, FlowId("flow-1"), LoginState.COMPLETED, None, steps("flow-1", "end"))
    assert during == [NORMAL] * 4
    database.close()


def test_what_asks_for_it_waits_for_the_disk_and_nothing_after_it(path: Path) -> None:
    database = Database(path)
    with database.writing(Survives.POWER_LOSS) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (FULL,)
    assert synchronous(database) == NORMAL
    with pytest.raises(KeyError), database.writing(Survives.POWER_LOSS):
        raise KeyError
    assert synchronous(database) == NORMAL
    database.close()


def test_a_store_locked_for_too_long_is_unavailable_and_works_again_afterwards(path: Path) -> None:
    database = Database(path, busy_timeout=timedelta(milliseconds=20))
    store = SqliteStore(database, BOOT)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(SamlError) as refused:
        store.save_pending(HERE, login(), steps("flow-1", "begin"))
    assert refused.value.code == "web.unavailable"
    blocker.execute("ROLLBACK")
    blocker.close()
    store.save_pending(HERE, login(), steps("flow-1", "begin"))
    assert store.pending_by_handle(HERE, FlowId("flow-1")) == login()
    database.close()


def test_a_full_disk_is_unavailable_and_nothing_is_half_written(path: Path) -> None:
    database = Database(path)
    store, record = SqliteStore(database, BOOT), SqliteRecord(database)
    with database.reading() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute("ROLLBACK")
        connection.execute(f"PRAGMA max_page_count = {pages + 3}")
        connection.execute("BEGIN")
    with pytest.raises(SamlError) as refused:
        store.save_pending(HERE, login(), steps("flow-1", "begin", octets_in=b"x" * 100_000))
    assert refused.value.code == "web.unavailable"
    assert store.pending_by_handle(HERE, FlowId("flow-1")) is None
    assert record.events_of(HERE, FlowId("flow-1")) == ()
    store.save_pending(HERE, login(), steps("flow-1", "begin"))  # by a new connection, whose disk is large again
    database.close()


def test_a_deleted_store_is_unavailable_until_it_is_back(path: Path) -> None:
    database = Database(path)
    store = SqliteStore(database, BOOT)
    store.save_pending(HERE, login(), steps("flow-1", "begin"))
    away = path.with_name("away.db")
    database.close()
    path.rename(away)
    with pytest.raises(SamlError) as refused:
        store.accept_answer(HERE, AnswerInHand(login(), assertion(), steps("flow-1", "accept")))
    assert refused.value.code == "web.unavailable"
    assert not path.exists()
    away.rename(path)
    store.accept_answer(HERE, AnswerInHand(login(), assertion(), steps("flow-1", "accept")))
    database.close()


def test_an_empty_file_in_the_stores_place_is_unavailable(path: Path) -> None:
    database = Database(path)
    path.rename(path.with_name("away.db"))
    path.touch()
    with pytest.raises(SamlError) as refused:
        SqliteStore(database, BOOT).save_pending(HERE, login(), steps("flow-1", "begin"))
    assert refused.value.code == "web.unavailable"
    database.close()


FILES = ("store.db", "store.db-shm", "store.db-wal")


def modes(directory: Path) -> dict[str, str]:
    return {each.name: oct(each.stat().st_mode & 0o777) for each in sorted(directory.iterdir())}


@contextmanager
def most_open_umask() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def test_a_store_is_made_for_its_owner_alone(path: Path) -> None:
    """A session holds what was decrypted, with a CPR number where there is one."""
    with most_open_umask():
        database = Database(path)
        SqliteStore(database, BOOT).save_pending(HERE, login(), steps("flow-1", "begin"))
        assert modes(path.parent) == dict.fromkeys(FILES, "0o600")
        assert path.parent.stat().st_mode & 0o777 == 0o700
        database.close()


def test_a_store_of_an_older_version_is_closed_to_others_and_works_on(path: Path) -> None:
    before = Database(path)
    store = SqliteStore(before, BOOT)
    store.save_pending(HERE, login(), steps("flow-1", "begin"))
    for each in path.parent.iterdir():
        each.chmod(0o664)
    path.parent.chmod(0o755)
    database = Database(path)
    assert modes(path.parent) == dict.fromkeys(FILES, "0o600")
    assert path.parent.stat().st_mode & 0o777 == 0o755, "a directory that was there may have other uses"
    assert SqliteStore(database, BOOT).pending_by_handle(HERE, FlowId("flow-1")) == login()
    for each in (before, database):
        each.close()


def test_a_store_whose_mode_is_anothers_to_change_is_used_as_it_is(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Database(path).close()
    path.chmod(0o664)

    def not_ours(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", not_ours)
    Database(path).close()
    assert "store.db may be read by others" in caplog.text


def test_opening_a_store_once_more_drops_no_lock_of_this_process(path: Path) -> None:
    """A process that closes any descriptor of a file loses its POSIX locks on it: another would then take the write-ahead log away."""
    holder = Database(path)
    SqliteStore(holder, BOOT).save_pending(HERE, login(), steps("flow-1", "begin"))
    Database(path).close()
    look = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM logins').fetchall(); c.close()"
    )
    subprocess.run([sys.executable, "-c", look, str(path)], check=True)
    assert path.with_name("store.db-wal").stat().st_size > 0
    holder.close()


def test_what_is_no_database_is_unavailable(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(SamlError) as refused:
        Database(path)
    assert refused.value.code == "web.unavailable"


def test_a_store_of_a_newer_version_is_left_alone(path: Path) -> None:
    Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(SamlError, match="newer version"):
        Database(path)


def test_head_is_the_newest_migration(path: Path) -> None:
    directory = Path(version_of.__code__.co_filename).with_name("migrations") / "versions"
    assert max(file.name[1:5] for file in directory.glob("r*.py")) == HEAD
    Database(path).close()
    connection = sqlite3.connect(path)
    assert version_of(connection) == HEAD
    connection.close()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE logins SET state = 'completed' WHERE flow = 'flow-5'", "the events tell"),
        ("DELETE FROM logins WHERE flow = 'flow-1'", "expected both records"),
        ("DELETE FROM events WHERE flow = 'flow-2'", "expected both records"),
        ("DELETE FROM accepted_assertions", "expected exactly 1"),
        ("DELETE FROM events WHERE moved_to = 'accepted'", "of a flow that stood at"),
        ("INSERT INTO accepted_assertions VALUES ('here', 'i', 'a', 'flow-5', 0)", "expected at most 0"),
    ],
)
def test_the_audit_tells_of_every_damage(opened: Opened, path: Path, damage: str, told: str) -> None:
    walk_every_path(opened.store)
    with sqlite3.connect(path) as connection:
        connection.execute(damage)
    connection.close()
    report = audit(opened.record, HERE, NOW)
    assert not report.conserved
    assert any(told in discrepancy.detail for discrepancy in report.discrepancies), report


def test_only_pending_logins_expire(opened: Opened) -> None:
    walk_every_path(opened.store)
    assert opened.store.expire(HERE, NOW + timedelta(days=1)) == 1
    assert opened.record.counts(HERE, NOW).pending == 0
    assert opened.record.flows(HERE, limit=1)[0].state is LoginState.EXPIRED
