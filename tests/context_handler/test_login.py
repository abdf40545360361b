"""The story of a login as it goes well: what the home IdP is asked and what the system gets."""

import pytest

import context_handler.login
from context_handler.asking import PostTo
from context_handler.choosing import show_choice
from context_handler.discovery import NO_WISHES, AskForHomeIdp, Wishes
from context_handler.events import EventOutcome
from oiosaml import attributes as names
from oiosaml.messages.authn_request import Scoping
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.privileges import read_privileges
from oiosaml.uris import NAMEID_PERSISTENT, PROFESSIONAL_UUID_PREFIX
from scripts.generate_login_flow import steps_of
from tests.builders import CH_IDP_FACE, CH_SP_FACE, IDP, NOW, SYSTEM, SYSTEM_ACS, requested_level
from tests.context_handler.rig import (
    BROWSER,
    CASE_WORKER,
    IDP_SSO,
    OTHER_IDP,
    OTHER_IDP_SSO,
    READER,
    Rig,
    minutes,
)

FROM_SESSION = {step.name for step in steps_of(context_handler.login, "answer_from_session")}

pytestmark = pytest.mark.anyio


async def test_system_gets_its_own_token(rig: Rig) -> None:
    outcome = await rig.login()
    token = rig.token(outcome)
    assert token.issuer == CH_IDP_FACE
    assert token.conditions is not None
    assert token.conditions.audience_restrictions == ((SYSTEM,),)
    assert token.values_of(names.LOA) == ("Substantial",)
    assert token.values_of(names.CVR) == ("91000013",)
    assert token.values_of(names.ORG_NAME) == ("Korsbæk Kommune",)
    assert token.subject is not None
    assert token.subject.name_id is not None
    assert token.subject.name_id.format == NAMEID_PERSISTENT
    assert token.subject.name_id.value.startswith(PROFESSIONAL_UUID_PREFIX)
    (confirmation,) = token.subject.confirmations
    assert confirmation.recipient == SYSTEM_ACS


async def test_system_gets_its_own_rights_and_no_others(rig: Rig) -> None:
    token = rig.token(await rig.login())
    groups = read_privileges(token.values_of(names.PRIVILEGES_INTERMEDIATE)[0]).groups
    assert [group.privileges for group in groups] == [(CASE_WORKER,), (READER,)]
    assert [constraint.value for constraint in groups[0].constraints] == [
        "02.34.02",
        "5f0c9b0e-4a7e-4d1c-9b3e-2f6f8d1a7c10",
    ]


async def test_relay_state_comes_back_untouched(rig: Rig) -> None:
    query = rig.query_of(rig.request(), relay_state="a=1&b=<x>")
    question = rig.question_in(rig.begin_with(query))  # type: ignore[arg-type]
    outcome = await rig.finish(rig.honest_answer(question))
    assert isinstance(outcome, PostTo)
    assert dict(outcome.form.fields)["RelayState"] == "a=1&b=<x>"


async def test_name_is_the_same_at_every_login(rig: Rig) -> None:
    first, second = rig.token(await rig.login()), rig.token(await rig.login())
    assert first.subject is not None
    assert second.subject is not None
    assert first.subject.name_id == second.subject.name_id


def test_home_idp_is_asked_in_our_name(rig: Rig) -> None:
    question = rig.begun(force_authn=True)
    assert question.issuer == CH_SP_FACE
    assert question.destination == IDP_SSO
    assert question.force_authn
    assert question.scoping is not None
    assert question.scoping.requester_ids == (SYSTEM,)
    assert question.scoping.proxy_count == 1
    assert question.requested_authn_context is not None
    assert question.requested_authn_context.levels == (AssuranceLevel.SUBSTANTIAL,)
    assert question.requested_authn_context.comparison is Comparison.MINIMUM


def test_scoping_is_left_out_for_an_idp_that_does_not_take_it(rig: Rig) -> None:
    from dataclasses import replace

    idp = rig.registry.idp_list[0]
    rig.registry.idp_list[0] = replace(idp, registration=replace(idp.registration, supports_scoping=False))
    assert rig.begun().scoping is None


def test_proxy_count_goes_down_by_one(rig: Rig) -> None:
    question = rig.begun(scoping=Scoping(proxy_count=3))
    assert question.scoping is not None
    assert question.scoping.proxy_count == 2


def test_registered_minimum_is_asked_for_when_the_request_asks_for_less(rig: Rig) -> None:
    question = rig.begun(requested_authn_context=requested_level(AssuranceLevel.LOW))
    assert question.requested_authn_context is not None
    assert question.requested_authn_context.levels == (AssuranceLevel.SUBSTANTIAL,)


def test_exact_is_carried_over(rig: Rig) -> None:
    question = rig.begun(requested_authn_context=requested_level(comparison=Comparison.EXACT))
    assert question.requested_authn_context is not None
    assert question.requested_authn_context.comparison is Comparison.EXACT


def test_person_is_asked_when_nothing_decides(rig: Rig) -> None:
    outcome = rig.begin_with(rig.query_of(rig.request()), wishes=NO_WISHES)
    assert isinstance(outcome, AskForHomeIdp)
    assert {idp.registration.entity_id for idp in outcome.candidates.able} == {IDP, OTHER_IDP}


