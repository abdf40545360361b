"""Single sign-on in one browser: what a session answers without a visit to the IdP, what a forced or a silent login gets, and how long."""

from datetime import timedelta
from typing import Any

import pytest

from context_handler.answering import RefusedLogin
from context_handler.asking import PostTo
from context_handler.audit import audit
from context_handler.discovery import AskForHomeIdp
from context_handler.prompts import STEPS, count_prompts
from context_handler.session import ENDED_REMEMBERED, SessionLimits
from context_handler.store.bounds import ROWS_AT_ONCE
from oiosaml import attributes as names
from oiosaml.privileges import read_privileges
from oiosaml.uris import STATUS_AUTHN_FAILED, STATUS_NO_PASSIVE
from tests.builders import ANE_HOLM, IDP, NOW
from tests.context_handler.rig import Rig, minutes
from tests.context_handler.session_rig import (
    SOMEBODY_ELSE,
    answered,
    ask,
    assertion,
    level,
    log_in,
    sent_to_idp,
)

pytestmark = pytest.mark.anyio


def events_of_last(rig: Rig) -> list[str]:
    (flow, *_) = rig.record.flows(rig.ports.workspace, limit=1)
    return [event.step for event in rig.record.events_of(rig.ports.workspace, flow.flow)]


# --- single sign-on


async def test_second_login_needs_no_visit_to_the_idp(rig: Rig) -> None:
    first = answered(rig, await log_in(rig))
    second = answered(rig, ask(rig, NOW + minutes(3)))
    assert first.subject is not None
    assert second.subject is not None
    assert first.subject.name_id == second.subject.name_id
    assert second.values_of(names.LOA) == ("Substantial",)
    assert second.authn_statements[0].authn_instant == NOW, "the home IdP's own instant is passed on"
    assert second.authn_statements[0].session_index == first.authn_statements[0].session_index
    assert second.id != first.id


async def test_a_login_answered_by_a_session_is_begun_and_completed_in_one_visit(rig: Rig) -> None:
    await log_in(rig)
    ask(rig, NOW + minutes(1))
    assert events_of_last(rig) == [
        "open_authn_request", "vouch_for_system", "check_authn_request", "choose_home_idp", "find_session", "remember_login",
        "gather_privileges", "translate_roles", "release_attributes", "compose_assertion", "answer_system",
    ]  # fmt: skip
    report = audit(rig.record, rig.ports.workspace, NOW)
    assert (report.counts.started, report.counts.completed, report.conserved) == (2, 2, True), report


async def test_a_request_is_answered_from_a_session_once(rig: Rig) -> None:
    await log_in(rig)
    query = rig.query_of(rig.request())
    assert isinstance(rig.begin_with(query), PostTo)
    again = rig.begin_with(query)
    assert isinstance(again, RefusedLogin)
    assert again.error.code == "req.replay"
    assert rig.counts().conserved


async def test_rights_are_those_of_the_moment_of_each_login(rig: Rig) -> None:
    assert read_privileges(answered(rig, await log_in(rig)).values_of(names.PRIVILEGES_INTERMEDIATE)[0]).groups
    rig.registry.job_function_roles.clear()
    token = answered(rig, ask(rig))
    assert read_privileges(token.values_of(names.PRIVILEGES_INTERMEDIATE)[0]).groups == ()


async def test_another_browser_has_no_session(rig: Rig) -> None:
    await log_in(rig)
    rig.session = None
    assert isinstance(ask(rig), AskForHomeIdp)


async def test_prompts_are_counted_by_person_and_day_from_the_events(rig: Rig) -> None:
    await log_in(rig, request=level("Low"), level="Low")
    ask(rig, **level("Low"))
    question = sent_to_idp(rig, ask(rig, **level("Substantial")))
    await rig.finish(rig.answer_with(question, assertion(rig, question)))
    await log_in(rig, request={"force_authn": True})
    ask(rig, force_authn=True)  # never comes back, so it is no login
    (count,) = count_prompts(rig.record.events_of_completed_logins(rig.ports.workspace, STEPS))
    assert (count.day, count.idp) == (NOW.date(), IDP)
    assert (count.logins, count.prompts, count.from_session, count.step_ups, count.forced) == (4, 3, 1, 1, 1)
    assert ANE_HOLM.value not in count.person


# --- cookies


async def test_each_login_at_the_idp_gives_a_fresh_handle_and_the_old_one_opens_nothing_web_03(rig: Rig) -> None:
    """Whoever knew the session cookie before the login knows nothing of worth after it."""
    await log_in(rig)
    planted = rig.session
    await log_in(rig, request={"force_authn": True})
    assert rig.session != planted
    rig.session = planted
    assert isinstance(ask(rig), AskForHomeIdp)


async def test_a_planted_cookie_does_not_share_the_victims_session_web_03(rig: Rig) -> None:
    """An attacker whose own session cookie was planted in the victim's browser has it no longer once the victim has logged in."""
    await log_in(rig, name_id=SOMEBODY_ELSE)
    planted = rig.session
    rig.ports.sessions.in_browser(rig.ports.workspace, planted or "")
    await log_in(rig, request={"force_authn": True})
    assert rig.ports.sessions.in_browser(rig.ports.workspace, planted or "") == ()


# --- REQ-12: a forced login, a silent one


async def test_force_authn_reaches_the_idp_whatever_session_there_is(rig: Rig) -> None:
    await log_in(rig)
    assert sent_to_idp(rig, ask(rig, force_authn=True)).force_authn


