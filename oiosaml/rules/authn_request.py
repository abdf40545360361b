"""What a verified AuthnRequest must say to be served (SPQ-07 to SPQ-24): addressed to us, fresh, answerable at a registered place."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Final

from oiosaml.eid import CredentialType, IdType
from oiosaml.ids import EntityId
from oiosaml.messages.app_switch import Platform
from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.messages.metadata import Endpoint
from oiosaml.nist import NistLevel
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.rules.issue_instant import in_the_future, too_old
from oiosaml.rules.rule import Breach, Requirement, rule
from oiosaml.uris import (
    BINDING_POST,
    BINDING_REDIRECT,
    ID_TYPE_PERSON,
    ID_TYPE_PROFESSIONAL,
    NAMEID_ENTITY,
    NAMEID_PERSISTENT,
    NAMEID_TRANSIENT,
    NAMEID_UNSPECIFIED,
    NAMEID_X509_SUBJECT_NAME,
)
from oiosaml.validity import CLOCK_SKEW
from oiosaml.value_type import value_type
from oiosaml.xml.names import is_ncname

MAXIMUM_RELAY_STATE_OCTETS: Final = 80
"""What SAML Bindings 3.4.3 allows a RelayState."""

MINIMUM_ID_CHARACTERS: Final = 23
"""A letter and 128 random bits in the densest alphabet an NCName allows."""

_ID_TYPES: Final = frozenset({ID_TYPE_PERSON, ID_TYPE_PROFESSIONAL})
_APP_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+", re.ASCII)
_RUN_BY_BROWSERS: Final = frozenset({"javascript", "data", "vbscript", "file", "blob"})
_OTHER_CLASS_REFS = re.compile(
    r"https://nemlogin\.dk/internal/credential/type/(nemidkeycard|nemidkeyfile|mitid|local|test)"
    r"|urn:dk:gov:saml:attribute:AssuranceLevel:[1-4]"
)

_OF_THIS_FEDERATION = re.compile(
    r"https?://(?:[^/]*\.)?(?:data\.gov\.dk|nemlogin\.dk)/|urn:dk:gov:saml:", re.IGNORECASE
)
_SPELLINGS: Final = (
    *(level.uri for level in AssuranceLevel),
    *(level.uri for level in NistLevel),
    *IdType,
    *CredentialType,
)


@value_type
class AuthnRequestExpectations:
    """What the registry, our own configuration and the transport say about one request."""

    at: datetime
    issuer: EntityId
    """The registered system whose key verified the request."""
    sso_location: str
    """Our own SingleSignOnService, from configuration, never from the request's Host."""
    assertion_consumer_services: tuple[Endpoint, ...]
    """The system's registered endpoints, in metadata order."""
    our_entity_ids: tuple[EntityId, ...] = ()
    """Both our faces: a RequesterID that names one of them is a circle."""
    asks_others: bool = True
    """Whether we would have to ask somebody else, as a broker does; an IdP may be asked with ProxyCount 0."""
    known_idps: frozenset[EntityId] | None = None
    """The registered IdPs; None if that is not to be examined."""
    minimum_level: AssuranceLevel | None = None
    name_id_formats: tuple[str, ...] = (NAMEID_PERSISTENT, NAMEID_TRANSIENT, NAMEID_X509_SUBJECT_NAME)
    binding: str = BINDING_REDIRECT
    """The binding the request came by."""
    relay_state: str | None = None
    skew: timedelta = CLOCK_SKEW


def chosen_assertion_consumer_service(request: AuthnRequest, registered: tuple[Endpoint, ...]) -> Endpoint | None:
    """Give the registered endpoint the request asks its answer at; None if it asks for one that is not registered.

    A request that names none gets the default: the first marked so, else the first (SAML Metadata 2.2.3). Only endpoints
    with HTTP-POST count. URL and index are compared exactly: a prefix test lets https://sp.example.evil through (attack REQ-03).
    """
    usable = [endpoint for endpoint in registered if endpoint.binding == BINDING_POST]
    if request.assertion_consumer_service_url is not None:
        usable = [each for each in usable if each.location == request.assertion_consumer_service_url]
    if request.assertion_consumer_service_index is not None:
        usable = [each for each in usable if each.index == request.assertion_consumer_service_index]
    return next((each for each in usable if each.is_default), usable[0] if usable else None)


