"""Single sign-on, step-up and what ends a session's usefulness. Every test has one browser that keeps its cookies."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from context_handler.answering import RefusedLogin
from context_handler.asking import PostTo, RedirectTo
from context_handler.audit import audit
from context_handler.discovery import NO_WISHES, AskForHomeIdp, Wishes
from context_handler.prompts import count_prompts
from context_handler.session import LOOP_ANSWERS, LOOP_WINDOW, SessionLimits
from context_handler.store.sqlite_sessions import SqliteSessions
from federation.activation_period import ActivationPeriod
from federation.model import Profile
from oiosaml import attributes as names
from oiosaml.ids import EntityId
from oiosaml.messages.assertion import Assertion, ProxyRestriction
from oiosaml.messages.authn_request import AuthnRequest, NameIdPolicy, RequestedAuthnContext, Scoping
from oiosaml.name_id import NameId
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.privileges import read_privileges
from oiosaml.uris import (
    NAMEID_PERSISTENT,
    NAMEID_TRANSIENT,
    NAMEID_UNSPECIFIED,
    NAMEID_X509_SUBJECT_NAME,
    STATUS_AUTHN_FAILED,
    STATUS_NO_PASSIVE,
)
from oiosaml.validity import Window
from tests import builders
from tests.builders import ANE_HOLM, IDP, NOW, SKOVRUP, SYSTEM, requested_level
from tests.conftest import make_member
from tests.context_handler.rig import OTHER_IDP, Rig, minutes, registered_system, system_metadata

pytestmark = pytest.mark.anyio

DOCUMENT = Path(__file__).parents[2] / "docs" / "sessions.md"
LEVELS = {level.attribute_value: level for level in AssuranceLevel}
SOMEBODY_ELSE = NameId(
    "C=DK,O=91000013,CN=Bo Lindgaard,Serial=11111111-2222-4333-8444-555555555555", NAMEID_X509_SUBJECT_NAME
)


@pytest.fixture
def rig(rig: Rig) -> Rig:
    """A system that takes every level, an IdP that reaches every level, and a browser that keeps its cookies."""
    rig.keeps_cookies = True
    change_idp(rig, maximum_level=AssuranceLevel.HIGH)
    change_system(rig, minimum_level=AssuranceLevel.LOW)
    return rig


def change_idp(rig: Rig, **changes: Any) -> None:
    idp = rig.registry.idp_list[0]
    rig.registry.idp_list[0] = replace(idp, registration=replace(idp.registration, **changes))


def change_system(rig: Rig, **changes: Any) -> None:
    system = rig.registry.system_list[0]
    rig.registry.system_list[0] = replace(system, registration=replace(system.registration, **changes))


def assertion(
    rig: Rig,
    question: AuthnRequest,
    at: datetime = NOW,
    *,
    level: str = "Substantial",
    name_id: NameId = ANE_HOLM,
    proxies: tuple[ProxyRestriction, ...] = (),
    **statement: Any,
) -> Assertion:
    """What the IdP says at `at` of somebody who has just logged in there."""
    plain = builders.assertion()
    attributes = tuple(replace(each, values=(level,)) if each.name == names.LOA else each for each in plain.attributes)
    confirmation = builders.confirmation(in_response_to=question.id, window=Window(None, at + minutes(5)))
    return replace(
        plain,
        id=rig.ports.ids.message_id(),
        issue_instant=at,
        subject=builders.subject(name_id=name_id, confirmations=(confirmation,)),
        conditions=builders.conditions(window=Window(at, at + minutes(10)), proxy_restrictions=proxies),
        authn_statements=(builders.authn_statement(**({"authn_instant": at} | statement)),),
        attribute_statements=(attributes,),
    )


async def log_in(rig: Rig, at: datetime = NOW, *, request: dict[str, Any] | None = None, **said: Any) -> Any:
    """A login past the home IdP; fails if a session answers."""
    outcome = rig.begin_with(rig.query_of(rig.request(**({"issue_instant": at} | (request or {})))), at)
    assert isinstance(outcome, RedirectTo), outcome
    question = rig.question_in(outcome)
    return await rig.finish(rig.answer_with(question, assertion(rig, question, at, **said), issue_instant=at), at)


def ask(rig: Rig, at: datetime = NOW, *, wishes: Wishes = NO_WISHES, **request: Any) -> Any:
    """One more request in the same browser; nothing hints at an IdP."""
    return rig.begin_with(rig.query_of(rig.request(**({"issue_instant": at} | request))), at, wishes=wishes)


def answered(rig: Rig, outcome: Any) -> Assertion:
    assert isinstance(outcome, PostTo), outcome
    return rig.token(outcome)


def sent_to_idp(rig: Rig, outcome: Any) -> AuthnRequest:
    assert isinstance(outcome, RedirectTo), outcome
    return rig.question_in(outcome)


def level(named: str, comparison: Comparison = Comparison.MINIMUM) -> dict[str, RequestedAuthnContext]:
    return {"requested_authn_context": requested_level(LEVELS[named], comparison)}


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


async def test_a_transient_name_lasts_as_long_as_the_session(rig: Rig) -> None:
    system = rig.registry.system_list[0]
    metadata = system_metadata(rig.system, name_id_formats=(NAMEID_TRANSIENT,))
    rig.registry.system_list[0] = replace(system, metadata=metadata)

    def name_in(token: Assertion) -> str:
        assert token.subject is not None
        assert token.subject.name_id is not None
        assert token.subject.name_id.format == NAMEID_TRANSIENT
        return token.subject.name_id.value

    first = name_in(answered(rig, await log_in(rig)))
    assert name_in(answered(rig, ask(rig))) == first
    rig.session = None
    assert name_in(answered(rig, await log_in(rig))) != first


# --- which name a request may ask for

BOTH = (NAMEID_PERSISTENT, NAMEID_TRANSIENT)


def named(rig: Rig, outcome: Any) -> str | None:
    subject = answered(rig, outcome).subject
    return None if subject is None or subject.name_id is None else subject.name_id.format


def system_takes(rig: Rig, formats: tuple[str, ...], **registration: Any) -> None:
    rig.registry.system_list[0] = replace(
        rig.registry.system_list[0], metadata=system_metadata(rig.system, name_id_formats=formats)
    )
    change_system(rig, **registration)


@pytest.mark.parametrize("asked", [None, NAMEID_UNSPECIFIED, NAMEID_PERSISTENT])
async def test_a_request_may_name_the_format_that_the_system_has(rig: Rig, asked: str | None) -> None:
    system_takes(rig, BOTH)
    policy = NameIdPolicy(asked, allow_create=True)
    assert named(rig, await log_in(rig, request={"name_id_policy": policy})) == NAMEID_PERSISTENT
    assert named(rig, ask(rig, name_id_policy=policy)) == NAMEID_PERSISTENT


@pytest.mark.parametrize("registration", [{"name_id_format": NAMEID_PERSISTENT}, {}], ids=["registration", "metadata"])
async def test_another_format_is_refused(rig: Rig, registration: dict[str, Any]) -> None:
    """The answer would hold another name than was asked for (SAML Core 3.4.1.1), or the session two names of one system, of which a
    logout knows one."""
    await log_in(rig)
    system_takes(rig, BOTH, **registration)
    refused = ask(rig, name_id_policy=NameIdPolicy(NAMEID_TRANSIENT, allow_create=True))
    assert isinstance(refused, RefusedLogin)
    assert refused.error.code == "req.name-id-policy"


async def test_a_format_that_the_system_has_no_more_when_the_idp_has_answered(rig: Rig) -> None:
    system_takes(rig, (NAMEID_TRANSIENT,))
    policy = NameIdPolicy(NAMEID_TRANSIENT, allow_create=True)
    question = sent_to_idp(rig, ask(rig, wishes=Wishes(hint=IDP), name_id_policy=policy))
    system_takes(rig, (NAMEID_PERSISTENT,))
    refused = await rig.finish(rig.answer_with(question, assertion(rig, question)))
    assert isinstance(refused, RefusedLogin)
    assert refused.error.code == "req.name-id-policy"
    assert rig.counts().conserved


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


# --- which level answers: docs/sessions.md


def table() -> list[tuple[str, str, str]]:
    rows = re.findall(
        r"^\| (no level|(?:minimum|exact|maximum|better) \w+) \| (.*) \|$", DOCUMENT.read_text(), re.MULTILINE
    )
    return [
        (request, at, cell)
        for request, cells in rows
        for at, cell in zip(LEVELS, (each.strip() for each in cells.split("|")), strict=True)
    ]


def test_the_table_is_whole() -> None:
    assert len(table()) == 36


@pytest.mark.parametrize(("request_", "at", "expected"), table())
async def test_the_session_answers_as_the_document_says(rig: Rig, request_: str, at: str, expected: str) -> None:
    await log_in(rig, request={"requested_authn_context": None}, level=at)
    comparison, _, named = request_.partition(" ")
    wanted = {"requested_authn_context": None} if request_ == "no level" else level(named, Comparison(comparison))
    outcome = ask(rig, **wanted)
    if expected == "answers":
        assert answered(rig, outcome).values_of(names.LOA) == (at,)
        return
    asked = sent_to_idp(rig, outcome).requested_authn_context
    assert asked is not None
    assert asked.levels[0] > LEVELS[at] if expected == "step-up" else asked.levels[0] <= LEVELS[at]


async def test_the_systems_own_floor_counts_whatever_it_asks_for(rig: Rig) -> None:
    await log_in(rig, request={"requested_authn_context": None}, level="Low")
    change_system(rig, minimum_level=AssuranceLevel.SUBSTANTIAL)
    assert sent_to_idp(rig, ask(rig, requested_authn_context=None)).requested_authn_context == requested_level()


# --- step-up


async def test_step_up_goes_to_the_sessions_idp_without_a_question_and_raises_the_session(rig: Rig) -> None:
    await log_in(rig, request=level("Low"), level="Low")
    question = sent_to_idp(rig, ask(rig, **level("Substantial")))
    assert question.requested_authn_context == requested_level()
    assert not question.force_authn
    answered(rig, await rig.finish(rig.answer_with(question, assertion(rig, question))))
    assert answered(rig, ask(rig, **level("Substantial"))).values_of(names.LOA) == ("Substantial",)


async def test_a_failed_step_up_leaves_the_session_as_it_was(rig: Rig) -> None:
    await log_in(rig, request=level("Low"), level="Low")
    question = sent_to_idp(rig, ask(rig, **level("Substantial")))
    refused = await rig.finish(rig.answer_with(question, assertion(rig, question, level="Low")))
    assert isinstance(refused, RefusedLogin)
    assert refused.error.code == "fed.loa"
    assert answered(rig, ask(rig, **level("Low"))).values_of(names.LOA) == ("Low",)


async def test_a_level_is_never_lent(rig: Rig) -> None:
    """Somebody else's session at the same IdP, in another browser, at a higher level: of no use here."""
    await log_in(rig, name_id=SOMEBODY_ELSE)
    rig.session = None
    await log_in(rig, request=level("Low"), level="Low")
    sent_to_idp(rig, ask(rig, **level("Substantial")))