def test_idp_list_with_one_entry_decides(rig: Rig) -> None:
    outcome = rig.begin_with(rig.query_of(rig.request(scoping=Scoping(idp_list=(OTHER_IDP,)))), wishes=NO_WISHES)
    assert rig.question_in(outcome).destination == OTHER_IDP_SSO  # type: ignore[arg-type]


def test_remembered_choice_decides(rig: Rig) -> None:
    outcome = rig.begin_with(rig.query_of(rig.request()), wishes=Wishes(remembered=OTHER_IDP))
    assert rig.question_in(outcome).destination == OTHER_IDP_SSO  # type: ignore[arg-type]


async def test_login_goes_on_after_the_choice(rig: Rig) -> None:
    asked = rig.begin_with(rig.query_of(rig.request()), wishes=NO_WISHES)
    assert isinstance(asked, AskForHomeIdp)
    assert show_choice(asked.flow, BROWSER, NOW, rig.ports).candidates == asked.candidates
    outcome = rig.choose(asked.flow, IDP)
    question = rig.question_in(outcome)  # type: ignore[arg-type]
    assert rig.token(await rig.finish(rig.honest_answer(question))).values_of(names.LOA) == ("Substantial",)


async def test_person_may_go_back_and_choose_again(rig: Rig) -> None:
    asked = rig.begin_with(rig.query_of(rig.request()), wishes=NO_WISHES)
    assert isinstance(asked, AskForHomeIdp)
    first = rig.question_in(rig.choose(asked.flow, OTHER_IDP))  # type: ignore[arg-type]
    second = rig.question_in(rig.choose(asked.flow, IDP))  # type: ignore[arg-type]
    assert first.id != second.id
    assert rig.token(await rig.finish(rig.honest_answer(second))).issuer == CH_IDP_FACE


async def test_two_logins_in_one_browser_do_not_mix(rig: Rig) -> None:
    """PRO-19: two tabs, answers in the opposite order."""
    first = rig.question_in(rig.begin_with(rig.query_of(rig.request(), relay_state="first")))  # type: ignore[arg-type]
    second = rig.question_in(rig.begin_with(rig.query_of(rig.request(), relay_state="second")))  # type: ignore[arg-type]
    after = [await rig.finish(rig.honest_answer(question)) for question in (second, first)]
    assert [dict(outcome.form.fields)["RelayState"] for outcome in after if isinstance(outcome, PostTo)] == [
        "second",
        "first",
    ]


async def test_slow_person_gets_in(rig: Rig) -> None:
    question = rig.begun()
    late = NOW + minutes(50)
    assertion = rig.assertion_for(question)
    from dataclasses import replace

    from oiosaml.validity import Window
    from tests import builders

    fresh = replace(
        assertion,
        issue_instant=late,
        subject=builders.subject(
            confirmations=(builders.confirmation(in_response_to=question.id, window=Window(None, late + minutes(5))),)
        ),
        conditions=builders.conditions(window=Window(late, late + minutes(10))),
        authn_statements=(builders.authn_statement(authn_instant=late),),
    )
    outcome = await rig.finish(rig.answer_with(question, fresh, issue_instant=late), late)
    assert rig.token(outcome).values_of(names.LOA) == ("Substantial",)


async def test_every_step_is_one_event_and_nothing_is_lost(rig: Rig) -> None:
    outcome = await rig.login()
    assert isinstance(outcome, PostTo)
    (flow,) = rig.record.flows(rig.ports.workspace, limit=10)
    events = rig.record.events_of(rig.ports.workspace, flow.flow)
    names_of_steps = [event.step for event in events]
    story = [
        step.name
        for part in ("begin_login", "finish_login")
        for step in steps_of(context_handler.login, part)
        if step.name != "find_session" and (part == "finish_login" or step.name not in FROM_SESSION)
    ]
    assert names_of_steps == story
    assert all(event.outcome is not EventOutcome.REFUSED for event in events)
    details = {event.step: event.detail for event in events}
    assert details["answer_system"] == "encrypted by aes256-gcm and rsa-oaep (sha256, mgf1sha256)"
    counts = rig.counts()
    assert (counts.started, counts.completed, counts.pending) == (1, 1, 0)
    assert counts.conserved


async def test_level_is_answered_as_the_class_reference(rig: Rig) -> None:
    token = rig.token(await rig.login())
    (statement,) = token.authn_statements
    assert statement.authn_context_class_ref == AssuranceLevel.SUBSTANTIAL.uri
    assert statement.authenticating_authorities == (IDP,)


@pytest.mark.parametrize("wishes", [Wishes(hint=SYSTEM), Wishes(remembered=SYSTEM)], ids=["hint", "memory"])
def test_person_is_asked_when_what_is_wished_for_is_no_candidate(rig: Rig, wishes: Wishes) -> None:
    assert isinstance(rig.begin_with(rig.query_of(rig.request()), wishes=wishes), AskForHomeIdp)
