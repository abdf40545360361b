"""What the envelope of a home IdP's answer must say. It is mostly unsigned, so passing these rules proves nothing by itself."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from oiosaml.ids import EntityId, MessageId
from oiosaml.messages.response import Response
from oiosaml.rules.issue_instant import before_the_question, in_the_future, too_old
from oiosaml.rules.rule import Breach, Requirement, rule
from oiosaml.uris import TOP_LEVEL_STATUS
from oiosaml.validity import CLOCK_SKEW
from oiosaml.value_type import value_type


@value_type
class ResponseExpectations:
    """What we asked, whom and when, and where the answer was to go."""

    at: datetime
    idp: EntityId
    """The IdP that was asked."""
    assertion_consumer_service: str
    """Our own, from configuration, never from the request's Host."""
    request_id: MessageId
    requested_at: datetime
    envelope_signed: bool = False
    skew: timedelta = CLOCK_SKEW


@rule("IDR-60", code="proto.version", source="SAML Core 3.2.2")
def version_is_2(response: Response, _: ResponseExpectations) -> Iterator[str]:
    """The response is SAML 2.0."""
    if response.version != "2.0":
        yield f"got Version {response.version!r:.40}, expected 2.0"


@rule("IDR-03", code="proto.in-response-to", source="SAML Profiles 4.1.4.3")
def answers_our_request(response: Response, expected: ResponseExpectations) -> Iterator[str | Breach]:
    """The response answers the request that is open."""
    if response.in_response_to is None:
        yield Breach(f"got no InResponseTo, expected {expected.request_id}", "proto.unsolicited")
    elif response.in_response_to != expected.request_id:
        yield f"got InResponseTo {response.in_response_to!r:.60}, expected {expected.request_id}"


@rule("IDR-04", code="proto.destination", source="SAML Bindings 3.5.5.2")
def destination_is_our_acs(response: Response, expected: ResponseExpectations) -> Iterator[str]:
    """The destination is our assertion consumer service, exactly."""
    if response.destination != expected.assertion_consumer_service:
        yield f"got {response.destination!r:.200}, expected {expected.assertion_consumer_service}"


@rule("IDR-05", code="fed.issuer-mismatch", source="SAML Profiles 4.1.4.2")
def issuer_is_the_idp(response: Response, expected: ResponseExpectations) -> Iterator[str]:
    """The issuer is the IdP that was asked."""
    # one sender for envelope and content: else one IdP's assertion travels under another's name (attack FED-02)
    if response.issuer != expected.idp:
        yield f"got {response.issuer!r:.120}, expected {expected.idp}"


@rule("IDR-61", code="proto.not-yet-valid", source="OIOSAML 3, R3-G-01")
def not_made_in_the_future(response: Response, expected: ResponseExpectations) -> Iterator[str]:
    """The response was not made in the future."""
    yield from in_the_future(response.issue_instant, expected.at, expected.skew)


@rule("IDR-62", code="proto.stale", source="OIOSAML 3, R3-G-01")
def fresh(response: Response, expected: ResponseExpectations) -> Iterator[str]:
    """The response is younger than the request and at most five minutes old, besides the clock skew."""
    yield from before_the_question(response.issue_instant, expected.requested_at, expected.skew)
    yield from too_old(response.issue_instant, expected.at, expected.skew)


@rule("IDR-06", code="proto.status", source="SAML Core 3.2.2.2")
def status_is_legal(response: Response, _: ResponseExpectations) -> Iterator[str]:
    """The top-level status is one of the four that SAML knows."""
    if response.status.code not in TOP_LEVEL_STATUS:
        yield f"got {response.status.code!r:.120}, expected Success, Requester, Responder or VersionMismatch"


@rule("IDR-08", code="proto.status", source="OIOSAML 3, R3-IDP-02", requirement=Requirement.SHOULD)
def success_is_not_signed_outside(response: Response, expected: ResponseExpectations) -> Iterator[str]:
    """A successful response is signed in its assertion, not outside."""
    if response.status.is_success and expected.envelope_signed:
        yield "got a signed Response, expected only its Assertion signed"


RESPONSE_RULES: Final = (
    version_is_2,
    answers_our_request,
    destination_is_our_acs,
    issuer_is_the_idp,
    not_made_in_the_future,
    fresh,
    status_is_legal,
    success_is_not_signed_outside,
)
"""For every answer, success or not."""
