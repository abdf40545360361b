"""What verified logout messages must say (OIOSAML 3, single logout; SAML Profiles 4.4).

A LogoutRequest is examined twice: as a message, before anything is looked up by what it says, and against the session it means to end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oiosaml.ids import EntityId, MessageId
from oiosaml.messages.logout import LogoutRequest, LogoutResponse
from oiosaml.name_id import NameId
from oiosaml.rules.issue_instant import before_the_question, in_the_future, too_old
from oiosaml.rules.rule import Requirement, rule
from oiosaml.uris import NAMEID_ENTITY, TOP_LEVEL_STATUS
from oiosaml.validity import CLOCK_SKEW, Window, format_instant
from oiosaml.xml.names import is_ncname


@dataclass(frozen=True, slots=True)
class LogoutRequestExpectations:
    """Whose key verified the request, and where it came in."""

    at: datetime
    issuer: EntityId
    """The registered party whose key verified."""
    location: str
    """Our own SingleLogoutService of that binding, from configuration, never from the request's Host."""
    skew: timedelta = CLOCK_SKEW


@dataclass(frozen=True, slots=True)
class LoggedInSubject:
    """Who is logged in at the session that a request means to end, as the issuer of the request was told, or told us."""

    name_id: NameId
    session_indexes: tuple[str, ...]
    """Every SessionIndex that the issuer was given, or gave, for this subject."""


@dataclass(frozen=True, slots=True)
class LogoutResponseExpectations:
    """What we asked, whom and when, and where the answer was to go."""

    at: datetime
    issuer: EntityId
    """The party that was asked."""
    location: str | None
    """Our own endpoint for the answer; None if it came back on the connection of our request (SOAP)."""
    request_id: MessageId
    requested_at: datetime
    skew: timedelta = CLOCK_SKEW


@rule("LOQ-01", code="proto.version", source="SAML Core 3.2.1")
def request_version_is_2(request: LogoutRequest, _: LogoutRequestExpectations) -> Iterator[str]:
    """The logout request is SAML 2.0."""
    if request.version != "2.0":
        yield f"got Version {request.version!r:.40}, expected 2.0"


@rule("LOQ-02", code="fed.issuer-mismatch", source="SAML Profiles 4.4.4.1")
def request_issuer_is_the_signer(request: LogoutRequest, expected: LogoutRequestExpectations) -> Iterator[str]:
    """The issuer of the logout request is the registered party whose key signed, named as an entity."""
    if request.issuer != expected.issuer:
        yield f"got {request.issuer!r:.120}, expected {expected.issuer}"
    if request.issuer_format not in (None, NAMEID_ENTITY):
        yield f"got Issuer Format {request.issuer_format!r:.120}, expected none or {NAMEID_ENTITY}"


@rule("LOQ-03", code="xml.schema", source="SAML Core 1.3.4")
def request_id_is_an_ncname(request: LogoutRequest, _: LogoutRequestExpectations) -> Iterator[str]:
    """The ID of the logout request is an NCName."""
    if not is_ncname(request.id):
        yield f"got ID {request.id!r:.60}, expected a letter or underscore, then letters, digits, dots, hyphens"


@rule("LOQ-04", code="proto.destination", source="SAML Bindings 3.4.5.2, 3.5.5.2")
def request_destination_is_us(request: LogoutRequest, expected: LogoutRequestExpectations) -> Iterator[str]:
    """The destination of the logout request is our logout endpoint, exactly."""
    # required, since the request is signed: without it a request recorded at one party works at all of them (attack SLO-03)
    if request.destination != expected.location:
        yield f"got {request.destination!r:.200}, expected {expected.location}"


@rule("LOQ-05", code="proto.not-yet-valid", source="OIOSAML 3, R3-G-01")
def request_is_not_from_the_future(request: LogoutRequest, expected: LogoutRequestExpectations) -> Iterator[str]:
    """The logout request was not made in the future."""
    yield from in_the_future(request.issue_instant, expected.at, expected.skew)


@rule("LOQ-06", code="proto.stale", source="OIOSAML 3, R3-G-01")
def request_is_not_stale(request: LogoutRequest, expected: LogoutRequestExpectations) -> Iterator[str]:
    """The logout request is at most five minutes old, besides the clock skew."""
    yield from too_old(request.issue_instant, expected.at, expected.skew)


@rule("LOQ-07", code="proto.expired", source="SAML Core 3.7.1")
def request_has_not_expired(request: LogoutRequest, expected: LogoutRequestExpectations) -> Iterator[str]:
    """The logout request's NotOnOrAfter, if it has one, has not passed."""
    end = request.not_on_or_after
    if end is not None and Window(None, end).has_ended(expected.at, expected.skew):
        yield f"got NotOnOrAfter {format_instant(end)}, expected after {format_instant(expected.at - expected.skew)}"


@rule("LOQ-08", code="proto.subject", source="SAML Core 3.7.1")
def request_names_somebody(request: LogoutRequest, _: LogoutRequestExpectations) -> Iterator[str]:
    """The logout request names whom to log out."""
    if not request.name_id.value.strip():
        yield "got an empty NameID, expected that of the assertion"


