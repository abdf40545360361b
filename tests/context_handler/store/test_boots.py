"""A loss of power lets no answer in twice: what was pending before it is ended when the store is opened again."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from context_handler.answer_in_hand import AnswerInHand
from context_handler.audit import audit
from context_handler.login_state import LoginState
from context_handler.logout_state import LOGOUT_LIFETIME, LogoutState
from context_handler.ports import AnswerUsedError, Counts
from context_handler.store.boots import INTERRUPT_STEP, INTERRUPTED, Boot, enter_boot
from context_handler.store.database import Database, Survives, Transaction
from context_handler.store.sqlite import SqliteStore
from context_handler.store.sqlite_logouts import SqliteLogouts
from context_handler.store.sqlite_record import SqliteRecord
from context_handler.store.sqlite_sessions import SqliteSessions
from oiosaml.ids import DEFAULT_WORKSPACE, FlowId
from tests.builders import NOW
from tests.context_handler.boots import BOOT, NEXT_BOOT
from tests.context_handler.logout_rig import BYGGESAG, YDELSER, make_street
from tests.context_handler.rig import BROWSER, make_rig
from tests.context_handler.store.contract import (
    ELSEWHERE,
    HERE,
    assertion,
    choosing,
    login,
    steps,
    walk_every_path,
)


def test_an_answer_whose_acceptance_the_power_took_is_not_accepted_again(tmp_path: Path) -> None:
    path, before = tmp_path / "store.db", tmp_path / "before.db"
    database = Database(path)
    store = SqliteStore(database, BOOT)
    store.save_pending(HERE, login(), steps("flow-1", "begin"))
    with sqlite3.connect(before) as copy, database.reading() as connection:
        connection.backup(copy)
    copy.close()
    store.accept_answer(HERE, AnswerInHand(login(), assertion(), steps("flow-1", "accept")))
    database.close()
    # The disk as the power left it: everything up to some transaction, and nothing after it.
    lost = Database(before)
    store, record = SqliteStore(lost, NEXT_BOOT), SqliteRecord(lost)
    with pytest.raises(AnswerUsedError):
        store.accept_answer(HERE, AnswerInHand(login(), assertion(), steps("flow-1", "again")))
    report = audit(record, HERE, NOW)
    assert (report.conserved, report.counts) == (True, Counts(1, 0, 0, 1, 0))
    lost.close()


def test_every_pending_login_of_an_earlier_boot_is_ended_with_an_event_and_nothing_else_is(database: Database) -> None:
    store, record = SqliteStore(database, BOOT), SqliteRecord(database)
    walk_every_path(store)
    store.save_pending(HERE, choosing(6), steps("flow-6", "begin"))
    store.save_pending(HERE, login(7), steps("flow-7", "begin"))
    store.accept_answer(HERE, AnswerInHand(login(7), assertion("_7"), steps("flow-7", "accept")))
    store.save_pending(ELSEWHERE, login(8), steps("flow-8", "begin"))
    earlier = record.counts(HERE, NOW)
    SqliteStore(database, NEXT_BOOT)
    assert record.counts(HERE, NOW) == Counts(
        earlier.started, earlier.completed, earlier.refused, earlier.expired + 3, 0
    )
    for workspace, flow in ((HERE, "flow-5"), (HERE, "flow-6"), (HERE, "flow-7"), (ELSEWHERE, "flow-8")):
        last = record.events_of(workspace, FlowId(flow))[-1]
        assert (last.step, last.code) == (INTERRUPT_STEP, INTERRUPTED)
        ended = store.pending_by_handle(workspace, FlowId(flow))
        assert ended is not None
        assert (ended.state, ended.code) == (LoginState.EXPIRED, INTERRUPTED)
        assert audit(record, workspace, NOW).conserved
    assert record.events_of(HERE, FlowId("flow-4"))[-1].code == "flow.expired"


def test_within_one_boot_nothing_is_ended(database: Database) -> None:
    SqliteStore(database, BOOT).save_pending(HERE, login(), steps("flow-1", "begin"))
    again = SqliteStore(database, BOOT)
    assert again.pending_by_handle(HERE, FlowId("flow-1")) == login()
    again.accept_answer(HERE, AnswerInHand(login(), assertion(), steps("flow-1", "accept")))


def test_a_boot_that_comes_back_is_another_one_all_the_same(database: Database) -> None:
    # A store that was carried to another machine and back again.
    for boot, number in ((BOOT, 1), (NEXT_BOOT, 2)):
        SqliteStore(database, boot).save_pending(HERE, login(number), steps(f"flow-{number}", "begin"))
    assert enter_boot(database, BOOT) == 1
    assert SqliteRecord(database).counts(HERE, NOW) == Counts(2, 0, 0, 2, 0)


def test_a_store_of_before_boots_were_remembered_is_entered_anew(database: Database) -> None:
    SqliteStore(database, BOOT).save_pending(HERE, login(), steps("flow-1", "begin"))
    with database.writing() as connection:
        connection.execute("DELETE FROM boots")
    assert enter_boot(database, BOOT) == 1


def test_entering_is_written_down_once(database: Database) -> None:
    assert [enter_boot(database, boot) for boot in (BOOT, BOOT, NEXT_BOOT, Boot("boot-2", NOW))] == [0, 0, 0, 0]
    with database.reading() as connection:
        assert connection.execute("SELECT boot FROM boots ORDER BY seq").fetchall() == [("boot-1",), ("boot-2",)]


# --- a logout


def test_a_logout_is_on_the_disk_before_anybody_hears_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first transaction of a logout ends the session, and no loss of power undoes it."""
    street = make_street(make_rig(tmp_path))
    street.log_in(BYGGESAG, YDELSER)
    written: list[Survives] = []
    plain = Database.writing

    def noted(self: Database, survives: Survives = Survives.POWER_LOSS) -> Transaction:
        written.append(survives)
        return plain(self, survives)

    monkeypatch.setattr(Database, "writing", noted)
    street.send(street.request(BYGGESAG))
    assert written[0] is Survives.POWER_LOSS


