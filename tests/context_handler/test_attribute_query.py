"""Rights from the attribute service: the honest answer, and every way it can go wrong. Never does a failure give more rights."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from context_handler.answering import RefusedLogin
from context_handler.asking import PostTo
from federation.activation_period import ActivationPeriod
from federation.model import OnAttributeFailure
from oiosaml import attributes as names
from oiosaml.attributes import PRIVILEGES_INTERMEDIATE
from oiosaml.bindings.soap import wrap, write_fault
from oiosaml.errors import Party, SamlError
from oiosaml.messages.attribute_query import AttributeQuery
from oiosaml.messages.response import Status
from oiosaml.name_id import NameId
from oiosaml.privileges import read_privileges
from oiosaml.uris import (
    NAMEID_X509_SUBJECT_NAME,
    STATUS_REQUESTER,
    STATUS_RESPONDER,
    STATUS_UNKNOWN_PRINCIPAL,
)
from oiosaml.validity import Window
from tests import builders
from tests.builders import ANE_HOLM, CH_SP_FACE, NOW, SYSTEM
from tests.conftest import make_member
from tests.context_handler.rig import CASE_WORKER, IDP_SSO, OTHER_IDP, READER, Rig, home_idp, make_rig, registered_idp

pytestmark = pytest.mark.anyio

Wrong = Callable[[Rig, AttributeQuery], bytes]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A broker whose IdP does not know roles."""
    return make_rig(tmp_path, knows_roles=False)


def rights_in(rig: Rig, outcome: object) -> list[tuple[str, ...]]:
    value = rig.token(outcome).values_of(PRIVILEGES_INTERMEDIATE)[0]
    return [group.privileges for group in read_privileges(value).groups]


async def test_rights_come_from_the_attribute_service(rig: Rig) -> None:
    outcome = await rig.login()
    assert rights_in(rig, outcome) == [(CASE_WORKER,), (READER,)]
    (query,) = rig.service.asked
    assert query.subject == ANE_HOLM
    assert query.issuer == CH_SP_FACE
    assert query.destination == builders.ATTRIBUTE_SERVICE_LOCATION
    assert query.target_user_system == SYSTEM
    assert query.attribute_names == (PRIVILEGES_INTERMEDIATE,)


async def test_idp_that_knows_roles_is_not_asked_behind_its_back_as_13(tmp_path: Path) -> None:
    rig = make_rig(tmp_path, knows_roles=True)
    await rig.login()
    assert rig.service.asked == []


async def test_rights_in_the_token_are_ignored_as_14(rig: Rig) -> None:
    async def nothing(query: AttributeQuery, _: bytes) -> bytes:
        return rig.service.say(query, assertion={"attribute_statements": ()})

    rig.service.answer = nothing
    assert rights_in(rig, await rig.login()) == []


async def test_service_is_asked_only_after_the_answer_was_checked(rig: Rig) -> None:
    assert isinstance(
        await rig.login({"attribute_statements": (builders.attributes(**{names.LOA: ("Low",)}),)}), RefusedLogin
    )
    assert rig.service.asked == []


def raising(error: SamlError) -> Wrong:
    def wrong(_: Rig, __: AttributeQuery) -> bytes:
        raise error

    return wrong


def saying(**changes: Any) -> Wrong:
    return lambda rig, query: rig.service.say(query, **changes)


def status(top: str, second: str | None) -> Wrong:
    return saying(response={"status": Status(top, second, "nej")})


SOMEBODY_ELSE = NameId("C=DK,O=91000013,CN=Bo,Serial=8e2f4e56-0b39-4f7a-8c57-5d0f4f7d2a02", NAMEID_X509_SUBJECT_NAME)

