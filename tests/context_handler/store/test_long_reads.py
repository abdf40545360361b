"""Long reads are made beside the logins: in another thread, on connections of their own, and without what is not asked for."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from context_handler.answer_in_hand import AnswerInHand
from context_handler.login_state import LoginState
from context_handler.store import event_rows
from context_handler.store.database import Database
from context_handler.store.record import Record
from context_handler.store.sqlite import SqliteStore
from context_handler.store.sqlite_long_reads import SqliteLongReads
from context_handler.store.sqlite_record import SqliteRecord
from oiosaml.errors import SamlError
from oiosaml.ids import FlowId
from tests.builders import NOW
from tests.context_handler.boots import BOOT
from tests.context_handler.store.contract import ELSEWHERE, FINDING, HERE, assertion, login, steps

pytestmark = pytest.mark.anyio

TOLD = frozenset({"find_session", "keep_session"})


@pytest.fixture
def store(database: Database) -> SqliteStore:
    return SqliteStore(database, BOOT)


def complete(store: SqliteStore, number: int) -> None:
    flow, pending = f"flow-{number}", login(number)
    store.save_pending(HERE, pending, steps(flow, "open", "find_session", octets_in=b"x" * 9000))
    store.accept_answer(HERE, AnswerInHand(pending, assertion(f"_{number}"), steps(flow, "accept", octets_in=b"y")))
    kept = replace(steps(flow, "keep_session", detail="person p", octets_in=b"z")[0], findings=(FINDING,))
    store.finish(HERE, FlowId(flow), LoginState.COMPLETED, None, (kept,))


# --- what is read


def test_the_events_of_completed_logins_come_without_octets_and_no_others(
    database: Database, store: SqliteStore
) -> None:
    complete(store, 1)
    store.save_pending(HERE, login(2), steps("flow-2", "find_session"))
    store.save_pending(HERE, login(3), steps("flow-3", "find_session"))
    store.finish(HERE, FlowId("flow-3"), LoginState.REFUSED, "fed.loa", steps("flow-3", "keep_session"))
    record = SqliteRecord(database)
    told = sorted(record.events_of_completed_logins(HERE, TOLD), key=lambda event: event.step)
    whole = [event for event in record.events_of(HERE, FlowId("flow-1")) if event.step in TOLD]
    assert told == [replace(event, octets_in=None) for event in whole]
    assert [event.step for event in told] == ["find_session", "keep_session"]
    assert list(record.events_of_completed_logins(HERE, frozenset({"keep_session"}))) == told[1:]
    assert list(record.events_of_completed_logins(ELSEWHERE, TOLD)) == []


def test_web_13_they_are_read_one_row_at_a_time(
    database: Database, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        complete(store, number)
    read: list[str] = []
    real = event_rows.json_value

    def noticed(text: str) -> object:
        read.append(text)
        return real(text)

    monkeypatch.setattr(event_rows, "json_value", noticed)
    events = SqliteRecord(database).events_of_completed_logins(HERE, TOLD)
    next(events)
    assert len(read) == 1, "no more than is asked for is in memory"
    assert len(list(events)) == 39
    assert len(read) == 40, "rows without one of the steps are not read"


# --- beside the logins


async def test_web_13_logins_go_on_while_the_record_is_read(database: Database, store: SqliteStore) -> None:
    complete(store, 1)
    reading, written = threading.Event(), threading.Event()

    def question(record: Record) -> tuple[int, int]:
        before = record.counts(HERE, NOW).completed
        reading.set()
        assert written.wait(60)
        return before, record.counts(HERE, NOW).completed

    asked = asyncio.create_task(SqliteLongReads(database).ask(question))
    async with asyncio.timeout(60):
        while not reading.is_set():  # noqa: ASYNC110 - it is set in a thread
            await asyncio.sleep(0)
        complete(store, 2)
        written.set()
        assert await asked == (1, 2)


async def test_one_is_made_at_a_time(database: Database, store: SqliteStore) -> None:
    under_way, most = [0], [0]

    def question(record: Record) -> int:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        record.counts(HERE, NOW)
        under_way[0] -= 1
        return threading.get_ident()

    reads = SqliteLongReads(database)
    threads = await asyncio.gather(*(reads.ask(question) for _ in range(10)))
    assert most == [1]
    assert threading.get_ident() not in threads


async def test_its_connections_are_its_own_and_closed(
    database: Database, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    real: Callable[[Database], object] = Database.take

    def take(own: Database) -> object:
        taken.append(id(own))
        return real(own)

    monkeypatch.setattr(Database, "take", take)
    opened: list[Database] = []

    def question(record: Record) -> int:
        opened.append(record._database)  # type: ignore[attr-defined]
        return record.counts(HERE, NOW).started

    assert await SqliteLongReads(database).ask(question) == 0
    assert id(database) not in taken
    assert not opened[0]._idle


async def test_a_store_that_is_gone_is_unavailable_and_not_made_anew(
    database: Database, store: SqliteStore, tmp_path: Path
) -> None:
    database.close()
    (tmp_path / "store.db").unlink()
    with pytest.raises(SamlError) as refused:
        await SqliteLongReads(database).ask(lambda record: record.counts(HERE, NOW))
    assert refused.value.code == "web.unavailable"
    assert not (tmp_path / "store.db").exists()


async def test_what_the_question_raises_comes_out_and_the_next_one_is_answered(
    database: Database, store: SqliteStore
) -> None:
    def question(record: Record) -> int:
        raise SamlError("web.not-found", "got nothing")

    reads = SqliteLongReads(database)
    with pytest.raises(SamlError, match="got nothing"):
        await reads.ask(question)
    assert await reads.ask(lambda record: record.counts(HERE, NOW).started) == 0