@rule("SPQ-09", code="proto.version", source="SAML Core 3.2.1")
def version_is_2(request: AuthnRequest, _: AuthnRequestExpectations) -> Iterator[str]:
    """The request is SAML 2.0."""
    if request.version != "2.0":
        yield f"got Version {request.version!r:.40}, expected 2.0"


@rule("SPQ-07", code="req.unknown-sp", source="OIOSAML 3, R3-SP-03")
def issuer_is_the_system(request: AuthnRequest, expected: AuthnRequestExpectations) -> Iterator[str]:
    """The issuer is the registered system whose key signed, named as an entity."""
    if request.issuer != expected.issuer:
        yield f"got {request.issuer!r:.120}, expected {expected.issuer}"
    if request.issuer_format not in (None, NAMEID_ENTITY):
        yield f"got Issuer Format {request.issuer_format!r:.120}, expected none or {NAMEID_ENTITY}"


@rule("SPQ-08", code="xml.schema", source="SAML Core 1.3.4")
def id_is_an_ncname(request: AuthnRequest, _: AuthnRequestExpectations) -> Iterator[str]:
    """The ID is an NCName."""
    if not is_ncname(request.id):
        yield f"got ID {request.id!r:.60}, expected a letter or underscore, then letters, digits, dots, hyphens"


@rule("SPQ-11", code="proto.destination", source="SAML Bindings 3.4.5.2")
def destination_is_our_sso(request: AuthnRequest, expected: AuthnRequestExpectations) -> Iterator[Breach]:
    """The destination is our SSO endpoint, exactly."""
    # required, since the request is signed: without it a request recorded at one IdP works at all of them
    if request.destination is None:
        yield Breach(f"got no Destination, expected {expected.sso_location}", "proto.destination:missing")
    elif request.destination != expected.sso_location:
        yield Breach(f"got {request.destination!r:.200}, expected {expected.sso_location}")


@rule("SPQ-30", code="proto.not-yet-valid", source="OIOSAML 3, R3-G-01")
def not_made_in_the_future(request: AuthnRequest, expected: AuthnRequestExpectations) -> Iterator[str]:
    """The request was not made in the future."""
    yield from in_the_future(request.issue_instant, expected.at, expected.skew)


@rule("SPQ-10", code="req.stale", source="OIOSAML 3, R3-G-01")
def not_stale(request: AuthnRequest, expected: AuthnRequestExpectations) -> Iterator[str]:
    """The request is at most five minutes old, besides the clock skew."""
    yield from too_old(request.issue_instant, expected.at, expected.skew)


@rule("SPQ-12", code="req.acs", source="SAML Profiles 4.1.4.1")
def answer_goes_to_a_registered_endpoint(request: AuthnRequest, expected: AuthnRequestExpectations) -> Iterator[str]:
    """The answer is asked for at a registered endpoint, named by URL or by index."""
    url, index = request.assertion_consumer_service_url, request.assertion_consumer_service_index
    if url is not None and index is not None:
        yield f"got both the URL {url!r:.200} and the index {index}, expected one of them"
    elif chosen_assertion_consumer_service(request, expected.assertion_consumer_services) is None:
        registered = ", ".join(f"{each.location} ({each.index})" for each in expected.assertion_consumer_services)
        yield f"got URL {url!r:.200}, index {index}, expected one of {registered or 'none'} with HTTP-POST"


