"""Messages that are valid by default: a test changes one thing, and its name says which.

The world is that of `federation.yaml`: Ane Holm of Korsbæk Kommune logs in at Byggesag; Ib Nøhr of Skovrup has his rights
from the attribute service.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from oiosaml.attributes import (
    CVR,
    EMAIL,
    KOMBIT_SPEC_VERSION,
    KOMBIT_SPEC_VERSION_2,
    LOA,
    OIOSAML3_SPEC_VERSION,
    ORG_NAME,
    PRIVILEGES_INTERMEDIATE,
    SPEC_VERSION,
    Attribute,
)
from oiosaml.ids import AssertionId, Cvr, EntityId, MessageId
from oiosaml.keys import VerificationKey
from oiosaml.messages.assertion import Assertion, AuthnStatement, Conditions, Subject, SubjectConfirmation
from oiosaml.messages.attribute_query import AttributeQuery
from oiosaml.messages.authn_request import AuthnRequest, RequestedAuthnContext
from oiosaml.messages.logout import LogoutRequest, LogoutResponse
from oiosaml.messages.metadata import Endpoint, EntityDescriptor
from oiosaml.messages.metadata_faces import attribute_authority, contact, idp_face, sp_face
from oiosaml.messages.response import Response, Status
from oiosaml.name_id import NameId
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.privileges import Constraint, PrivilegeGroup, PrivilegeList, cvr_scope
from oiosaml.rules.assertion import AssertionExpectations
from oiosaml.rules.attribute_query import AttributeQueryExpectations
from oiosaml.rules.attribute_response import AttributeResponseExpectations
from oiosaml.rules.authn_request import AuthnRequestExpectations
from oiosaml.rules.idp_metadata import CORE_ATTRIBUTES
from oiosaml.rules.logout import LoggedInSubject, LogoutRequestExpectations, LogoutResponseExpectations
from oiosaml.rules.response import ResponseExpectations
from oiosaml.rules.sp_metadata import KOMBIT_PROFILE
from oiosaml.uris import (
    AUTHN_CONTEXT_NSIS,
    BINDING_POST,
    BINDING_REDIRECT,
    CONFIRMATION_BEARER,
    CONSTRAINT_KLE,
    CONSTRAINT_ORGANISATION_UNIT,
    NAMEID_PERSISTENT,
    NAMEID_X509_SUBJECT_NAME,
    STATUS_REQUESTER,
    STATUS_RESPONDER,
    STATUS_SUCCESS,
    STATUS_UNKNOWN_PRINCIPAL,
)
from oiosaml.validity import Window

NOW: Final = datetime(2025, 3, 4, 8, 15, 30, tzinfo=UTC)
"""The instant at which every message here is fresh."""

SYSTEM: Final = EntityId("https://saml.byggesag.sim.test")
SYSTEM_ACS: Final = "https://byggesag.sim.test/saml/acs"
CH_IDP_FACE: Final = EntityId("https://saml.ch.sim.test")
CH_SP_FACE: Final = EntityId("https://saml.ch.sim.test/runtime")
CH_SSO: Final = "https://ch.sim.test/runtime/saml2/issue.idp"
CH_ACS: Final = "https://ch.sim.test/runtime/saml2auth/consume.idp"
CH_SLO_RESPONSE_FROM_SYSTEMS: Final = "https://ch.sim.test/runtime/saml2/signoff.idp"
CH_SLO_REQUEST_FROM_IDPS: Final = "https://ch.sim.test/runtime/saml2auth/signoffrequest.idp"
CH_SLO_RESPONSE_FROM_IDPS: Final = "https://ch.sim.test/runtime/saml2auth/signoffresponse.idp"
IDP: Final = EntityId("https://saml.idp.korsbaek.test")
ATTRIBUTE_SERVICE: Final = EntityId("https://saml.attributter.skovrup.test")
ATTRIBUTE_SERVICE_LOCATION: Final = "https://attributter.skovrup.test/saml2/soap"

KORSBAEK: Final = Cvr("91000013")
RAVNKAER: Final = Cvr("92000017")
SKOVRUP: Final = Cvr("94000018")

REQUEST_ID: Final = MessageId("_7c1f5b0e9a3d4c2f8e6b1a0d9c8b7a65")
BROKER_REQUEST_ID: Final = MessageId("_a4d3c2b1f0e94857a6b5c4d3e2f1a0b9")
RESPONSE_ID: Final = MessageId("_b1c2d3e4f5061728394a5b6c7d8e9f00")
ASSERTION_ID: Final = AssertionId("_00f1e2d3c4b5a69788796a5b4c3d2e1f")
LOGOUT_REQUEST_ID: Final = MessageId("_1f2e3d4c5b6a79880716253443526170")
QUERY_ID: Final = MessageId("_5e8d3b7a1c904f62b0d1e2f3a4b5c6d7")

ANE_HOLM: Final = NameId(
    "C=DK,O=91000013,CN=Ane Holm,Serial=3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11", NAMEID_X509_SUBJECT_NAME
)
ANE_AT_BYGGESAG: Final = NameId(
    "https://data.gov.dk/model/core/eid/professional/uuid/3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11",
    NAMEID_PERSISTENT,
    sp_name_qualifier="https://saml.byggesag.sim.test",
)
IB_NOEHR: Final = NameId(
    "C=DK,O=94000018,CN=Ib Nøhr,Serial=0d6f6c52-1d4e-4c3c-9a77-3c6c2a9b5e04", NAMEID_X509_SUBJECT_NAME
)

JOB_FUNCTION_ROLE: Final = "http://roller.korsbaek.test/roles/jobrole/byggesagsbehandler/1"
SYSTEM_ROLE: Final = "http://byggesag.sim.test/roles/usersystemrole/sagsbehandler/1"
PRIVILEGES_TEXT: Final = (
    "PD94bWwgdmVyc2lvbj0iMS4wIiBlbmNvZGluZz0iVVRGLTgiPz48YnBwOlByaXZpbGVnZUxpc3QgeG1sbnM6YnBwPSJodHRwOi8v"
    "ZGlnc3QuZGsvb2lvc2FtbC9iYXNpY19wcml2aWxlZ2VfcHJvZmlsZSIgeG1sbnM6eHNpPSJodHRwOi8vd3d3LnczLm9yZy8yMDAx"
    "L1hNTFNjaGVtYS1pbnN0YW5jZSI+PFByaXZpbGVnZUdyb3VwIFNjb3BlPSJ1cm46ZGs6Z292OnNhbWw6Y3ZyTnVtYmVySWRlbnRp"
    "Zmllcjo5MTAwMDAxMyI+PFByaXZpbGVnZT5odHRwOi8vcm9sbGVyLmtvcnNiYWVrLnRlc3Qvcm9sZXMvam9icm9sZS9ieWdnZXNh"
    "Z3NiZWhhbmRsZXIvMTwvUHJpdmlsZWdlPjwvUHJpdmlsZWdlR3JvdXA+PC9icHA6UHJpdmlsZWdlTGlzdD4="
)
"""Ane Holm's job function role as OIOBPP in base64 (the profile's own worked example of one role)."""


def authn_request(**changes: Any) -> AuthnRequest:
    """Byggesag asks the Context Handler for a login at Substantial or better."""
    valid = AuthnRequest(
        id=REQUEST_ID,
        issue_instant=NOW,
        issuer=SYSTEM,
        destination=CH_SSO,
        assertion_consumer_service_url=SYSTEM_ACS,
        protocol_binding=BINDING_POST,
        requested_authn_context=requested_level(),
    )
    return replace(valid, **changes)


def requested_level(
    level: AssuranceLevel = AssuranceLevel.SUBSTANTIAL, comparison: Comparison = Comparison.MINIMUM
) -> RequestedAuthnContext:
    """A RequestedAuthnContext for one NSIS level."""
    return RequestedAuthnContext(comparison, (level.uri,))


def response(**changes: Any) -> Response:
    """The envelope in which Korsbæk's IdP answers the Context Handler with success."""
    valid = Response(
        id=RESPONSE_ID,
        issue_instant=NOW,
        status=Status(STATUS_SUCCESS),
        issuer=IDP,
        in_response_to=BROKER_REQUEST_ID,
        destination=CH_ACS,
    )
    return replace(valid, **changes)


