"""Every instant that can be written gets its verdict from every rule that reckons with it: none leaves the calendar.

Others may write any instant from 0001-01-01 to 9999-12-31. A rule that adds to one raises OverflowError, which is no refusal: it has no
code and leaves no event, and whatever waits for the verdict goes on waiting (attack PRO-16). What is right is reckoned here in whole
microseconds, which have no end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oiosaml.messages.response import Answer
from oiosaml.rules.assertion_protocol import LONGEST_CONDITIONS, LONGEST_CONFIRMATION
from oiosaml.rules.attribute_response import LONGEST_VALIDITY
from oiosaml.rules.issue_instant import MAXIMUM_AGE
from oiosaml.rules.rule import RULES, examine
from oiosaml.validity import CLOCK_SKEW, Window, format_instant, parse_instant
from oiosaml.verified import Verified
from tests import builders
from tests.builders import NOW

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
EDGES = tuple(
    NOW + way * span + off * MICROSECOND
    for span in (
        timedelta(),
        CLOCK_SKEW,
        MAXIMUM_AGE + CLOCK_SKEW,
        LONGEST_CONFIRMATION + CLOCK_SKEW,
        LONGEST_CONDITIONS,
    )
    for way in (-1, 1)
    for off in (-1, 0, 1)
)
"""Where a verdict turns: one microsecond before, there, and one after."""

ANY_INSTANT = st.datetimes(timezones=st.just(UTC)) | st.sampled_from(EDGES) | st.sampled_from((FIRST, LAST))
ANY_SKEW = st.timedeltas(timedelta(), timedelta(hours=1))


def microseconds(span: timedelta) -> int:
    return span // MICROSECOND


def ahead(instant: datetime) -> int:
    """How far an instant lies ahead of now, in a number that cannot overflow."""
    return microseconds(instant - NOW)


SKEW, AGE = microseconds(CLOCK_SKEW), microseconds(MAXIMUM_AGE)


def is_future(instant: datetime) -> bool:
    return ahead(instant) > SKEW


def is_past(instant: datetime) -> bool:
    return ahead(instant) <= -SKEW


def is_before_the_question(instant: datetime) -> bool:
    return ahead(instant) < -SKEW


def is_stale(instant: datetime) -> bool:
    return ahead(instant) <= -(AGE + SKEW)


def answers_late(instant: datetime) -> bool:
    """What answers a question of just now is refused for the question's sake before it is too old."""
    return is_before_the_question(instant) or is_stale(instant)


def is_longer_than(span: timedelta, skew: timedelta = CLOCK_SKEW) -> Callable[[datetime], bool]:
    return lambda instant: ahead(instant) > microseconds(span) + microseconds(skew)


@dataclass(frozen=True)
class Reckoning:
    """One instant in one message, the rule that reckons with it, and which instants break the rule."""

    rule_id: str
    place: str
    put: Callable[[datetime], Any]
    expected: Any
    breaks: Callable[[datetime], bool]

    def __str__(self) -> str:
        return f"{self.rule_id}-{self.place}"


def of(rule_id: str, valid: Any, field: str, expected: Any, breaks: Callable[[datetime], bool]) -> Reckoning:
    return Reckoning(rule_id, field, lambda instant: replace(valid, **{field: instant}), expected, breaks)


def issued(future: str, stale: str, valid: Any, expected: Any, *, answers: bool) -> tuple[Reckoning, ...]:
    return (
        of(future, valid, "issue_instant", expected, is_future),
        of(stale, valid, "issue_instant", expected, answers_late if answers else is_stale),
    )


def answered(envelope: Any = None, **changes: Any) -> Answer:
    said = builders.attribute_assertion(**changes)
    return Answer(envelope or builders.attribute_response(), None, Verified(said, "f" * 64, b""))


def answered_within(not_before: datetime | None, end: datetime | None) -> Answer:
    conditions = builders.attribute_assertion().conditions
    assert conditions is not None
    return answered(conditions=replace(conditions, window=Window(not_before, end)))


def confirmed_until(instant: datetime) -> Any:
    return builders.with_confirmation(window=Window(None, instant))


def confirmed_from(instant: datetime) -> Any:
    return builders.with_confirmation(window=Window(instant, None))


def holds_from(instant: datetime) -> Any:
    return builders.with_conditions(window=Window(instant, None))


def holds_until(instant: datetime) -> Any:
    return builders.with_conditions(window=Window(None, instant))


ASSERTION, FORCED = builders.assertion_expectations(), builders.assertion_expectations(force_authn=True)
ATTRIBUTES = builders.attribute_response_expectations()
LOGGED_IN = "authn_instant"