@rule("SPQ-13", code="req.binding", source="OIOSAML 3, R3-SP-04")
def answer_goes_by_post(request: AuthnRequest, _: AuthnRequestExpectations) -> Iterator[str]:
    """The answer is asked for by HTTP-POST, or by no binding in particular."""
    if request.protocol_binding not in (None, BINDING_POST):
        yield f"got ProtocolBinding {request.protocol_binding!r:.120}, expected {BINDING_POST}"


@rule("SPQ-14", code="req.conflict", source="OIOSAML 3, R3-SP-05")
def not_forced_and_passive(request: AuthnRequest, _: AuthnRequestExpectations) -> Iterator[str]:
    """The request does not ask both for a new login and not to ask the user."""
    if request.force_authn and request.is_passive:
        yield "got ForceAuthn and IsPassive both true, expected at most one"


@rule("SPQ-15", code="req.authn-context", source="OIOSAML 3, OIO-SP-06")
def at_most_one_level(request: AuthnRequest, _: AuthnRequestExpectations) -> Iterator[str]:
    """At most one NSIS level is asked for."""
    levels = request.requested_authn_context.levels if request.requested_authn_context else ()
    if len(levels) > 1:
        yield f"got {', '.join(level.attribute_value for level in levels)}, expected one level at most"


@rule("SPQ-37", code="req.authn-context", source="OIOSAML 2, KOMBIT; OIO-SP-06 for its successor")
def at_most_one_assurance_level(request: AuthnRequest, _: AuthnRequestExpectations) -> Iterator[str]:
    """At most one AssuranceLevel is asked for, and none beside an NSIS level."""
    context = request.requested_authn_context
    found = context.assurance_levels if context else ()
    nsis = context.levels if context else ()
    if len(found) > 1 or (found and nsis):
        named = [*(level.spoken for level in found), *(level.attribute_value for level in nsis)]
        yield f"got {', '.join(named)}, expected one level at most"


@rule("SPQ-31", code="req.authn-context", source="SAML Core 3.3.2.2.1")
def level_can_exist(request: AuthnRequest, _: AuthnRequestExpectations) -> Iterator[str]:
    """The level asked for exists: nothing is better than High."""
    context = request.requested_authn_context
    if context and context.comparison is Comparison.BETTER and AssuranceLevel.HIGH in context.levels:
        yield "got better than High, expected a level that exists"


@rule("SPQ-39", code="req.authn-context", source="OIOSAML 3, OIO-SP-06; SAML Core 3.3.2.2.1")
def class_refs_are_spelled_exactly(request: AuthnRequest, _: AuthnRequestExpectations) -> Iterator[str]:
    """A class reference that begins like a level, an ID type or a credential type is one, spelled and cased exactly.

    Passed over, a level that is misspelled would be one that nobody demands (attack FED-06).
    """
    for uri in _class_refs(request):
        if _OF_THIS_FEDERATION.match(uri) and not _is_known(uri):
            meant = get_close_matches(uri, _SPELLINGS, n=1)
            yield f"got {uri!r:.120}, expected {meant[0] if meant else 'an NSIS level, an ID type or a credential type'}"


@rule("SPQ-17", code="req.authn-context", source="OIOSAML 3, OIO-SP-06")
def at_most_one_id_type(request: AuthnRequest, _: AuthnRequestExpectations) -> Iterator[str]:
    """At most one ID type is asked for."""
    types = [uri for uri in _class_refs(request) if uri in _ID_TYPES]
    if len(types) > 1:
        yield f"got {', '.join(types)}, expected one ID type at most"


@rule("SPQ-32", code="req.authn-context", source="our choice: municipal IdPs log in employees only")
def not_a_person_login(request: AuthnRequest, _: AuthnRequestExpectations) -> Iterator[str]:
    """The ID type Person is not asked for: no municipal IdP delivers it."""
    if ID_TYPE_PERSON in _class_refs(request):
        yield f"got {ID_TYPE_PERSON}, expected {ID_TYPE_PROFESSIONAL} or no ID type"


