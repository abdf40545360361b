"""A store that an older version made is brought on with everything in it."""

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from context_handler.audit import audit
from context_handler.events import Event, EventOutcome
from context_handler.logout_state import PartyKind
from context_handler.session import ENDED_REMEMBERED
from context_handler.store import schema
from context_handler.store.database import Database, to_microseconds
from context_handler.store.event_rows import findings_text
from context_handler.store.session_rows import name_id_text
from context_handler.store.sqlite_logouts import SqliteLogouts
from context_handler.store.sqlite_record import SqliteRecord
from context_handler.store.sqlite_sessions import SqliteSessions
from oiosaml.ids import FlowId, MessageId
from tests.builders import ANE_HOLM, IDP, NOW
from tests.context_handler.boots import BOOT
from tests.context_handler.logout_rig import BYGGESAG
from tests.context_handler.store.contract import FINDING, HERE, steps

RICH = replace(
    steps("flow-1", "refuse")[0],
    outcome=EventOutcome.REFUSED,
    code="fed.loa",
    detail="got 'Low' – æøå\x00\n",
    party=IDP,
    message_id=MessageId("_m"),
    octets_in=b"\x00\xff<xml/>",
    octets_out=b"\xfe\x00out",
    findings=(FINDING, replace(FINDING, line=None)),
)
BARE = Event(FlowId("flow-1"), NOW.replace(microsecond=1), "begin", EventOutcome.PASSED)
ONE_WAY = replace(BARE, step="ask", outcome=EventOutcome.ASKED, octets_out=b"\xff")
EMPTY = replace(BARE, step="open", octets_in=b"")


def make_at_step(path: Path, revision: str) -> sqlite3.Connection:
    """Make a store as the version with that step of the schema did."""
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).with_name("migrations")))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
    return sqlite3.connect(path)


def write_at_step_1(connection: sqlite3.Connection, event: Event, moved_from: str | None, moved_to: str | None) -> None:
    connection.execute(
        "INSERT INTO events (workspace, flow, at, step, outcome, code, detail, party, message_id, findings,"
        " octets_in, octets_out, moved_from, moved_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (HERE, event.flow, to_microseconds(event.at), event.step, event.outcome, event.code, event.detail, event.party,
         event.message_id, findings_text(event.findings) if event.findings else None, event.octets_in, event.octets_out,
         moved_from, moved_to),
    )  # fmt: skip


def test_events_that_had_a_row_each_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    old = make_at_step(path, "0001")
    instant = to_microseconds(NOW)
    old.execute(
        "INSERT INTO logins (workspace, flow, state, code, started_at, expires_at) VALUES (?, 'flow-1', 'refused', 'x', ?, ?)",
        (HERE, instant, instant),
    )
    for event in (BARE, ONE_WAY, EMPTY):
        write_at_step_1(old, event, None, None)
    write_at_step_1(old, RICH, None, "refused")
    old.commit()
    old.close()
    database = Database(path)
    record = SqliteRecord(database)
    assert record.events_of(HERE, FlowId("flow-1")) == (BARE, ONE_WAY, EMPTY, RICH)
    assert record.flow_of(HERE, MessageId("_m")) == "flow-1"
    report = audit(record, HERE, NOW)
    assert (report.conserved, report.counts.refused) == (True, 1)
    database.close()


def test_a_store_keeps_octets_once_and_steps_as_json(tmp_path: Path) -> None:
    from context_handler.store.sqlite import SqliteStore

    database = Database(tmp_path / "store.db")
    SqliteStore(database, BOOT).record(HERE, (replace(BARE, octets_in=b"in", octets_out=b"out"), ONE_WAY))
    with database.reading() as connection:
        ((text, octets),) = connection.execute("SELECT steps, octets FROM events").fetchall()
    assert json.loads(text) == [
        {"step": "begin", "octets_in": 2, "octets_out": 3},
        {"step": "ask", "outcome": "asked", "octets_out": 1},
    ]
    assert octets == b"inout\xff"
    database.close()


def test_a_session_that_had_ended_is_known_as_before(tmp_path: Path) -> None:
    """Who else took part in it was not written down, so nobody else is told."""
    path = tmp_path / "store.db"
    old = make_at_step(path, "0008")
    index, ended_at = "_index", to_microseconds(NOW)
    for party, name in ((BYGGESAG, ANE_HOLM), (IDP, ANE_HOLM)):
        old.execute(
            "INSERT INTO ended_sessions (workspace, party, name_id, session_index, ended_at) VALUES (?, ?, ?, ?, ?)",
            (HERE, party, name_id_text(name), index, ended_at),
        )
    old.commit()
    old.close()
    database = Database(path)
    logouts = SqliteLogouts(database)
    for kind, party in ((PartyKind.SYSTEM, BYGGESAG), (PartyKind.HOME_IDP, IDP)):
        (ended,) = logouts.ended_sessions(HERE, kind, party, ANE_HOLM, (index,))
        assert (ended.session_indexes, ended.still_logged_in) == ((index,), ())
    SqliteSessions(database).forget(HERE, NOW + ENDED_REMEMBERED)
    assert logouts.ended_sessions(HERE, PartyKind.SYSTEM, BYGGESAG, ANE_HOLM, (index,)) == ()
    database.close()


def test_a_session_that_was_there_before_goes_on_and_is_left_behind_by_nobody(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    old = make_at_step(path, "0009")
    old.execute(
        "INSERT INTO sessions (workspace, id, handle, browser, idp, profile, name_id, session_indexes, level, signer,"
        " authn_instant, used_at, ends_at, assertion) VALUES (?, 's', 'h', 'b', ?, 'OIOSAML3', ?, '[]', 3, 'k', 1, 1, 1, x'00')",
        (HERE, IDP, name_id_text(ANE_HOLM)),
    )
    old.commit()
    old.close()
    database = Database(path)
    (found,) = SqliteLogouts(database).sessions_of_browser(HERE, "h")
    assert (found.session.id, found.left_behind) == ("s", False)
    database.close()