CASES: tuple[tuple[str, str, Wrong], ...] = (
    ("time-out-aq-05", "aq.transport", raising(SamlError("aq.transport", "got nothing, expected an answer"))),
    ("soap-fault-aq-04", "aq.fault", lambda _rig, _query: write_fault("Server", "nej")),
    ("responder-aq-04", "aq.fault", status(STATUS_RESPONDER, None)),
    ("requester-aq-04", "aq.fault", status(STATUS_REQUESTER, None)),
    ("unknown-user-as-10", "aq.unknown-user", status(STATUS_REQUESTER, STATUS_UNKNOWN_PRINCIPAL)),
    ("wrong-signer-aq-01", "sig.key", lambda rig, query: rig.service.say(query, signer=make_member("stranger"))),
    ("idp-signs-for-the-service", "sig.key", lambda rig, query: rig.service.say(query, signer=rig.idp)),
    ("somebody-else-aq-02", "aq.subject", saying(assertion={"subject": builders.Subject(SOMEBODY_ELSE)})),
    ("another-question-aq-03", "proto.in-response-to", saying(response={"in_response_to": builders.QUERY_ID})),
    ("another-issuer", "fed.issuer-mismatch", saying(assertion={"issuer": OTHER_IDP})),
    (
        "another-audience",
        "proto.audience",
        saying(assertion={"conditions": builders.conditions(audience_restrictions=((OTHER_IDP,),))}),
    ),
    (
        "expired",
        "proto.expired",
        saying(
            assertion={
                "conditions": builders.conditions(
                    window=Window(NOW - timedelta(minutes=10), NOW - timedelta(minutes=6))
                )
            }
        ),
    ),
    ("not-soap", "xml.malformed", lambda _rig, _query: b"no XML at all"),
    ("not-a-response-aq-07", "xml.root", lambda _rig, _query: wrap(b"<x/>")),
    (
        "rights-no-base64-prv-01",
        "priv.encoding",
        saying(assertion={"attribute_statements": ((builders.Attribute(PRIVILEGES_INTERMEDIATE, ("%%%",)),),)}),
    ),
)


def answering(rig: Rig, wrong: Wrong) -> Callable[[AttributeQuery, bytes], Awaitable[bytes]]:
    async def answer(query: AttributeQuery, _: bytes) -> bytes:
        return wrong(rig, query)

    return answer


@pytest.mark.parametrize(("code", "wrong"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_login_is_refused(rig: Rig, code: str, wrong: Wrong) -> None:
    rig.service.answer = answering(rig, wrong)
    outcome = await rig.login()
    assert isinstance(outcome, RefusedLogin)
    assert outcome.error.code == code
    assert outcome.error.party is Party.ATTRIBUTE_SERVICE
    assert 400 <= outcome.error.refusal.http_status < 500
    assert rig.answer(outcome).envelope.status.code == STATUS_RESPONDER
    assert rig.counts().refused == 1


@pytest.mark.parametrize(("code", "wrong"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_login_goes_on_without_rights_where_the_registration_says_so(rig: Rig, code: str, wrong: Wrong) -> None:
    registration = home_idp(knows_roles=False, on_attribute_failure=OnAttributeFailure.WITHOUT_RIGHTS)
    rig.registry.idp_list[0] = registered_idp(rig.idp, registration, IDP_SSO)
    rig.service.answer = answering(rig, wrong)
    outcome = await rig.login()
    assert isinstance(outcome, PostTo)
    assert rights_in(rig, outcome) == []
    flow = rig.record.flows(rig.ports.workspace, limit=1)[0]
    (event,) = [e for e in rig.record.events_of(rig.ports.workspace, flow.flow) if e.step == "gather_privileges"]
    assert code in event.detail, "what went wrong must stand in the record"


async def test_no_service_registered(rig: Rig) -> None:
    rig.registry.service = None
    outcome = await rig.login()
    assert isinstance(outcome, RefusedLogin)
    assert (outcome.error.code, outcome.error.party) == ("aq.unregistered", Party.HOME_IDP)


@pytest.mark.parametrize(
    "changes", [{"enabled": False}, {"active": ActivationPeriod(end=NOW)}], ids=["switched-off", "not-active"]
)
async def test_service_switched_off(rig: Rig, changes: dict[str, Any]) -> None:
    service = rig.registry.service
    assert service is not None
    rig.registry.service = replace(service, registration=replace(service.registration, **changes))
    outcome = await rig.login()
    assert isinstance(outcome, RefusedLogin)
    assert outcome.error.code == "fed.disabled"


async def test_wrong_scope_gives_nothing(rig: Rig) -> None:
    """PRV-06: a right of another organisation that nobody delegated does not come through."""
    from oiosaml.privileges import PrivilegeGroup, PrivilegeList, cvr_scope, write_privileges

    foreign = PrivilegeList((PrivilegeGroup(cvr_scope(builders.SKOVRUP), (builders.JOB_FUNCTION_ROLE,)),))
    statement = ((builders.Attribute(PRIVILEGES_INTERMEDIATE, (write_privileges(foreign),)),),)
    rig.service.answer = answering(rig, saying(assertion={"attribute_statements": statement}))
    assert rights_in(rig, await rig.login()) == []
