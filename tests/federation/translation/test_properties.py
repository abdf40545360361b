"""What no table and no list of rights may ever bring about."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from federation.translation.engine import translate
from federation.translation.explanation import Outcome
from federation.translation.table import (
    ConstraintRule,
    OnUnmappedConstraint,
    OnUnmappedRole,
    RoleRule,
    TranslationTable,
)
from oiosaml.privileges import Constraint, PrivilegeGroup, PrivilegeList

ROLES = [f"urn:here:{name}" for name in ("a", "b", "c", "x_one", "x_two")]
LIMITS = [f"urn:limit:{name}" for name in "abc"]
OUT = [f"urn:there:{name}" for name in "pqr"]
LIMITS_OUT = [f"urn:there:limit:{name}" for name in "pq"]

role_rules = st.one_of(
    st.builds(RoleRule, st.sampled_from(OUT), from_=st.sampled_from(ROLES)),
    st.just(RoleRule("urn:there:x:{word}", from_pattern="urn:here:x_{word}")),
)
constraint_rules = st.lists(
    st.builds(ConstraintRule, st.sampled_from(LIMITS), st.sampled_from(LIMITS_OUT), st.sampled_from([None, ",", ";"])),
    unique_by=lambda rule: rule.from_,
    max_size=3,
).map(tuple)
tables = st.builds(
    TranslationTable,
    target=st.just("there"),
    on_unmapped_role=st.sampled_from(OnUnmappedRole),
    on_unmapped_constraint=st.sampled_from(OnUnmappedConstraint),
    roles=st.lists(role_rules, max_size=5).map(tuple),
    constraints=constraint_rules,
    merge_groups=st.booleans(),
)
groups = st.builds(
    PrivilegeGroup,
    st.sampled_from(["urn:scope:1", "urn:scope:2"]),
    st.lists(st.sampled_from(ROLES), min_size=1, max_size=3, unique=True).map(tuple),
    st.lists(
        st.builds(Constraint, st.sampled_from(LIMITS), st.sampled_from(["1", "2", "1,2", "2, 1", "1;2", "1,,2"])),
        max_size=3,
    ).map(tuple),
)
lists = st.lists(groups, max_size=4).map(lambda items: PrivilegeList(tuple(items)))

Case = frozenset[tuple[str, str]]


def _cases(group: PrivilegeGroup, separators: dict[str, str | None]) -> set[Case]:
    """The alternatives a group allows: each fixes every limit to one value (AND within a group, OR between values)."""
    cases: set[Case] = {frozenset()}
    for limit in group.constraints:
        separator = separators.get(limit.name)
        parts = [part.strip() for part in limit.value.split(separator)] if separator else [limit.value]
        cases = {case | {(limit.name, part)} for case in cases for part in parts}
    return cases


def _meaning(table: TranslationTable, group: PrivilegeGroup) -> set[Case]:
    """What the group's limits say, in the words of over there."""
    names = {rule.from_: rule.to for rule in table.constraints}
    separators = {rule.from_: rule.split for rule in table.constraints}
    return {frozenset((names.get(name, name), value) for name, value in case) for case in _cases(group, separators)}


def _named(table: TranslationTable, role: str) -> set[str]:
    exact = {rule.to for rule in table.roles if rule.from_ == role}
    if exact:
        return exact
    if role.startswith("urn:here:x_") and any(rule.from_pattern for rule in table.roles):
        return {role.replace("urn:here:x_", "urn:there:x:")}
    return {role} if table.on_unmapped_role is OnUnmappedRole.KEEP else set()


@given(tables, lists)
def test_grants_only_what_a_line_names_and_within_every_limit_it_came_with(
    table: TranslationTable, privileges: PrivilegeList
) -> None:
    allowed: set[tuple[str, str, Case]] = set()
    for group in privileges.groups:
        for role in group.privileges:
            allowed |= {(group.scope, to, case) for to in _named(table, role) for case in _meaning(table, group)}

    for group in translate(table, privileges).privileges.groups:
        limits = frozenset((each.name, each.value) for each in group.constraints)
        assert len({each.name for each in group.constraints}) == len(group.constraints)
        for role in group.privileges:
            assert (group.scope, role, limits) in allowed


@given(tables, lists)
def test_loses_no_alternative_of_a_right_it_translates(table: TranslationTable, privileges: PrivilegeList) -> None:
    result = translate(table, privileges)
    given_out = {
        (group.scope, role, frozenset((each.name, each.value) for each in group.constraints))
        for group in result.privileges.groups
        for role in group.privileges
    }
    if result.refusals:
        assert not given_out
        return
    for fate in result.fates:
        group = privileges.groups[fate.group - 1]
        if fate.outcome in (Outcome.TRANSLATED, Outcome.KEPT):
            for to in _named(table, fate.privilege):
                assert {(group.scope, to, case) for case in _meaning(table, group)} <= given_out


@given(tables, lists)
def test_explains_every_right_once_and_in_order(table: TranslationTable, privileges: PrivilegeList) -> None:
    result = translate(table, privileges)
    came = [(i, role) for i, group in enumerate(privileges.groups, start=1) for role in group.privileges]
    assert [(fate.group, fate.privilege) for fate in result.fates] == came
    for fate in result.fates:
        assert (fate.reason is None) == bool(fate.groups_out)
        if not result.refusals:
            out = [result.privileges.groups[number - 1] for number in fate.groups_out]
            assert all({role.to for role in fate.roles} & set(group.privileges) for group in out)


@given(tables, lists)
def test_is_deterministic(table: TranslationTable, privileges: PrivilegeList) -> None:
    assert translate(table, privileges) == translate(replace(table), privileges)


@given(tables, lists)
def test_merging_changes_no_meaning(table: TranslationTable, privileges: PrivilegeList) -> None:
    def rights(*, merge: bool) -> set[tuple[str, str, frozenset[Constraint]]]:
        result = translate(replace(table, merge_groups=merge), privileges).privileges
        return {(g.scope, role, frozenset(g.constraints)) for g in result.groups for role in g.privileges}

    assert rights(merge=True) == rights(merge=False)


@given(tables, lists)
def test_what_is_translated_is_merged_and_split_for_good(table: TranslationTable, privileges: PrivilegeList) -> None:
    once = translate(table, privileges).privileges
    as_it_is = TranslationTable(
        "same",
        on_unmapped_role=OnUnmappedRole.KEEP,
        on_unmapped_constraint=OnUnmappedConstraint.KEEP,
        merge_groups=table.merge_groups,
    )
    assert translate(as_it_is, once).privileges.groups == once.groups
