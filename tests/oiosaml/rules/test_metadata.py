"""Each rule of metadata passes the valid document and refuses the broken one, with a line and a mend where a supplier needs them."""

from dataclasses import replace
from typing import Any

import pytest

from oiosaml import attributes as names
from oiosaml import oiosaml2
from oiosaml.messages.element import serialise
from oiosaml.messages.metadata import Endpoint, KeyDescriptor, MetadataEncryptionMethod, RequestedAttribute
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.messages.metadata_writing import write_entity_descriptor
from oiosaml.rules.attribute_authority_metadata import ATTRIBUTE_AUTHORITY_METADATA_RULES
from oiosaml.rules.idp_metadata import IDP_METADATA_RULES
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.metadata_oiosaml2 import CORE_ATTRIBUTES as OLD_CORE_ATTRIBUTES
from oiosaml.rules.metadata_oiosaml2 import IDP_METADATA_RULES_OIOSAML2, SP_METADATA_RULES_OIOSAML2
from oiosaml.rules.rule import Requirement, examine
from oiosaml.rules.sp_metadata import SP_METADATA_RULES
from oiosaml.uris import (
    AES256_GCM,
    BINDING_POST,
    BINDING_REDIRECT,
    BINDING_SOAP,
    NAME_FORMAT_BASIC,
    NAME_FORMAT_URI,
    NAMEID_UNSPECIFIED,
)
from scripts.generate_rules import rules_document
from tests.builders import KORSBAEK, NOW, SYSTEM_ACS, attribute_authority_metadata, idp_metadata, sp_metadata
from tests.oiosaml.rules.cases import Case, assert_twins
from tests.oiosaml.rules.metadata_cases import (
    CBC,
    CHOSEN,
    DAY,
    EC_KEY,
    ENCRYPTION_ONLY,
    EXPECTED,
    GOOD,
    HTTP,
    NEXT,
    OLD,
    OLD_NAMES,
    OTHER,
    SOON,
    UNREADABLE,
    WEAK,
    Build,
    acs,
    authority,
    case,
    document,
    idp,
    key,
    logout_services,
    of_entity,
    old_sp,
    sp,
    with_problem,
)

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
    sp("SPM-34", "nothing-listed", keys=(KeyDescriptor(None, GOOD),)),
    sp("SPM-34", "only-a-block-cipher", keys=(KeyDescriptor(None, GOOD, (MetadataEncryptionMethod(AES256_GCM),)),)),
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

BINDING_ARTIFACT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
LOGOUT = Endpoint(BINDING_POST, "https://byggesag.sim.test/slo")
ARTIFACT_LOGOUT = Endpoint(BINDING_ARTIFACT, "https://byggesag.sim.test/slo")
SOAP_LOGOUT = Endpoint(BINDING_SOAP, "https://byggesag.sim.test/slo/soap", "https://byggesag.sim.test/slo")

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


def test_no_rule_speaks_of_a_mode_that_there_is_not() -> None:
    assert "test mode" not in rules_document()


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