@rule("SPQ-20", code="req.name-id-policy", source="SAML Core 3.4.1.1")
def name_id_format_is_supported(request: AuthnRequest, expected: AuthnRequestExpectations) -> Iterator[str]:
    """The NameID format asked for, if any, is one that we issue."""
    wanted = request.name_id_policy.format if request.name_id_policy else None
    if wanted not in (None, NAMEID_UNSPECIFIED, *expected.name_id_formats):
        yield f"got {wanted!r:.120}, expected one of {', '.join(expected.name_id_formats)}"


@rule("SPQ-24", code="req.loop", source="SAML Core 3.4.1.5")
def not_in_a_circle(request: AuthnRequest, expected: AuthnRequestExpectations) -> Iterator[Breach]:
    """The request has not passed us or anybody twice, and may still be passed on."""
    if request.scoping is None:
        return
    requesters = request.scoping.requester_ids
    if len(set(requesters)) < len(requesters):
        yield Breach(f"got the RequesterIDs {', '.join(requesters)[:200]}, expected each once")
    for requester in set(requesters) & set(expected.our_entity_ids):
        yield Breach(f"got ourselves as RequesterID ({requester}), expected others only")
    if expected.asks_others and request.scoping.proxy_count == 0:
        yield Breach(
            "got ProxyCount 0, expected at least 1: a broker always asks somebody else", "req.loop:proxy-count"
        )


@rule("SPQ-38", code="req.subject", source="SAML Core 3.4.1")
def names_no_subject(request: AuthnRequest, _: AuthnRequestExpectations) -> Iterator[str]:
    """The request names nobody who is to log in: the answer would have to be about that person, which nobody here can promise."""
    if request.names_subject:
        yield "got a Subject, expected none: who logs in is decided at the home IdP"


@rule("SPQ-36", code="req.app-switch", source="NemLog-in, AppSwitch extension")
def app_switch_leads_to_an_app(request: AuthnRequest, _: AuthnRequestExpectations) -> Iterator[str]:
    """An AppSwitch names where the app is: by an absolute URI that no browser would run; only iOS may leave it out."""
    if request.app_switch is None:
        return
    url = request.app_switch.return_url
    if url is None:
        if request.app_switch.platform is Platform.ANDROID:
            yield "got an AppSwitch for Android without ReturnURL, expected one"
    elif not _APP_URL.fullmatch(url) or url.partition(":")[0].lower() in _RUN_BY_BROWSERS:
        # we only carry it; the login page behind us would follow it (attack REQ-11)
        yield f"got the ReturnURL {url!r:.120}, expected an absolute URI of an app or of https"


@rule("SPQ-01", code="req.binding", source="OIOSAML 3, R3-SP-01", requirement=Requirement.SHOULD)
def came_by_redirect(_: AuthnRequest, expected: AuthnRequestExpectations) -> Iterator[str]:
    """The request came by HTTP-Redirect."""
    if expected.binding != BINDING_REDIRECT:
        yield f"got {expected.binding}, expected {BINDING_REDIRECT}"


@rule("SPQ-33", code="req.replay", source="OIOSAML 3, R3-G-04", requirement=Requirement.SHOULD)
def id_is_long_enough(request: AuthnRequest, _: AuthnRequestExpectations) -> Iterator[str]:
    """The ID has room for 128 random bits."""
    if len(request.id) < MINIMUM_ID_CHARACTERS:
        yield f"got an ID of {len(request.id)} characters, expected at least {MINIMUM_ID_CHARACTERS}"


@rule("SPQ-34", code="req.acs", source="SAML Core 3.4.1", requirement=Requirement.SHOULD)
def index_stands_alone(request: AuthnRequest, _: AuthnRequestExpectations) -> Iterator[str]:
    """An AssertionConsumerServiceIndex comes without ProtocolBinding, which it already implies."""
    if request.assertion_consumer_service_index is not None and request.protocol_binding is not None:
        yield f"got the index {request.assertion_consumer_service_index} and a ProtocolBinding, expected the index alone"


