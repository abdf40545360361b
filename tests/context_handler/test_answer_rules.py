"""What this broker knows of a login and of an IdP is what the rules of an answer are put with: each seen by a finding, and its twin."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from context_handler.answering import RefusedLogin
from context_handler.asking import PostTo
from context_handler.checks import check_assertion, check_envelope, status_refusal
from context_handler.login_state import LoginState, PendingLogin
from context_handler.ports import RegisteredIdp, RegisteredSystem
from federation.model import Profile
from oiosaml import attributes as names
from oiosaml.ids import FlowId
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.authn_request import RequestedAuthnContext
from oiosaml.messages.response import Answer, Status
from oiosaml.nist import NistLevel
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.rules.rule import RuleViolation
from oiosaml.uris import STATUS_AUTHN_FAILED, STATUS_NO_AUTHN_CONTEXT, STATUS_NO_PASSIVE, STATUS_REQUEST_DENIED
from oiosaml.uris import STATUS_RESPONDER as RESPONDER
from oiosaml.verified import Verified
from tests.builders import (
    BROKER_REQUEST_ID,
    IDP,
    NOW,
    SYSTEM,
    SYSTEM_ACS,
    assertion,
    authn_request,
    requested_level,
    response,
    with_attribute,
    with_authn_statement,
    with_conditions,
    without_attribute,
)
from tests.context_handler.rig import BROWSER, Rig
from tests.oiosaml.rules.test_nemlogin import LOCAL, MITID, employee, told

LOW, SUBSTANTIAL, HIGH = AssuranceLevel
OLD_SYSTEM = {"profile": Profile.OIOSAML2, "minimum_level": LOW, "minimum_assurance_level": NistLevel.THREE}
NEMLOGIN = {"profile": Profile.NEMLOGIN3, "knows_roles": False}
ASKED_AT = NOW - timedelta(minutes=4)


def pending(request: dict[str, Any], **changes: Any) -> PendingLogin:
    """A login whose home IdP was asked four minutes ago."""
    valid = PendingLogin(
        flow=FlowId("a-flow"),
        state=LoginState.AT_HOME_IDP,
        system=SYSTEM,
        request=authn_request(**request),
        relay_state=None,
        acs_url=SYSTEM_ACS,
        browser=BROWSER,
        started_at=ASKED_AT,
        expires_at=NOW + timedelta(minutes=30),
        idp=IDP,
        idp_request_id=BROKER_REQUEST_ID,
        idp_request_at=ASKED_AT,
    )
    return replace(valid, **changes)


def registered(rig: Rig, idp: dict[str, Any], system: dict[str, Any]) -> tuple[RegisteredIdp, RegisteredSystem]:
    first_idp, first_system = rig.registry.idp_list[0], rig.registry.system_list[0]
    return (
        replace(first_idp, registration=replace(first_idp.registration, **idp)),
        replace(first_system, registration=replace(first_system.registration, **system)),
    )


def broken_by(
    rig: Rig,
    said: Assertion,
    *,
    request: dict[str, Any] | None = None,
    idp: dict[str, Any] | None = None,
    system: dict[str, Any] | None = None,
    at: datetime = NOW,
) -> list[str]:
    """The rules that an assertion breaks, MUST or not."""
    home, asker = registered(rig, idp or {}, system or {})
    try:
        findings = check_assertion(
            Verified(said, "f" * 64, b""), pending(request or {}), home, asker, at=at, ports=rig.ports
        )
    except RuleViolation as violation:
        findings = violation.findings
    return [finding.rule_id for finding in findings]


def asking(level: AssuranceLevel, comparison: Comparison) -> dict[str, Any]:
    return {"requested_authn_context": requested_level(level, comparison)}


def stating(level: AssuranceLevel) -> Assertion:
    return with_attribute(names.LOA, level.attribute_value)


def of_credentials(*types: str) -> dict[str, Any]:
    return {"requested_authn_context": RequestedAuthnContext(Comparison.EXACT, (SUBSTANTIAL.uri, *types))}


def logged_in_with(means: str) -> Assertion:
    statement = replace(employee().authn_statements[0], authn_context_class_ref=means)
    return employee(authn_statements=(statement,))


NO_LEVEL: dict[str, Any] = {"requested_authn_context": None}
AT_LEAST_LOW = asking(LOW, Comparison.MINIMUM)
AT_LEAST_THREE = {"requested_authn_context": RequestedAuthnContext(Comparison.MINIMUM, (NistLevel.THREE.uri,))}
FROM_LOW: dict[str, Any] = {"minimum_level": LOW}

CASES: dict[str, tuple[Assertion, dict[str, Any], list[str]]] = {
    "honest": (assertion(), {}, []),
    "at most what is asked for": (
        stating(SUBSTANTIAL),
        {"request": asking(SUBSTANTIAL, Comparison.EXACT), "idp": {"maximum_level": HIGH}},
        [],
    ),
    "more than exactly": (
        stating(HIGH),
        {"request": asking(SUBSTANTIAL, Comparison.EXACT), "idp": {"maximum_level": HIGH}},
        ["IDR-35"],
    ),
    "what a low system asks for": (stating(LOW), {"request": AT_LEAST_LOW, "system": FROM_LOW}, []),
    "less than it asks for": (
        stating(LOW),
        {"request": asking(SUBSTANTIAL, Comparison.MINIMUM), "system": FROM_LOW},
        ["IDR-35"],
    ),
    "below the floor, said once": (stating(LOW), {"request": NO_LEVEL}, ["IDR-35"]),
    "above the registration": (stating(HIGH), {"request": NO_LEVEL}, ["IDR-34"]),
    "by its counterpart enough": (stating(SUBSTANTIAL), {"request": NO_LEVEL, "system": OLD_SYSTEM}, []),
    "by its counterpart too little": (stating(LOW), {"request": NO_LEVEL, "system": OLD_SYSTEM}, ["IDR-35"]),
    "NemLog-in's, by its counterpart enough": (
        employee(),
        {"idp": NEMLOGIN, "request": NO_LEVEL, "system": OLD_SYSTEM},
        [],
    ),
    "NemLog-in's, by its counterpart too little": (
        employee(attributes=told(LOA="Low")),
        {"idp": NEMLOGIN, "request": NO_LEVEL, "system": OLD_SYSTEM},
        ["NLA-06"],
    ),
    "NemLog-in's, where a new system asks in NIST levels": (
        employee(attributes=told(LOA="Low")),
        {"idp": NEMLOGIN, "request": AT_LEAST_THREE, "system": FROM_LOW},
        ["NLA-06"],
    ),
    "privileges of an IdP that knows none": (assertion(), {"idp": {"knows_roles": False}}, ["IDR-44"]),
    "none of an IdP that knows them": (without_attribute(names.PRIVILEGES_INTERMEDIATE), {}, ["IDR-44"]),
    "an old login": (with_authn_statement(authn_instant=ASKED_AT - timedelta(minutes=6)), {}, []),
    "an old login where a new one was asked for": (
        with_authn_statement(authn_instant=ASKED_AT - timedelta(minutes=6)),
        {"request": {"force_authn": True}},
        ["IDR-26"],
    ),
    "a login since we asked": (with_authn_statement(authn_instant=ASKED_AT), {"request": {"force_authn": True}}, []),
    "NemLog-in's own name for a person": (employee(), {"idp": NEMLOGIN}, []),
    "NemLog-in, asked for nothing": (logged_in_with(LOCAL), {"idp": NEMLOGIN, "request": NO_LEVEL}, []),
    "the means asked for": (logged_in_with(MITID), {"idp": NEMLOGIN, "request": of_credentials(MITID)}, []),
    "other means": (logged_in_with(LOCAL), {"idp": NEMLOGIN, "request": of_credentials(MITID)}, ["NLA-07"]),
}


@pytest.mark.parametrize(("said", "known", "broken"), CASES.values(), ids=CASES)
def test_each_expectation_reaches_its_rule(rig: Rig, said: Assertion, known: dict[str, Any], broken: list[str]) -> None:
    assert broken_by(rig, said, **known) == broken


@pytest.mark.parametrize(("ahead", "broken"), [(60, []), (61, ["IDR-56"])])
def test_the_clock_skew_of_an_assertion_is_the_brokers_setting(rig: Rig, ahead: int, broken: list[str]) -> None:
    rig.ports = replace(rig.ports, clock_skew=timedelta(minutes=1))
    window = replace(assertion().conditions.window, not_before=NOW + timedelta(seconds=ahead))  # type: ignore[union-attr]
    assert broken_by(rig, with_conditions(window=window)) == broken


def test_a_person_is_told_the_level_in_the_words_of_the_system_that_demands_it(rig: Rig) -> None:
    idp, system = registered(rig, {}, OLD_SYSTEM)
    with pytest.raises(RuleViolation) as refused:
        check_assertion(Verified(stating(LOW), "f" * 64, b""), pending(NO_LEVEL), idp, system, at=NOW, ports=rig.ports)
    assert refused.value.params == {"required": "AssuranceLevel 3", "actual": "AssuranceLevel 2"}


@pytest.mark.anyio
async def test_a_level_that_a_profiles_rules_forgot_gets_no_token(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the rules of a profile let pass, the level that would go into our token is held against the demand once more."""
    monkeypatch.setattr("context_handler.login.check_assertion", lambda *_, **__: ())
    assert isinstance(await rig.login({"attribute_statements": stating(SUBSTANTIAL).attribute_statements}), PostTo)
    refused = await rig.login({"attribute_statements": stating(LOW).attribute_statements})
    assert isinstance(refused, RefusedLogin)
    assert refused.error.code == "fed.loa"
    assert refused.error.params == {"required": "Substantial", "actual": "Low"}


