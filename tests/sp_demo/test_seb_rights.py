"""What SEB makes of the rights in a token: whatever is unclear grants nothing."""

import pytest

from oiosaml.privileges import Constraint, PrivilegeGroup
from sp_demo.seb.register import (
    HAS_USER_AUTHORIZATION,
    USER_AUTHORIZATION_CODE,
    USER_EDUCATION_CODE,
    UnknownRoleError,
    shipped_register,
)
from sp_demo.seb.rights import CARE_TEAM, ORGANISATION_UNIT, SOR, read_health_rights

SCOPE = "urn:dk:gov:saml:cvrNumberIdentifier:91000013"
ROLE = "urn:dk:healthcare:national-federation-role:code:41003:value:PlejeAssR3"
OTHER = "urn:dk:sundhed:ehealth:role:monitoring_assistor"
REGISTER = shipped_register()


def group(*privileges: str, scope: str = SCOPE, **limits: str) -> PrivilegeGroup:
    names = {"unit": ORGANISATION_UNIT, "sor": SOR, "team": CARE_TEAM}
    constraints = tuple(Constraint(names.get(name, name), value) for name, value in (limits or {"unit": "U1"}).items())
    return PrivilegeGroup(scope, privileges or (ROLE,), constraints)


def test_reads_the_national_role_of_each_unit() -> None:
    reading = read_health_rights((group(ROLE, OTHER), group(ROLE, unit="U2", team="7")), REGISTER)
    assert [(g.cvr, g.organisation, g.care_team) for g in reading.groups] == [
        ("91000013", "U1", None),
        ("91000013", "U2", "7"),
    ]
    (role,) = reading.groups[0].roles
    assert (role.code, role.name, role.title.da) == ("41003", "PlejeAssR3", "Plejeassistent, rolle 3")
    assert reading.groups[0].others == (OTHER,)
    assert reading.left_out == ()


@pytest.mark.parametrize(
    ("privilege", "reason"),
    [
        ("urn:dk:healthcare:national-federation-role:code:41003:value:SundAssistR2", "41003 is called PlejeAssR3"),
        ("urn:dk:healthcare:national-federation-role:code:41002:value:PlejeAssR3", "41002 is called SundAssistR2"),
        ("urn:dk:healthcare:national-federation-role:code:12345:value:PlejeAssR3", "there is no national role 12345"),
        ("urn:dk:healthcare:national-federation-role:code:4103:value:PlejeAssR3", "not written as code and name"),
        ("urn:dk:healthcare:national-federation-role:code:41003", "not written as code and name"),
        ("urn:dk:healthcare:national-federation-role:code:41003:value:plejeassr3", "41003 is called PlejeAssR3"),
    ],
)
def test_code_and_name_are_checked_as_a_pair(privilege: str, reason: str) -> None:
    reading = read_health_rights((group(privilege),), REGISTER)
    assert reading.groups == ()
    (left_out,) = reading.left_out
    assert (left_out.privilege, reason in left_out.reason.en) == (privilege, True)
    assert left_out.reason.da != left_out.reason.en
    with pytest.raises(UnknownRoleError):
        REGISTER.national_role(privilege)


@pytest.mark.parametrize(
    "wrong",
    [
        group(ROLE, team="7"),
        group(ROLE, unit="U1", sor="S1"),
        group(ROLE, unit="U1", unknown="x"),
        group(ROLE, scope="urn:dk:gov:saml:cprNumberIdentifier:6101018884"),
        PrivilegeGroup(SCOPE, (ROLE,)),
    ],
    ids=["no-unit", "unit-and-sor", "unknown-limit", "no-cvr", "no-limit"],
)
def test_bpp_16_group_that_does_not_name_one_place_grants_nothing(wrong: PrivilegeGroup) -> None:
    reading = read_health_rights((wrong, group(ROLE, unit="U2")), REGISTER)
    assert [g.organisation for g in reading.groups] == ["U2"]
    assert [(each.group, each.privilege) for each in reading.left_out] == [(1, None)]
    assert reading.left_out[0].reason.da != reading.left_out[0].reason.en


def test_bpp_16_two_groups_of_one_place() -> None:
    reading = read_health_rights((group(ROLE), group(OTHER)), REGISTER)
    assert [g.others for g in reading.groups] == [()]
    assert [(each.group, each.privilege) for each in reading.left_out] == [(2, None)]


def test_authorisation_is_looked_up_by_cpr_number() -> None:
    assert REGISTER.attributes_of("6303038886") == (
        (HAS_USER_AUTHORIZATION, "true"),
        (USER_AUTHORIZATION_CODE, "KT2Z4"),
        (USER_EDUCATION_CODE, "7170"),
    )
    assert REGISTER.attributes_of("6101018884") == ((HAS_USER_AUTHORIZATION, "false"),)
    assert REGISTER.attributes_of(None) == ()
