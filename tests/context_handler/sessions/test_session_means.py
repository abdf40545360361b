"""A session is no better than the login that made it: its means of identification, and the level it was granted."""

from dataclasses import replace

import pytest

from context_handler.asking import PostTo, RedirectTo
from federation.model import Profile
from oiosaml import attributes as names
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.authn_request import AuthnRequest, RequestedAuthnContext
from oiosaml.nsis import AssuranceLevel, Comparison
from tests import builders
from tests.builders import NOW
from tests.context_handler.rig import Rig
from tests.context_handler.session_rig import change_idp
from tests.context_handler.test_answer_rules import LOCAL, MITID
from tests.oiosaml.rules.test_nemlogin import employee, told

pytestmark = pytest.mark.anyio

LOW, SUBSTANTIAL, HIGH = AssuranceLevel


def wanted(*types: str, level: AssuranceLevel = SUBSTANTIAL) -> RequestedAuthnContext:
    return RequestedAuthnContext(Comparison.MINIMUM, (level.uri, *types))


def said(rig: Rig, question: AuthnRequest, means: str, level: str, **attributes: str) -> Assertion:
    plain = employee(attributes=told(LOA=level, **attributes))
    statement = replace(plain.authn_statements[0], authn_instant=NOW, authn_context_class_ref=means)
    confirmation = builders.confirmation(in_response_to=question.id)
    return replace(
        plain,
        id=rig.ports.ids.message_id(),
        issuer=builders.IDP,
        issue_instant=NOW,
        subject=replace(plain.subject, confirmations=(confirmation,)),  # type: ignore[type-var]  # it has a subject
        conditions=builders.conditions(),
        authn_statements=(statement,),
    )


async def log_in(rig: Rig, means: str, level: str = "Substantial") -> None:
    question = rig.begun(requested_authn_context=None)
    assert isinstance(await rig.finish(rig.answer_with(question, said(rig, question, means, level))), PostTo)


def ask_again(rig: Rig, context: RequestedAuthnContext) -> object:
    return rig.begin_with(rig.query_of(rig.request(requested_authn_context=context)))


@pytest.mark.parametrize(
    ("types", "answers"),
    [((), True), ((LOCAL,), True), ((MITID, LOCAL), True), ((MITID,), False)],
    ids=["no type", "its own", "one of two", "another"],
)
async def test_a_session_answers_for_the_means_it_was_made_with(
    rig: Rig, types: tuple[str, ...], *, answers: bool
) -> None:
    """As NLA-07 at the IdP: a system that demands MitID gets no local login by way of a session."""
    change_idp(rig, profile=Profile.NEMLOGIN3, maximum_level=SUBSTANTIAL)
    await log_in(rig, LOCAL)
    assert isinstance(ask_again(rig, wanted(*types)), PostTo if answers else RedirectTo)


async def test_a_municipal_idp_is_not_asked_for_what_it_cannot_tell(rig: Rig) -> None:
    assert isinstance(await rig.finish(rig.honest_answer(rig.begun())), PostTo)
    assert isinstance(ask_again(rig, wanted(MITID)), PostTo)


@pytest.mark.parametrize("comparison", [Comparison.EXACT, Comparison.MAXIMUM])
async def test_the_level_told_is_the_one_that_was_granted(rig: Rig, comparison: Comparison) -> None:
    """What NemLog-in said at High was worth Low when it said so, and Low is what the request was put to."""
    change_idp(rig, profile=Profile.NEMLOGIN3, maximum_level=LOW)
    await log_in(rig, MITID, "High")
    change_idp(rig, maximum_level=HIGH)
    outcome = ask_again(rig, RequestedAuthnContext(comparison, (LOW.uri,)))
    assert rig.token(outcome).values_of(names.LOA) == ("Low",)