@rule("LOQ-09", code="proto.expired", source="OIOSAML 3, single logout", requirement=Requirement.SHOULD)
def request_says_when_it_ends(request: LogoutRequest, _: LogoutRequestExpectations) -> Iterator[str]:
    """The logout request has a NotOnOrAfter."""
    if request.not_on_or_after is None:
        yield "got no NotOnOrAfter, expected one some minutes ahead"


@rule("LOQ-10", code="slo.denied", source="SAML Profiles 4.4.4.1", requirement=Requirement.SHOULD)
def request_names_the_session(request: LogoutRequest, _: LogoutRequestExpectations) -> Iterator[str]:
    """The logout request has the SessionIndex of the assertion's AuthnStatement."""
    if not request.session_indexes:
        yield "got no SessionIndex, expected the assertion's: without it every session of the user ends"


@rule("LOQ-11", code="slo.denied", source="SAML Core 3.3.4; OIOSAML 3, single logout")
def subject_is_logged_in(request: LogoutRequest, subject: LoggedInSubject) -> Iterator[str]:
    """The logout request's NameID is the session's in value, format and qualifiers."""
    if request.name_id != subject.name_id:
        # our own NameID is not shown: whoever guesses must not be told how near the guess was (attack SLO-05)
        yield f"got the NameID {request.name_id!s:.300}, expected that of the issuer's own session"


@rule("LOQ-12", code="slo.denied", source="SAML Core 3.7.3.2")
def session_is_the_issuers(request: LogoutRequest, subject: LoggedInSubject) -> Iterator[str]:
    """A SessionIndex in the logout request, if there is any, is one of the issuer's own session."""
    indexes = request.session_indexes
    if indexes and not set(indexes) & set(subject.session_indexes):
        yield f"got the SessionIndex {', '.join(indexes)[:200]!r}, expected that of the issuer's own session"


@rule("LOR-01", code="proto.version", source="SAML Core 3.2.2")
def response_version_is_2(response: LogoutResponse, _: LogoutResponseExpectations) -> Iterator[str]:
    """The logout response is SAML 2.0."""
    if response.version != "2.0":
        yield f"got Version {response.version!r:.40}, expected 2.0"


@rule("LOR-02", code="slo.unsolicited", source="SAML Core 3.2.2")
def response_answers_our_request(response: LogoutResponse, expected: LogoutResponseExpectations) -> Iterator[str]:
    """The logout response answers the request that is open."""
    if response.in_response_to != expected.request_id:
        yield f"got InResponseTo {response.in_response_to!r:.60}, expected {expected.request_id}"


@rule("LOR-03", code="fed.issuer-mismatch", source="SAML Profiles 4.4.4.2")
def response_issuer_was_asked(response: LogoutResponse, expected: LogoutResponseExpectations) -> Iterator[str]:
    """The issuer of the logout response is the party that was asked."""
    if response.issuer != expected.issuer:
        yield f"got {response.issuer!r:.120}, expected {expected.issuer}"


@rule("LOR-04", code="proto.destination", source="SAML Bindings 3.4.5.2, 3.5.5.2")
def response_destination_is_us(response: LogoutResponse, expected: LogoutResponseExpectations) -> Iterator[str]:
    """The destination of the logout response is our endpoint, exactly; on the connection of a SOAP request none is needed."""
    if expected.location is not None and response.destination != expected.location:
        yield f"got {response.destination!r:.200}, expected {expected.location}"


@rule("LOR-05", code="proto.not-yet-valid", source="OIOSAML 3, R3-G-01")
def response_is_not_from_the_future(response: LogoutResponse, expected: LogoutResponseExpectations) -> Iterator[str]:
    """The logout response was not made in the future."""
    yield from in_the_future(response.issue_instant, expected.at, expected.skew)


@rule("LOR-06", code="proto.stale", source="OIOSAML 3, R3-G-01")
def response_is_fresh(response: LogoutResponse, expected: LogoutResponseExpectations) -> Iterator[str]:
    """The logout response is younger than the request and at most five minutes old, besides the clock skew."""
    yield from before_the_question(response.issue_instant, expected.requested_at, expected.skew)
    yield from too_old(response.issue_instant, expected.at, expected.skew)


@rule("LOR-07", code="proto.status", source="SAML Core 3.2.2.2")
def response_status_is_legal(response: LogoutResponse, _: LogoutResponseExpectations) -> Iterator[str]:
    """The top-level status of the logout response is one of the four that SAML knows."""
    if response.status.code not in TOP_LEVEL_STATUS:
        yield f"got {response.status.code!r:.120}, expected Success, Requester, Responder or VersionMismatch"


LOGOUT_REQUEST_RULES: Final = (
    request_version_is_2,
    request_issuer_is_the_signer,
    request_id_is_an_ncname,
    request_destination_is_us,
    request_is_not_from_the_future,
    request_is_not_stale,
    request_has_not_expired,
    request_names_somebody,
    request_says_when_it_ends,
    request_names_the_session,
)
"""For the message alone, against `LogoutRequestExpectations`."""

LOGOUT_SUBJECT_RULES: Final = (subject_is_logged_in, session_is_the_issuers)
"""For the session it means to end, against `LoggedInSubject`; a session that is gone already is for the receiver to answer."""

LOGOUT_RESPONSE_RULES: Final = (
    response_version_is_2,
    response_answers_our_request,
    response_issuer_was_asked,
    response_destination_is_us,
    response_is_not_from_the_future,
    response_is_fresh,
    response_status_is_legal,
)
