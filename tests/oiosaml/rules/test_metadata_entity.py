"""What metadata says of the entity itself: its entityID, how long to keep it, and one role that speaks SAML 2.0."""

from dataclasses import replace
from typing import Any

import pytest

from oiosaml.rules.attribute_authority_metadata import ATTRIBUTE_AUTHORITY_METADATA_RULES
from oiosaml.rules.idp_metadata import IDP_METADATA_RULES
from oiosaml.rules.rule import Requirement, examine
from oiosaml.rules.sp_metadata import SP_METADATA_RULES
from tests.builders import attribute_authority_metadata, idp_metadata, sp_metadata
from tests.oiosaml.rules.metadata_cases import EXPECTED, GOOD, Build, document, reread


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


@pytest.mark.parametrize(
    ("text", "found"), [("PT6H", []), ("P1D", []), ("one day", ["SPM-32"]), ("P1M", ["SPM-32"]), ("", ["SPM-32"])]
)
def test_a_cache_duration_that_is_passed_over_is_told_with_line_and_mend(text: str, found: list[str]) -> None:
    metadata = reread(sp_metadata(GOOD), b" entityID=", f' cacheDuration="{text}" entityID='.encode())
    told = examine(SP_METADATA_RULES, metadata, EXPECTED)
    assert [each.rule_id for each in told] == found
    assert all(
        each.requirement is Requirement.SHOULD and each.line == 1 and "P1D" in (each.mend or "") for each in told
    )


SECOND_ROLE = b'<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/>'


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
    old = reread(build(GOOD), b"SAML:2.0:protocol", b"SAML:1.1:protocol")
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
    twofold = reread(sp_metadata(GOOD), b"</md:SPSSODescriptor>", b"</md:SPSSODescriptor>" + SECOND_ROLE)
    (must,) = [each for each in examine(SP_METADATA_RULES, twofold, EXPECTED) if each.requirement is Requirement.MUST]
    assert (must.rule_id, must.mend) == ("SPM-24", "Keep one SPSSODescriptor, with everything that counts.")


def test_a_second_role_for_saml_1_1_may_be_taken_out() -> None:
    old = SECOND_ROLE.replace(b"2.0:protocol", b"1.1:protocol")
    twofold = reread(sp_metadata(GOOD), b"</md:SPSSODescriptor>", b"</md:SPSSODescriptor>" + old)
    (must,) = [each for each in examine(SP_METADATA_RULES, twofold, EXPECTED) if each.requirement is Requirement.MUST]
    assert must.rule_id == "SPM-24" and (must.mend or "").endswith("else take it out.")