def refusal(second_code: str | None, message: str | None = None, **changes: Any) -> Response:
    """The envelope in which Korsbæk's IdP answers with Responder and no assertion."""
    return response(status=Status(STATUS_RESPONDER, second_code, message), **changes)


def assertion(**changes: Any) -> Assertion:
    """What Korsbæk's IdP tells the Context Handler about Ane Holm."""
    valid = Assertion(
        id=ASSERTION_ID,
        issue_instant=NOW,
        issuer=IDP,
        subject=subject(),
        conditions=conditions(),
        authn_statements=(authn_statement(),),
        attribute_statements=(attributes(),),
    )
    return replace(valid, **changes)


def subject(**changes: Any) -> Subject:
    """Ane Holm, confirmed as bearer."""
    return replace(Subject(ANE_HOLM, (confirmation(),)), **changes)


def confirmation(**changes: Any) -> SubjectConfirmation:
    """A bearer confirmation for the Context Handler's ACS, good for five minutes."""
    valid = SubjectConfirmation(
        CONFIRMATION_BEARER, CH_ACS, BROKER_REQUEST_ID, Window(None, NOW + timedelta(minutes=5))
    )
    return replace(valid, **changes)


def conditions(**changes: Any) -> Conditions:
    """For the Context Handler's SP face, for ten minutes."""
    return replace(Conditions(Window(NOW, NOW + timedelta(minutes=10)), ((CH_SP_FACE,),)), **changes)