@rule("SPQ-16", code="req.authn-context", source="OIOSAML 3, OIO-SP-06", requirement=Requirement.SHOULD)
def level_is_a_minimum(request: AuthnRequest, _: AuthnRequestExpectations) -> Iterator[str]:
    """A level is asked for as a minimum; an absent Comparison means exact."""
    context = request.requested_authn_context
    if context and context.levels and context.comparison is not Comparison.MINIMUM:
        yield f"got Comparison {context.comparison}, expected minimum"


@rule("SPQ-18", code="req.authn-context", source="OIOSAML 3, OIO-SP-06", requirement=Requirement.SHOULD)
def class_refs_are_known(request: AuthnRequest, _: AuthnRequestExpectations) -> Iterator[str]:
    """Every class reference is one of this federation's."""
    for uri in _class_refs(request):
        if not _is_known(uri) and not _OF_THIS_FEDERATION.match(uri):
            yield f"got {uri!r:.120}, expected an NSIS level, an ID type or a credential type; it is passed over"


def _is_known(uri: str) -> bool:
    return uri in _ID_TYPES or AssuranceLevel.from_uri(uri) is not None or _OTHER_CLASS_REFS.fullmatch(uri) is not None


@rule("SPQ-19", code="fed.loa", source="KOMBIT Context Handler, registration", requirement=Requirement.SHOULD)
def level_is_not_below_the_minimum(request: AuthnRequest, expected: AuthnRequestExpectations) -> Iterator[str]:
    """The level asked for is not below the one the system is registered with."""
    levels = request.requested_authn_context.levels if request.requested_authn_context else ()
    for level in levels:
        if expected.minimum_level is not None and not level.meets(expected.minimum_level):
            yield f"got {level.attribute_value}, expected {expected.minimum_level.attribute_value}, which is demanded anyway"


@rule("SPQ-35", code="fed.no-idp", source="SAML Core 3.4.1.3", requirement=Requirement.SHOULD)
def listed_idps_are_registered(request: AuthnRequest, expected: AuthnRequestExpectations) -> Iterator[str]:
    """Every IdP in the IDPList is registered here."""
    if expected.known_idps is not None and request.scoping is not None:
        for provider_id in request.scoping.idp_list:
            if provider_id not in expected.known_idps:
                yield f"got {provider_id!r:.120}, expected a registered IdP; it is passed over"


@rule("SPQ-21", code="req.relay-state", source="SAML Bindings 3.4.3", requirement=Requirement.SHOULD)
def relay_state_is_short(_: AuthnRequest, expected: AuthnRequestExpectations) -> Iterator[str]:
    """The RelayState is at most 80 bytes."""
    octets = len((expected.relay_state or "").encode())
    if octets > MAXIMUM_RELAY_STATE_OCTETS:
        yield f"got {octets} bytes, expected at most {MAXIMUM_RELAY_STATE_OCTETS}"


def _class_refs(request: AuthnRequest) -> tuple[str, ...]:
    return request.requested_authn_context.class_refs if request.requested_authn_context else ()


AUTHN_REQUEST_RULES: Final = (
    version_is_2,
    issuer_is_the_system,
    id_is_an_ncname,
    destination_is_our_sso,
    not_made_in_the_future,
    not_stale,
    answer_goes_to_a_registered_endpoint,
    answer_goes_by_post,
    not_forced_and_passive,
    at_most_one_level,
    at_most_one_assurance_level,
    class_refs_are_spelled_exactly,
    level_can_exist,
    at_most_one_id_type,
    not_a_person_login,
    name_id_format_is_supported,
    not_in_a_circle,
    names_no_subject,
    app_switch_leads_to_an_app,
    came_by_redirect,
    id_is_long_enough,
    index_stands_alone,
    level_is_a_minimum,
    class_refs_are_known,
    level_is_not_below_the_minimum,
    listed_idps_are_registered,
    relay_state_is_short,
)
"""In this order: who and where before what, so that the first code is the gravest."""
