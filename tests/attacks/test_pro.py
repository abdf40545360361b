"""PRO: order, time and mixing of logins. The plain cases stand in tests/context_handler/test_refusals.py and tests/oiosaml/rules."""

from dataclasses import replace
from pathlib import Path

import pytest

from context_handler.answering import RefusedLogin
from context_handler.asking import PostTo, RedirectTo
from context_handler.login_state import PENDING_LOGIN_LIFETIME
from oiosaml.messages.attribute_query import AttributeQuery
from oiosaml.name_id import NameId
from oiosaml.uris import NAMEID_X509_SUBJECT_NAME
from tests import builders
from tests.builders import IDP, NOW
from tests.context_handler.rig import OTHER_IDP, Rig, make_rig

pytestmark = pytest.mark.anyio
UUID = "3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11"
VICTIM = "5a8d2c11-9b7e-4f60-8a3d-4b1e7c9f0d22"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return make_rig(tmp_path)


def refusal(outcome: object, code: str) -> RefusedLogin:
    assert isinstance(outcome, RefusedLogin), outcome
    assert outcome.error.code == code
    return outcome


async def test_pro_19_parallel_logins_answered_the_other_way_round(rig: Rig) -> None:
    requests = [rig.request(), rig.request()]
    begun = [rig.begin_with(rig.query_of(request, relay_state=request.id)) for request in requests]
    questions = [rig.question_in(each) for each in begun if isinstance(each, RedirectTo)]
    for request, question in reversed(list(zip(requests, questions, strict=True))):
        outcome = await rig.finish(rig.honest_answer(question))
        assert rig.answer(outcome).envelope.in_response_to == request.id
        assert isinstance(outcome, PostTo)
        assert dict(outcome.form.fields)["RelayState"] == request.id


async def test_pro_19_answers_crossed_under_one_another_s_name(rig: Rig) -> None:
    """The envelope is unsigned: whoever swaps two of them swaps nothing, since the assertion says what it answers."""
    first, second = rig.begun(), rig.begun()
    swapped = rig.answer_with(second, rig.assertion_for(first))
    assert rig.answer(refusal(await rig.finish(swapped), "proto.in-response-to")).assertion is None
    assert isinstance(await rig.finish(rig.honest_answer(first)), RefusedLogin | PostTo)


async def test_pro_04_answer_of_the_idp_that_was_left_for_another(rig: Rig) -> None:
    """Who goes back and chooses anew has left the first IdP's answer behind, in either order."""
    first = rig.begun()
    flow = rig.ports.store.pending_by_request(rig.ports.workspace, first.id)
    assert flow is not None
    again = rig.choose(flow.flow, OTHER_IDP)
    assert isinstance(again, RedirectTo)
    second = rig.question_in(again)
    refusal(await rig.finish(rig.honest_answer(first)), "proto.in-response-to")
    refusal(await rig.finish(rig.answer_with(second, rig.assertion_for(second))), "fed.wrong-idp")
    assert rig.counts().pending == 1


async def test_pro_04_choice_while_the_answer_is_being_accepted(rig: Rig) -> None:
    question = rig.begun()
    login = rig.ports.store.pending_by_request(rig.ports.workspace, question.id)
    assert login is not None
    assert isinstance(await rig.finish(rig.honest_answer(question)), PostTo)
    refusal(rig.choose(login.flow, IDP), "flow.unknown")
    assert rig.counts().completed == 1


async def test_pro_09_login_that_expired_while_the_attribute_service_was_asked(tmp_path: Path) -> None:
    """One outcome for each flow: what was swept up meanwhile is not completed as well, and nobody gets a failure."""
    rig = make_rig(tmp_path, knows_roles=False)

    async def slowly(query: AttributeQuery, _envelope: bytes) -> bytes:
        assert rig.ports.store.expire(rig.ports.workspace, NOW + PENDING_LOGIN_LIFETIME) == 1
        return rig.service.say(query)

    rig.service.answer = slowly
    outcome = refusal(await rig.login(), "flow.expired")
    assert rig.answer(outcome).assertion is None
    counts = rig.counts()
    assert (counts.started, counts.completed, counts.refused, counts.expired) == (1, 0, 0, 1)


async def test_pro_09_refusal_of_a_login_that_expired_meanwhile(tmp_path: Path) -> None:
    rig = make_rig(tmp_path, knows_roles=False)

    async def nonsense(_query: AttributeQuery, _envelope: bytes) -> bytes:
        rig.ports.store.expire(rig.ports.workspace, NOW + PENDING_LOGIN_LIFETIME)
        return b"<x/>"

    rig.service.answer = nonsense
    assert isinstance(await rig.login(), RefusedLogin)
    counts = rig.counts()
    assert (counts.started, counts.refused, counts.expired) == (1, 0, 1)


@pytest.mark.parametrize(
    "name",
    [
        f"Eva Ond,Serial={VICTIM}",
        "Eva Ond,O=94000018",
        "Eva Ond,CN=Ane Holm",
        f"Eva, serial = {VICTIM}",
        "Eva,2.5.4.5=x",
        f"Eva+Serial={VICTIM}",
    ],
)
async def test_pro_18_display_name_that_reads_as_another_user(rig: Rig, name: str) -> None:
    """We read the last Serial; a system or an attribute service that reads the first would see the user that the name names."""
    subject = replace(
        builders.subject(), name_id=NameId(f"C=DK,O=91000013,CN={name},Serial={UUID}", NAMEID_X509_SUBJECT_NAME)
    )
    question = rig.begun()
    subject = replace(subject, confirmations=(rig.confirmation_for(question),))
    outcome = await rig.finish(rig.answer_with(question, rig.assertion_for(question, subject=subject)))
    refusal(outcome, "proto.subject")


@pytest.mark.parametrize("name", ["Holm, Ane", 'Finn "Komma, Jr." Ry', "A=B", "1+1=2, Ib", "Æ,Ø & Å"])
async def test_pro_18_control_names_with_commas_stay(rig: Rig, name: str) -> None:
    value = f"C=DK,O=91000013,CN={name},Serial={UUID}"
    question = rig.begun()
    subject = builders.subject(confirmations=(rig.confirmation_for(question),))
    subject = replace(subject, name_id=NameId(value, NAMEID_X509_SUBJECT_NAME))
    outcome = await rig.finish(rig.answer_with(question, rig.assertion_for(question, subject=subject)))
    assert isinstance(outcome, PostTo), outcome
