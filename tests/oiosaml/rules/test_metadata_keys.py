"""Keys in metadata: from when to when a certificate counts, a chain of them, and what a system can be encrypted to with."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oiosaml.keys import VerificationKey
from oiosaml.messages.metadata import KeyDescriptor, MetadataDocument, MetadataEncryptionMethod
from oiosaml.rules.attribute_authority_metadata import ATTRIBUTE_AUTHORITY_METADATA_RULES
from oiosaml.rules.idp_metadata import IDP_METADATA_RULES
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.metadata_oiosaml2 import SP_METADATA_RULES_OIOSAML2
from oiosaml.rules.rule import Finding, Requirement, examine
from oiosaml.rules.sp_metadata import SP_METADATA_RULES
from oiosaml.uris import AES256_GCM, RSA_OAEP, RSA_OAEP_MGF1P
from oiosaml.validity import CLOCK_SKEW
from oiosaml.xml.encryption import OIOSAML_DEFAULT
from tests.builders import NOW, attribute_authority_metadata, idp_metadata, sp_metadata
from tests.oiosaml.rules.metadata_cases import (
    CBC,
    CHOSEN,
    DAY,
    EC_KEY,
    EXPECTED,
    GOOD,
    NEXT,
    OLD,
    OLD_NAMES,
    OTHER,
    Build,
    document,
    key,
    reread,
)

LISTED = (MetadataEncryptionMethod(AES256_GCM), MetadataEncryptionMethod(RSA_OAEP))


def _certificate_findings(*keys: VerificationKey) -> list[tuple[str, str]]:
    entity = sp_metadata(GOOD, keys=tuple(KeyDescriptor(None, each, LISTED) for each in keys))
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


def _chain(build: Build) -> MetadataDocument:
    """Every KeyDescriptor with a second certificate behind the first, as XML Signature allows."""
    certificate = b"</ds:X509Certificate>"
    return reread(build(GOOD), certificate, certificate + b"<ds:X509Certificate>TUlJ" + certificate)


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


def test_oiosaml_2_demands_neither_an_encryption_key_nor_new_names() -> None:
    message = document(sp_metadata(GOOD, keys=(KeyDescriptor("signing", GOOD),), requested_attributes=OLD_NAMES))
    musts = {each.rule_id for each in examine(SP_METADATA_RULES, message, EXPECTED) if each.requirement == "MUST"}
    old = {each.rule_id for each in examine(SP_METADATA_RULES_OIOSAML2, message, EXPECTED)}
    assert musts == {"SPM-08"}
    assert old & {"SPM-08", "SPM-19", "SPM-20"} == set() and "O2M-02" in old


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


def _transport_findings(keys: tuple[KeyDescriptor, ...], expected: MetadataExpectations = EXPECTED) -> list[Finding]:
    rules = (SP_METADATA_RULES, SP_METADATA_RULES_OIOSAML2)
    new, old = (
        [f for f in examine(r, document(sp_metadata(GOOD, keys=keys)), expected) if f.rule_id == "SPM-34"]
        for r in rules
    )
    assert new == old
    return new


def test_who_lists_no_key_transport_is_told_which_is_used_and_how_to_have_the_older_one() -> None:
    (told,) = _transport_findings((KeyDescriptor("encryption", GOOD),))
    assert (told.requirement, OIOSAML_DEFAULT.key_transport in told.detail) == (Requirement.SHOULD, True)
    assert told.mend is not None and "--key-transport rsa-oaep-mgf1p" in told.mend


@pytest.mark.parametrize("transport", [RSA_OAEP, RSA_OAEP_MGF1P])
def test_who_lists_a_key_transport_is_told_nothing_of_it(transport: str) -> None:
    assert _transport_findings((KeyDescriptor(None, GOOD, (MetadataEncryptionMethod(transport),)),)) == []


def test_who_chose_at_registration_is_told_nothing_of_it() -> None:
    assert _transport_findings((KeyDescriptor(None, GOOD),), CHOSEN) == []


@pytest.mark.parametrize("keys", [(KeyDescriptor("signing", GOOD),), (KeyDescriptor(None, GOOD, CBC),)])
def test_where_nothing_can_be_encrypted_no_key_transport_is_used(keys: tuple[KeyDescriptor, ...]) -> None:
    assert _transport_findings(keys) == []


def test_the_key_that_is_encrypted_to_is_the_one_that_must_list() -> None:
    silent, listing = KeyDescriptor("encryption", GOOD), KeyDescriptor("encryption", OTHER, LISTED)
    assert [len(_transport_findings(keys)) for keys in ((silent, listing), (listing, silent))] == [1, 0]
