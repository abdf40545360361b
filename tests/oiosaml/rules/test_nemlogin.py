"""NemLog-in's rules: for what its clients upload and ask, and for what it says to the Context Handler."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from oiosaml import attributes as names
from oiosaml.attributes import Attribute
from oiosaml.ids import Cvr, EntityId
from oiosaml.keys import VerificationKey, fingerprint_of
from oiosaml.messages.assertion import Assertion, AuthnStatement
from oiosaml.messages.authn_request import AuthnRequest, RequestedAuthnContext, Scoping
from oiosaml.messages.metadata import ContactPerson, EntityDescriptor, MetadataDocument, MetadataProblem
from oiosaml.messages.metadata_faces import contact, sp_face
from oiosaml.name_id import NameId
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.rules.assertion import AssertionExpectations
from oiosaml.rules.local_idp_assertion import LOCAL_IDP_ASSERTION_RULES
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.nemlogin_assertion import (
    NEMLOGIN_ASSERTION_RULES,
    display_name,
    granted_level,
    is_an_employee,
    persistent_uuid,
)
from oiosaml.rules.nemlogin_client import NEMLOGIN_CLIENT_RULES, NEMLOGIN_REQUEST_RULES
from oiosaml.rules.rule import RuleViolation, enforce
from oiosaml.uris import (
    AUTHN_CONTEXT_NSIS,
    BINDING_REDIRECT,
    ID_TYPE_PERSON,
    NAMEID_PERSISTENT,
    NAMEID_TRANSIENT,
    NAMEID_X509_SUBJECT_NAME,
    PERSON_UUID_PREFIX,
    PROFESSIONAL_UUID_PREFIX,
)
from tests.builders import (
    CH_IDP_FACE,
    NOW,
    PRIVILEGES_TEXT,
    RAVNKAER,
    SYSTEM,
    SYSTEM_ACS,
    assertion,
    assertion_expectations,
    authn_request,
    authn_request_expectations,
    subject,
)
from tests.oiosaml.rules.cases import Case, assert_twins

LOW, SUBSTANTIAL, HIGH = AssuranceLevel
PUBLIC_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
KEY = VerificationKey(PUBLIC_KEY, fingerprint_of(PUBLIC_KEY))
UUID = "1d5f7b93-6a2c-4e80-9b14-70c2d4e6f801"
MITID = "https://nemlogin.dk/internal/credential/type/mitid"
LOCAL = "https://nemlogin.dk/internal/credential/type/local"

# --- what a client uploads


def uploaded(**changes: Any) -> MetadataDocument:
    entity = sp_face(
        SYSTEM,
        SYSTEM_ACS,
        signing_keys=(KEY,),
        encryption_keys=(KEY,),
        required_attributes=(names.LOA,),
        name_id_formats=(NAMEID_PERSISTENT,),
    )
    entity = replace(entity, contacts=(contact("drift@byggesag.sim.test", "technical"),))
    return MetadataDocument(replace(entity, **changes))


def with_role(**changes: Any) -> MetadataDocument:
    entity = uploaded().entity
    assert entity is not None
    assert entity.sp is not None
    return uploaded(sp=replace(entity.sp, **changes))


def uploads(rule_id: str, name: str, broken: MetadataDocument, key: str | None = None) -> Case:
    expected = MetadataExpectations(NOW)
    return Case(rule_id, name, (uploaded(), expected), (broken, expected), key)


def answered_by_redirect() -> MetadataDocument:
    entity = uploaded().entity
    assert entity is not None
    assert entity.sp is not None
    services = tuple(replace(each, binding=BINDING_REDIRECT) for each in entity.sp.assertion_consumer_services)
    return with_role(assertion_consumer_services=services)


CLIENT_CASES = (
    uploads("NLC-20", "unreadable", MetadataDocument(None, (MetadataProblem("md.rule", "got rubbish"),))),
    uploads("NLC-21", "expired", uploaded(valid_until=NOW - timedelta(days=1))),
    uploads("NLC-01", "no-service-provider", MetadataDocument(EntityDescriptor(SYSTEM, None, None, None, None))),
    uploads("NLC-01", "requests-unsigned", with_role(authn_requests_signed=False)),
    uploads("NLC-02", "only-transient", with_role(name_id_formats=(NAMEID_TRANSIENT,))),
    uploads("NLC-03", "no-keys", with_role(keys=())),
    uploads("NLC-04", "no-attributes", with_role(requested_attributes=())),
    uploads("NLC-05", "administrative-contact", uploaded(contacts=(contact("a@b.test"),))),
    uploads("NLC-05", "contact-without-address", uploaded(contacts=(ContactPerson("technical", ()),))),
    uploads("NLC-06", "no-post", answered_by_redirect()),
)

# --- what a client asks


def asks(rule_id: str, name: str, **changes: Any) -> Case:
    valid = authn_request(), authn_request_expectations()
    return Case(rule_id, name, valid, (authn_request(**changes), authn_request_expectations()))


REQUEST_CASES = (
    asks("NLQ-01", "ourselves", scoping=Scoping(requester_ids=(CH_IDP_FACE,))),
    asks("NLQ-01", "twice-the-same", scoping=Scoping(requester_ids=(EntityId("a:b"), EntityId("a:b")))),
    asks("NLQ-01", "the-client-behind-itself", scoping=Scoping(requester_ids=(SYSTEM,))),
)

# --- what NemLog-in says


def told(*, without: tuple[str, ...] = (), **values: str) -> tuple[Attribute, ...]:
    """The attributes of an employee; keys are names of oiosaml.attributes."""
    valid = {
        "SPEC_VERSION": names.OIOSAML3_SPEC_VERSION,
        "LOA": "Substantial",
        "CVR": "91000013",
        "ORG_NAME": "Korsbæk Kommune",
        "FULL_NAME": "Sif Ørnhøj",
        "PROFESSIONAL_UUID": UUID,
    } | values
    return tuple(Attribute(getattr(names, key), (value,)) for key, value in valid.items() if key not in without)


def employee(*, attributes: tuple[Attribute, ...] | None = None, **changes: Any) -> Assertion:
    valid = assertion(
        subject=subject(name_id=NameId(PROFESSIONAL_UUID_PREFIX + UUID, NAMEID_PERSISTENT)),
        attribute_statements=(told() if attributes is None else attributes,),
    )
    return replace(valid, **changes)


def expectations(**changes: Any) -> AssertionExpectations:
    return assertion_expectations(
        **{"name_id_formats": (NAMEID_PERSISTENT, NAMEID_TRANSIENT), "knows_roles": False, **changes}
    )


def says(rule_id: str, name: str, broken: Assertion, key: str | None = None, **expected: Any) -> Case:
    return Case(rule_id, name, (employee(), expectations()), (broken, expectations(**expected)), key)


CITIZEN = employee(
    subject=subject(name_id=NameId(PERSON_UUID_PREFIX + UUID, NAMEID_PERSISTENT)), attributes=told(without=("CVR",))
)
LOGGED_IN_LOCALLY = (AuthnStatement(NOW, "_s", None, LOCAL),)

ASSERTION_CASES = (
    says("NLA-01", "a-citizen", CITIZEN, "fed.profile:person"),
    says("NLA-01", "no-cvr", employee(attributes=told(without=("CVR",))), "fed.profile:person"),
    says(
        "NLA-01",
        "a-citizens-name-with-a-cvr",
        employee(subject=subject(name_id=NameId(PERSON_UUID_PREFIX + UUID, NAMEID_PERSISTENT))),
        "fed.profile:person",
    ),
    says("NLA-02", "no-uuid", employee(attributes=told(without=("PROFESSIONAL_UUID",))), "fed.profile:no-uuid"),
    says("NLA-02", "no-such-uuid", employee(attributes=told(PROFESSIONAL_UUID="1234")), "fed.profile:no-uuid"),
    says("NLA-03", "no-name", employee(attributes=told(without=("FULL_NAME",)))),
    says("NLA-03", "blank-name", employee(attributes=told(FULL_NAME=" "))),
    says("NLA-04", "a-name-with-a-serial", employee(attributes=told(FULL_NAME=f"Sif,Serial={UUID}"))),
    says("NLA-05", "another-organisation", employee(attributes=told(CVR=RAVNKAER)), "fed.scope:nemlogin"),
    says("NLA-06", "below-the-floor", employee(attributes=told(LOA="Low"))),
    says(
        "NLA-06", "below-the-floor-where-no-level-was-asked", employee(attributes=told(LOA="Low")), requested_level=None
    ),
    says(
        "NLA-06",
        "short-of-a-demand-in-nist-levels",
        employee(attributes=told(LOA="Low")),
        requested_level=None,
        minimum_level=LOW,
        acceptable_levels=(SUBSTANTIAL, HIGH),
        demanded="AssuranceLevel 3",
    ),
    says("NLA-06", "above-what-is-registered", employee(attributes=told(LOA="High")), requested_level=HIGH),
    says(
        "NLA-07",
        "another-credential",
        employee(authn_statements=LOGGED_IN_LOCALLY),
        "fed.profile:credential-type",
        credential_types=(MITID,),
    ),
    says(
        "NLA-07",
        "no-credential-named",
        employee(authn_statements=(AuthnStatement(NOW, "_s", None, AUTHN_CONTEXT_NSIS),)),
        "fed.profile:credential-type",
        credential_types=(MITID,),
    ),
)

# --- what a local IdP says to NemLog-in


def local(*, attributes: tuple[Attribute, ...] | None = None) -> Assertion:
    return employee(
        subject=subject(name_id=NameId("ane-holm@korsbaek.nemlogin.sim.test", NAMEID_PERSISTENT)),
        attributes=told(without=("FULL_NAME", "PROFESSIONAL_UUID")) if attributes is None else attributes,
    )


def local_says(rule_id: str, name: str, broken: Assertion) -> Case:
    expected = expectations(registered_level=HIGH, name_id_formats=(NAMEID_PERSISTENT,), knows_roles=None)
    return Case(rule_id, name, (local(), expected), (broken, expected))


LOCAL_CASES = (
    local_says("LIA-01", "no-name", local(attributes=told(without=("ORG_NAME",)))),
    local_says("LIA-01", "blank-name", local(attributes=told(ORG_NAME=" "))),
    local_says("LIA-02", "rights", local(attributes=told(PRIVILEGES_INTERMEDIATE=PRIVILEGES_TEXT))),
)

CASES = (*CLIENT_CASES, *REQUEST_CASES, *ASSERTION_CASES, *LOCAL_CASES)


@pytest.mark.parametrize("case", CLIENT_CASES, ids=str)
def test_a_client_rule_passes_what_is_right_and_refuses_what_is_wrong(case: Case) -> None:
    assert_twins(case, NEMLOGIN_CLIENT_RULES)


@pytest.mark.parametrize("case", REQUEST_CASES, ids=str)
def test_a_request_rule_passes_what_is_right_and_refuses_what_is_wrong(case: Case) -> None:
    assert_twins(case, NEMLOGIN_REQUEST_RULES)


@pytest.mark.parametrize("case", ASSERTION_CASES, ids=str)
def test_an_assertion_rule_passes_what_is_right_and_refuses_what_is_wrong(case: Case) -> None:
    assert_twins(case, NEMLOGIN_ASSERTION_RULES)


@pytest.mark.parametrize("case", LOCAL_CASES, ids=str)
def test_a_local_idps_rule_passes_what_is_right_and_refuses_what_is_wrong(case: Case) -> None:
    assert_twins(case, LOCAL_IDP_ASSERTION_RULES)


def test_a_local_idp_is_not_asked_for_kombits_additions() -> None:
    expected = expectations(registered_level=HIGH, name_id_formats=(NAMEID_PERSISTENT,), knows_roles=None)
    assert enforce(LOCAL_IDP_ASSERTION_RULES, local(), expected) == ()


def test_valid_messages_break_nothing() -> None:
    assert enforce(NEMLOGIN_CLIENT_RULES, uploaded(), MetadataExpectations(NOW)) == ()
    assert enforce(NEMLOGIN_REQUEST_RULES, authn_request(), authn_request_expectations()) == ()
    assert enforce(NEMLOGIN_ASSERTION_RULES, employee(), expectations()) == ()


@pytest.mark.parametrize(
    "request_",
    [
        authn_request(requested_authn_context=RequestedAuthnContext(Comparison.MINIMUM, (ID_TYPE_PERSON,))),
        authn_request(scoping=Scoping(proxy_count=0)),
    ],
    ids=["a-citizen", "proxy-count-0"],
)
def test_what_a_broker_for_employees_refuses_may_be_asked_here(request_: AuthnRequest) -> None:
    enforce(NEMLOGIN_REQUEST_RULES, request_, authn_request_expectations())


@pytest.mark.parametrize("missing", ["KOMBIT_SPEC_VERSION", "ORG_NAME"])
def test_kombits_own_attributes_are_not_asked_of_nemlogin(missing: str) -> None:
    enforce(NEMLOGIN_ASSERTION_RULES, employee(attributes=told(without=(missing,))), expectations())


def test_a_citizen_is_refused_as_such_before_anything_else_that_a_citizen_lacks() -> None:
    with pytest.raises(RuleViolation) as refused:
        enforce(NEMLOGIN_ASSERTION_RULES, CITIZEN, expectations())
    assert refused.value.refusal.key == "fed.profile:person"


def test_a_municipal_name_id_is_not_nemlogins() -> None:
    x509 = NameId(f"C=DK,O=91000013,CN=Sif,Serial={UUID}", NAMEID_X509_SUBJECT_NAME)
    with pytest.raises(RuleViolation) as refused:
        enforce(NEMLOGIN_ASSERTION_RULES, employee(subject=subject(name_id=x509)), expectations())
    assert refused.value.code == "proto.subject"


@pytest.mark.parametrize("text", [UUID, UUID.upper(), f"urn:uuid:{UUID}"])
def test_the_uuid_is_read_bare_or_as_a_urn(text: str) -> None:
    assert persistent_uuid(employee(attributes=told(PROFESSIONAL_UUID=text))) == UUID


def test_two_uuids_are_none() -> None:
    both = Attribute(names.PROFESSIONAL_UUID, (UUID, UUID))
    assert persistent_uuid(employee(attributes=(both,))) is None


def test_a_name_in_two_parts_is_joined() -> None:
    parts = told(without=("FULL_NAME",), FIRST_NAME="Tage", LAST_NAME="Vindelev")
    assert display_name(employee(attributes=parts)) == "Tage Vindelev"


@pytest.mark.parametrize(
    ("stated", "registered", "granted"),
    [
        (LOW, SUBSTANTIAL, LOW),
        (SUBSTANTIAL, SUBSTANTIAL, SUBSTANTIAL),
        (HIGH, SUBSTANTIAL, SUBSTANTIAL),
        (HIGH, LOW, LOW),
    ],
)
def test_the_level_is_the_lower_of_the_two(
    stated: AssuranceLevel, registered: AssuranceLevel, granted: AssuranceLevel
) -> None:
    assert granted_level(employee(attributes=told(LOA=stated.attribute_value)), registered) is granted


def test_a_level_above_the_registration_is_cut_and_not_refused() -> None:
    high = employee(attributes=told(LOA="High"))
    enforce(NEMLOGIN_ASSERTION_RULES, high, expectations())
    exact = expectations(requested_level=SUBSTANTIAL, comparison=Comparison.EXACT)
    enforce(NEMLOGIN_ASSERTION_RULES, high, exact)


def test_the_credential_demanded_passes() -> None:
    local = employee(authn_statements=LOGGED_IN_LOCALLY)
    enforce(NEMLOGIN_ASSERTION_RULES, local, expectations(credential_types=(MITID, LOCAL)))


def test_cvr_of_another_municipality_of_the_same_registration_passes() -> None:
    cvrs = (Cvr("97100015"), Cvr("97200013"))
    other = employee(attributes=told(CVR=cvrs[1]))
    enforce(NEMLOGIN_ASSERTION_RULES, other, expectations(registered_cvrs=cvrs))


@pytest.mark.parametrize(
    ("assertion", "registered"),
    [(employee(attributes=told(without=("LOA",))), SUBSTANTIAL), (employee(), None)],
    ids=["no-level-said", "no-level-registered"],
)
def test_without_a_level_on_either_side_none_is_granted(
    assertion: Assertion, registered: AssuranceLevel | None
) -> None:
    assert granted_level(assertion, registered) is None


def test_only_the_first_value_of_a_name_is_read() -> None:
    """A second one is somebody else's, or nobody's."""
    names_only = told(without=("FULL_NAME",))
    full = Attribute(names.FULL_NAME, (" ", "Eva Ond"))
    first = Attribute(names.FIRST_NAME, ("Sif", "Eva"))
    assert display_name(employee(attributes=(*names_only, full))) is None
    assert display_name(employee(attributes=(*names_only, full, first))) == "Sif"


def test_who_has_no_subject_at_all_is_another_rules_matter() -> None:
    enforce((is_an_employee,), employee(subject=None), expectations())
