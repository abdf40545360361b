"""What goes when the record is full, and that the counts hold on: by a flood of refusals, of open logins, or by age of use."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from context_handler.answer_in_hand import AnswerInHand
from context_handler.audit import audit
from context_handler.events import MAX_HEARSAY_OCTETS, Event, EventOutcome, as_hearsay
from context_handler.login_state import WAITING_STATES, LoginState
from context_handler.logout_state import LogoutState
from context_handler.ports import AnswerUsedError
from context_handler.store.bounds import Bounds, keep_within
from context_handler.store.database import Database, Survives, Transaction
from context_handler.store.sqlite import SqliteStore
from context_handler.store.sqlite_logouts import SqliteLogouts
from context_handler.store.sqlite_record import SqliteRecord
from oiosaml.ids import FlowId
from tests.builders import NOW, SYSTEM
from tests.context_handler.boots import BOOT
from tests.context_handler.store.contract import HERE, assertion, login, steps

Open = Callable[[Bounds], SqliteStore]


@pytest.fixture
def store(database: Database) -> Open:
    return lambda bounds: SqliteStore(database, BOOT, bounds=bounds)


def hearsay(flow: str, octets: bytes = b"x") -> tuple[Event, ...]:
    return tuple(map(as_hearsay, steps(flow, "open", octets_in=octets)))


def refuse(store: SqliteStore, flow: str, octets: bytes = b"x") -> None:
    store.refuse_unstarted(HERE, FlowId(flow), NOW, "sig.value", hearsay(flow, octets))


def complete(store: SqliteStore, number: int, octets: bytes = b"x") -> None:
    flow = FlowId(f"flow-{number}")
    pending = login(number)
    store.save_pending(HERE, pending, steps(flow, "begin", octets_in=octets))
    store.accept_answer(
        HERE, AnswerInHand(pending, assertion(f"_assertion-{number}"), steps(flow, "accept", octets_in=octets))
    )
    store.finish(HERE, flow, LoginState.COMPLETED, None, steps(flow, "end"))


def make_room(store: SqliteStore) -> int:
    rounds = 0
    while store.make_room(HERE, NOW):
        rounds += 1
        assert rounds < 1000
    return rounds


def test_of_hearsay_the_beginning_is_kept_with_what_it_was_a_part_of(database: Database, store: Open) -> None:
    octets = bytes(range(256)) * (MAX_HEARSAY_OCTETS // 256) + b"!"
    refuse(store(Bounds()), "flow-1", octets)
    (event,) = SqliteRecord(database).events_of(HERE, FlowId("flow-1"))
    assert event.hearsay
    assert event.octets_in == octets[:MAX_HEARSAY_OCTETS]
    assert event.whole_in is not None
    assert event.whole_in.octets == len(octets)
    assert len(event.whole_in.sha256) == 64


def test_hearsay_that_is_short_enough_is_kept_whole(database: Database, store: Open) -> None:
    refuse(store(Bounds()), "flow-1", b"x" * MAX_HEARSAY_OCTETS)
    (event,) = SqliteRecord(database).events_of(HERE, FlowId("flow-1"))
    assert (event.octets_in, event.whole_in) == (b"x" * MAX_HEARSAY_OCTETS, None)


def test_a_flood_of_refusals_drops_the_oldest_of_them_and_nothing_else(database: Database, store: Open) -> None:
    bounded, record = store(Bounds(hearsay=10)), SqliteRecord(database)
    complete(bounded, 1)
    bounded.refuse_unstarted(HERE, FlowId("vouched"), NOW, "fed.loa", steps("vouched", "check"))
    for number in range(15):
        refuse(bounded, f"refused-{number}")
    SqliteLogouts(database).refuse(HERE, FlowId("logout"), NOW, "sig.value", hearsay("logout"))
    assert make_room(bounded) == 1
    kept = [number for number in range(15) if record.events_of(HERE, FlowId(f"refused-{number}"))]
    assert kept == list(range(6, 15))
    for flow in ("flow-1", "vouched", "logout"):
        assert record.events_of(HERE, FlowId(flow))
    report = audit(record, HERE, NOW)
    assert report.conserved
    assert (report.counts.started, report.counts.completed, report.counts.refused) == (17, 1, 16)
    assert not bounded.make_room(HERE, NOW)


def test_hearsay_about_a_login_goes_and_the_login_stays(database: Database, store: Open) -> None:
    bounded = store(Bounds(hearsay=3))
    bounded.save_pending(HERE, login(), steps("flow-1", "begin"))
    for _ in range(500):
        bounded.record(HERE, hearsay("flow-1"))
    assert make_room(bounded) == 3
    assert len(SqliteRecord(database).events_of(HERE, FlowId("flow-1"))) == 1 + 3
    assert audit(SqliteRecord(database), HERE, NOW).counts.pending == 1


def test_hearsay_that_ended_a_login_stays(database: Database, store: Open) -> None:
    bounded = store(Bounds(hearsay=0))
    bounded.save_pending(HERE, login(), steps("flow-1", "begin"))
    bounded.finish(HERE, FlowId("flow-1"), LoginState.EXPIRED, "flow.expired", hearsay("flow-1"))
    assert make_room(bounded) == 0
    assert audit(SqliteRecord(database), HERE, NOW).conserved


def test_when_too_many_wait_the_oldest_end(database: Database, store: Open) -> None:
    bounded = store(Bounds(pending=2))
    for number in range(5):
        bounded.save_pending(HERE, login(number), steps(f"flow-{number}", "begin"))
    assert make_room(bounded) == 1
    states = [bounded.pending_by_handle(HERE, FlowId(f"flow-{number}")) for number in range(5)]
    assert [each.state if each else None for each in states] == [LoginState.EXPIRED] * 3 + [LoginState.AT_HOME_IDP] * 2
    report = audit(SqliteRecord(database), HERE, NOW)
    assert (report.conserved, report.counts.expired, report.counts.pending) == (True, 3, 2)


def begin(store: SqliteStore, number: int, browser: str) -> None:
    store.save_pending(HERE, login(number, browser=browser), steps(f"flow-{number}", "begin"))


def waiting(store: SqliteStore, numbers: Iterable[int]) -> list[int]:
    found = {number: store.pending_by_handle(HERE, FlowId(f"flow-{number}")) for number in numbers}
    return [number for number, each in found.items() if each is not None and each.state in WAITING_STATES]


def test_a_browser_that_begins_logins_without_end_loses_its_own_and_nobody_elses_web_13(
    database: Database, store: Open
) -> None:
    bounded, record = store(Bounds(pending=50, of_a_browser=20)), SqliteRecord(database)
    begin(bounded, 0, "honest")  # the oldest of all
    for number in range(1, 450):
        begin(bounded, number, "greedy")
    begin(bounded, 450, "honest")
    assert make_room(bounded) == 3, "two hundred at a time"
    assert waiting(bounded, range(451)) == [0, *range(430, 451)]
    (_, event) = record.events_of(HERE, FlowId("flow-429"))
    assert (event.step, event.code, event.party) == ("make_room", "flow.expired", SYSTEM)
    assert "browser" in event.detail
    report = audit(record, HERE, NOW)
    assert report.conserved, report.discrepancies[:3]
    assert (report.counts.started, report.counts.expired, report.counts.pending) == (451, 429, 22)


def test_only_what_is_beyond_the_bound_of_a_browser_ends(database: Database, store: Open) -> None:
    bounded = store(Bounds(of_a_browser=10))
    for number in range(10):
        begin(bounded, number, "ten tabs")
        begin(bounded, number + 10, f"browser {number}")
    assert make_room(bounded) == 0
    begin(bounded, 20, "ten tabs")
    assert make_room(bounded) == 1
    assert waiting(bounded, range(21)) == list(range(1, 21))


def test_logins_of_a_browser_that_have_ended_do_not_count(database: Database, store: Open) -> None:
    bounded = store(Bounds(of_a_browser=3))
    for number in range(8):
        complete(bounded, number)  # all in the one browser of `login`
    for number in range(8, 11):
        bounded.save_pending(HERE, login(number), steps(f"flow-{number}", "begin"))
    assert make_room(bounded) == 0
    assert audit(SqliteRecord(database), HERE, NOW).counts.completed == 8


def test_the_bound_in_all_holds_for_who_takes_a_new_browser_each_time(database: Database, store: Open) -> None:
    bounded = store(Bounds(pending=30, of_a_browser=20))
    for number in range(300):
        begin(bounded, number, f"browser {number}")
    assert make_room(bounded) == 2
    assert waiting(bounded, range(300)) == list(range(270, 300))


def test_workers_that_make_room_at_once_drop_no_more_than_there_is_too_much(tmp_path: Path, store: Open) -> None:
    """The second has looked before the first has ended what was too much, and ends nothing on top of it."""
    bounds = Bounds(pending=40, of_a_browser=20, hearsay=5)
    bounded = store(bounds)
    for number in range(50):
        begin(bounded, number, f"browser {number}")
    for number in range(9):
        refuse(bounded, f"refused-{number}")

    class Late(Database):
        def writing(self, survives: Survives = Survives.POWER_LOSS) -> Transaction:
            assert bounded.make_room(HERE, NOW)
            return super().writing(survives)

    late = Late(tmp_path / "store.db")
    try:
        assert not keep_within(late, HERE, NOW, bounds)
    finally:
        late.close()
    assert waiting(bounded, range(50)) == list(range(10, 50))


def test_a_full_record_drops_the_oldest_flows_and_keeps_counts_and_replay_memory(
    database: Database, store: Open
) -> None:
    room, record = 4 << 20, SqliteRecord(database)
    bounded = store(Bounds(octets=room))
    bounded.save_pending(HERE, login(1000), steps("flow-1000", "begin"))
    for number in range(300):
        complete(bounded, number, b"x" * 20_000)
    SqliteLogouts(database).refuse(HERE, FlowId("logout"), NOW, "slo.denied", steps("logout", "check"))
    assert make_room(bounded) > 1
    assert record.events_of(HERE, FlowId("flow-0")) == ()
    assert record.events_of(HERE, FlowId("flow-1000"))
    assert record.events_of(HERE, FlowId("flow-299"))
    report = audit(record, HERE, NOW)
    assert report.conserved, report.discrepancies[:3]
    assert (report.counts.started, report.counts.completed, report.counts.pending) == (301, 300, 1)
    assert (report.logouts.started, report.logouts.refused) == (1, 1)
    bounded.save_pending(HERE, login(1001), steps("flow-1001", "begin"))
    with pytest.raises(AnswerUsedError) as used:
        bounded.accept_answer(HERE, AnswerInHand(login(1001), assertion("_assertion-0"), steps("flow-1001", "accept")))
    assert used.value.replay


def test_dropped_logouts_are_counted_as_well(database: Database, store: Open) -> None:
    bounded, logouts = store(Bounds(octets=0)), SqliteLogouts(database)
    for number in range(3):
        flow = FlowId(f"logout-{number}")
        logouts.refuse(HERE, flow, NOW, "slo.denied", steps(flow, "check"))
    make_room(bounded)
    counts = SqliteRecord(database).logout_counts(HERE)
    assert (counts.started, counts.refused, counts.conserved) == (3, 3, True)
    assert SqliteRecord(database).events_of(HERE, FlowId("logout-0")) == ()
    assert LogoutState.REFUSED.startswith("logout-")


def test_where_nothing_is_too_much_nothing_is_written(database: Database, store: Open) -> None:
    bounded = store(Bounds())
    complete(bounded, 1)
    refuse(bounded, "refused")
    with database.reading() as connection:
        before = connection.total_changes
    assert not bounded.make_room(HERE, NOW)
    with database.reading() as connection:
        assert connection.total_changes == before


def test_an_event_that_is_no_hearsay_is_kept_whole(database: Database, store: Open) -> None:
    octets = b"x" * (MAX_HEARSAY_OCTETS + 1)
    events = steps("flow-1", "check", octets_in=octets)
    store(Bounds()).refuse_unstarted(HERE, FlowId("flow-1"), NOW, "fed.loa", events)
    (event,) = SqliteRecord(database).events_of(HERE, FlowId("flow-1"))
    assert (event.octets_in, event.whole_in, event.hearsay) == (octets, None, False)
    assert event.outcome is EventOutcome.PASSED
