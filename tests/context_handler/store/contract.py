"""What every adapter of the Store must do. An adapter's test file subclasses `StoreContract` and gives the fixture `opened`."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import pytest

from context_handler.answer_in_hand import AnswerInHand
from context_handler.audit import audit
from context_handler.events import Event, EventOutcome
from context_handler.login_state import LoginState, PendingLogin
from context_handler.ports import AnswerUsedError, Counts, Store
from context_handler.store.bounds import ROWS_AT_ONCE
from context_handler.store.record import Record
from oiosaml.ids import AssertionId, EntityId, FlowId, MessageId, WorkspaceId
from oiosaml.messages.app_switch import AppSwitch, Platform
from oiosaml.messages.authn_request import NameIdPolicy, Scoping
from oiosaml.rules.rule import Finding, Requirement
from tests.builders import IDP, NOW, SYSTEM, SYSTEM_ACS, authn_request

HERE, ELSEWHERE = WorkspaceId("here"), WorkspaceId("elsewhere")


class ExpiringStore(Store, Protocol):
    def expire(self, workspace: WorkspaceId, at: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class Opened:
    """One adapter, open. `again` opens the same data anew, as after a restart."""

    store: ExpiringStore
    record: Record
    again: Callable[[], "Opened"]


def login(number: int = 1, **changes: Any) -> PendingLogin:
    """A login at Korsbæk's IdP; each number is another one."""
    valid = PendingLogin(
        flow=FlowId(f"flow-{number}"),
        state=LoginState.AT_HOME_IDP,
        system=SYSTEM,
        request=authn_request(id=MessageId(f"_system-request-{number}")),
        relay_state="tilbage til æ & ø",
        acs_url=SYSTEM_ACS,
        browser="0" * 64,
        started_at=NOW,
        expires_at=NOW + timedelta(hours=1),
        idp=IDP,
        idp_request_id=MessageId(f"_our-request-{number}"),
        idp_request_at=NOW,
    )
    return replace(valid, **changes)


def choosing(number: int = 1, **changes: Any) -> PendingLogin:
    return login(number, state=LoginState.CHOOSING_IDP, idp=None, idp_request_id=None, idp_request_at=None, **changes)


def steps(flow: str, *names: str, **changes: Any) -> tuple[Event, ...]:
    """One event for each step."""
    return tuple(replace(Event(FlowId(flow), NOW, name, EventOutcome.PASSED), **changes) for name in names)


def assertion(name: str = "_a", issuer: EntityId = IDP) -> tuple[EntityId, AssertionId, datetime]:
    return (issuer, AssertionId(name), NOW + timedelta(hours=1))


FINDING = Finding(
    rule_id="SPM-21",
    code="md.rule",
    source="R3-MD-08",
    requirement=Requirement.SHOULD,
    sentence="Der er en kontaktperson.",
    detail="got none",
    refusal_key="md.rule",
    params=(("a", "b"),),
    line=7,
    mend="Add one.",
)


