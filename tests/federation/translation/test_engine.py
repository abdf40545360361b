import pytest

from federation.translation.engine import MOST_GROUPS, translate
from federation.translation.explanation import Line, Outcome
from federation.translation.table import (
    ConstraintRule,
    OnUnmappedConstraint,
    OnUnmappedRole,
    Requirement,
    RoleRule,
    TranslationTable,
)
from oiosaml.privileges import Constraint, PrivilegeGroup, PrivilegeList
from tests.federation.translation.rights import (
    CARE,
    CARE_OUT,
    MONITOR,
    MONITOR_OUT,
    ORG,
    ORG_OUT,
    SCOPE,
    SOR_OUT,
    TEAM,
    group,
    rights,
    table,
)

OTHER = "http://sundhed.sim.test/roles/usersystemrole/other/1"


def _only_reason(table: TranslationTable, privileges: PrivilegeList) -> str:
    result = translate(table, privileges)
    assert result.privileges.groups == ()
    (reason,) = result.refusals
    return reason.code


def test_example_of_the_health_sector_comes_out_with_one_unit_in_each_group() -> None:
    result = translate(table(), rights())

    assert result.privileges.groups == (
        PrivilegeGroup(SCOPE, (CARE_OUT, MONITOR_OUT), (Constraint(ORG_OUT, "U1"),)),
        PrivilegeGroup(SCOPE, (CARE_OUT, MONITOR_OUT), (Constraint(ORG_OUT, "U2"),)),
    )
    assert result.refusals == ()


def test_every_right_says_which_lines_made_it() -> None:
    care, monitor = translate(table(), rights()).fates

    assert (care.group, care.privilege, care.outcome, care.groups_out) == (1, CARE, Outcome.TRANSLATED, (1, 2))
    assert [(role.to, role.line) for role in care.roles] == [(CARE_OUT, Line("roles", 1))]
    assert [(role.to, role.line) for role in monitor.roles] == [(MONITOR_OUT, Line("roles", 2))]
    (limit,) = care.constraints
    assert (limit.name, limit.to, limit.values, limit.line) == (ORG, ORG_OUT, ("U1", "U2"), Line("constraints", 1))


def test_without_merging_each_right_keeps_its_own_group() -> None:
    result = translate(table(merge_groups=False), rights())

    assert [(g.privileges, g.constraints[0].value) for g in result.privileges.groups] == [
        ((CARE_OUT,), "U1"),
        ((CARE_OUT,), "U2"),
        ((MONITOR_OUT,), "U1"),
        ((MONITOR_OUT,), "U2"),
    ]


def test_two_split_limits_make_every_pair() -> None:
    result = translate(table(), rights(group(CARE, limits={ORG: "U1,U2", TEAM: "T1, T2"})))

    assert [tuple(c.value for c in g.constraints) for g in result.privileges.groups] == [
        ("U1", "T1"),
        ("U1", "T2"),
        ("U2", "T1"),
        ("U2", "T2"),
    ]


def test_a_value_without_a_separator_line_is_kept_whole() -> None:
    result = translate(table(constraints=(ConstraintRule(ORG, ORG_OUT),)), rights(group(CARE)))

    assert result.privileges.groups[0].constraints == (Constraint(ORG_OUT, "U1,U2"),)


def test_groups_of_different_scopes_are_never_merged() -> None:
    other = SCOPE.replace("91000013", "92000017")
    result = translate(
        table(), rights(group(CARE, limits={ORG: "U1"}), group(MONITOR, limits={ORG: "U1"}, scope=other))
    )

    assert [(g.scope, g.privileges) for g in result.privileges.groups] == [
        (SCOPE, (CARE_OUT,)),
        (other, (MONITOR_OUT,)),
    ]


def test_drops_a_role_that_no_line_names() -> None:
    result = translate(table(), rights(group(OTHER), group(CARE)))

    dropped = result.fates[0]
    assert (dropped.outcome, dropped.reason and dropped.reason.code) == (Outcome.DROPPED, "priv.unknown")
    assert {p for g in result.privileges.groups for p in g.privileges} == {CARE_OUT}


def test_keeps_a_role_that_no_line_names_if_the_table_says_so() -> None:
    result = translate(table(on_unmapped_role=OnUnmappedRole.KEEP), rights(group(OTHER)))

    assert result.fates[0].outcome is Outcome.KEPT
    assert result.privileges.groups[0] == PrivilegeGroup(SCOPE, (OTHER,), (Constraint(ORG_OUT, "U1"),))


def test_refuses_a_role_that_no_line_names_if_the_table_says_so() -> None:
    assert (
        _only_reason(table(on_unmapped_role=OnUnmappedRole.FAIL), rights(group(OTHER), group(CARE))) == "priv.unknown"
    )