def authn_statement(**changes: Any) -> AuthnStatement:
    """A login just now."""
    return replace(AuthnStatement(NOW, "_session-1", None, AUTHN_CONTEXT_NSIS), **changes)


def attributes(without: tuple[str, ...] = (), **values: tuple[str, ...]) -> tuple[Attribute, ...]:
    """Ane Holm's attributes as a municipal IdP sends them, some left out, some set: `attributes(**{LOA: ("Low",)})`."""
    valid: dict[str, tuple[str, ...]] = {
        SPEC_VERSION: (OIOSAML3_SPEC_VERSION,),
        KOMBIT_SPEC_VERSION: (KOMBIT_SPEC_VERSION_2,),
        LOA: (AssuranceLevel.SUBSTANTIAL.attribute_value,),
        CVR: (KORSBAEK,),
        ORG_NAME: ("Korsbæk Kommune",),
        EMAIL: ("ane.holm@korsbaek.test",),
        PRIVILEGES_INTERMEDIATE: (PRIVILEGES_TEXT,),
    }
    return tuple(Attribute(name, values) for name, values in (valid | values).items() if name not in without)


def with_attribute(name: str, *values: str) -> Assertion:
    """The valid assertion with one attribute set to these values, added if it was not there."""
    return assertion(attribute_statements=(attributes(**{name: values}),))


def without_attribute(name: str) -> Assertion:
    """The valid assertion with one attribute left out."""
    return assertion(attribute_statements=(attributes(without=(name,)),))


def with_subject(**changes: Any) -> Assertion:
    """The valid assertion with its Subject changed."""
    return assertion(subject=subject(**changes))


def with_confirmation(**changes: Any) -> Assertion:
    """The valid assertion with its one SubjectConfirmation changed."""
    return assertion(subject=subject(confirmations=(confirmation(**changes),)))


def with_conditions(**changes: Any) -> Assertion:
    """The valid assertion with its Conditions changed."""
    return assertion(conditions=conditions(**changes))


def with_authn_statement(**changes: Any) -> Assertion:
    """The valid assertion with its AuthnStatement changed."""
    return assertion(authn_statements=(authn_statement(**changes),))


def attribute_query(**changes: Any) -> AttributeQuery:
    """The Context Handler asks Skovrup's attribute service for Ib Nøhr's privileges."""
    valid = AttributeQuery(
        id=QUERY_ID,
        issue_instant=NOW,
        issuer=CH_SP_FACE,
        destination=ATTRIBUTE_SERVICE_LOCATION,
        subject=IB_NOEHR,
        attribute_names=(PRIVILEGES_INTERMEDIATE,),
        target_user_system=SYSTEM,
    )
    return replace(valid, **changes)