class StoreContract:
    """Every promise of the Store protocol."""

    def test_a_login_comes_back_as_it_was(self, opened: Opened) -> None:
        rich = login(
            request=authn_request(
                name_id_policy=NameIdPolicy("urn:x", allow_create=True),
                scoping=Scoping(2, (IDP, EntityId("https://other.test")), (SYSTEM,)),
                assertion_consumer_service_index=0,
                attribute_consuming_service_index=3,
                issue_instant=NOW.replace(microsecond=123456),
                force_authn=True,
                is_passive=True,
                issuer_format="urn:f",
                provider_name='Bygge "sag" 💶',
                app_switch=AppSwitch(Platform.ANDROID, "https://app.byggesag.sim.test/return"),
            )
        )
        opened.store.save_pending(HERE, rich, steps("flow-1", "begin"))
        again = opened.again()
        assert again.store.pending_by_handle(HERE, rich.flow) == rich
        assert rich.idp_request_id is not None
        assert again.store.pending_by_request(HERE, rich.idp_request_id) == rich

    def test_a_login_with_the_least_comes_back_as_it_was(self, opened: Opened) -> None:
        bare = choosing(
            relay_state=None,
            request=authn_request(requested_authn_context=None, destination=None, protocol_binding=None),
        )
        opened.store.save_pending(HERE, bare, steps("flow-1", "begin"))
        assert opened.store.pending_by_handle(HERE, bare.flow) == bare

    def test_events_come_back_as_they_were_and_in_order(self, opened: Opened) -> None:
        rich = replace(
            steps("flow-1", "refuse")[0],
            outcome=EventOutcome.REFUSED,
            code="fed.loa",
            detail="got 'Low' – æøå",
            party=IDP,
            message_id=MessageId("_m"),
            octets_in=b"\x00\xff<xml/>",
            octets_out=b"",
            findings=(FINDING,),
            at=NOW.replace(microsecond=1),
        )
        opened.store.save_pending(HERE, login(), steps("flow-1", "one", "two"))
        opened.store.record(HERE, (rich,))
        assert opened.again().record.events_of(HERE, FlowId("flow-1")) == (*steps("flow-1", "one", "two"), rich)

    def test_events_of_one_transaction_at_several_instants_keep_them(self, opened: Opened) -> None:
        first, second = steps("flow-1", "one", "two")
        later = replace(second, at=NOW + timedelta(microseconds=1))
        opened.store.record(HERE, (first, later))
        assert opened.record.events_of(HERE, FlowId("flow-1")) == (first, later)

    def test_events_of_several_flows_are_no_transaction(self, opened: Opened) -> None:
        with pytest.raises(ValueError, match="of one flow"):
            opened.store.record(HERE, (*steps("flow-1", "one"), *steps("flow-2", "two")))
        assert opened.record.events_of(HERE, FlowId("flow-1")) == ()

    def test_the_flow_of_a_message_is_the_one_that_saw_it_last(self, opened: Opened) -> None:
        told = 'got "message_id":"_told"'
        opened.store.record(HERE, steps("flow-1", "one", message_id=MessageId("_m")))
        opened.store.record(HERE, steps("flow-2", "one", message_id=MessageId("_m")))
        opened.store.record(HERE, steps("flow-3", "one", message_id=MessageId("_m-and-more"), detail=told))
        opened.store.record(ELSEWHERE, steps("flow-4", "one", message_id=MessageId("_m")))
        assert opened.record.flow_of(HERE, MessageId("_m")) == "flow-2"
        assert opened.record.flow_of(HERE, MessageId("_told")) is None

    def test_a_request_id_begins_one_login_only(self, opened: Opened) -> None:
        opened.store.save_pending(HERE, login(1), steps("flow-1", "begin"))
        with pytest.raises(AnswerUsedError) as refused:
            opened.store.save_pending(HERE, login(2, request=login(1).request), steps("flow-2", "begin"))
        assert refused.value.replay
        assert opened.store.pending_by_handle(HERE, FlowId("flow-2")) is None
        assert opened.record.events_of(HERE, FlowId("flow-2")) == ()

    def test_another_system_may_use_the_same_request_id(self, opened: Opened) -> None:
        opened.store.save_pending(HERE, login(1), steps("flow-1", "begin"))
        other = login(2, request=login(1).request, system=EntityId("https://other.test"))
        opened.store.save_pending(HERE, other, steps("flow-2", "begin"))
        assert opened.store.pending_by_handle(HERE, other.flow) == other

    def test_the_choice_of_an_idp_is_kept(self, opened: Opened) -> None:
        opened.store.save_pending(HERE, choosing(), steps("flow-1", "begin"))
        assert opened.store.save_idp_choice(HERE, login(), steps("flow-1", "choose"))
        assert opened.store.pending_by_request(HERE, MessageId("_our-request-1")) == login()

    def test_another_idp_may_be_chosen_and_the_first_ones_answer_comes_to_nothing(self, opened: Opened) -> None:
        first, second = login(), login(idp_request_id=MessageId("_second"), idp=EntityId("https://other.test"))
        opened.store.save_pending(HERE, first, steps("flow-1", "begin"))
        assert opened.store.save_idp_choice(HERE, second, steps("flow-1", "choose"))
        assert opened.store.pending_by_request(HERE, MessageId("_our-request-1")) is None
        with pytest.raises(AnswerUsedError):
            opened.store.accept_answer(HERE, AnswerInHand(first, assertion(), steps("flow-1", "accept")))
        opened.store.accept_answer(HERE, AnswerInHand(second, assertion(), steps("flow-1", "accept")))

    def test_no_idp_is_chosen_once_the_answer_was_accepted(self, opened: Opened) -> None:
        opened.store.save_pending(HERE, login(), steps("flow-1", "begin"))
        opened.store.accept_answer(HERE, AnswerInHand(login(), assertion(), steps("flow-1", "accept")))
        assert not opened.store.save_idp_choice(HERE, login(), steps("flow-1", "choose"))
        assert len(opened.record.events_of(HERE, FlowId("flow-1"))) == 2

    def test_an_answer_is_accepted_once(self, opened: Opened) -> None:
        opened.store.save_pending(HERE, login(), steps("flow-1", "begin"))
        opened.store.accept_answer(HERE, AnswerInHand(login(), assertion("_a"), steps("flow-1", "accept")))
        for name, replay in (("_a", True), ("_b", False)):
            with pytest.raises(AnswerUsedError) as refused:
                opened.again().store.accept_answer(
                    HERE, AnswerInHand(login(), assertion(name), steps("flow-1", "accept"))
                )
            assert refused.value.replay is replay
        assert len(opened.record.events_of(HERE, FlowId("flow-1"))) == 2

    def test_an_assertion_is_accepted_in_one_login_only_and_the_other_stays_open(self, opened: Opened) -> None:
        for number in (1, 2):
            opened.store.save_pending(HERE, login(number), steps(f"flow-{number}", "begin"))
        opened.store.accept_answer(HERE, AnswerInHand(login(1), assertion("_a"), steps("flow-1", "accept")))
        with pytest.raises(AnswerUsedError) as refused:
            opened.store.accept_answer(HERE, AnswerInHand(login(2), assertion("_a"), steps("flow-2", "accept")))
        assert refused.value.replay
        assert opened.store.pending_by_handle(HERE, FlowId("flow-2")) == login(2)
        opened.store.accept_answer(HERE, AnswerInHand(login(2), assertion("_b"), steps("flow-2", "accept")))

    def test_a_refused_acceptance_remembers_nothing(self, opened: Opened) -> None:
        opened.store.save_pending(HERE, login(1), steps("flow-1", "begin"))
        opened.store.accept_answer(HERE, AnswerInHand(login(1), None, steps("flow-1", "accept")))
        with pytest.raises(AnswerUsedError):
            opened.store.accept_answer(HERE, AnswerInHand(login(1), assertion("_new"), steps("flow-1", "accept")))
        opened.store.save_pending(HERE, login(2), steps("flow-2", "begin"))
        opened.store.accept_answer(HERE, AnswerInHand(login(2), assertion("_new"), steps("flow-2", "accept")))

    def test_another_issuer_may_use_the_same_assertion_id(self, opened: Opened) -> None:
        for number, issuer in ((1, IDP), (2, EntityId("https://other.test"))):
            opened.store.save_pending(HERE, login(number), steps(f"flow-{number}", "begin"))
            opened.store.accept_answer(
                HERE, AnswerInHand(login(number), assertion("_a", issuer), steps(f"flow-{number}", "accept"))
            )

    def test_one_answer_at_once_from_many_is_accepted_once(self, opened: Opened) -> None:
        opened.store.save_pending(HERE, login(), steps("flow-1", "begin"))

        def accept(_: int) -> bool:
            try:
                opened.store.accept_answer(HERE, AnswerInHand(login(), assertion(), steps("flow-1", "accept")))
            except AnswerUsedError:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(accept, range(24))) == 1

    def test_many_logins_that_end_at_once_all_end(self, opened: Opened) -> None:
        for number in range(24):
            opened.store.save_pending(HERE, login(number), steps(f"flow-{number}", "begin"))

        def end(number: int) -> None:
            opened.store.finish(HERE, FlowId(f"flow-{number}"), LoginState.REFUSED, "x", steps(f"flow-{number}", "end"))

        with ThreadPoolExecutor(8) as pool:
            assert len(list(pool.map(end, range(24)))) == 24
        assert opened.record.counts(HERE, NOW) == Counts(24, 0, 24, 0, 0)

    @pytest.mark.parametrize("end", [LoginState.REFUSED, LoginState.EXPIRED])
    def test_a_login_ends_once(self, opened: Opened, end: LoginState) -> None:
        opened.store.save_pending(HERE, login(), steps("flow-1", "begin"))
        opened.store.finish(HERE, FlowId("flow-1"), end, "fed.loa", steps("flow-1", "end"))
        with pytest.raises(AnswerUsedError):
            opened.store.finish(HERE, FlowId("flow-1"), LoginState.REFUSED, "fed.loa", steps("flow-1", "end"))
        with pytest.raises(AnswerUsedError):
            opened.store.accept_answer(HERE, AnswerInHand(login(), assertion(), steps("flow-1", "accept")))
        assert len(opened.record.events_of(HERE, FlowId("flow-1"))) == 2

    @pytest.mark.parametrize("end", [LoginState.COMPLETED, LoginState.REFUSED])
    def test_an_answer_in_hand_is_used_up_with_the_end_it_leads_to(self, opened: Opened, end: LoginState) -> None:
        opened.store.save_pending(HERE, login(), steps("flow-1", "begin"))
        in_hand = AnswerInHand(login(), assertion(), steps("flow-1", "open"))
        opened.store.finish(HERE, FlowId("flow-1"), end, None, steps("flow-1", "end"), in_hand)
        (trace,) = opened.record.traces(HERE)
        assert trace.moves == (
            (None, LoginState.AT_HOME_IDP),
            (LoginState.AT_HOME_IDP, LoginState.ACCEPTED),
            (LoginState.ACCEPTED, end),
        )
        assert (trace.state, trace.accepted_assertions) == (end, 1)
        assert [event.step for event in opened.record.events_of(HERE, FlowId("flow-1"))] == ["begin", "open", "end"]
        with pytest.raises(AnswerUsedError) as refused:
            opened.store.accept_answer(HERE, in_hand)
        assert refused.value.replay

    def test_an_answer_in_hand_ends_its_login_or_does_nothing(self, opened: Opened) -> None:
        opened.store.save_pending(HERE, login(), steps("flow-1", "begin"))
        in_hand = AnswerInHand(login(), assertion(), steps("flow-1", "open"))
        with pytest.raises(ValueError, match="TRANSITIONS"):
            opened.store.finish(HERE, FlowId("flow-1"), LoginState.CHOOSING_IDP, None, steps("flow-1", "end"), in_hand)
        assert opened.store.pending_by_handle(HERE, FlowId("flow-1")) == login()
        opened.store.finish(HERE, FlowId("flow-1"), LoginState.COMPLETED, None, steps("flow-1", "end"), in_hand)

    def test_an_answer_that_was_used_before_ends_nothing(self, opened: Opened) -> None:
        for number in (1, 2):
            opened.store.save_pending(HERE, login(number), steps(f"flow-{number}", "begin"))
        opened.store.accept_answer(HERE, AnswerInHand(login(1), assertion(), steps("flow-1", "accept")))
        in_hand = AnswerInHand(login(2), assertion(), steps("flow-2", "open"))
        with pytest.raises(AnswerUsedError) as refused:
            opened.store.finish(HERE, FlowId("flow-2"), LoginState.REFUSED, "fed.loa", steps("flow-2", "end"), in_hand)
        assert refused.value.replay
        assert opened.store.pending_by_handle(HERE, FlowId("flow-2")) == login(2)
        assert [event.step for event in opened.record.events_of(HERE, FlowId("flow-2"))] == ["begin"]

    def test_only_an_accepted_login_completes(self, opened: Opened) -> None:
        opened.store.save_pending(HERE, login(), steps("flow-1", "begin"))
        with pytest.raises(ValueError, match="TRANSITIONS"):
            opened.store.finish(HERE, FlowId("flow-1"), LoginState.COMPLETED, None, steps("flow-1", "end"))
        opened.store.accept_answer(HERE, AnswerInHand(login(), assertion(), steps("flow-1", "accept")))
        opened.store.finish(HERE, FlowId("flow-1"), LoginState.COMPLETED, None, steps("flow-1", "end"))
        assert opened.record.counts(HERE, NOW) == Counts(1, 1, 0, 0, 0)

    def test_no_login_moves_without_an_event(self, opened: Opened) -> None:
        with pytest.raises(ValueError, match="without an event"):
            opened.store.save_pending(HERE, login(), ())
        assert opened.store.pending_by_handle(HERE, FlowId("flow-1")) is None
        opened.store.save_pending(HERE, login(), steps("flow-1", "begin"))

    def test_a_flow_refused_before_it_began_is_started_and_refused(self, opened: Opened) -> None:
        opened.store.refuse_unstarted(HERE, FlowId("flow-1"), NOW, "req.unknown-sp", steps("flow-1", "vouch"))
        assert opened.record.counts(HERE, NOW) == Counts(1, 0, 1, 0, 0)
        assert opened.store.pending_by_handle(HERE, FlowId("flow-1")) is None
        assert opened.record.flows(HERE, limit=1)[0].code == "req.unknown-sp"

    def test_a_login_that_took_too_long_expires_with_an_event(self, opened: Opened) -> None:
        opened.store.save_pending(HERE, login(1), steps("flow-1", "begin"))
        opened.store.save_pending(HERE, login(2, expires_at=NOW + timedelta(hours=2)), steps("flow-2", "begin"))
        at = NOW + timedelta(hours=1)
        assert opened.record.counts(HERE, at) == Counts(2, 0, 0, 1, 1)
        assert opened.store.expire(HERE, at - timedelta(microseconds=1)) == 0
        assert opened.store.expire(HERE, at) == 1
        assert opened.store.expire(HERE, at) == 0
        assert opened.record.counts(HERE, NOW) == Counts(2, 0, 0, 1, 1)
        assert opened.record.events_of(HERE, FlowId("flow-1"))[-1].code == "flow.expired"

    def test_web_13_many_that_took_too_long_expire_a_part_at_a_time_and_none_is_lost(self, opened: Opened) -> None:
        for number in range(ROWS_AT_ONCE * 2 + 1):
            opened.store.save_pending(HERE, login(number), steps(f"flow-{number}", "begin"))
        at = NOW + timedelta(hours=1)
        for ended in (ROWS_AT_ONCE, ROWS_AT_ONCE, 1, 0):
            assert opened.store.expire(HERE, at) == ended
            report = audit(opened.record, HERE, at)
            assert report.conserved, report.discrepancies[:3]
            assert (report.counts.expired, report.counts.pending) == (ROWS_AT_ONCE * 2 + 1, 0)
        assert opened.record.counts(HERE, NOW).pending == 0

    def test_what_was_accepted_stays_remembered_whatever_the_clock_says(self, opened: Opened) -> None:
        opened.store.save_pending(HERE, login(1), steps("flow-1", "begin"))
        opened.store.accept_answer(HERE, AnswerInHand(login(1), assertion("_a"), steps("flow-1", "accept")))
        opened.store.expire(HERE, NOW + timedelta(days=30))
        opened.store.save_pending(HERE, login(2), steps("flow-2", "begin"))
        with pytest.raises(AnswerUsedError):
            opened.store.accept_answer(HERE, AnswerInHand(login(2), assertion("_a"), steps("flow-2", "accept")))

    def test_workspaces_do_not_see_each_other(self, opened: Opened) -> None:
        for workspace in (HERE, ELSEWHERE):
            opened.store.save_pending(workspace, login(), steps("flow-1", "begin"))
        opened.store.accept_answer(HERE, AnswerInHand(login(), assertion(), steps("flow-1", "accept")))
        assert opened.store.pending_by_handle(ELSEWHERE, FlowId("flow-1")) == login()
        assert opened.record.counts(ELSEWHERE, NOW) == Counts(1, 0, 0, 0, 1)
        assert len(opened.record.events_of(ELSEWHERE, FlowId("flow-1"))) == 1
        opened.store.accept_answer(ELSEWHERE, AnswerInHand(login(), assertion(), steps("flow-1", "accept")))
        assert opened.store.expire(HERE, NOW + timedelta(days=1)) == 1
        assert opened.record.counts(ELSEWHERE, NOW).pending == 1

    def test_flows_are_listed_newest_first(self, opened: Opened) -> None:
        for number in (1, 2, 3):
            opened.store.save_pending(HERE, login(number), steps(f"flow-{number}", "begin"))
        assert [flow.flow for flow in opened.record.flows(HERE, limit=2)] == ["flow-3", "flow-2"]

    def test_every_path_conserves(self, opened: Opened) -> None:
        walk_every_path(opened.store)
        report = audit(opened.record, HERE, NOW)
        assert report.conserved, report
        assert report.counts == Counts(started=5, completed=1, refused=2, expired=1, pending=1)


