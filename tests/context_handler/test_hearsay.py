"""Which events tell of a message that anybody could have sent: those of a visit on which nothing passed authentication."""

from typing import Any

import pytest

from context_handler.answering import RefusedLogin
from context_handler.asking import RedirectTo
from oiosaml import attributes as names
from oiosaml.ids import EntityId
from tests import builders
from tests.conftest import make_member
from tests.context_handler.rig import Rig

pytestmark = pytest.mark.anyio


def hearsay(rig: Rig, outcome: Any) -> list[bool]:
    assert isinstance(outcome, RefusedLogin)
    return [event.hearsay for event in rig.record.events_of(rig.ports.workspace, outcome.flow)]


def test_a_request_without_signature_is_hearsay(rig: Rig) -> None:
    assert set(hearsay(rig, rig.begin_with(rig.query_of(rig.request()).split(b"&SigAlg")[0]))) == {True}


def test_a_request_of_a_stranger_is_hearsay(rig: Rig) -> None:
    assert set(hearsay(rig, rig.begin(issuer=EntityId("https://saml.evil.test")))) == {True}


def test_a_signed_request_that_breaks_a_rule_is_none(rig: Rig) -> None:
    assert set(hearsay(rig, rig.begin(destination="https://other.test/"))) == {False}


async def test_an_answer_by_another_key_is_hearsay_and_the_login_goes_on(rig: Rig) -> None:
    question = rig.begun()
    forged = rig.answer_with(question, rig.assertion_for(question), signer=make_member("forger"))
    marks = hearsay(rig, await rig.finish(forged))
    assert (marks[0], marks[-1]) == (False, True)
    assert not isinstance(await rig.finish(rig.honest_answer(question)), RefusedLogin)


async def test_an_answer_of_the_idp_that_is_refused_is_none(rig: Rig) -> None:
    low = (builders.attributes(**{names.LOA: ("Low",)}),)
    assert set(hearsay(rig, await rig.login({"attribute_statements": low}))) == {False}


def test_an_accepted_request_is_none(rig: Rig) -> None:
    outcome = rig.begin()
    assert isinstance(outcome, RedirectTo)
    (flow,) = rig.record.flows(rig.ports.workspace, limit=1)
    assert not any(event.hearsay for event in rig.record.events_of(rig.ports.workspace, flow.flow))
