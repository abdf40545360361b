"""`kill -9` at random moments loses nothing and lets nothing in twice; of several with the same answer one wins (plans K2, R1)."""

import multiprocessing
import os
import random
import sqlite3
import subprocess
import sys
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from context_handler.answer_in_hand import AnswerInHand
from context_handler.audit import audit
from context_handler.login_state import LoginState
from context_handler.ports import AnswerUsedError
from context_handler.store.database import Database
from context_handler.store.sqlite import SqliteStore
from context_handler.store.sqlite_record import SqliteRecord
from oiosaml.ids import FlowId
from tests.builders import NOW
from tests.context_handler.boots import BOOT
from tests.context_handler.store.contract import HERE, assertion, login, steps
from tests.processes import END_SECONDS, START_SECONDS

ROOT = Path(__file__).parents[3]
KILLS = int(os.environ.get("NSIS_TEST_KILLS", "8"))
PROCESSES = 4
ANSWERS = 20


def write_and_be_killed(path: Path, first: int, lines: int) -> list[str]:
    """Let a writer run until it has written so many lines, kill it, and give every line that came out."""
    command = [sys.executable, "-m", "tests.context_handler.store.writer", str(path), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline() for _ in range(lines)]
        writer.kill()
        told += writer.stdout.readlines()
    return [line for line in told if line.endswith("\n")]


def test_kills_at_random_moments_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    moments = random.Random(2025)
    told: list[str] = []
    for kill in range(KILLS):
        told += write_and_be_killed(path, 10_000 * kill, moments.randrange(1, 40))
        inspect(path, told)


def inspect(path: Path, told: list[str]) -> None:
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    database = Database(path)
    store, record = SqliteStore(database, BOOT), SqliteRecord(database)
    report = audit(record, HERE, NOW)
    assert report.conserved, report
    for word, text in (line.split() for line in told):
        number = int(text)
        kept = store.pending_by_handle(HERE, FlowId(f"flow-{number}"))
        assert kept is not None, f"a login that had begun is gone: {number}"
        if word == "accepted":
            with pytest.raises(AnswerUsedError) as refused:
                store.accept_answer(
                    HERE, AnswerInHand(login(number), assertion(f"_{number}"), steps(f"flow-{number}", "again"))
                )
            assert refused.value.replay
    finish_what_is_open(store, record)
    assert audit(record, HERE, NOW).counts.pending == 0
    database.close()


def finish_what_is_open(store: SqliteStore, record: SqliteRecord) -> None:
    """People whose login was interrupted go on with it, as after a restart."""
    for flow in record.flows(HERE, limit=100_000):
        number = int(flow.flow.removeprefix("flow-"))
        if flow.state is LoginState.AT_HOME_IDP:
            store.accept_answer(HERE, AnswerInHand(login(number), assertion(f"_{number}"), steps(flow.flow, "accept")))
        if flow.state in {LoginState.AT_HOME_IDP, LoginState.ACCEPTED}:
            store.finish(HERE, flow.flow, LoginState.COMPLETED, None, steps(flow.flow, "answer"))


def accept_them_all(path: Path, barrier: Barrier, accepted: "multiprocessing.Queue[list[int]]") -> None:
    # As long as it takes: what is refused when the others take too long is another test's affair.
    store = SqliteStore(Database(path, busy_timeout=timedelta(seconds=END_SECONDS)), BOOT)
    won: list[int] = []
    barrier.wait()
    for number in range(ANSWERS):
        try:
            store.accept_answer(
                HERE, AnswerInHand(login(number), assertion(f"_{number}"), steps(f"flow-{number}", "accept"))
            )
        except AnswerUsedError:
            continue
        won.append(number)
    accepted.put(won)


def test_one_answer_posted_to_several_processes_is_accepted_once(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = Database(path)
    for number in range(ANSWERS):
        SqliteStore(database, BOOT).save_pending(HERE, login(number), steps(f"flow-{number}", "begin"))
    spawn = multiprocessing.get_context("spawn")
    barrier, accepted = spawn.Barrier(PROCESSES), spawn.Queue()
    processes = [spawn.Process(target=accept_them_all, args=(path, barrier, accepted)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    won = sorted(number for _ in processes for number in accepted.get(timeout=START_SECONDS))
    for process in processes:
        process.join()
    assert won == list(range(ANSWERS))
    assert audit(SqliteRecord(database), HERE, NOW).conserved
    database.close()


def start_at_once(path: Path, barrier: Barrier) -> None:
    barrier.wait()
    Database(path).close()


def test_processes_that_start_at_once_migrate_one_after_the_other(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(3)
    processes = [spawn.Process(target=start_at_once, args=(tmp_path / "store.db", barrier)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
