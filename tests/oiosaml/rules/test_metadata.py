"""Each rule of metadata passes the valid document and refuses the broken one, with a line and a mend where a supplier needs them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from oiosaml import attributes as names
from oiosaml import oiosaml2
from oiosaml.keys import VerificationKey, fingerprint_of
from oiosaml.messages.element import serialise
from oiosaml.messages.metadata import (
    Endpoint,
    EntityDescriptor,
    KeyDescriptor,
    MetadataDocument,
    MetadataEncryptionMethod,
    RequestedAttribute,
)
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.messages.metadata_writing import write_entity_descriptor
from oiosaml.rules.attribute_authority_metadata import ATTRIBUTE_AUTHORITY_METADATA_RULES
from oiosaml.rules.idp_metadata import IDP_METADATA_RULES
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.metadata_oiosaml2 import CORE_ATTRIBUTES as OLD_CORE_ATTRIBUTES
from oiosaml.rules.metadata_oiosaml2 import IDP_METADATA_RULES_OIOSAML2, SP_METADATA_RULES_OIOSAML2
from oiosaml.rules.rule import Finding, Requirement, examine
from oiosaml.rules.sp_metadata import SP_METADATA_RULES
from oiosaml.uris import (
    AES256_GCM,
    BINDING_POST,
    BINDING_REDIRECT,
    BINDING_SOAP,
    NAME_FORMAT_BASIC,
    NAME_FORMAT_URI,
    NAMEID_UNSPECIFIED,
    RSA_OAEP,
    RSA_OAEP_MGF1P,
)
from oiosaml.validity import CLOCK_SKEW
from scripts.generate_rules import rules_document
from tests.builders import KORSBAEK, NOW, SYSTEM_ACS, attribute_authority_metadata, idp_metadata, sp_metadata
from tests.oiosaml.rules.cases import Case, assert_twins

Build = Callable[..., EntityDescriptor]
DAY = timedelta(days=1)
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def key(
    organisation: str = f"NTRDK-{KORSBAEK}", *, days: int = 365, private: Any = RSA_KEY, begins: timedelta = -400 * DAY
) -> VerificationKey:
    """A key in a certificate that looks like OCES3, valid for so many days from now."""
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, organisation)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(NOW + begins)
        .not_valid_after(NOW + days * DAY)
        .sign(private, SHA256())
    )
    der = certificate.public_bytes(Encoding.DER)
    return VerificationKey(private.public_key(), fingerprint_of(private.public_key()), der)


GOOD, OLD, SOON, OTHER = key(), key(days=-1), key(days=10), key("NTRDK-92000017")
NEXT = key(begins=DAY)
EXPECTED = MetadataExpectations(NOW, KORSBAEK)
UNREADABLE = read_metadata(b"<md:EntityDescriptor>\n")
HTTP = "http://system.example.test/acs"


def document(entity: EntityDescriptor) -> MetadataDocument:
    return MetadataDocument(entity, entity.problems)


def case(
    build: Build,
    rule_id: str,
    name: str,
    broken: Any,
    expected: MetadataExpectations = EXPECTED,
    key_: str | None = None,
) -> Case:
    given = broken if isinstance(broken, MetadataDocument) else document(broken)
    return Case(rule_id, name, (document(build(GOOD)), EXPECTED), (given, expected), key_)


def sp(rule_id: str, name: str, *, key_: str | None = None, **role_changes: Any) -> Case:
    return case(sp_metadata, rule_id, name, sp_metadata(GOOD, **role_changes), EXPECTED, key_)


def idp(rule_id: str, name: str, **role_changes: Any) -> Case:
    return case(idp_metadata, rule_id, name, idp_metadata(GOOD, **role_changes))


def authority(rule_id: str, name: str, **role_changes: Any) -> Case:
    return case(attribute_authority_metadata, rule_id, name, attribute_authority_metadata(GOOD, **role_changes))


def of_entity(build: Build, rule_id: str, name: str, **changes: Any) -> Case:
    return case(build, rule_id, name, replace(build(GOOD), **changes))


def with_problem(build: Build) -> EntityDescriptor:
    xml = serialise(write_entity_descriptor(build(GOOD)))
    broken = read_metadata(xml.replace(b"entityID=", b'validUntil="tomorrow" entityID=', 1)).entity
    assert broken is not None
    return broken


def acs(location: str, binding: str = BINDING_POST) -> tuple[Endpoint, ...]:
    return (Endpoint(binding, location, index=0, is_default=True),)


WEAK = (KeyDescriptor("signing", None, problem="got an RSA key of 1024 bits, expected 2048 to 8192"),)
ENCRYPTION_ONLY = (KeyDescriptor("encryption", GOOD),)
CBC = (MetadataEncryptionMethod("http://www.w3.org/2001/04/xmlenc#aes256-cbc"),)

CHOSEN = replace(EXPECTED, chosen_encryption=frozenset({AES256_GCM, RSA_OAEP}))

OLD_NAMES = tuple(
    RequestedAttribute(name, NAME_FORMAT_BASIC, is_required=True) for name in (names.ASSURANCE_LEVEL, oiosaml2.MAIL)
)


def old_sp(rule_id: str, name: str, *, key_: str | None = None, **role_changes: Any) -> Case:
    valid = sp_metadata(GOOD, requested_attributes=OLD_NAMES)
    broken = sp_metadata(GOOD, **({"requested_attributes": OLD_NAMES} | role_changes))
    return Case(rule_id, name, (document(valid), EXPECTED), (document(broken), EXPECTED), key_)


OLD_CASES = (
    Case(
        "O2M-01",
        "a-choice-without-a-key",
        (document(sp_metadata(GOOD, requested_attributes=OLD_NAMES)), EXPECTED),
        (
            document(sp_metadata(GOOD, requested_attributes=OLD_NAMES, keys=(KeyDescriptor("signing", GOOD),))),
            MetadataExpectations(NOW, KORSBAEK, chosen_encryption=frozenset({"a-method"})),
        ),
    ),
    old_sp("O2M-01", "ENC-02-only-cbc", keys=(KeyDescriptor(None, GOOD, CBC),), key_="enc.algorithm"),
    old_sp("O2M-02", "signing-only", keys=(KeyDescriptor("signing", GOOD),)),
    old_sp(
        "O2M-03",
        "a-new-name",
        requested_attributes=(RequestedAttribute(names.LOA, NAME_FORMAT_BASIC, is_required=True),),
    ),
    old_sp(
        "O2M-03",
        "uri-names",
        requested_attributes=(RequestedAttribute(oiosaml2.MAIL, NAME_FORMAT_URI, is_required=True),),
    ),
    Case(
        "O2M-04",
        "new-names-only",
        (document(idp_metadata(GOOD, attribute_names=OLD_CORE_ATTRIBUTES)), EXPECTED),
        (document(idp_metadata(GOOD)), EXPECTED),
    ),
)

SP_CASES = (
    case(sp_metadata, "SPM-01", "malformed", UNREADABLE, EXPECTED, "xml.malformed"),
    of_entity(sp_metadata, "SPM-02", "no-entity-id", entity_id=""),
    of_entity(sp_metadata, "SPM-02", "relative", entity_id="byggesag"),
    of_entity(sp_metadata, "SPM-02", "too-long", entity_id="https://saml.x.test/" + "a" * 1024),
    of_entity(sp_metadata, "SPM-03", "other-habit", entity_id="https://byggesag.sim.test/metadata"),
    of_entity(sp_metadata, "SPM-04", "no-sp", sp=None),
    sp("SPM-05", "unsigned-requests", authn_requests_signed=False),
    sp("SPM-06", "unsigned-assertions", want_assertions_signed=False),
    sp("SPM-07", "MD-07-encryption-only", keys=ENCRYPTION_ONLY),
    sp("SPM-07", "MD-07-no-key", keys=()),
    sp("SPM-08", "signing-only", keys=(KeyDescriptor("signing", GOOD),)),
    sp("SPM-08", "elliptic-curve", keys=(KeyDescriptor(None, key(private=EC_KEY)),)),
    sp("SPM-08", "only-cbc", keys=(KeyDescriptor(None, GOOD, CBC),), key_="enc.algorithm"),
    Case(
        "SPM-31",
        "chosen-and-not-listed",
        (document(sp_metadata(GOOD)), CHOSEN),
        (document(sp_metadata(GOOD, keys=(KeyDescriptor(None, GOOD, CBC),))), CHOSEN),
    ),
    sp("SPM-09", "MD-08-weak", keys=WEAK),
    sp("SPM-10", "expired", keys=(KeyDescriptor(None, OLD),)),
    sp("SPM-30", "published-ahead", keys=(KeyDescriptor(None, GOOD), KeyDescriptor(None, NEXT))),
    sp("SPM-25", "expires-soon", keys=(KeyDescriptor(None, SOON),)),
    sp("SPM-11", "another-organisation", keys=(KeyDescriptor(None, OTHER),)),
    case(
        sp_metadata,
        "SPM-13",
        "shared-key",
        sp_metadata(GOOD),
        replace(EXPECTED, other_fingerprints=frozenset({GOOD.fingerprint})),
    ),
    sp("SPM-14", "no-endpoint", assertion_consumer_services=()),
    sp("SPM-14", "only-redirect", assertion_consumer_services=acs(SYSTEM_ACS, BINDING_REDIRECT)),
    *(
        sp("SPM-26", f"MD-10-{location[:12]}", assertion_consumer_services=acs(location))
        for location in (
            HTTP,
            "ftp://system.example.test/acs",
            "javascript:alert(1)",
            "data:text/html,x",
            "/acs",
            "//host/acs",
            "https:///acs",
            "https://user@host/acs",
            "https://host\\@evil/acs",
            "https://host/a cs",
            "https://host:port/acs",
            "http://127.0.0.1.evil.test/acs",
            "http://localhost.evil.test/acs",
            "",
        )
    ),
    sp("SPM-27", "unmarked-default", assertion_consumer_services=(Endpoint(BINDING_POST, SYSTEM_ACS, index=1),)),
    sp(
        "SPM-15",
        "redirect-too",
        assertion_consumer_services=(*acs(SYSTEM_ACS), Endpoint(BINDING_REDIRECT, SYSTEM_ACS, index=1)),
    ),
    sp("SPM-18", "unspecified", name_id_formats=(NAMEID_UNSPECIFIED,)),
    sp(
        "SPM-19",
        "misspelt",
        requested_attributes=(RequestedAttribute("https://data.gov.dk/model/core/specversion", NAME_FORMAT_URI, True),),
    ),
    sp("SPM-19", "no-service", has_attribute_consuming_service=False),
    sp("SPM-20", "nothing-requested", requested_attributes=()),
    of_entity(sp_metadata, "SPM-21", "no-contact", contacts=()),
    of_entity(sp_metadata, "SPM-23", "MD-02-expired", valid_until=NOW),
    of_entity(sp_metadata, "SPM-32", "in-words", unread_cache_duration="one day"),
    sp(
        "SPM-33",
        "one-index-twice",
        assertion_consumer_services=(*acs(SYSTEM_ACS), Endpoint(BINDING_POST, f"{SYSTEM_ACS}/2", index=0)),
    ),
    case(sp_metadata, "SPM-24", "bad-date", with_problem(sp_metadata), EXPECTED, "md.expired"),
)

SECOND_ROLE = b'<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/>'
BINDING_ARTIFACT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
LOGOUT = Endpoint(BINDING_POST, "https://byggesag.sim.test/slo")
ARTIFACT_LOGOUT = Endpoint(BINDING_ARTIFACT, "https://byggesag.sim.test/slo")
SOAP_LOGOUT = Endpoint(BINDING_SOAP, "https://byggesag.sim.test/slo/soap", "https://byggesag.sim.test/slo")


def logout_services(build: Build, role: str, rule_id: str, *services: Endpoint) -> Case:
    entity = build(GOOD)
    changed = replace(getattr(entity, role), single_logout_services=services)
    return case(build, rule_id, f"{len(services)}-logout-services", replace(entity, **{role: changed}))


IDP_CASES = (
    case(idp_metadata, "IDM-20", "malformed", UNREADABLE, EXPECTED, "xml.malformed"),
    of_entity(idp_metadata, "IDM-21", "no-entity-id", entity_id=""),
    of_entity(idp_metadata, "IDM-22", "MD-02-expired", valid_until=NOW - DAY),
    case(idp_metadata, "IDM-23", "bad-date", with_problem(idp_metadata), EXPECTED, "md.expired"),
    of_entity(idp_metadata, "IDM-24", "no-contact", contacts=()),
    of_entity(idp_metadata, "IDM-33", "in-words", unread_cache_duration="one day"),
    of_entity(idp_metadata, "IDM-01", "no-idp", idp=None),
    idp("IDM-02", "unsigned-requests", want_authn_requests_signed=False),
    idp("IDM-03", "no-key", keys=()),
    idp("IDM-25", "MD-08-weak", keys=WEAK),
    idp("IDM-26", "expired", keys=(KeyDescriptor(None, OLD),)),
    idp("IDM-32", "published-ahead", keys=(KeyDescriptor(None, NEXT),)),
    idp("IDM-27", "expires-soon", keys=(KeyDescriptor(None, SOON),)),
    idp("IDM-04", "two-keys", keys=(KeyDescriptor("signing", GOOD), KeyDescriptor("signing", SOON))),
    idp("IDM-05", "soap-only", single_sign_on_services=(Endpoint(BINDING_SOAP, "https://idp.test/"),)),
    idp("IDM-28", "MD-10-http", single_sign_on_services=(Endpoint(BINDING_REDIRECT, HTTP),)),
    idp(
        "IDM-28", "MD-10-answers", single_sign_on_services=(Endpoint(BINDING_REDIRECT, "https://idp.test/", "data:,x"),)
    ),
    idp("IDM-29", "post-only", single_sign_on_services=(Endpoint(BINDING_POST, "https://idp.test/"),)),
    idp("IDM-08", "other-format", name_id_formats=(NAMEID_UNSPECIFIED,)),
    idp("IDM-09", "no-attributes", attribute_names=()),
    idp("IDM-11", "another-organisation", keys=(KeyDescriptor(None, OTHER),)),
    logout_services(idp_metadata, "idp", "IDM-06"),
    logout_services(sp_metadata, "sp", "SPM-16"),
    logout_services(sp_metadata, "sp", "SPM-17", LOGOUT, LOGOUT),
    logout_services(sp_metadata, "sp", "SPM-28", ARTIFACT_LOGOUT),
    logout_services(idp_metadata, "idp", "IDM-30", ARTIFACT_LOGOUT),
    logout_services(sp_metadata, "sp", "SPM-29", SOAP_LOGOUT),
    logout_services(idp_metadata, "idp", "IDM-31", SOAP_LOGOUT),
    logout_services(sp_metadata, "sp", "SPM-26", replace(LOGOUT, response_location="javascript:alert(1)")),
)

AUTHORITY_CASES = (
    case(attribute_authority_metadata, "AAM-01", "malformed", UNREADABLE, EXPECTED, "xml.malformed"),
    of_entity(attribute_authority_metadata, "AAM-02", "no-entity-id", entity_id=""),
    of_entity(attribute_authority_metadata, "AAM-03", "MD-02-expired", valid_until=NOW - DAY),
    case(
        attribute_authority_metadata,
        "AAM-04",
        "bad-date",
        with_problem(attribute_authority_metadata),
        EXPECTED,
        "md.expired",
    ),
    of_entity(attribute_authority_metadata, "AAM-12", "in-words", unread_cache_duration="one day"),
    of_entity(attribute_authority_metadata, "AAM-05", "no-authority", attribute_authority=None),
    authority("AAM-06", "no-key", keys=()),
    authority("AAM-07", "MD-08-weak", keys=WEAK),
    authority("AAM-08", "expired", keys=(KeyDescriptor(None, OLD),)),
    authority("AAM-11", "published-ahead", keys=(KeyDescriptor(None, NEXT),)),
    authority("IDM-10", "post-only", attribute_services=(Endpoint(BINDING_POST, "https://attributter.test/"),)),
    authority("AAM-09", "MD-10-http", attribute_services=(Endpoint(BINDING_SOAP, HTTP),)),
    authority("AAM-10", "no-attributes", attribute_names=()),
)

CASES = SP_CASES + IDP_CASES + AUTHORITY_CASES + OLD_CASES
OLD_RULES = SP_METADATA_RULES_OIOSAML2 + IDP_METADATA_RULES_OIOSAML2


@pytest.mark.parametrize("each", CASES, ids=str)
def test_rule_passes_the_valid_metadata_and_refuses_the_broken_one(each: Case) -> None:
    assert_twins(each, SP_METADATA_RULES + IDP_METADATA_RULES + ATTRIBUTE_AUTHORITY_METADATA_RULES + OLD_RULES)


@pytest.mark.parametrize(
    ("build", "rules"),
    [
        (sp_metadata, SP_METADATA_RULES),
        (idp_metadata, IDP_METADATA_RULES),
        (attribute_authority_metadata, ATTRIBUTE_AUTHORITY_METADATA_RULES),
    ],
)
def test_valid_metadata_breaks_nothing_at_all(build: Build, rules: tuple[Any, ...]) -> None:
    written = serialise(write_entity_descriptor(build(GOOD)))
    assert examine(rules, read_metadata(written), EXPECTED) == ()


@pytest.mark.parametrize(
    "location", ["http://localhost:8000/acs", "http://127.0.0.1/acs", "http://[::1]:1/acs", "http://a.localhost/"]
)
def test_http_is_allowed_on_the_machine_itself(location: str) -> None:
    assert _endpoint_findings(location, EXPECTED) == []


def test_http_is_allowed_anywhere_with_lan_but_scripts_never() -> None:
    lan = replace(EXPECTED, allow_http=True)
    assert _endpoint_findings(HTTP, lan) == []
    assert _endpoint_findings("javascript:alert(1)", lan) != []


@pytest.mark.parametrize(
    ("location", "problem", "mend"),
    [
        ("https://a.test/acs#x", "a fragment", "Take out the #"),
        ("https://a.test:99999/acs", "a port that is none", "Give a port from 0 to 65535"),
        ("https://a.test:port/acs", "a port that is none", "Give a port from 0 to 65535"),
        ("https://a.test/a cs", "white space", "Take the white space out"),
        ("https://a.test/acs ", "white space", "Take the white space out"),
        ("https://a.test\\@b.test/acs", "a backslash", "Write / in place"),
        ("https://københavn.example.dk/acs", "a host beyond ASCII", "xn--kbenhavn-54a.example.dk."),
        (f"https://{'ø' * 80}.dk/acs", "a host beyond ASCII", "with xn--."),
        ("https://a.test/løn?a=%20b&c=d", "characters beyond ASCII", "https://a.test/l%C3%B8n?a=%20b&c=d"),
        ("javascript:alert(1)", "the scheme javascript", "Only https leads"),
        ("/acs", "the scheme is missing", "Give the full address"),
        ("", "the scheme is missing", "Give the full address"),
        ("https:///acs", "no host", "Give the full address"),
        ("https://user@a.test/acs", "a user name", "before the @"),
        ("https://[a.test/acs", "Invalid IPv6 URL", "in brackets"),
        ("https://a..test/acs", "no host name", "letters, digits"),
        (HTTP, "plain http", "--lan"),
        ("https://a.test/half-\ud800", "beyond ASCII", "percent-encoded"),
    ],
)
def test_each_fault_of_an_endpoint_has_its_own_mend(location: str, problem: str, mend: str) -> None:
    (finding,) = _endpoint_findings(location, EXPECTED)
    assert problem in finding.detail
    assert finding.mend is not None and mend in finding.mend


@pytest.mark.parametrize("location", ["https://a.test/acs?a=b", "https://a_b.test:8443/", "https://[2001:db8::1]/acs"])
def test_an_endpoint_by_https_is_good(location: str) -> None:
    assert _endpoint_findings(location, EXPECTED) == []


def test_no_rule_speaks_of_a_mode_that_there_is_not() -> None:
    assert "test mode" not in rules_document()


def _endpoint_findings(location: str, expected: MetadataExpectations) -> list[Finding]:
    findings = examine(
        SP_METADATA_RULES, document(sp_metadata(GOOD, assertion_consumer_services=acs(location))), expected
    )
    return [finding for finding in findings if finding.rule_id == "SPM-26"]


def test_refused_metadata_says_line_and_mend() -> None:
    xml = (
        serialise(write_entity_descriptor(sp_metadata(GOOD)))
        .replace(b"><", b">\n<")
        .replace(SYSTEM_ACS.encode(), HTTP.encode())
    )
    line = xml[: xml.index(HTTP.encode())].count(b"\n") + 1
    musts = [
        each
        for each in examine(SP_METADATA_RULES, read_metadata(xml), EXPECTED)
        if each.requirement is Requirement.MUST
    ]
    assert [(each.rule_id, each.line) for each in musts] == [("SPM-26", line)]
    assert musts[0].mend is not None


def test_oiosaml_2_demands_neither_an_encryption_key_nor_new_names() -> None:
    message = document(sp_metadata(GOOD, keys=(KeyDescriptor("signing", GOOD),), requested_attributes=OLD_NAMES))
    musts = {each.rule_id for each in examine(SP_METADATA_RULES, message, EXPECTED) if each.requirement == "MUST"}
    old = {each.rule_id for each in examine(SP_METADATA_RULES_OIOSAML2, message, EXPECTED)}
    assert musts == {"SPM-08"}
    assert old & {"SPM-08", "SPM-19", "SPM-20"} == set() and "O2M-02" in old


@pytest.mark.parametrize(
    ("entity_id", "says", "mend"),
    [
        ("", "got no entityID", "Set entityID"),
        ("mit-system", "got entityID 'mit-system', expected an absolute URI", "Set entityID"),
        ("https://[saml.x.test", "expected an absolute URI", "Set entityID"),
        (" https://saml.x.test", "white space in it", "white space out"),
        ("https://saml.x.test ", "white space in it", "white space out"),
        ("https://saml.x.test/my app", "white space in it", "white space out"),
        ("https://saml.x.test/" + "a" * 1024, "got an entityID of 1044 characters, expected at most 1024", "shorter"),
        ("x" * 300, f"got entityID '{'x' * 120}'…, expected", "Set entityID"),
    ],
)
def test_each_fault_of_an_entity_id_has_its_own_words(entity_id: str, says: str, mend: str) -> None:
    broken = replace(sp_metadata(GOOD), entity_id=entity_id, line=7)
    (finding,) = [each for each in examine(SP_METADATA_RULES, document(broken), EXPECTED) if each.rule_id == "SPM-02"]
    assert says in finding.detail and finding.line == 7
    assert finding.mend is not None and mend in finding.mend


def _certificate_findings(*keys: VerificationKey) -> list[tuple[str, str]]:
    entity = sp_metadata(GOOD, keys=tuple(KeyDescriptor(None, each) for each in keys))
    findings = examine(SP_METADATA_RULES, document(entity), EXPECTED)
    return [(each.rule_id, each.requirement) for each in findings]


def test_a_next_key_published_ahead_is_advice_and_an_expired_one_a_refusal() -> None:
    assert _certificate_findings(GOOD, NEXT) == [("SPM-30", "SHOULD")]
    assert _certificate_findings(GOOD, OLD) == [("SPM-10", "MUST")]


@pytest.mark.parametrize(("ahead", "found"), [(CLOCK_SKEW, []), (CLOCK_SKEW + timedelta(seconds=1), ["SPM-30"])])
def test_a_certificate_made_where_the_clock_is_ahead_is_taken_within_the_skew(
    ahead: timedelta, found: list[str]
) -> None:
    assert [rule_id for rule_id, _ in _certificate_findings(key(begins=ahead))] == found


@pytest.mark.parametrize(("late", "found"), [(timedelta(0), []), (timedelta(seconds=1), ["SPM-10"])])
def test_no_skew_lengthens_a_certificate(late: timedelta, found: list[str]) -> None:
    ended = document(sp_metadata(GOOD, keys=(KeyDescriptor(None, GOOD),)))
    findings = examine(SP_METADATA_RULES, ended, replace(EXPECTED, at=NOW + 365 * DAY + late))
    assert [each.rule_id for each in findings if each.requirement is Requirement.MUST] == found


def _read(entity: EntityDescriptor, before: bytes, after: bytes) -> MetadataDocument:
    written = serialise(write_entity_descriptor(entity)).replace(b"><", b">\n<")
    assert before in written
    return read_metadata(written.replace(before, after))


@pytest.mark.parametrize(
    ("build", "rules", "tag", "missing", "unread"),
    [
        (sp_metadata, SP_METADATA_RULES, "SPSSODescriptor", "SPM-04", "SPM-24"),
        (idp_metadata, IDP_METADATA_RULES, "IDPSSODescriptor", "IDM-01", "IDM-23"),
        (
            attribute_authority_metadata,
            ATTRIBUTE_AUTHORITY_METADATA_RULES,
            "AttributeAuthorityDescriptor",
            "AAM-05",
            "AAM-04",
        ),
    ],
)
def test_a_role_for_saml_1_1_alone_is_told_by_its_protocol_support_enumeration(
    build: Build, rules: tuple[Any, ...], tag: str, missing: str, unread: str
) -> None:
    old = _read(build(GOOD), b"SAML:2.0:protocol", b"SAML:1.1:protocol")
    found = {each.rule_id: each for each in examine(rules, old, EXPECTED) if each.requirement is Requirement.MUST}
    assert set(found) == {missing, unread}
    for each in found.values():
        assert each.mend is not None and tag in each.mend and "protocolSupportEnumeration" in each.mend
        assert "elsewhere" not in each.mend
    assert found[unread].line == 2


def test_the_metadata_of_an_idp_is_registered_elsewhere() -> None:
    found = examine(SP_METADATA_RULES, document(idp_metadata(GOOD)), EXPECTED)
    assert "elsewhere" in (next(each for each in found if each.rule_id == "SPM-04").mend or "")


def test_of_two_roles_one_is_to_be_kept() -> None:
    twofold = _read(sp_metadata(GOOD), b"</md:SPSSODescriptor>", b"</md:SPSSODescriptor>" + SECOND_ROLE)
    (must,) = [each for each in examine(SP_METADATA_RULES, twofold, EXPECTED) if each.requirement is Requirement.MUST]
    assert (must.rule_id, must.mend) == ("SPM-24", "Keep one SPSSODescriptor, with everything that counts.")


def test_a_second_role_for_saml_1_1_may_be_taken_out() -> None:
    old = SECOND_ROLE.replace(b"2.0:protocol", b"1.1:protocol")
    twofold = _read(sp_metadata(GOOD), b"</md:SPSSODescriptor>", b"</md:SPSSODescriptor>" + old)
    (must,) = [each for each in examine(SP_METADATA_RULES, twofold, EXPECTED) if each.requirement is Requirement.MUST]
    assert must.rule_id == "SPM-24" and (must.mend or "").endswith("else take it out.")


RSA_1_5 = (MetadataEncryptionMethod("http://www.w3.org/2001/04/xmlenc#rsa-1_5"),)


@pytest.mark.parametrize("listed", [CBC, RSA_1_5])
@pytest.mark.parametrize(
    ("rules", "must"), [(SP_METADATA_RULES, "SPM-08"), (SP_METADATA_RULES_OIOSAML2, "O2M-01")], ids=["3", "2"]
)
def test_what_the_registration_chooses_stands_in_for_what_the_metadata_lists(
    listed: tuple[MetadataEncryptionMethod, ...], rules: tuple[Any, ...], must: str
) -> None:
    metadata = document(sp_metadata(GOOD, keys=(KeyDescriptor(None, GOOD, listed),)))
    refused = {each.rule_id: each for each in examine(rules, metadata, EXPECTED)}[must]
    assert refused.mend is not None and "--block-cipher" in refused.mend and "--key-transport" in refused.mend
    chosen = {each.rule_id: each.requirement for each in examine(rules, metadata, CHOSEN)}
    assert must not in chosen and chosen["SPM-31"] is Requirement.SHOULD


@pytest.mark.parametrize("expected", [EXPECTED, CHOSEN])
@pytest.mark.parametrize("keys", [(KeyDescriptor("signing", GOOD),), (KeyDescriptor(None, key(private=EC_KEY)),)])
def test_whatever_is_chosen_there_is_an_rsa_key_to_encrypt_to(
    keys: tuple[KeyDescriptor, ...], expected: MetadataExpectations
) -> None:
    found = {
        each.rule_id: each for each in examine(SP_METADATA_RULES, document(sp_metadata(GOOD, keys=keys)), expected)
    }
    assert found["SPM-08"].refusal_key == "md.key" and "RSA certificate" in (found["SPM-08"].mend or "")


def test_what_is_chosen_and_listed_needs_no_hint() -> None:
    listed = tuple(MetadataEncryptionMethod(each) for each in (AES256_GCM, RSA_OAEP, RSA_OAEP_MGF1P))
    metadata = document(sp_metadata(GOOD, keys=(KeyDescriptor(None, GOOD, listed),)))
    assert examine(SP_METADATA_RULES, metadata, CHOSEN) == ()


def _chain(build: Build) -> MetadataDocument:
    """Every KeyDescriptor with a second certificate behind the first, as XML Signature allows."""
    certificate = b"</ds:X509Certificate>"
    return _read(build(GOOD), certificate, certificate + b"<ds:X509Certificate>TUlJ" + certificate)


@pytest.mark.parametrize(
    ("build", "rules", "unusable"),
    [
        (sp_metadata, SP_METADATA_RULES, "SPM-09"),
        (sp_metadata, SP_METADATA_RULES_OIOSAML2, "SPM-09"),
        (idp_metadata, IDP_METADATA_RULES, "IDM-25"),
        (attribute_authority_metadata, ATTRIBUTE_AUTHORITY_METADATA_RULES, "AAM-07"),
    ],
)
def test_a_chain_of_certificates_is_refused_once_and_the_leaf_is_to_be_kept(
    build: Build, rules: tuple[Any, ...], unusable: str
) -> None:
    found = [each for each in examine(rules, _chain(build), EXPECTED) if each.code == "md.key"]
    assert {each.rule_id for each in found} == {unusable}
    assert all("got 2 X509Certificate" in each.detail and "the leaf) only" in (each.mend or "") for each in found)
    assert all(each.requirement is Requirement.MUST and each.line is not None for each in found)


@pytest.mark.parametrize("use", ["signing", "encryption"])
def test_an_unusable_key_explains_the_lack_of_one_for_its_own_use_alone(use: str) -> None:
    broken = (KeyDescriptor(use, None, problem="got an RSA key of 1024 bits, expected 2048 to 8192"),)
    metadata = document(sp_metadata(GOOD, keys=broken))
    lacking = {"signing": "SPM-08", "encryption": "SPM-07"}[use]
    found = {each.rule_id for each in examine(SP_METADATA_RULES, metadata, EXPECTED)}
    assert found & {"SPM-07", "SPM-08", "SPM-09"} == {"SPM-09", lacking}


@pytest.mark.parametrize(
    ("text", "found"), [("PT6H", []), ("P1D", []), ("one day", ["SPM-32"]), ("P1M", ["SPM-32"]), ("", ["SPM-32"])]
)
def test_a_cache_duration_that_is_passed_over_is_told_with_line_and_mend(text: str, found: list[str]) -> None:
    metadata = _read(sp_metadata(GOOD), b" entityID=", f' cacheDuration="{text}" entityID='.encode())
    told = examine(SP_METADATA_RULES, metadata, EXPECTED)
    assert [each.rule_id for each in told] == found
    assert all(
        each.requirement is Requirement.SHOULD and each.line == 1 and "P1D" in (each.mend or "") for each in told
    )


def test_two_endpoints_with_the_same_index_are_told_at_the_second() -> None:
    second = f'<md:AssertionConsumerService Binding="{BINDING_POST}" Location="{SYSTEM_ACS}/2" index="0"/>\n'
    metadata = _read(
        sp_metadata(GOOD), b"<md:AttributeConsumingService", second.encode() + b"<md:AttributeConsumingService"
    )
    (told,) = examine(SP_METADATA_RULES, metadata, EXPECTED)
    assert (told.rule_id, told.requirement, told.code) == ("SPM-33", Requirement.SHOULD, "md.endpoint")
    assert f"{SYSTEM_ACS}/2" in told.detail and "of its own" in (told.mend or "")
    assert metadata.entity is not None and metadata.entity.sp is not None
    assert told.line == metadata.entity.sp.assertion_consumer_services[1].line


def test_endpoints_without_an_index_or_of_different_kinds_share_none() -> None:
    none = Endpoint(BINDING_POST, f"{SYSTEM_ACS}/2")
    entity = sp_metadata(GOOD, assertion_consumer_services=(*acs(SYSTEM_ACS), none, none))
    assert examine(SP_METADATA_RULES, document(entity), EXPECTED) == ()
