"""Each rule of the logout messages passes the valid one and refuses the one that breaks it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oiosaml.ids import EntityId, MessageId
from oiosaml.messages.response import Status
from oiosaml.name_id import NameId
from oiosaml.rules.logout import LOGOUT_REQUEST_RULES, LOGOUT_RESPONSE_RULES, LOGOUT_SUBJECT_RULES
from oiosaml.rules.rule import RuleViolation, enforce
from oiosaml.uris import NAMEID_UNSPECIFIED, STATUS_PARTIAL_LOGOUT, STATUS_SUCCESS
from tests.builders import (
    ANE_AT_BYGGESAG,
    IDP,
    NOW,
    logged_in_subject,
    logout_request,
    logout_request_expectations,
    logout_response,
    logout_response_expectations,
)
from tests.oiosaml.rules.cases import Case, assert_twins

ELEVEN_MINUTES = timedelta(minutes=11)
STRANGER = EntityId("https://saml.stranger.test")


def request_breaks(rule_id: str, name: str, **changes: Any) -> Case:
    expected = logout_request_expectations()
    return Case(rule_id, name, (logout_request(), expected), (logout_request(**changes), expected))


def subject_breaks(rule_id: str, name: str, **changes: Any) -> Case:
    subject = logged_in_subject()
    return Case(rule_id, name, (logout_request(), subject), (logout_request(**changes), subject))


def response_breaks(rule_id: str, name: str, **changes: Any) -> Case:
    expected = logout_response_expectations()
    return Case(rule_id, name, (logout_response(), expected), (logout_response(**changes), expected))


REQUEST_CASES = (
    request_breaks("LOQ-01", "version", version="1.1"),
    request_breaks("LOQ-02", "another-issuer", issuer=STRANGER),
    request_breaks("LOQ-02", "issuer-format", issuer_format=NAMEID_UNSPECIFIED),
    request_breaks("LOQ-03", "digit-first", id=MessageId("1a")),
    request_breaks("LOQ-04", "SLO-03-other-endpoint", destination="https://ch.sim.test/runtime/saml2/issue.idp/"),
    request_breaks("LOQ-04", "SLO-03-no-destination", destination=None),
    request_breaks("LOQ-05", "from-the-future", issue_instant=NOW + ELEVEN_MINUTES),
    request_breaks("LOQ-06", "SLO-03-stale", issue_instant=NOW - ELEVEN_MINUTES),
    request_breaks("LOQ-07", "SLO-03-expired", not_on_or_after=NOW - timedelta(minutes=5)),
    request_breaks("LOQ-08", "nobody", name_id=NameId("  ")),
    request_breaks("LOQ-09", "no-end", not_on_or_after=None),
    request_breaks("LOQ-10", "no-session-index", session_indexes=()),
)
SUBJECT_CASES = (
    subject_breaks("LOQ-11", "SLO-05-somebody-else", name_id=replace(ANE_AT_BYGGESAG, value="https://x.test/other")),
    subject_breaks(
        "LOQ-11", "SLO-05-other-case", name_id=replace(ANE_AT_BYGGESAG, value=ANE_AT_BYGGESAG.value.upper())
    ),
    subject_breaks("LOQ-11", "SLO-05-other-format", name_id=replace(ANE_AT_BYGGESAG, format=NAMEID_UNSPECIFIED)),
    subject_breaks("LOQ-11", "SLO-05-no-qualifier", name_id=replace(ANE_AT_BYGGESAG, sp_name_qualifier=None)),
    subject_breaks("LOQ-11", "SLO-05-a-qualifier-more", name_id=replace(ANE_AT_BYGGESAG, name_qualifier=IDP)),
    subject_breaks("LOQ-11", "SLO-02-of-another-system", name_id=replace(ANE_AT_BYGGESAG, sp_name_qualifier=STRANGER)),
    subject_breaks("LOQ-12", "SLO-05-other-session", session_indexes=("_session-2",)),
)
RESPONSE_CASES = (
    response_breaks("LOR-01", "version", version="1.1"),
    response_breaks("LOR-02", "SLO-04-nobody-asked", in_response_to=MessageId("_other")),
    response_breaks("LOR-02", "SLO-04-no-question", in_response_to=None),
    response_breaks("LOR-03", "another-issuer", issuer=STRANGER),
    response_breaks("LOR-04", "other-endpoint", destination="https://ch.sim.test/runtime/saml2/signoff.idp?x"),
    response_breaks("LOR-04", "no-destination", destination=None),
    response_breaks("LOR-05", "from-the-future", issue_instant=NOW + ELEVEN_MINUTES),
    response_breaks("LOR-06", "stale", issue_instant=NOW - ELEVEN_MINUTES),
    response_breaks("LOR-07", "second-level-first", status=Status(STATUS_PARTIAL_LOGOUT)),
)
CASES = REQUEST_CASES + SUBJECT_CASES + RESPONSE_CASES


@pytest.mark.parametrize("case", REQUEST_CASES, ids=str)
def test_rule_passes_the_valid_request_and_refuses_the_broken_one(case: Case) -> None:
    assert_twins(case, LOGOUT_REQUEST_RULES)


@pytest.mark.parametrize("case", SUBJECT_CASES, ids=str)
def test_rule_passes_the_issuers_own_session_and_refuses_another(case: Case) -> None:
    assert_twins(case, LOGOUT_SUBJECT_RULES)


@pytest.mark.parametrize("case", RESPONSE_CASES, ids=str)
def test_rule_passes_the_valid_response_and_refuses_the_broken_one(case: Case) -> None:
    assert_twins(case, LOGOUT_RESPONSE_RULES)


def test_valid_messages_break_nothing_at_all() -> None:
    assert enforce(LOGOUT_REQUEST_RULES, logout_request(), logout_request_expectations()) == ()
    assert enforce(LOGOUT_SUBJECT_RULES, logout_request(), logged_in_subject()) == ()
    assert enforce(LOGOUT_RESPONSE_RULES, logout_response(), logout_response_expectations()) == ()


def test_request_without_session_index_means_every_session_of_the_subject() -> None:
    assert enforce(LOGOUT_SUBJECT_RULES, logout_request(session_indexes=()), logged_in_subject()) == ()


def test_request_may_name_more_sessions_than_this_one() -> None:
    assert (
        enforce(LOGOUT_SUBJECT_RULES, logout_request(session_indexes=("_x", "_session-1")), logged_in_subject()) == ()
    )


def test_request_that_is_a_moment_past_its_end_is_within_the_skew() -> None:
    request = logout_request(not_on_or_after=NOW - timedelta(minutes=4, seconds=59))
    assert enforce(LOGOUT_REQUEST_RULES, request, logout_request_expectations()) == ()


def test_answer_on_its_own_connection_needs_no_destination() -> None:
    expected = logout_response_expectations(location=None)
    assert enforce(LOGOUT_RESPONSE_RULES, logout_response(destination=None), expected) == ()


def test_answer_older_than_the_question_is_refused() -> None:
    expected = logout_response_expectations(requested_at=NOW + timedelta(minutes=6))
    with pytest.raises(RuleViolation) as refused:
        enforce(LOGOUT_RESPONSE_RULES, logout_response(), expected)
    assert refused.value.code == "proto.stale"


@pytest.mark.parametrize(
    ("status", "everybody"),
    [
        (Status(STATUS_SUCCESS), True),
        (Status(STATUS_SUCCESS, STATUS_PARTIAL_LOGOUT), False),
        (Status("urn:oasis:names:tc:SAML:2.0:status:Responder"), False),
    ],
)
def test_slo_06_success_with_partial_logout_is_not_everybody(status: Status, *, everybody: bool) -> None:
    assert logout_response(status=status).everybody_is_logged_out is everybody
