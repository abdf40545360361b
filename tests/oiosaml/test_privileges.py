"""OIOBPP lists are written as the profile's worked examples are, and read back as they were."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from oiosaml.ids import Cvr
from oiosaml.privilege_scope import Scope, ScopeKind, cvr_scope
from oiosaml.privileges import (
    Constraint,
    PrivilegeGroup,
    PrivilegeList,
    examine_privileges,
    read_privileges,
    write_privileges,
)
from oiosaml.uris import CONSTRAINT_KLE, CONSTRAINT_ORGANISATION_UNIT, NS_BPP, NS_BPP_LEGACY
from oiosaml.xml.escaping import UnwritableText
from tests.builders import JOB_FUNCTION_ROLE, KORSBAEK, PRIVILEGES_TEXT, RAVNKAER, privilege_group, privilege_list

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><bpp:PrivilegeList xmlns:bpp="http://digst.dk/oiosaml/basic_privilege_profile"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
)
UNIT = "5f0c9b0e-4a7e-4d1c-9b3e-2f6f8d1a7c10"
WORKED = {
    "8.1": (PrivilegeGroup(cvr_scope(KORSBAEK), (JOB_FUNCTION_ROLE,)),),
    "8.2": (
        PrivilegeGroup(
            cvr_scope(KORSBAEK),
            ("http://byggesag.sim.test/roles/usersystemrole/sagsbehandler/1",),
            (Constraint(CONSTRAINT_KLE, "02.34.02"), Constraint(CONSTRAINT_ORGANISATION_UNIT, UNIT)),
        ),
        PrivilegeGroup(cvr_scope(KORSBAEK), ("http://byggesag.sim.test/roles/usersystemrole/laeseadgang/1",)),
    ),
    "8.3": (
        PrivilegeGroup(
            cvr_scope(KORSBAEK),
            ("http://roller.korsbaek.test/roles/jobrole/sygeplejerske/1",),
            (
                Constraint(
                    "http://roller.korsbaek.test/id-12-7-2/1/parametric", f"{UNIT},8d2f6f1c-5a54-4d0e-8a41-6f5f2f0f9b22"
                ),
            ),
        ),
    ),
    "8.4": (PrivilegeGroup(cvr_scope(RAVNKAER), ("http://roller.ravnkaer.test/roles/jobrole/beredskab/1",)),),
    "8.5": (
        PrivilegeGroup("urn:dk:gov:saml:productionUnitIdentifier:1099990014", ("urn:dk:sim:indberetning:opret",)),
        PrivilegeGroup("urn:dk:gov:saml:cprNumberIdentifier:6101018884", ("urn:dk:sim:borgerportal:fuldmagt",)),
    ),
}


@pytest.mark.parametrize("groups", WORKED.values(), ids=WORKED)
def test_worked_example_is_written_and_read(groups: tuple[PrivilegeGroup, ...]) -> None:
    text = write_privileges(PrivilegeList(groups))
    assert base64.b64decode(text).decode().startswith(HEAD + f'<PrivilegeGroup Scope="{groups[0].scope}"><Privilege>')
    assert read_privileges(text) == PrivilegeList(groups, NS_BPP)
    assert examine_privileges(text) == ()


def test_worked_example_8_1_is_written_octet_by_octet() -> None:
    assert write_privileges(PrivilegeList(WORKED["8.1"])) == PRIVILEGES_TEXT


def test_list_for_the_older_generation_has_its_namespace() -> None:
    assert read_privileges(write_privileges(privilege_list(), NS_BPP_LEGACY)).namespace == NS_BPP_LEGACY


def test_empty_list_is_a_user_without_rights() -> None:
    assert read_privileges(write_privileges(PrivilegeList())).groups == ()


SCOPES = st.integers(0, 99_999_999).map(lambda number: cvr_scope(Cvr(f"{number:08}")))
URIS = st.text("abcæøå0123456789/.-_:&'", min_size=1, max_size=30).map("urn:x:".__add__)
VALUES = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), min_size=1, max_size=30
).filter(str.strip)
GROUPS = st.builds(
    PrivilegeGroup,
    SCOPES,
    st.lists(URIS, min_size=1, max_size=3).map(tuple),
    st.lists(st.builds(Constraint, URIS, VALUES), max_size=3).map(tuple),
)


@given(st.lists(GROUPS, max_size=4).map(tuple))
def test_any_list_is_read_back_as_it_was(groups: tuple[PrivilegeGroup, ...]) -> None:
    assert read_privileges(write_privileges(PrivilegeList(groups))).groups == groups


@pytest.mark.parametrize("value", ["</Privilege><Privilege>urn:x:admin", "<!---->", "a&b"])
def test_fed_14_markup_in_a_value_stays_a_value(value: str) -> None:
    group = privilege_group(constraints=(Constraint("urn:x:type", value),))
    assert read_privileges(write_privileges(privilege_list(group))).groups == (group,)


def test_value_that_xml_cannot_hold_is_refused() -> None:
    with pytest.raises(UnwritableText, match=r"U\+0007 in Constraint"):
        write_privileges(privilege_list(privilege_group(constraints=(Constraint("urn:x:type", "\x07"),))))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("urn:dk:gov:saml:cvrNumberIdentifier:91000013", ScopeKind.CVR),
        ("urn:dk:gov:saml:productionUnitIdentifier:1099990014", ScopeKind.PRODUCTION_UNIT),
        ("urn:dk:gov:saml:seNumberIdentifier:91000013", ScopeKind.SE),
        ("urn:dk:gov:saml:cprNumberIdentifier:6101018884", ScopeKind.CPR),
        (
            "urn:dk:healthcare:saml:userAuthorization:AuthorizationCode:B2C3D:EducationCode:7170",
            ScopeKind.HEALTHCARE_AUTHORIZATION,
        ),
        ("urn:dk:healthcare:saml:RegisteredPharmacistCPR:6101018884", ScopeKind.PHARMACIST_CPR),
    ],
)
def test_scope_of_each_kind_is_taken_apart(text: str, kind: ScopeKind) -> None:
    scope = Scope.parse(text)
    assert scope.kind is kind
    assert scope.kind + scope.value == text
    assert (scope.cvr is not None) is (kind is ScopeKind.CVR)


@pytest.mark.parametrize(
    "text",
    [
        "91000013",
        "",
        "urn:dk:gov:saml:cvrNumberIdentifier:",
        "urn:dk:gov:saml:cvrNumberIdentifier:910000130",
        "URN:dk:gov:saml:cvrNumberIdentifier:91000013",
    ],
)
def test_scope_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="got"):
        Scope.parse(text)


HOSTILE = "a\"'<&>b"


@pytest.mark.parametrize(
    "group",
    [
        PrivilegeGroup(HOSTILE, ("urn:x",)),
        PrivilegeGroup("s", (HOSTILE,)),
        PrivilegeGroup("s", ("urn:x",), (Constraint(HOSTILE, "v"),)),
        PrivilegeGroup("s", ("urn:x",), (Constraint("n", HOSTILE),)),
    ],
    ids=["scope", "privilege", "name", "value"],
)
def test_any_text_comes_back_as_text(group: PrivilegeGroup) -> None:
    """A value from login is somebody's word: as markup it could add a right (attack PRV-08)."""
    (written,) = etree.fromstring(base64.b64decode(write_privileges(PrivilegeList((group,)))))
    limits = tuple(Constraint(each.get("Name", ""), each.text or "") for each in written.iter("Constraint"))
    rights = tuple(each.text or "" for each in written.iter("Privilege"))
    assert PrivilegeGroup(written.get("Scope", ""), rights, limits) == group