async def test_an_old_login_does_not_answer_force_authn(rig: Rig) -> None:
    await log_in(rig)
    at = NOW + minutes(20)
    outcome = await log_in(rig, at, request={"force_authn": True}, authn_instant=NOW)
    assert isinstance(outcome, RefusedLogin)
    assert outcome.error.code == "proto.force-authn"
    assert rig.answer(outcome).envelope.status.second_code == STATUS_AUTHN_FAILED


async def test_passive_is_answered_from_the_session(rig: Rig) -> None:
    await log_in(rig)
    answered(rig, ask(rig, is_passive=True))


async def test_passive_with_a_session_too_low_asks_its_idp_passively(rig: Rig) -> None:
    await log_in(rig, request=level("Low"), level="Low")
    assert sent_to_idp(rig, ask(rig, is_passive=True, **level("Substantial"))).is_passive


async def test_passive_without_session_and_with_several_idps_is_refused(rig: Rig) -> None:
    outcome = ask(rig, is_passive=True)
    assert isinstance(outcome, RefusedLogin)
    assert rig.answer(outcome).envelope.status.second_code == STATUS_NO_PASSIVE


# --- how long


async def test_a_session_that_rests_for_an_hour_is_over(rig: Rig) -> None:
    await log_in(rig)
    assert isinstance(ask(rig, NOW + minutes(60)), AskForHomeIdp)


async def test_use_keeps_a_session_alive_up_to_eight_hours(rig: Rig) -> None:
    await log_in(rig)
    for quarters in range(1, 9 * 4):
        at = NOW + minutes(15 * quarters)
        outcome = ask(rig, at)
        assert isinstance(outcome, PostTo if at < NOW + timedelta(hours=8) else AskForHomeIdp), at


async def test_eight_hours_count_from_the_login_at_the_idp(rig: Rig) -> None:
    await log_in(rig, authn_instant=NOW - timedelta(hours=7, minutes=50))
    answered(rig, ask(rig, NOW + minutes(9)))
    assert isinstance(ask(rig, NOW + minutes(10)), AskForHomeIdp)


async def test_the_idps_own_end_counts(rig: Rig) -> None:
    await log_in(rig, session_not_on_or_after=NOW + minutes(5))
    answered(rig, ask(rig, NOW + minutes(4)))
    assert isinstance(ask(rig, NOW + minutes(5)), AskForHomeIdp)


async def test_limits_are_settings(rig: Rig) -> None:
    await log_in(rig)
    object.__setattr__(rig.ports, "session_limits", SessionLimits(idle=minutes(2)))
    assert isinstance(ask(rig, NOW + minutes(2)), AskForHomeIdp)


async def test_an_ended_session_is_forgotten(rig: Rig) -> None:
    await log_in(rig)
    sessions, workspace = rig.ports.sessions, rig.ports.workspace
    assert sessions.forget(workspace, NOW + timedelta(hours=8) - minutes(1)) == 0
    assert sessions.forget(workspace, NOW + timedelta(hours=8)) == 1
    assert sessions.in_browser(workspace, rig.session or "") == ()


async def test_web_13_many_ended_sessions_are_forgotten_a_part_at_a_time(rig: Rig) -> None:
    await log_in(rig)
    sessions, workspace = rig.ports.sessions, rig.ports.workspace
    many = ROWS_AT_ONCE + 1
    multiply("sessions", rig, many, id="id", handle="handle", name_id="name_id")
    multiply("participants", rig, many, session="session")
    at = NOW + timedelta(hours=8)
    assert [sessions.forget(workspace, at) for _ in range(3)] == [ROWS_AT_ONCE, 1, 0]
    remembered = "SELECT COUNT(*) FROM ended_participants"
    number = rows(rig, remembered)
    assert number == many * 2, "a system and the home IdP of each"
    at += ENDED_REMEMBERED
    forgotten = [sessions.forget(workspace, at) for _ in range(4)]
    assert forgotten == [ROWS_AT_ONCE, ROWS_AT_ONCE, 2, 0]
    assert rows(rig, remembered) == 0


def rows(rig: Rig, query: str) -> int:
    row = rig.database.row(query, ())
    assert row is not None
    return int(row[0])


def multiply(table: str, rig: Rig, number: int, **changed: str) -> None:
    """Copy the one row of a table until there are so many, each with a number behind what tells them apart."""
    with rig.database.writing() as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]
        copied = ", ".join(f"{name} || '-' || ?1" if name in changed else name for name in names)
        for copy in range(1, number):
            connection.execute(f"INSERT INTO {table} SELECT {copied} FROM {table} LIMIT 1", (copy,))


# --- a session that ends while a login goes on


async def test_a_session_ended_meanwhile_gives_no_token(rig: Rig) -> None:
    await log_in(rig)
    sessions = rig.ports.sessions
    handle = rig.session or ""
    seen = sessions.in_browser(rig.ports.workspace, handle)
    sessions.forget(rig.ports.workspace, NOW + timedelta(hours=9))

    class Late:
        def __getattr__(self, name: str) -> Any:
            return getattr(sessions, name)

        def in_browser(self, *_: object) -> Any:
            return seen

    object.__setattr__(rig.ports, "sessions", Late())
    outcome = ask(rig)
    assert isinstance(outcome, RefusedLogin)
    assert outcome.error.code == "flow.logged-out"
    question = sent_to_idp(rig, ask(rig, force_authn=True))
    late = await rig.finish(rig.answer_with(question, assertion(rig, question)))
    assert isinstance(late, RefusedLogin), "a session that was ended is not brought back"
    assert late.error.code == "flow.logged-out"
    assert rig.counts().conserved
