"""What this broker knows is what the rules are put with: each expectation seen by a finding that hangs on it, and its twin."""

import os
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from context_handler.discovery import Wishes
from context_handler.inbound import RequestFromSystem
from context_handler.login import begin_login
from oiosaml import attributes as names
from oiosaml.ids import EntityId
from oiosaml.messages.assertion import write_assertion
from oiosaml.messages.authn_request import (
    AuthnRequest,
    Comparison,
    NameIdPolicy,
    RequestedAuthnContext,
    Scoping,
    write_authn_request,
)
from oiosaml.messages.element import serialise
from oiosaml.messages.response import Response, write_encrypted_assertion, write_response
from oiosaml.nsis import AssuranceLevel
from oiosaml.uris import BINDING_POST, NAMEID_PERSISTENT, NAMEID_TRANSIENT
from oiosaml.xml.encryption import OIOSAML_DEFAULT, encrypt
from oiosaml.xml.sign import sign_enveloped
from tests import builders
from tests.builders import IDP, NOW
from tests.context_handler.rig import BROWSER, HINTED, Rig, form_body, straight

STRANGER = EntityId("https://saml.idp.fremmed.test")
LOW = RequestedAuthnContext(Comparison.MINIMUM, (AssuranceLevel.LOW.uri,))
SUBSTANTIAL = RequestedAuthnContext(Comparison.MINIMUM, (AssuranceLevel.SUBSTANTIAL.uri,))


def findings(rig: Rig, step: str = "check_authn_request") -> list[str]:
    """The rules that the last message broke, as its event says."""
    (flow,) = rig.record.flows(rig.ports.workspace, limit=1)
    events = rig.record.events_of(rig.ports.workspace, flow.flow)
    (checked,) = [event for event in events if event.step == step]
    return [finding.rule_id for finding in checked.findings]


def by_redirect(rig: Rig, relay_state: str = "state", **changes: Any) -> None:
    rig.begin_with(rig.query_of(rig.request(**changes), relay_state=relay_state))


def by_post(rig: Rig, wishes: Wishes = HINTED) -> None:
    element = write_authn_request(rig.request())
    sign_enveloped(element, rig.system.signing)
    form = urlencode({"SAMLRequest": b64encode(serialise(element)).decode()}).encode()
    straight(begin_login(RequestFromSystem(BINDING_POST, form, BROWSER, wishes, None), NOW, rig.ports))


CASES: list[tuple[Callable[[Rig], None], list[str]]] = [
    (by_redirect, []),
    (by_post, ["SPQ-01"]),
    (lambda rig: by_redirect(rig, "r" * 80), []),
    (lambda rig: by_redirect(rig, "r" * 81), ["SPQ-21"]),
    (lambda rig: by_redirect(rig, scoping=Scoping(idp_list=(IDP,))), []),
    (lambda rig: by_redirect(rig, scoping=Scoping(idp_list=(IDP, STRANGER))), ["SPQ-35"]),
    (lambda rig: by_redirect(rig, requested_authn_context=SUBSTANTIAL), []),
    (lambda rig: by_redirect(rig, requested_authn_context=LOW), ["SPQ-19"]),
    (lambda rig: by_redirect(rig, name_id_policy=NameIdPolicy("urn:x", allow_create=True)), ["SPQ-20"]),
    (lambda rig: by_redirect(rig, name_id_policy=NameIdPolicy(NAMEID_PERSISTENT, allow_create=True)), []),
    (lambda rig: by_redirect(rig, name_id_policy=NameIdPolicy(NAMEID_TRANSIENT, allow_create=True)), ["SPQ-20"]),
]
NAMES = [
    "honest", "by POST", "80 octets", "81 octets", "a known IdP", "an unknown IdP", "its level", "a lower one", "a strange name",
    "its own name", "a name that is not its own",
]  # fmt: skip


@pytest.mark.parametrize(("send", "broken"), CASES, ids=NAMES)
def test_each_expectation_reaches_its_rule(rig: Rig, send: Callable[[Rig], None], broken: list[str]) -> None:
    send(rig)
    assert findings(rig) == broken


@pytest.mark.parametrize(("ahead", "broken"), [(60, []), (61, ["SPQ-30"])])
def test_the_clock_skew_is_the_brokers_setting(rig: Rig, ahead: int, broken: list[str]) -> None:
    rig.ports = replace(rig.ports, clock_skew=timedelta(minutes=1))
    by_redirect(rig, issue_instant=NOW + timedelta(seconds=ahead))
    assert findings(rig) == broken


def signed_outside(rig: Rig, question: AuthnRequest, response: Response) -> bytes:
    assertion = write_assertion(rig.assertion_for(question))
    sign_enveloped(assertion, rig.idp.signing)
    encrypted = encrypt(serialise(assertion), rig.broker.public_key, OIOSAML_DEFAULT, entropy=os.urandom)
    element = write_response(response, write_encrypted_assertion(encrypted))
    sign_enveloped(element, rig.idp.signing)
    return form_body(serialise(element))


@pytest.mark.anyio
@pytest.mark.parametrize(("sign", "broken"), [(False, []), (True, ["IDR-08"])], ids=["inside", "outside as well"])
async def test_a_success_that_is_signed_outside_is_noticed(rig: Rig, broken: list[str], *, sign: bool) -> None:
    question = rig.begun()
    response = builders.response(in_response_to=question.id)
    await rig.finish(signed_outside(rig, question, response) if sign else rig.honest_answer(question))
    assert findings(rig, "check_idp_response") == broken


@pytest.mark.anyio
@pytest.mark.parametrize(("ahead", "broken"), [(60, []), (61, ["IDR-61"])])
async def test_the_same_skew_holds_for_answers(rig: Rig, ahead: int, broken: list[str]) -> None:
    rig.ports = replace(rig.ports, clock_skew=timedelta(minutes=1))
    question = rig.begun()
    await rig.finish(
        rig.answer_with(question, rig.assertion_for(question), issue_instant=NOW + timedelta(seconds=ahead))
    )
    assert findings(rig, "check_idp_response") == broken


@pytest.mark.anyio
@pytest.mark.parametrize(("level", "broken"), [("Substantial", []), ("Low", ["IDR-35"])])
async def test_the_systems_floor_holds_where_nothing_is_asked_for(rig: Rig, level: str, broken: list[str]) -> None:
    question = rig.begun(requested_authn_context=None)
    await rig.finish(
        rig.answer_with(
            question, rig.assertion_for(question, attribute_statements=(builders.attributes(**{names.LOA: (level,)}),))
        )
    )
    assert findings(rig, "check_idp_response") == broken