def test_a_session_that_was_logged_out_is_not_brought_back_by_a_loss_of_power(tmp_path: Path) -> None:
    street = make_street(make_rig(tmp_path))
    street.log_in(BYGGESAG, YDELSER)
    before = tmp_path / "before.db"
    asked = street.send(street.request(BYGGESAG))
    with sqlite3.connect(before) as copy, street.rig.database.reading() as connection:
        connection.backup(copy)
    copy.close()
    street.everybody_answers(asked)
    # What the disk holds for certain: the beginning of the logout, and nothing of the answers after it.
    lost = Database(before)
    store, logouts, record = SqliteStore(lost, NEXT_BOOT), SqliteLogouts(lost), SqliteRecord(lost)
    assert street.rig.session is not None
    assert SqliteSessions(lost).in_browser(DEFAULT_WORKSPACE, street.rig.session) == ()
    street.rig.ports = replace(street.rig.ports, store=store, sessions=SqliteSessions(lost), logouts=logouts)
    assert not street.is_logged_in()
    (under_way,) = logouts.under_way(DEFAULT_WORKSPACE, BROWSER)
    assert audit(record, DEFAULT_WORKSPACE, NOW).conserved
    assert logouts.expire(DEFAULT_WORKSPACE, NOW + LOGOUT_LIFETIME) == 1
    ended = logouts.by_flow(DEFAULT_WORKSPACE, under_way.flow)
    assert ended is not None
    assert ended.state is LogoutState.PARTIAL
    report = audit(record, DEFAULT_WORKSPACE, NOW + LOGOUT_LIFETIME)
    assert (report.conserved, report.logouts.partial, report.logouts.under_way) == (True, 1, 0)
    lost.close()