def attribute_response(**changes: Any) -> Response:
    """The envelope in which Skovrup's attribute service answers with success."""
    valid = Response(RESPONSE_ID, NOW, Status(STATUS_SUCCESS), ATTRIBUTE_SERVICE, QUERY_ID)
    return replace(valid, **changes)


def unknown_principal() -> Response:
    """The envelope in which Skovrup's attribute service says that it does not know the user."""
    return attribute_response(status=Status(STATUS_REQUESTER, STATUS_UNKNOWN_PRINCIPAL, "Ukendt bruger"))


def attribute_assertion(**changes: Any) -> Assertion:
    """What Skovrup's attribute service tells the Context Handler about Ib Nøhr."""
    valid = Assertion(
        id=ASSERTION_ID,
        issue_instant=NOW,
        issuer=ATTRIBUTE_SERVICE,
        subject=Subject(IB_NOEHR),
        conditions=Conditions(Window(NOW, NOW + timedelta(minutes=5)), ((CH_SP_FACE,),)),
        authn_statements=(),
        attribute_statements=((Attribute(PRIVILEGES_INTERMEDIATE, (PRIVILEGES_TEXT,)),),),
    )
    return replace(valid, **changes)


def logout_request(**changes: Any) -> LogoutRequest:
    """Byggesag asks the Context Handler to log Ane Holm out."""
    valid = LogoutRequest(
        id=LOGOUT_REQUEST_ID,
        issue_instant=NOW,
        issuer=SYSTEM,
        destination=CH_SSO,
        name_id=ANE_AT_BYGGESAG,
        session_indexes=("_session-1",),
        not_on_or_after=NOW + timedelta(minutes=5),
    )
    return replace(valid, **changes)


def logout_response(**changes: Any) -> LogoutResponse:
    """Byggesag tells the Context Handler that it has logged Ane Holm out."""
    valid = LogoutResponse(
        id=RESPONSE_ID,
        issue_instant=NOW,
        issuer=SYSTEM,
        destination=CH_SLO_RESPONSE_FROM_SYSTEMS,
        in_response_to=LOGOUT_REQUEST_ID,
        status=Status(STATUS_SUCCESS),
    )
    return replace(valid, **changes)


def privilege_list(*groups: PrivilegeGroup) -> PrivilegeList:
    """One system role with a KLE number and an organisation unit, unless groups are given."""
    return PrivilegeList(groups or (privilege_group(),))


def privilege_group(**changes: Any) -> PrivilegeGroup:
    """Byggesag's case worker role within Korsbæk, limited to one subject and one unit."""
    valid = PrivilegeGroup(
        cvr_scope(KORSBAEK),
        (SYSTEM_ROLE,),
        (
            Constraint(CONSTRAINT_KLE, "02.34.02"),
            Constraint(CONSTRAINT_ORGANISATION_UNIT, "5f0c9b0e-4a7e-4d1c-9b3e-2f6f8d1a7c10"),
        ),
    )
    return replace(valid, **changes)


def authn_request_expectations(**changes: Any) -> AuthnRequestExpectations:
    """What the Context Handler knows when Byggesag's request arrives."""
    valid = AuthnRequestExpectations(
        at=NOW,
        issuer=SYSTEM,
        sso_location=CH_SSO,
        assertion_consumer_services=(Endpoint(BINDING_POST, SYSTEM_ACS, index=0, is_default=True),),
        our_entity_ids=(CH_IDP_FACE, CH_SP_FACE),
        known_idps=frozenset({IDP}),
        minimum_level=AssuranceLevel.SUBSTANTIAL,
    )
    return replace(valid, **changes)


def response_expectations(**changes: Any) -> ResponseExpectations:
    """What the Context Handler knows when Korsbæk's answer arrives."""
    return replace(ResponseExpectations(NOW, IDP, CH_ACS, BROKER_REQUEST_ID, NOW), **changes)