def test_drops_a_right_whose_limit_no_line_names() -> None:
    result = translate(table(), rights(group(CARE, limits={ORG: "U1", "urn:x:unknown": "1"})))

    assert result.privileges.groups == ()
    assert result.refusals == ()
    assert result.fates[0].reason is not None
    assert result.fates[0].reason.code == "priv.schema"


def test_keeps_a_limit_that_no_line_names_if_the_table_says_so() -> None:
    kept = table(on_unmapped_constraint=OnUnmappedConstraint.KEEP)
    result = translate(kept, rights(group(CARE, limits={ORG: "U1", "urn:x:unknown": "1"})))

    assert Constraint("urn:x:unknown", "1") in result.privileges.groups[0].constraints


def test_refuses_a_limit_that_no_line_names_if_the_table_says_so() -> None:
    strict = table(on_unmapped_constraint=OnUnmappedConstraint.FAIL)
    assert _only_reason(strict, rights(group(CARE, limits={"urn:x:unknown": "1"}))) == "priv.schema"


@pytest.mark.parametrize("value", ["U1,,U2", ",U1", "U1,", ","])
def test_drops_a_right_whose_list_has_an_empty_part(value: str) -> None:
    result = translate(table(), rights(group(CARE, limits={ORG: value})))

    assert (result.privileges.groups, result.fates[0].outcome) == ((), Outcome.DROPPED)


def test_drops_a_right_with_two_limits_that_become_one() -> None:
    both = table(constraints=(ConstraintRule(ORG, ORG_OUT, ","), ConstraintRule(TEAM, ORG_OUT, ",")))
    result = translate(both, rights(group(CARE, limits={ORG: "U1", TEAM: "U2"})))

    assert (result.privileges.groups, result.fates[0].outcome) == ((), Outcome.DROPPED)


@pytest.mark.parametrize("limits", [{TEAM: "T1"}, {ORG: "U1", "http://sundhed.sim.test/constraints/sor/1": "S1"}])
def test_refuses_a_group_without_exactly_one_of_what_is_required(limits: dict[str, str]) -> None:
    sor = ConstraintRule("http://sundhed.sim.test/constraints/sor/1", SOR_OUT, ",")
    demanding = table(constraints=(*table().constraints, sor))

    assert _only_reason(demanding, rights(group(CARE, limits=limits))) == "priv.schema"


def test_a_requirement_is_not_asked_of_an_empty_list() -> None:
    assert translate(table(), PrivilegeList()).refusals == ()


def test_a_line_that_names_the_role_goes_before_a_pattern() -> None:
    lines = (*table().roles, RoleRule("urn:x:exception", from_=MONITOR))
    result = translate(table(roles=lines), rights(group(MONITOR)))

    assert result.privileges.groups[0].privileges == ("urn:x:exception",)


def test_of_several_patterns_the_first_that_fits_counts() -> None:
    lines = (
        *table().roles,
        RoleRule("urn:x:{all}", from_pattern="http://sundhed.sim.test/roles/usersystemrole/{all}/1"),
    )
    result = translate(table(roles=lines), rights(group(MONITOR), group(OTHER)))

    assert [p for g in result.privileges.groups for p in g.privileges][:2] == [MONITOR_OUT, "urn:x:other"]


def test_several_lines_for_one_role_all_count() -> None:
    lines = (*table().roles, RoleRule("urn:x:more", from_=CARE))
    result = translate(table(roles=lines), rights(group(CARE, limits={ORG: "U1"})))

    assert result.privileges.groups == (PrivilegeGroup(SCOPE, (CARE_OUT, "urn:x:more"), (Constraint(ORG_OUT, "U1"),)),)


def test_a_place_of_a_pattern_stands_for_no_slash() -> None:
    uri = "http://sundhed.sim.test/roles/usersystemrole/ehealth_a/b/1"
    assert translate(table(), rights(group(uri))).fates[0].outcome is Outcome.DROPPED


def test_refuses_lists_that_explode_when_split() -> None:
    many = ",".join(f"v{i}" for i in range(100))
    result = translate(table(), rights(group(CARE, limits={ORG: many, TEAM: many})))

    assert MOST_GROUPS < 100 * 100
    assert result.privileges.groups == ()
    assert [reason.code for reason in result.refusals] == ["priv.limits"]


def test_allows_as_many_groups_as_the_limit_says() -> None:
    result = translate(table(), rights(group(CARE, limits={ORG: ",".join(f"v{i}" for i in range(MOST_GROUPS))})))

    assert len(result.privileges.groups) == MOST_GROUPS


def test_nothing_comes_out_of_a_table_without_lines() -> None:
    result = translate(TranslationTable("empty", require=(Requirement(("urn:x:y",)),)), rights())
    assert (result.privileges.groups, result.refusals) == ((), ())
