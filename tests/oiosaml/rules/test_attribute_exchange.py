"""Each rule of an attribute query and of its answer passes the valid one and refuses the one that breaks it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oiosaml.attributes import EMAIL, PRIVILEGES_INTERMEDIATE, Attribute
from oiosaml.messages.assertion import Assertion, Conditions, Subject
from oiosaml.messages.response import Answer, Response, Status
from oiosaml.name_id import NameId
from oiosaml.rules.attribute_query import ATTRIBUTE_QUERY_RULES, SYSTEM_QUERY_RULES
from oiosaml.rules.attribute_response import ATTRIBUTE_RESPONSE_RULES
from oiosaml.rules.rule import RuleViolation, enforce
from oiosaml.uris import NAMEID_PERSISTENT, STATUS_RESPONDER
from oiosaml.validity import Window
from oiosaml.verified import Verified
from tests.builders import (
    ANE_HOLM,
    CH_SP_FACE,
    IB_NOEHR,
    NOW,
    PRIVILEGES_TEXT,
    SYSTEM,
    attribute_assertion,
    attribute_query,
    attribute_query_expectations,
    attribute_response,
    attribute_response_expectations,
    authn_statement,
    unknown_principal,
)
from tests.oiosaml.rules.cases import Case, assert_twins

MINUTES_5 = timedelta(minutes=5)


def answer(envelope: Response | None = None, assertion: Assertion | None = None) -> Answer:
    return Answer(envelope or attribute_response(), None, Verified(assertion or attribute_assertion(), "f" * 64, b""))


def query_breaks(rule_id: str, name: str, **changes: Any) -> Case:
    expected = attribute_query_expectations()
    return Case(rule_id, name, (attribute_query(), expected), (attribute_query(**changes), expected))


def answer_breaks(rule_id: str, name: str, broken: Answer, key: str | None = None) -> Case:
    expected = attribute_response_expectations()
    return Case(rule_id, name, (answer(), expected), (broken, expected), key)


def envelope_breaks(rule_id: str, name: str, key: str | None = None, **changes: Any) -> Case:
    return answer_breaks(rule_id, name, answer(attribute_response(**changes)), key)


def assertion_breaks(rule_id: str, name: str, key: str | None = None, **changes: Any) -> Case:
    return answer_breaks(rule_id, name, answer(None, attribute_assertion(**changes)), key)


def holding(start: timedelta, end: timedelta | None) -> Conditions:
    valid = attribute_assertion().conditions
    assert valid is not None
    return replace(valid, window=Window(NOW + start, None if end is None else NOW + end))


ZERO = timedelta()
PRIVILEGES = Attribute(PRIVILEGES_INTERMEDIATE, (PRIVILEGES_TEXT,))

QUERY_CASES = (
    query_breaks("AS-20", "version", version="1.1"),
    query_breaks("AS-04", "AQ-08-unknown-issuer", issuer=SYSTEM),
    query_breaks("AS-21", "other-destination", destination="https://attributter.other.test/saml2/soap"),
    query_breaks("AS-21", "no-destination", destination=""),
    query_breaks("AS-22", "from-the-future", issue_instant=NOW + timedelta(hours=1)),
    query_breaks("AS-23", "stale", issue_instant=NOW - timedelta(hours=1)),
    query_breaks("AS-24", "subject-without-format", subject=NameId(ANE_HOLM.value)),
    query_breaks("AS-05", "other-format", subject=NameId(IB_NOEHR.value, NAMEID_PERSISTENT)),
    query_breaks("AS-05", "other-layout", subject=replace(IB_NOEHR, value="Ib Nøhr")),
    query_breaks("AS-06", "asks-for-e-mail", attribute_names=(EMAIL,)),
)

RESPONSE_CASES = (
    envelope_breaks("ATR-20", "version", version="1.1"),
    assertion_breaks("ATR-20", "assertion-version", version="1.1"),
    envelope_breaks("ATR-05", "AQ-03-other-question", in_response_to="_other"),
    envelope_breaks("ATR-21", "FED-02-envelope", issuer=CH_SP_FACE),
    assertion_breaks("ATR-21", "FED-02-assertion", issuer=CH_SP_FACE),
    answer_breaks("ATR-10", "AQ-04-unknown-user", Answer(unknown_principal(), None, None), "aq.unknown-user"),
    answer_breaks("ATR-10", "AQ-04-error", Answer(attribute_response(status=Status(STATUS_RESPONDER)), None, None)),
    answer_breaks("ATR-06", "nothing-inside", Answer(attribute_response(), None, None)),
    assertion_breaks("ATR-04", "AQ-02-somebody-else", subject=Subject(ANE_HOLM)),
    assertion_breaks("ATR-04", "AQ-02-other-format", subject=Subject(replace(IB_NOEHR, format=NAMEID_PERSISTENT))),
    assertion_breaks("ATR-04", "AQ-02-other-qualifier", subject=Subject(replace(IB_NOEHR, name_qualifier="x"))),
    assertion_breaks("ATR-04", "AQ-02-nobody", subject=None),
    assertion_breaks("ATR-08", "other-audience", conditions=Conditions(Window(NOW, NOW + MINUTES_5), ((SYSTEM,),))),
    assertion_breaks("ATR-08", "no-conditions", conditions=None),
    envelope_breaks("ATR-22", "from-the-future", issue_instant=NOW + timedelta(hours=1)),
    assertion_breaks("ATR-22", "holds-later", conditions=holding(2 * MINUTES_5, 3 * MINUTES_5)),
    envelope_breaks("ATR-23", "stale", issue_instant=NOW - timedelta(hours=1)),
    assertion_breaks("ATR-23", "stale-assertion", issue_instant=NOW - timedelta(hours=1)),
    assertion_breaks("ATR-24", "expired", conditions=holding(-3 * MINUTES_5, -2 * MINUTES_5)),
    assertion_breaks("ATR-24", "endless", conditions=holding(ZERO, None)),
    assertion_breaks("ATR-25", "six-minutes", conditions=holding(ZERO, timedelta(minutes=6))),
    assertion_breaks("ATR-26", "two-statements", attribute_statements=((PRIVILEGES,), ())),
    assertion_breaks("ATR-27", "FED-10-twice", attribute_statements=((PRIVILEGES, PRIVILEGES),)),
    assertion_breaks("ATR-27", "FED-10-two-values", attribute_statements=((replace(PRIVILEGES, values=("a", "b")),),)),
    assertion_breaks("ATR-09", "a-login", authn_statements=(authn_statement(),)),
    assertion_breaks(
        "ATR-12", "AQ-10-more-than-asked", attribute_statements=((PRIVILEGES, Attribute(EMAIL, ("a@b.test",))),)
    ),
)

CASES = QUERY_CASES + RESPONSE_CASES


@pytest.mark.parametrize("case", QUERY_CASES, ids=str)
def test_rule_passes_the_valid_query_and_refuses_the_broken_one(case: Case) -> None:
    assert_twins(case, SYSTEM_QUERY_RULES if case.rule_id == "AS-24" else ATTRIBUTE_QUERY_RULES)


@pytest.mark.parametrize("case", RESPONSE_CASES, ids=str)
def test_rule_passes_the_valid_answer_and_refuses_the_broken_one(case: Case) -> None:
    assert_twins(case, ATTRIBUTE_RESPONSE_RULES)


@pytest.mark.parametrize(
    "case", [case for case in RESPONSE_CASES if case.name[:3] in ("AQ-", "FED") and "AQ-10" not in case.name], ids=str
)
def test_attack_is_refused_with_its_code(case: Case) -> None:
    with pytest.raises(RuleViolation) as refused:
        enforce(ATTRIBUTE_RESPONSE_RULES, *case.broken)
    assert refused.value.refusal.key == assert_twins(case, ATTRIBUTE_RESPONSE_RULES).refusal_key


def test_valid_query_and_answer_break_nothing_at_all() -> None:
    assert enforce(ATTRIBUTE_QUERY_RULES, attribute_query(), attribute_query_expectations()) == ()
    assert enforce(SYSTEM_QUERY_RULES, attribute_query(), attribute_query_expectations()) == ()
    assert enforce(ATTRIBUTE_RESPONSE_RULES, answer(), attribute_response_expectations()) == ()


def test_user_without_roles_is_answered_without_a_statement() -> None:
    nothing = answer(None, attribute_assertion(attribute_statements=()))
    assert enforce(ATTRIBUTE_RESPONSE_RULES, nothing, attribute_response_expectations()) == ()
