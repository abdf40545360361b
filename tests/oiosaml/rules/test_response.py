"""Each rule of a response's envelope passes the valid one and refuses the one that breaks it."""

from datetime import timedelta
from typing import Any

import pytest

from oiosaml.messages.response import Status
from oiosaml.rules.response import RESPONSE_RULES
from oiosaml.rules.rule import RuleViolation, enforce
from oiosaml.uris import STATUS_AUTHN_FAILED
from tests.builders import CH_ACS, NOW, SYSTEM, refusal, response, response_expectations
from tests.oiosaml.rules.cases import Case, assert_twins


def breaks(rule_id: str, name: str, key: str | None = None, **changes: Any) -> Case:
    valid = response(), response_expectations()
    return Case(rule_id, name, valid, (response(**changes), response_expectations()), key)


CASES = (
    breaks("IDR-60", "PRO-17-version", version="2.1"),
    breaks("IDR-03", "PRO-04-never-issued", in_response_to="_never-issued"),
    breaks("IDR-03", "PRO-03-unsolicited", "proto.unsolicited", in_response_to=None),
    breaks("IDR-04", "PRO-06-other-host", destination="https://other.test/runtime/saml2auth/consume.idp"),
    breaks("IDR-04", "PRO-06-other-path", destination=CH_ACS + "/x"),
    breaks("IDR-04", "PRO-06-missing", destination=None),
    breaks("IDR-05", "FED-02-other-issuer", issuer=SYSTEM),
    breaks("IDR-05", "FED-02-no-issuer", issuer=None),
    breaks("IDR-61", "PRO-16-an-hour-ahead", issue_instant=NOW + timedelta(hours=1)),
    breaks("IDR-62", "PRO-16-a-day-old", issue_instant=NOW - timedelta(days=1)),
    breaks("IDR-62", "PRO-16-before-the-request", issue_instant=NOW - timedelta(minutes=5, seconds=1)),
    breaks("IDR-06", "no-legal-status", status=Status(STATUS_AUTHN_FAILED)),
    Case(
        "IDR-08",
        "signed-outside",
        (response(), response_expectations()),
        (response(), response_expectations(envelope_signed=True)),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_passes_the_valid_response_and_refuses_the_broken_one(case: Case) -> None:
    assert_twins(case, RESPONSE_RULES)


@pytest.mark.parametrize("case", [case for case in CASES if "-0" in case.name or "-1" in case.name], ids=str)
def test_attack_is_refused_with_its_code(case: Case) -> None:
    with pytest.raises(RuleViolation) as refused:
        enforce(RESPONSE_RULES, *case.broken)
    assert refused.value.refusal.key == assert_twins(case, RESPONSE_RULES).refusal_key


def test_valid_response_breaks_nothing_at_all() -> None:
    assert enforce(RESPONSE_RULES, response(), response_expectations()) == ()


def test_refusal_of_an_idp_follows_the_same_rules_even_if_signed() -> None:
    assert enforce(RESPONSE_RULES, refusal(STATUS_AUTHN_FAILED), response_expectations(envelope_signed=True)) == ()
