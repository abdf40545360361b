"""Several people and several IdPs in one browser: whose session answers, and when the person is asked which."""

from dataclasses import replace
from typing import Any

import pytest

from context_handler.answering import RefusedLogin
from context_handler.audit import audit
from context_handler.discovery import NO_WISHES, AskForHomeIdp, Wishes
from context_handler.session import LOOP_ANSWERS
from oiosaml import attributes as names
from oiosaml.messages.authn_request import Scoping
from tests import builders
from tests.builders import IDP, NOW, SKOVRUP
from tests.conftest import make_member
from tests.context_handler.rig import OTHER_IDP, Rig
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
