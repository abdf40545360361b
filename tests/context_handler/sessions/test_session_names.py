"""The name of a session's person at each system: how long it lasts, which format a request may ask for, and who is found by it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from context_handler.answering import RefusedLogin
from context_handler.discovery import Wishes
from context_handler.store.sqlite_sessions import SqliteSessions
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.authn_request import NameIdPolicy
from oiosaml.uris import NAMEID_PERSISTENT, NAMEID_TRANSIENT, NAMEID_UNSPECIFIED, NAMEID_X509_SUBJECT_NAME
from tests.builders import ANE_HOLM, IDP, NOW, SYSTEM
from tests.context_handler.rig import OTHER_IDP, Rig, minutes, system_metadata
from tests.context_handler.session_rig import (
    answered,
    ask,
    assertion,
    change_system,
    log_in,
    sent_to_idp,
)

pytestmark = pytest.mark.anyio


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
