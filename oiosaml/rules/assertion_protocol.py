"""What SAML and OIOSAML demand of an assertion whoever sent it: for us, in time, confirmed, about one user, with one login in it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from oiosaml.messages.assertion import Assertion, SubjectConfirmation
from oiosaml.name_id import NameId, X509SubjectName, is_uuid
from oiosaml.rules.assertion_expectations import AssertionExpectations
from oiosaml.rules.issue_instant import before_the_question, in_the_future, too_old
from oiosaml.rules.rule import Breach, Requirement, rule
from oiosaml.uris import (
    CONFIRMATION_BEARER,
    NAMEID_ENTITY,
    NAMEID_X509_SUBJECT_NAME,
    PERSON_UUID_PREFIX,
    PROFESSIONAL_UUID_PREFIX,
)
from oiosaml.validity import Window, format_instant

_FURTHER_PART: Final = re.compile(r"[,;+]\s*([A-Za-z][A-Za-z0-9-]*|\d+(\.\d+)+)\s*=")
"""The beginning of another part of a distinguished name (RFC 4514)."""

LONGEST_CONFIRMATION: Final = timedelta(minutes=10)
"""How long an answer may be on its way. Five minutes are usual (R3-IDP-15); twice that is our choice."""

LONGEST_CONDITIONS: Final = timedelta(hours=1)
"""How long an assertion may say that it holds (R3-IDP-15: 10 minutes to 1 hour)."""


def _bearer(assertion: Assertion, expected: AssertionExpectations) -> SubjectConfirmation | None:
    """Give the one bearer confirmation that is judged: the one for us, else the first, so that all rules judge the same."""
    first = None
    for each in assertion.subject.confirmations if assertion.subject else ():
        if each.method == CONFIRMATION_BEARER:
            if each.recipient == expected.assertion_consumer_service:
                return each
            first = first or each
    return first


def _name_id(assertion: Assertion) -> NameId | None:
    return assertion.subject.name_id if assertion.subject else None


@rule("IDR-50", code="proto.version", source="SAML Core 2.3.3")
def version_is_2(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The assertion is SAML 2.0."""
    if assertion.version != "2.0":
        yield f"got Version {assertion.version!r:.40}, expected 2.0"


