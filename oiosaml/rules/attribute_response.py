"""What the answer of an attribute service must say (AS-08 to AS-11, our choice): to our question, about our user, briefly valid."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from oiosaml.ids import EntityId
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.attribute_query import AttributeQuery
from oiosaml.messages.response import Answer
from oiosaml.rules.issue_instant import before_the_question, in_the_future, too_old
from oiosaml.rules.rule import Breach, Requirement, rule
from oiosaml.uris import STATUS_UNKNOWN_PRINCIPAL
from oiosaml.validity import CLOCK_SKEW, format_instant
from oiosaml.value_type import value_type

LONGEST_VALIDITY: Final = timedelta(minutes=5)
"""How long an answer of an attribute service may say that it holds (AS-09)."""


@value_type
class AttributeResponseExpectations:
    """The question that was asked, and whom."""

    query: AttributeQuery
    service_entity_id: EntityId
    at: datetime
    skew: timedelta = CLOCK_SKEW


def _assertions(answer: Answer) -> Iterator[Assertion]:
    if answer.assertion is not None:
        yield answer.assertion.value


@rule("ATR-20", code="proto.version", source="SAML Core 3.2.2")
def version_is_2(answer: Answer, _: AttributeResponseExpectations) -> Iterator[str]:
    """The answer and its assertion are SAML 2.0."""
    for version in (answer.envelope.version, *(each.version for each in _assertions(answer))):
        if version != "2.0":
            yield f"got Version {version!r:.40}, expected 2.0"


@rule("ATR-05", code="proto.in-response-to", source="our choice, AS-08")
def answers_our_query(answer: Answer, expected: AttributeResponseExpectations) -> Iterator[str]:
    """The answer is to the query that was asked."""
    if answer.envelope.in_response_to != expected.query.id:
        yield f"got InResponseTo {answer.envelope.in_response_to!r:.60}, expected {expected.query.id}"


@rule("ATR-21", code="fed.issuer-mismatch", source="our choice, AS-08 and AS-09")
def issuer_is_the_service(answer: Answer, expected: AttributeResponseExpectations) -> Iterator[str]:
    """The answer and its assertion are issued by the service that was asked."""
    for issuer in (answer.envelope.issuer, *(each.issuer for each in _assertions(answer))):
        if issuer != expected.service_entity_id:
            yield f"got {issuer!r:.120}, expected {expected.service_entity_id}"


@rule("ATR-10", code="aq.fault", source="our choice, AS-10")
def status_is_success(answer: Answer, _: AttributeResponseExpectations) -> Iterator[Breach]:
    """The status is Success, also for a user without rights."""
    status = answer.envelope.status
    if not status.is_success:
        key = "aq.unknown-user" if status.second_code == STATUS_UNKNOWN_PRINCIPAL else "aq.fault"
        yield Breach(f"got {status.code} / {status.second_code} ({status.message!r:.120}), expected Success", key)


@rule("ATR-06", code="proto.assertion-count", source="our choice, AS-08")
def success_holds_an_assertion(answer: Answer, _: AttributeResponseExpectations) -> Iterator[str]:
    """Success comes with an assertion."""
    if answer.envelope.status.is_success and answer.assertion is None:
        yield "got Success without an assertion, expected one"


@rule("ATR-04", code="aq.subject", source="SAML Core 3.3.4; our choice, AS-05")
def subject_is_the_one_asked_about(answer: Answer, expected: AttributeResponseExpectations) -> Iterator[str]:
    """The assertion is about the user that was asked about: the same NameID in all its parts."""
    # a good signature over somebody else's rights is still somebody else's rights (attack AQ-02)
    for assertion in _assertions(answer):
        name_id = assertion.subject.name_id if assertion.subject else None
        if name_id != expected.query.subject:
            yield f"got {name_id!r:.160}, expected {expected.query.subject!r:.160}"


@rule("ATR-08", code="proto.audience", source="our choice, AS-09")
def audience_is_the_asker(answer: Answer, expected: AttributeResponseExpectations) -> Iterator[str]:
    """The assertion is meant for whoever asked."""
    for assertion in _assertions(answer):
        restrictions = assertion.conditions.audience_restrictions if assertion.conditions else ()
        if not restrictions or not all(expected.query.issuer in audiences for audiences in restrictions):
            yield f"got {restrictions!r:.160}, expected {expected.query.issuer} in each AudienceRestriction"


@rule("ATR-22", code="proto.not-yet-valid", source="our choice, AS-09")
def holds_already(answer: Answer, expected: AttributeResponseExpectations) -> Iterator[str]:
    """Neither the answer nor its validity lies in the future."""
    yield from in_the_future(answer.envelope.issue_instant, expected.at, expected.skew)
    for assertion in _assertions(answer):
        yield from in_the_future(assertion.issue_instant, expected.at, expected.skew)
        if assertion.conditions is not None and not assertion.conditions.window.has_begun(expected.at, expected.skew):
            yield f"got Conditions that begin later than {format_instant(expected.at)}, expected them to hold"


@rule("ATR-23", code="proto.stale", source="our choice, AS-15")
def fresh(answer: Answer, expected: AttributeResponseExpectations) -> Iterator[str]:
    """The answer is younger than the query and at most five minutes old, besides the clock skew."""
    instants = (answer.envelope.issue_instant, *(each.issue_instant for each in _assertions(answer)))
    for instant in instants:
        yield from before_the_question(instant, expected.query.issue_instant, expected.skew)
        yield from too_old(instant, expected.at, expected.skew)


@rule("ATR-24", code="proto.expired", source="our choice, AS-09")
def holds_still(answer: Answer, expected: AttributeResponseExpectations) -> Iterator[str]:
    """The assertion has an end, and it has not come."""
    for assertion in _assertions(answer):
        end = assertion.conditions.window.not_on_or_after if assertion.conditions else None
        if end is None:
            yield "got no NotOnOrAfter in Conditions, expected one"
        elif assertion.conditions is not None and assertion.conditions.window.has_ended(expected.at, expected.skew):
            yield f"got NotOnOrAfter {format_instant(end)}, expected it after {format_instant(expected.at)}"


@rule("ATR-25", code="fed.profile", source="our choice, AS-09")
def holds_briefly(answer: Answer, _: AttributeResponseExpectations) -> Iterator[str]:
    """The assertion holds for at most five minutes."""
    for assertion in _assertions(answer):
        window = assertion.conditions.window if assertion.conditions else None
        if window is not None and window.not_on_or_after is not None:
            lifetime = window.not_on_or_after - (window.not_before or assertion.issue_instant)
            if lifetime > LONGEST_VALIDITY:
                yield f"got {lifetime}, expected at most {LONGEST_VALIDITY}"


@rule("ATR-26", code="proto.statement", source="our choice, AS-09")
def at_most_one_attribute_statement(answer: Answer, _: AttributeResponseExpectations) -> Iterator[str]:
    """The assertion holds one AttributeStatement, or none for a user without rights."""
    for assertion in _assertions(answer):
        if len(assertion.attribute_statements) > 1:
            yield f"got {len(assertion.attribute_statements)} AttributeStatement, expected at most one"


@rule("ATR-27", code="fed.attribute", source="our choice: one name, one answer")
def attributes_have_one_answer(answer: Answer, expected: AttributeResponseExpectations) -> Iterator[str]:
    """Each attribute that was asked for occurs at most once, with one value."""
    for assertion in _assertions(answer):
        for name in expected.query.attribute_names:
            found = [attribute for attribute in assertion.attributes if attribute.name == name]
            if len(found) > 1 or any(len(attribute.values) != 1 for attribute in found):
                yield f"got {len(found)} of {name} with {len(assertion.values_of(name))} values, expected one"


@rule("ATR-09", code="proto.statement", source="our choice, AS-09", requirement=Requirement.SHOULD)
def nobody_logged_in(answer: Answer, _: AttributeResponseExpectations) -> Iterator[str]:
    """The assertion holds no AuthnStatement: nobody logged in at an attribute service."""
    for assertion in _assertions(answer):
        if assertion.authn_statements:
            yield f"got {len(assertion.authn_statements)} AuthnStatement, expected none"


@rule("ATR-12", code="fed.attribute", source="our choice, AS-06", requirement=Requirement.SHOULD)
def only_what_was_asked_for(answer: Answer, expected: AttributeResponseExpectations) -> Iterator[str]:
    """Only attributes that were asked for come back; others are dropped."""
    for assertion in _assertions(answer):
        for attribute in assertion.attributes:
            if expected.query.attribute_names and attribute.name not in expected.query.attribute_names:
                yield f"got {attribute.name!r:.120}, expected only {', '.join(expected.query.attribute_names)}"


ATTRIBUTE_RESPONSE_RULES: Final = (
    version_is_2,
    answers_our_query,
    issuer_is_the_service,
    status_is_success,
    success_holds_an_assertion,
    subject_is_the_one_asked_about,
    audience_is_the_asker,
    holds_already,
    fresh,
    holds_still,
    holds_briefly,
    at_most_one_attribute_statement,
    attributes_have_one_answer,
    nobody_logged_in,
    only_what_was_asked_for,
)
