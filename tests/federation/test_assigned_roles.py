from federation.assigned_roles import privileges_of, roles_for
from federation.person import Person
from federation.roles import ConstraintValue, JobFunctionRole, RoleAssignment
from oiosaml.ids import Cvr
from oiosaml.nsis import AssuranceLevel
from oiosaml.privileges import Constraint, PrivilegeGroup, PrivilegeList, cvr_scope

KORSBAEK = Cvr("91000013")
RAVNKAER = Cvr("92000017")
NURSE = "http://roller.korsbaek.test/roles/jobrole/sygeplejerske/1"
LENT = "http://roller.ravnkaer.test/roles/jobrole/beredskab/1"
UNIT_KEY = "http://roller.korsbaek.test/id-12-7-2/1/parametric"
OTHER_KEY = "http://roller.korsbaek.test/andet/1/parametric"
UNIT = "5f0c9b0e-4a7e-4d1c-9b3e-2f6f8d1a7c10"
JOURNAL = "http://journal.sim.test/roles/usersystemrole/sygeplejerske/1"
ORGANISATION_UNIT = "http://sts.kombit.dk/constraints/orgenhed/1"

ROLES = {
    NURSE: JobFunctionRole(
        NURSE,
        "Sygeplejerske",
        KORSBAEK,
        (
            RoleAssignment(
                JOURNAL,
                (
                    ConstraintValue(ORGANISATION_UNIT, UNIT_KEY, dynamic=True),
                    ConstraintValue("urn:kle", OTHER_KEY, dynamic=False),
                ),
            ),
        ),
    ),
    LENT: JobFunctionRole(LENT, "Beredskab", RAVNKAER, ()),
}


def person(*roles: str, values: tuple[ConstraintValue, ...] = ()) -> Person:
    return Person(
        id="cilla-moeberg",
        name="Cilla Møberg",
        cvr=KORSBAEK,
        uuid="f0a4b7a2-91d5-4f6e-b9b1-7f7a2f4d3c03",
        cpr="6303038886",
        level=AssuranceLevel.SUBSTANTIAL,
        purpose_da="",
        purpose_en="",
        job_function_roles=roles,
        dynamic_values=values,
    )


def test_a_role_is_asserted_in_the_scope_of_its_owner():
    assert privileges_of(person(NURSE, LENT), ROLES) == PrivilegeList(
        (PrivilegeGroup(cvr_scope(KORSBAEK), (NURSE,)), PrivilegeGroup(cvr_scope(RAVNKAER), (LENT,)))
    )


def test_a_dynamic_value_stands_in_the_group_of_the_role_that_uses_its_key():
    with_values = person(LENT, NURSE, values=(ConstraintValue(UNIT_KEY, UNIT), ConstraintValue(OTHER_KEY, "x")))
    lent, nurse = privileges_of(with_values, ROLES).groups
    assert (lent.constraints, nurse.constraints) == ((), (Constraint(UNIT_KEY, UNIT),))


def test_a_missing_dynamic_value_is_left_out():
    assert privileges_of(person(NURSE), ROLES).groups[0].constraints == ()


def test_a_role_that_is_not_on_the_books_is_asserted_under_the_persons_own_organisation():
    assert privileges_of(person("urn:x:unknown"), ROLES).groups == (
        PrivilegeGroup(cvr_scope(KORSBAEK), ("urn:x:unknown",)),
    )


def test_no_roles_are_an_empty_list():
    assert privileges_of(person(), ROLES) == PrivilegeList()


def test_finds_the_roles_that_lead_to_a_systems_own():
    assert list(roles_for(person(LENT, NURSE, "urn:x:unknown"), ROLES, frozenset({JOURNAL}))) == [NURSE]
    assert list(roles_for(person(NURSE), ROLES, frozenset({"urn:x:other"}))) == []