RECKONINGS = (
    *issued("SPQ-30", "SPQ-10", builders.authn_request(), builders.authn_request_expectations(), answers=False),
    *issued("IDR-61", "IDR-62", builders.response(), builders.response_expectations(), answers=True),
    *issued("IDR-52", "IDR-53", builders.assertion(), ASSERTION, answers=True),
    *issued("AS-22", "AS-23", builders.attribute_query(), builders.attribute_query_expectations(), answers=False),
    *issued("LOQ-05", "LOQ-06", builders.logout_request(), builders.logout_request_expectations(), answers=False),
    *issued("LOR-05", "LOR-06", builders.logout_response(), builders.logout_response_expectations(), answers=True),
    of("LOQ-07", builders.logout_request(), "not_on_or_after", builders.logout_request_expectations(), is_past),
    Reckoning("IDR-56", "conditions", holds_from, ASSERTION, is_future),
    Reckoning("IDR-56", "confirmation", confirmed_from, ASSERTION, is_future),
    Reckoning("IDR-22", "conditions", holds_until, ASSERTION, is_past),
    Reckoning("IDR-22", "confirmation", confirmed_until, ASSERTION, is_past),
    Reckoning("IDR-57", LOGGED_IN, lambda at: builders.with_authn_statement(authn_instant=at), ASSERTION, is_future),
    Reckoning(
        "IDR-26", LOGGED_IN, lambda at: builders.with_authn_statement(authn_instant=at), FORCED, is_before_the_question
    ),
    Reckoning(
        "IDR-58", "session", lambda at: builders.with_authn_statement(session_not_on_or_after=at), ASSERTION, is_past
    ),
    Reckoning("IDR-21", "confirmation", confirmed_until, ASSERTION, is_longer_than(LONGEST_CONFIRMATION)),
    Reckoning("IDR-59", "conditions", holds_until, ASSERTION, is_longer_than(LONGEST_CONDITIONS)),
    Reckoning(
        "ATR-22", "envelope", lambda at: answered(builders.attribute_response(issue_instant=at)), ATTRIBUTES, is_future
    ),
    Reckoning("ATR-22", "assertion", lambda at: answered(issue_instant=at), ATTRIBUTES, is_future),
    Reckoning("ATR-22", "conditions", lambda at: answered_within(at, None), ATTRIBUTES, is_future),
    Reckoning(
        "ATR-23",
        "envelope",
        lambda at: answered(builders.attribute_response(issue_instant=at)),
        ATTRIBUTES,
        answers_late,
    ),
    Reckoning("ATR-23", "assertion", lambda at: answered(issue_instant=at), ATTRIBUTES, answers_late),
    Reckoning("ATR-24", "conditions", lambda at: answered_within(None, at), ATTRIBUTES, is_past),
    Reckoning(
        "ATR-25",
        "conditions",
        lambda at: answered_within(NOW, at),
        ATTRIBUTES,
        is_longer_than(LONGEST_VALIDITY, timedelta()),
    ),
    Reckoning(
        "ATR-25",
        "begins",
        lambda at: answered_within(at, NOW),
        ATTRIBUTES,
        lambda at: -ahead(at) > microseconds(LONGEST_VALIDITY),
    ),
)


@pytest.mark.parametrize("reckoning", RECKONINGS, ids=str)
@given(instant=ANY_INSTANT)
@example(instant=FIRST)
@example(instant=LAST)
def test_pro_16_each_rule_has_a_verdict_on_every_instant(reckoning: Reckoning, instant: datetime) -> None:
    findings = examine((RULES[reckoning.rule_id],), reckoning.put(instant), reckoning.expected)
    assert bool(findings) == reckoning.breaks(instant)


@given(start=ANY_INSTANT, end=ANY_INSTANT, at=ANY_INSTANT, skew=ANY_SKEW)
@example(start=LAST, end=FIRST, at=LAST, skew=CLOCK_SKEW)
@example(start=LAST, end=FIRST, at=FIRST, skew=CLOCK_SKEW)
def test_pro_16_a_window_compares_any_two_instants(
    start: datetime, end: datetime, at: datetime, skew: timedelta
) -> None:
    window = Window(start, end)
    assert window.has_begun(at, skew) == (ahead(at) + microseconds(skew) >= ahead(start))
    assert window.has_ended(at, skew) == (ahead(at) - microseconds(skew) >= ahead(end))


@given(instant=ANY_INSTANT)
@example(instant=FIRST)
@example(instant=LAST)
def test_every_instant_is_read_back_as_it_was_written(instant: datetime) -> None:
    second = instant.replace(microsecond=0)
    assert parse_instant(format_instant(instant)) == second
