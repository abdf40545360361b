"""Which level of a session answers which request, as docs/sessions.md says, and how a step-up raises it."""

import re
from pathlib import Path

import pytest

from context_handler.answering import RefusedLogin
from oiosaml import attributes as names
from oiosaml.nsis import AssuranceLevel, Comparison
from tests.builders import requested_level
from tests.context_handler.rig import Rig
from tests.context_handler.session_rig import (
    LEVELS,
    SOMEBODY_ELSE,
    answered,
    ask,
    assertion,
    change_system,
    level,
    log_in,
    sent_to_idp,
)

pytestmark = pytest.mark.anyio

DOCUMENT = Path(__file__).parents[3] / "docs" / "sessions.md"


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