@pytest.mark.parametrize("missing", ["idp_request_id", "idp_request_at"])
def test_an_answer_is_not_checked_where_no_idp_was_asked(rig: Rig, missing: str) -> None:
    login, answer = pending({}, **{missing: None}), Answer(response(), None, None)
    with pytest.raises(RuntimeError, match="no IdP was asked"):
        check_envelope(answer, login, rig.registry.idp_list[0], at=NOW, ports=rig.ports)


@pytest.mark.parametrize(
    ("second_code", "key"),
    [
        (STATUS_REQUEST_DENIED, "proto.cancelled"),
        (STATUS_NO_PASSIVE, "proto.no-passive"),
        (STATUS_NO_AUTHN_CONTEXT, "fed.loa:idp-cannot"),
        (STATUS_AUTHN_FAILED, "proto.status"),
        (None, "proto.status"),
    ],
)
def test_an_idps_refusal_is_said_in_our_words_and_kept_in_its_own(second_code: str | None, key: str) -> None:
    error = status_refusal(Status(RESPONDER, second_code, "Afbrudt"), "Substantial")
    assert (error.refusal.key, error.second_code, error.message) == (key, second_code, "Afbrudt")
    assert error.params == {"required": "Substantial"}
    assert error.detail == f"got the status {RESPONDER!r} {second_code or ''!r} 'Afbrudt', expected Success"
