"""What a verified AttributeQuery must say for an attribute service to answer it (AS-02 to AS-07, our choice)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oiosaml.attributes import PARAMETRIC_SUFFIX, PRIVILEGES_INTERMEDIATE
from oiosaml.ids import EntityId
from oiosaml.messages.attribute_query import AttributeQuery
from oiosaml.name_id import X509SubjectName
from oiosaml.rules.issue_instant import in_the_future, too_old
from oiosaml.rules.rule import Requirement, rule
from oiosaml.uris import NAMEID_X509_SUBJECT_NAME
from oiosaml.validity import CLOCK_SKEW


@dataclass(frozen=True, slots=True)
class AttributeQueryExpectations:
    """Who may ask, and where we are."""

    at: datetime
    allowed_issuers: frozenset[EntityId]
    location: str
    """Our own SOAP endpoint, from configuration."""
    skew: timedelta = CLOCK_SKEW


@rule("AS-20", code="proto.version", source="SAML Core 3.2.1")
def version_is_2(query: AttributeQuery, _: AttributeQueryExpectations) -> Iterator[str]:
    """The query is SAML 2.0."""
    if query.version != "2.0":
        yield f"got Version {query.version!r:.40}, expected 2.0"


@rule("AS-04", code="aq.denied", source="our choice, AS-04")
def issuer_may_ask(query: AttributeQuery, expected: AttributeQueryExpectations) -> Iterator[str]:
    """The issuer is one that may ask."""
    # a service that answers anybody is a register of who may do what (attack AQ-08)
    if query.issuer not in expected.allowed_issuers:
        yield f"got {query.issuer!r:.120}, expected {', '.join(sorted(expected.allowed_issuers))}"


@rule("AS-21", code="proto.destination", source="our choice, AS-04")
def destination_is_us(query: AttributeQuery, expected: AttributeQueryExpectations) -> Iterator[str]:
    """The destination is our endpoint, exactly."""
    if query.destination != expected.location:
        yield f"got {query.destination!r:.200}, expected {expected.location}"


@rule("AS-22", code="proto.not-yet-valid", source="OIOSAML 3, R3-G-01")
def not_made_in_the_future(query: AttributeQuery, expected: AttributeQueryExpectations) -> Iterator[str]:
    """The query was not made in the future."""
    yield from in_the_future(query.issue_instant, expected.at, expected.skew)


@rule("AS-23", code="proto.stale", source="OIOSAML 3, R3-G-01")
def not_stale(query: AttributeQuery, expected: AttributeQueryExpectations) -> Iterator[str]:
    """The query is at most five minutes old, besides the clock skew."""
    yield from too_old(query.issue_instant, expected.at, expected.skew)


@rule("AS-05", code="proto.subject", source="our choice, AS-05")
def subject_is_an_x509_subject_name(query: AttributeQuery, _: AttributeQueryExpectations) -> Iterator[str]:
    """The subject is a NameID in the layout that municipal IdPs use."""
    if query.subject.format != NAMEID_X509_SUBJECT_NAME:
        yield f"got Format {query.subject.format!r:.120}, expected {NAMEID_X509_SUBJECT_NAME}"
        return
    try:
        X509SubjectName.parse(query.subject.value)
    except ValueError as error:
        yield str(error)


@rule("AS-06", code="fed.attribute", source="our choice, AS-06", requirement=Requirement.SHOULD)
def asks_for_privileges(query: AttributeQuery, _: AttributeQueryExpectations) -> Iterator[str]:
    """Only privileges and dynamic constraint values are asked for; others are not delivered."""
    for name in query.attribute_names:
        if name != PRIVILEGES_INTERMEDIATE and not name.endswith(PARAMETRIC_SUFFIX):
            yield f"got {name!r:.120}, expected {PRIVILEGES_INTERMEDIATE} or a name that ends in {PARAMETRIC_SUFFIX}"


@rule("AS-24", code="proto.subject", source="SAML Core 3.3.4; our choice")
def subject_is_named(query: AttributeQuery, _: AttributeQueryExpectations) -> Iterator[str]:
    """The subject is a NameID with a value and a format, as the token gave them."""
    if not query.subject.value.strip() or not query.subject.format:
        yield f"got {query.subject!r:.160}, expected the NameID of the token with its Format"


SYSTEM_QUERY_RULES: Final = (
    version_is_2,
    issuer_may_ask,
    destination_is_us,
    not_made_in_the_future,
    not_stale,
    subject_is_named,
)
"""What the Context Handler's own attribute service asks of a system's query."""

ATTRIBUTE_QUERY_RULES: Final = (
    version_is_2,
    issuer_may_ask,
    destination_is_us,
    not_made_in_the_future,
    not_stale,
    subject_is_an_x509_subject_name,
    asks_for_privileges,
)