async def test_a_lower_login_of_the_same_person_lowers_the_session(rig: Rig) -> None:
    await log_in(rig)
    await log_in(rig, request={"force_authn": True} | level("Low"), level="Low")
    sent_to_idp(rig, ask(rig, **level("Substantial")))


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


# --- a registration that changed


@pytest.mark.parametrize(
    "change",
    [
        {"enabled": False},
        {"has_federation_agreement": False},
        {"maximum_level": AssuranceLevel.LOW},
        {"cvrs": (SKOVRUP,)},
        {"profile": Profile.OIOSAML2},
        {"active": ActivationPeriod(end=NOW)},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_changed_idp_ends_the_sessions_usefulness_at_once(rig: Rig, change: dict[str, Any]) -> None:
    await log_in(rig)
    change_idp(rig, **change)
    assert not isinstance(ask(rig, **level("Low")), PostTo)


async def test_a_withdrawn_key_ends_what_rests_on_it(rig: Rig) -> None:
    await log_in(rig)
    idp = rig.registry.idp_list[0]
    rig.registry.idp_list[0] = replace(idp, keys=(make_member("another").verification,))
    assert isinstance(ask(rig), AskForHomeIdp)


async def test_a_key_beside_the_old_one_ends_nothing(rig: Rig) -> None:
    await log_in(rig)
    idp = rig.registry.idp_list[0]
    rig.registry.idp_list[0] = replace(idp, keys=(make_member("another").verification, *idp.keys))
    answered(rig, ask(rig))


async def test_a_system_limited_to_other_idps_gets_nothing_of_this_session(rig: Rig) -> None:
    await log_in(rig)
    change_system(rig, idps=(OTHER_IDP,))
    assert sent_to_idp(rig, ask(rig)).destination == "https://idp.skovrup.test/sso"


async def test_a_request_limited_to_another_idp_gets_nothing_of_this_session(rig: Rig) -> None:
    await log_in(rig)
    assert (
        sent_to_idp(rig, ask(rig, scoping=Scoping(idp_list=(OTHER_IDP,)))).destination == "https://idp.skovrup.test/sso"
    )


async def test_a_hint_at_another_idp_leads_there(rig: Rig) -> None:
    await log_in(rig)
    assert sent_to_idp(rig, ask(rig, wishes=Wishes(hint=OTHER_IDP))).destination == "https://idp.skovrup.test/sso"


# --- several people, several IdPs


async def test_another_person_of_the_same_idp_takes_the_sessions_place(rig: Rig) -> None:
    await log_in(rig)
    (before,) = rig.ports.sessions.in_browser(rig.ports.workspace, rig.session or "")
    token = answered(rig, await log_in(rig, request={"force_authn": True}, name_id=SOMEBODY_ELSE))
    (after,) = rig.ports.sessions.in_browser(rig.ports.workspace, rig.session or "")
    assert after.name_id == SOMEBODY_ELSE
    assert after.id != before.id
    assert answered(rig, ask(rig)).subject is not None
    assert answered(rig, ask(rig)).subject.name_id == token.subject.name_id  # type: ignore[union-attr]


async def log_in_at_the_other(rig: Rig) -> None:
    """A second session in the same browser, with Skovrup's IdP."""
    other = make_member("other-idp")
    rig.registry.idp_list[1] = replace(rig.registry.idp_list[1], keys=(other.verification,))
    question = sent_to_idp(rig, ask(rig, wishes=Wishes(hint=OTHER_IDP)))
    ib = assertion(rig, question, name_id=builders.IB_NOEHR)
    attributes = tuple(
        replace(each, values=(SKOVRUP,)) if each.name == names.CVR else each
        for each in ib.attributes
        if each.name != names.PRIVILEGES_INTERMEDIATE
    )
    ib = replace(ib, issuer=OTHER_IDP, attribute_statements=(attributes,))
    answered(rig, await rig.finish(rig.answer_with(question, ib, signer=other, issuer=OTHER_IDP)))


async def test_with_two_sessions_the_person_is_asked_and_the_choice_is_answered_at_once(rig: Rig) -> None:
    await log_in(rig)
    await log_in_at_the_other(rig)
    asked = ask(rig)
    assert isinstance(asked, AskForHomeIdp)
    assert answered(rig, rig.choose(asked.flow, OTHER_IDP)).values_of(names.CVR) == (SKOVRUP,)
    assert audit(rig.record, rig.ports.workspace, NOW).conserved


async def test_a_session_with_an_idp_that_cannot_reach_the_level_raises_no_question(rig: Rig) -> None:
    """Two sessions, one of them with an IdP that may never answer this request: nobody is asked which, and IsPassive is answered."""
    await log_in(rig, level="High")
    await log_in_at_the_other(rig)
    assert isinstance(ask(rig), AskForHomeIdp), "both could answer"
    for passive in (False, True):
        token = answered(rig, ask(rig, is_passive=passive, **level("High")))
        assert (token.values_of(names.CVR), token.values_of(names.LOA)) == (("91000013",), ("High",))


async def test_a_choice_that_a_session_cannot_serve_ends_the_login_and_tells_the_system(rig: Rig) -> None:
    await log_in(rig)
    await log_in_at_the_other(rig)
    for _ in range(LOOP_ANSWERS):
        answered(rig, ask(rig, wishes=Wishes(hint=IDP)))
    asked = ask(rig)
    refused = rig.choose(asked.flow, IDP)
    assert isinstance(refused, RefusedLogin)
    assert (refused.error.code, refused.answer is not None) == ("req.loop", True)
    report = audit(rig.record, rig.ports.workspace, NOW)
    assert (report.counts.refused, report.counts.pending, report.conserved) == (1, 0, True)
    late = rig.choose(asked.flow, OTHER_IDP)
    assert isinstance(late, RefusedLogin)
    assert (late.error.code, late.answer) == ("flow.unknown", None)


@pytest.mark.parametrize("idp", [IDP, OTHER_IDP])
@pytest.mark.parametrize("how", ["hint", "remembered", "list"])
async def test_with_two_sessions_whatever_names_an_idp_decides(rig: Rig, idp: Any, how: str) -> None:
    await log_in(rig)
    await log_in_at_the_other(rig)
    wishes = NO_WISHES if how == "list" else replace(NO_WISHES, **{how: idp})
    scoping = Scoping(idp_list=(idp,)) if how == "list" else None
    token = answered(rig, ask(rig, wishes=wishes, scoping=scoping))
    assert token.values_of(names.CVR) == (("91000013",) if idp == IDP else (SKOVRUP,))


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


# --- who is logged in where, as the handler's attribute service asks


async def test_a_system_finds_its_own_user_and_no_other_system_does(rig: Rig) -> None:
    subject = answered(rig, await log_in(rig)).subject
    assert subject is not None
    assert subject.name_id is not None
    name_id, workspace = subject.name_id, rig.ports.workspace
    subjects = SqliteSessions(rig.database)
    known = subjects.find(workspace, SYSTEM, name_id, NOW + minutes(90))
    assert known is not None
    assert (known.idp, known.assertion.issuer) == (IDP, IDP)
    assert subjects.find(workspace, OTHER_IDP, name_id, NOW) is None
    assert subjects.find(workspace, SYSTEM, replace(name_id, sp_name_qualifier=None), NOW) is None
    assert subjects.find(workspace, SYSTEM, name_id, NOW + timedelta(hours=8)) is None
    assert subjects.is_named_elsewhere(workspace, name_id, NOW)
    assert not subjects.is_named_elsewhere(workspace, ANE_HOLM, NOW)


async def test_a_name_that_is_the_same_at_every_system_is_anothers_by_its_session_alone(rig: Rig) -> None:
    change_system(rig, name_id_format=NAMEID_X509_SUBJECT_NAME)
    token = answered(rig, await log_in(rig))
    index = token.authn_statements[0].session_index
    assert index is not None
    named = (rig.ports.workspace, ANE_HOLM, NOW)
    subjects = SqliteSessions(rig.database)
    assert not subjects.is_named_elsewhere(*named)
    assert not subjects.is_named_elsewhere(*named, ("_another",))
    assert subjects.is_named_elsewhere(*named, ("_another", index))


async def test_prompts_are_counted_by_person_and_day_from_the_events(rig: Rig) -> None:
    await log_in(rig, request=level("Low"), level="Low")
    ask(rig, **level("Low"))
    question = sent_to_idp(rig, ask(rig, **level("Substantial")))
    await rig.finish(rig.answer_with(question, assertion(rig, question)))
    await log_in(rig, request={"force_authn": True})
    ask(rig, force_authn=True)  # never comes back, so it is no login
    (count,) = count_prompts(rig.record.events_of_completed_logins(rig.ports.workspace))
    assert (count.day, count.idp) == (NOW.date(), IDP)
    assert (count.logins, count.prompts, count.from_session, count.step_ups, count.forced) == (4, 3, 1, 1, 1)
    assert ANE_HOLM.value not in count.person


# --- a system that bounces for ever (attack REQ-13)


async def test_req_13_a_system_that_bounces_is_stopped_and_lets_go_after_the_window(rig: Rig) -> None:
    await log_in(rig)
    for _ in range(LOOP_ANSWERS):
        answered(rig, ask(rig))
    for _ in range(2):
        refused = ask(rig)
        assert isinstance(refused, RefusedLogin)
        assert (refused.error.code, refused.error.refusal.key) == ("req.loop", "req.loop:session")
        assert not refused.at_once
        assert refused.error.sentence("da") != refused.error.sentence("en")
    assert isinstance(ask(rig, NOW + LOOP_WINDOW - timedelta(microseconds=1)), RefusedLogin)
    answered(rig, ask(rig, NOW + LOOP_WINDOW))
    assert (rig.counts().completed, rig.counts().refused, rig.counts().conserved) == (LOOP_ANSWERS + 2, 3, True)


async def test_req_13_no_minute_holds_more_answers_than_the_limit(rig: Rig) -> None:
    """The window slides: answers at the end of one minute and at the beginning of the next count together."""
    await log_in(rig)
    late = [NOW + LOOP_WINDOW - timedelta(seconds=LOOP_ANSWERS - number) for number in range(LOOP_ANSWERS)]
    for at in (NOW, *late[1:]):
        answered(rig, ask(rig, at))
    answered(rig, ask(rig, NOW + LOOP_WINDOW))  # the first one counts no longer
    assert isinstance(ask(rig, NOW + LOOP_WINDOW + timedelta(seconds=1)), RefusedLogin)
    assert isinstance(ask(rig, late[1] + LOOP_WINDOW - timedelta(microseconds=1)), RefusedLogin)
    answered(rig, ask(rig, late[1] + LOOP_WINDOW))


async def test_req_13_not_even_a_passive_request_keeps_the_browser_going(rig: Rig) -> None:
    await log_in(rig)
    for _ in range(LOOP_ANSWERS):
        answered(rig, ask(rig, is_passive=True))
    refused = ask(rig, is_passive=True)
    assert isinstance(refused, RefusedLogin)
    assert (refused.error.code, refused.at_once) == ("req.loop", False)


async def test_req_13_a_system_used_now_and_then_is_never_stopped(rig: Rig) -> None:
    await log_in(rig)
    for number in range(3 * LOOP_ANSWERS):
        answered(rig, ask(rig, NOW + number * LOOP_WINDOW / LOOP_ANSWERS))


async def test_req_13_logins_at_the_home_idp_are_not_counted(rig: Rig) -> None:
    for _ in range(LOOP_ANSWERS + 1):
        answered(rig, await log_in(rig, request={"force_authn": True}))
    answered(rig, ask(rig))


OTHER_SYSTEM = EntityId("https://saml.other.sim.test")


@pytest.mark.parametrize(
    ("said", "passed_on"),
    [
        (ProxyRestriction(2), ProxyRestriction(1)),
        (ProxyRestriction(None, (OTHER_SYSTEM, SYSTEM)), ProxyRestriction(None, (OTHER_SYSTEM, SYSTEM))),
    ],
)
async def test_what_the_idp_says_of_passing_on_is_passed_on_pro_21(
    rig: Rig, said: ProxyRestriction, passed_on: ProxyRestriction
) -> None:
    for token in (answered(rig, await log_in(rig, proxies=(said,))), answered(rig, ask(rig))):
        assert token.proxy_restrictions == (passed_on,)


async def test_a_session_answers_no_system_that_its_idp_leaves_out_pro_21(rig: Rig) -> None:
    other = make_member("other-system")
    rig.registry.system_list.append(registered_system(other, entity_id=OTHER_SYSTEM))
    query = rig.query_of(rig.request(issuer=OTHER_SYSTEM), signer=other)
    answered(rig, await log_in(rig, proxies=(ProxyRestriction(None, (SYSTEM,)),)))
    sent_to_idp(rig, rig.begin_with(query, wishes=NO_WISHES))
    answered(rig, ask(rig))