def assertion_expectations(**changes: Any) -> AssertionExpectations:
    """What the Context Handler asked, and what it knows of Korsbæk's IdP."""
    valid = AssertionExpectations(
        at=NOW,
        idp=IDP,
        our_entity_id=CH_SP_FACE,
        assertion_consumer_service=CH_ACS,
        request_id=BROKER_REQUEST_ID,
        requested_at=NOW,
        registered_cvrs=(KORSBAEK,),
        registered_level=AssuranceLevel.SUBSTANTIAL,
        requested_level=AssuranceLevel.SUBSTANTIAL,
        minimum_level=AssuranceLevel.SUBSTANTIAL,
        knows_roles=True,
        system=SYSTEM,
    )
    return replace(valid, **changes)


def attribute_query_expectations(**changes: Any) -> AttributeQueryExpectations:
    """What Skovrup's attribute service knows."""
    valid = AttributeQueryExpectations(NOW, frozenset({CH_SP_FACE}), ATTRIBUTE_SERVICE_LOCATION)
    return replace(valid, **changes)


def attribute_response_expectations(**changes: Any) -> AttributeResponseExpectations:
    """What the Context Handler asked Skovrup's attribute service."""
    return replace(AttributeResponseExpectations(attribute_query(), ATTRIBUTE_SERVICE, NOW), **changes)


def logout_request_expectations(**changes: Any) -> LogoutRequestExpectations:
    """What the Context Handler knows when Byggesag's logout request arrives."""
    return replace(LogoutRequestExpectations(NOW, SYSTEM, CH_SSO), **changes)


def logged_in_subject(**changes: Any) -> LoggedInSubject:
    """The session that Ane Holm has at Byggesag."""
    return replace(LoggedInSubject(ANE_AT_BYGGESAG, ("_session-1",)), **changes)


def logout_response_expectations(**changes: Any) -> LogoutResponseExpectations:
    """What the Context Handler asked Byggesag."""
    valid = LogoutResponseExpectations(NOW, SYSTEM, CH_SLO_RESPONSE_FROM_SYSTEMS, LOGOUT_REQUEST_ID, NOW)
    return replace(valid, **changes)


def sp_metadata(key: VerificationKey, **role_changes: Any) -> EntityDescriptor:
    """Byggesag's metadata as its supplier should write it, changed in its SPSSODescriptor."""
    face = sp_face(
        SYSTEM,
        SYSTEM_ACS,
        signing_keys=(key,),
        encryption_keys=(key,),
        required_attributes=(*KOMBIT_PROFILE, EMAIL),
        name_id_formats=(NAMEID_PERSISTENT,),
    )
    assert face.sp is not None
    logout = (Endpoint(BINDING_REDIRECT, "https://byggesag.sim.test/saml/slo"),)
    role = replace(face.sp, single_logout_services=logout, service_name="Byggesag", **role_changes)
    return replace(face, sp=role, contacts=(contact("drift@fagsystemhuset.test"),))


def idp_metadata(key: VerificationKey, **role_changes: Any) -> EntityDescriptor:
    """Korsbæk's IdP's metadata as it should be, changed in its IDPSSODescriptor."""
    face = idp_face(
        IDP,
        "https://idp.korsbaek.test/sso",
        signing_keys=(key,),
        name_id_formats=(NAMEID_X509_SUBJECT_NAME,),
        attribute_names=CORE_ATTRIBUTES,
    )
    assert face.idp is not None
    logout = (Endpoint(BINDING_REDIRECT, "https://idp.korsbaek.test/slo"),)
    role = replace(face.idp, single_logout_services=logout, **role_changes)
    return replace(face, idp=role, contacts=(contact("it@korsbaek.test"),))


def attribute_authority_metadata(key: VerificationKey, **role_changes: Any) -> EntityDescriptor:
    """Skovrup's attribute service's metadata as it should be, changed in its AttributeAuthorityDescriptor."""
    face = attribute_authority(
        ATTRIBUTE_SERVICE,
        ATTRIBUTE_SERVICE_LOCATION,
        signing_keys=(key,),
        attribute_names=(PRIVILEGES_INTERMEDIATE,),
    )
    assert face.attribute_authority is not None
    return replace(face, attribute_authority=replace(face.attribute_authority, **role_changes))