@rule("IDR-51", code="fed.issuer-mismatch", source="OIOSAML 3, R3-IDP-06")
def issuer_is_the_idp(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """The issuer is the IdP that was asked, named as an entity."""
    if assertion.issuer != expected.idp:
        yield f"got {assertion.issuer!r:.120}, expected {expected.idp}"
    if assertion.issuer_format not in (None, NAMEID_ENTITY):
        yield f"got Issuer Format {assertion.issuer_format!r:.120}, expected none or {NAMEID_ENTITY}"


@rule("IDR-52", code="proto.not-yet-valid", source="OIOSAML 3, R3-G-01")
def not_made_in_the_future(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """The assertion was not made in the future."""
    yield from in_the_future(assertion.issue_instant, expected.at, expected.skew)


@rule("IDR-53", code="proto.stale", source="OIOSAML 3, R3-G-01")
def fresh(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """The assertion is younger than the request and at most five minutes old, besides the clock skew."""
    yield from before_the_question(assertion.issue_instant, expected.requested_at, expected.skew)
    yield from too_old(assertion.issue_instant, expected.at, expected.skew)


@rule("IDR-17", code="proto.subject", source="OIOSAML 3, R3-IDP-07")
def name_id_is_present(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """The subject is one NameID that is not empty and has an agreed format."""
    name_id = _name_id(assertion)
    if name_id is None or not name_id.value.strip():
        yield "got no NameID, or an empty one, expected one"
    elif name_id.format not in expected.name_id_formats and not name_id.value.startswith(PERSON_UUID_PREFIX):
        # a person's NameID is refused as the wrong profile, which says more (FED-09)
        yield f"got Format {name_id.format!r:.120}, expected {' or '.join(expected.name_id_formats)}"


@rule("IDR-18", code="proto.subject", source="KOMBIT, NameID layout")
def x509_subject_name_parses(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """A NameID in X509SubjectName format has the layout C=DK,O=…,CN=…,Serial=…, with a CVR number and a UUID."""
    name_id = _name_id(assertion)
    if name_id is not None and name_id.format == NAMEID_X509_SUBJECT_NAME and name_id.value.strip():
        try:
            X509SubjectName.parse(name_id.value)
        except ValueError as error:
            yield str(error)


@rule("IDR-68", code="proto.subject", source="our choice: one name, one reading")
def display_name_holds_no_further_part(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The display name in the NameID holds nothing that reads as a further part of the layout."""
    # we read the last Serial; an attribute service or a system that reads the first would see whomever the name names
    name_id = _name_id(assertion)
    if name_id is None or name_id.format != NAMEID_X509_SUBJECT_NAME:
        return
    try:
        common_name = X509SubjectName.parse(name_id.value).common_name
    except ValueError:
        return  # the layout is another rule's matter
    if _FURTHER_PART.search(common_name):
        yield f"got CN={common_name!r:.120}, expected a name without a key and an equals sign behind a comma"


@rule("IDR-20", code="proto.confirmation", source="SAML Profiles 4.1.4.2")
def confirmed_as_bearer(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """The subject is confirmed as bearer, until an instant that is given."""
    bearer = _bearer(assertion, expected)
    if bearer is None:
        methods = ", ".join(each.method for each in (assertion.subject.confirmations if assertion.subject else ()))
        yield f"got {methods[:120] or 'no confirmation'}, expected {CONFIRMATION_BEARER}"
    elif bearer.window.not_on_or_after is None:
        # without an end a bearer token is good for ever, and the replay memory would have to be, too (attack PRO-12)
        yield "got SubjectConfirmationData without NotOnOrAfter, expected one"


@rule("IDR-54", code="proto.recipient", source="SAML Profiles 4.1.4.2")
def recipient_is_our_acs(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """The confirmation's recipient is our assertion consumer service, exactly."""
    bearer = _bearer(assertion, expected)
    if bearer is not None and bearer.recipient != expected.assertion_consumer_service:
        yield f"got {bearer.recipient!r:.200}, expected {expected.assertion_consumer_service}"


@rule("IDR-55", code="proto.in-response-to", source="SAML Profiles 4.1.4.2")
def confirmation_answers_our_request(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str | Breach]:
    """The confirmation answers the request that is open."""
    # the envelope says so too, but nobody signed it: this is the one that counts
    bearer = _bearer(assertion, expected)
    if bearer is None:
        return
    if bearer.in_response_to is None:
        yield Breach(f"got no InResponseTo, expected {expected.request_id}", "proto.unsolicited")
    elif bearer.in_response_to != expected.request_id:
        yield f"got InResponseTo {bearer.in_response_to!r:.60}, expected {expected.request_id}"


@rule("IDR-23", code="proto.audience", source="SAML Core 2.5.1.4")
def audience_names_us(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """The assertion names us as an audience, in every restriction."""
    restrictions = assertion.conditions.audience_restrictions if assertion.conditions else ()
    if not restrictions:
        # absent means for anybody, which OIOSAML does not allow
        yield f"got no AudienceRestriction, expected one with {expected.our_entity_id}"
    for audiences in restrictions:
        if expected.our_entity_id not in audiences:
            yield f"got {', '.join(audiences)[:200] or 'no audience'}, expected {expected.our_entity_id}"


@rule("IDR-77", code="proto.proxy", source="SAML Core 2.5.1.6")
def may_be_passed_on(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """The assertion does not forbid that the system is told on the strength of it."""
    restrictions = assertion.proxy_restrictions
    if len(restrictions) > 1:
        yield f"got {len(restrictions)} ProxyRestriction, expected at most one"
    for each in restrictions if expected.system is not None else ():
        if each.count == 0:
            yield "got ProxyRestriction with Count 0, expected at least 1: a broker's own token rests on this assertion"
        if each.audiences and expected.system not in each.audiences:
            yield f"got ProxyRestriction for {', '.join(each.audiences)[:200]}, expected {expected.system} among them"


@rule("IDR-56", code="proto.not-yet-valid", source="SAML Core 2.5.1.2")
def windows_have_begun(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """Conditions and confirmation hold already."""
    for place, window in _windows(assertion, expected):
        if not window.has_begun(expected.at, expected.skew) and window.not_before is not None:
            yield f"got NotBefore {format_instant(window.not_before)} in {place}, expected it before {_now(expected)}"


@rule("IDR-22", code="proto.expired", source="SAML Core 2.5.1.2")
def windows_have_not_ended(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """Conditions and confirmation hold still."""
    for place, window in _windows(assertion, expected):
        if window.has_ended(expected.at, expected.skew) and window.not_on_or_after is not None:
            end = format_instant(window.not_on_or_after)
            yield f"got NotOnOrAfter {end} in {place}, expected it after {_now(expected)}"


@rule("IDR-24", code="proto.statement", source="OIOSAML 3, R3-IDP-12")
def one_authn_statement(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The assertion holds exactly one AuthnStatement."""
    if len(assertion.authn_statements) != 1:
        yield f"got {len(assertion.authn_statements)} AuthnStatement, expected one"


@rule("IDR-27", code="proto.statement", source="OIOSAML 3, R3-IDP-12")
def one_attribute_statement(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The assertion holds exactly one AttributeStatement."""
    if len(assertion.attribute_statements) != 1:
        yield f"got {len(assertion.attribute_statements)} AttributeStatement, expected one"


@rule("IDR-57", code="proto.not-yet-valid", source="SAML Core 2.7.2")
def login_is_not_in_the_future(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """The user did not log in in the future."""
    for statement in assertion.authn_statements:
        yield from in_the_future(statement.authn_instant, expected.at, expected.skew)


@rule("IDR-26", code="proto.force-authn", source="SAML Core 3.4.1, ForceAuthn")
def login_is_new_when_forced(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """The user logged in after the request if a new login was asked for."""
    if expected.force_authn:
        for statement in assertion.authn_statements:
            yield from before_the_question(statement.authn_instant, expected.requested_at, expected.skew)


@rule("IDR-58", code="proto.expired", source="SAML Core 2.7.2")
def session_has_not_ended(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """The IdP's session has not ended."""
    for statement in assertion.authn_statements:
        end = statement.session_not_on_or_after
        if end is not None and Window(None, end).has_ended(expected.at, expected.skew):
            yield f"got SessionNotOnOrAfter {format_instant(end)}, expected it after {_now(expected)}"


@rule("IDR-19", code="proto.subject", source="OIOSAML 3, R3-IDP-08", requirement=Requirement.SHOULD)
def other_name_id_is_a_uuid_uri(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """A persistent or transient NameID is a URI of the right type with a UUID at its end."""
    name_id = _name_id(assertion)
    if name_id is None or name_id.format == NAMEID_X509_SUBJECT_NAME:
        return
    prefixes = (PROFESSIONAL_UUID_PREFIX, PERSON_UUID_PREFIX)
    if not any(name_id.value.startswith(each) and is_uuid(name_id.value.removeprefix(each)) for each in prefixes):
        yield f"got {name_id.value!r:.120}, expected {PROFESSIONAL_UUID_PREFIX}<UUID>"


@rule("IDR-21", code="proto.confirmation", source="OIOSAML 3, R3-IDP-15", requirement=Requirement.SHOULD)
def confirmation_is_short(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """The confirmation ends within ten minutes."""
    bearer = _bearer(assertion, expected)
    end = bearer.window.not_on_or_after if bearer else None
    if end is not None and end - expected.at > LONGEST_CONFIRMATION + expected.skew:
        yield f"got NotOnOrAfter {format_instant(end)}, expected at most ten minutes ahead"


@rule("IDR-59", code="proto.expired", source="OIOSAML 3, R3-IDP-15", requirement=Requirement.SHOULD)
def conditions_are_short(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """The conditions end, and within an hour."""
    end = assertion.conditions.window.not_on_or_after if assertion.conditions else None
    if end is None:
        yield "got Conditions without NotOnOrAfter, expected one"
    elif end - expected.at > LONGEST_CONDITIONS + expected.skew:
        yield f"got NotOnOrAfter {format_instant(end)}, expected at most one hour ahead"


@rule("IDR-25", code="proto.statement", source="OIOSAML 3, section 6", requirement=Requirement.SHOULD)
def session_index_is_present(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The login has a SessionIndex, which logout needs."""
    for statement in assertion.authn_statements:
        if not statement.session_index:
            yield "got no SessionIndex, expected one"


def _windows(assertion: Assertion, expected: AssertionExpectations) -> Iterator[tuple[str, Window]]:
    if assertion.conditions is not None:
        yield "Conditions", assertion.conditions.window
    if (bearer := _bearer(assertion, expected)) is not None:
        yield "SubjectConfirmationData", bearer.window


def _now(expected: AssertionExpectations) -> str:
    return f"{format_instant(expected.at)} give or take {int(expected.skew.total_seconds())} s"


ASSERTION_PROTOCOL_RULES: Final = (
    version_is_2,
    issuer_is_the_idp,
    not_made_in_the_future,
    fresh,
    name_id_is_present,
    x509_subject_name_parses,
    display_name_holds_no_further_part,
    confirmed_as_bearer,
    recipient_is_our_acs,
    confirmation_answers_our_request,
    audience_names_us,
    may_be_passed_on,
    windows_have_begun,
    windows_have_not_ended,
    one_authn_statement,
    one_attribute_statement,
    login_is_not_in_the_future,
    login_is_new_when_forced,
    session_has_not_ended,
    other_name_id_is_a_uuid_uri,
    confirmation_is_short,
    conditions_are_short,
    session_index_is_present,
)