def walk_every_path(store: ExpiringStore) -> None:
    """One flow for each way a login can go."""
    store.save_pending(HERE, choosing(1), steps("flow-1", "begin"))
    store.save_idp_choice(HERE, login(1), steps("flow-1", "choose"))
    store.accept_answer(HERE, AnswerInHand(login(1), assertion("_1"), steps("flow-1", "accept")))
    store.finish(HERE, FlowId("flow-1"), LoginState.COMPLETED, None, steps("flow-1", "answer"))
    store.save_pending(HERE, login(2), steps("flow-2", "begin"))
    store.finish(HERE, FlowId("flow-2"), LoginState.REFUSED, "proto.cancelled", steps("flow-2", "cancel"))
    store.refuse_unstarted(HERE, FlowId("flow-3"), NOW, "req.signature", steps("flow-3", "vouch"))
    store.save_pending(HERE, login(4, expires_at=NOW), steps("flow-4", "begin"))
    store.expire(HERE, NOW)
    store.save_pending(HERE, login(5), steps("flow-5", "begin"))
    store.record(HERE, steps("flow-5", "forged", outcome=EventOutcome.REFUSED, code="sig.value"))
    # An answer that belongs to no flow of ours is on record and starts nothing.
    store.record(HERE, steps("flow-unsolicited", "open", outcome=EventOutcome.REFUSED, code="proto.unsolicited"))
