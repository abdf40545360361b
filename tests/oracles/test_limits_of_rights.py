"""What holds of every list of rights: a limit that came with a right goes out with it, or the right does not go (attack PRV-11).

What a list may become is worked out here anew, group by group, from the registrations alone.
"""

from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from context_handler.roles import Translation, Translator
from federation.roles import ConstraintValue, JobFunctionRole, RoleAssignment, SystemRole
from oiosaml.errors import SamlError
from oiosaml.privileges import Constraint, PrivilegeGroup, PrivilegeList, cvr_scope
from oiosaml.uris import CONSTRAINT_ORGANISATION_UNIT
from tests.builders import KORSBAEK, NOW, SKOVRUP, SYSTEM
from tests.context_handler.rig import MemoryRegistry, make_rig

EXAMPLES = settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])

UNIT, OTHER_UNIT = "5f0c9b0e-4a7e-4d1c-9b3e-2f6f8d1a7c10", "8d2f6f1c-5a54-4d0e-8a41-6f5f2f0f9b22"
KEYS = [f"http://roller.korsbaek.test/enheder/{number}/parametric" for number in range(3)]
"""Of the first two a registered role takes its limit; of the last one none does."""

RIGHTS = [f"http://byggesag.sim.test/roles/usersystemrole/{number}/1" for number in range(4)]
REGISTERED = [f"http://roller.korsbaek.test/roles/jobrole/{number}/1" for number in range(4)]
"""Limited by the first key, by the second, not at all, and of another municipality."""

NOBODYS = [f"http://roller.korsbaek.test/roles/jobrole/ny-{number}/1" for number in range(2)]
LIMITED_BY = dict(zip(REGISTERED, KEYS[:2], strict=False))

LIMITS = st.lists(st.builds(Constraint, st.sampled_from(KEYS), st.sampled_from((UNIT, OTHER_UNIT))), max_size=2)
SCOPES = st.sampled_from((KORSBAEK, KORSBAEK, KORSBAEK, SKOVRUP)).map(cvr_scope)
PARAMETRIC = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(((), (UNIT,), (OTHER_UNIT,), (UNIT, OTHER_UNIT))))


def groups_of(roles: Sequence[str]) -> st.SearchStrategy[PrivilegeGroup]:
    names = st.lists(st.sampled_from(roles), min_size=1, max_size=3, unique=True)
    return st.builds(PrivilegeGroup, SCOPES, names.map(tuple), LIMITS.map(tuple))


GROUPS = st.lists(groups_of(REGISTERED + NOBODYS), max_size=3).map(tuple)
HONEST = PrivilegeGroup(cvr_scope(KORSBAEK), (REGISTERED[0],))
LIMITED = PrivilegeGroup(cvr_scope(KORSBAEK), (REGISTERED[0],), (Constraint(KEYS[0], UNIT),))
STRANGE = PrivilegeGroup(cvr_scope(KORSBAEK), (NOBODYS[0],), (Constraint(KEYS[0], OTHER_UNIT),))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MemoryRegistry]:
    rig = make_rig(tmp_path_factory.mktemp("limits"))
    rig.registry.system_roles = [SystemRole(right, "a right", SYSTEM) for right in RIGHTS]
    rig.registry.job_function_roles = [
        JobFunctionRole(role, "a role", cvr, (RoleAssignment(right, _registered_limit(role)),))
        for role, right, cvr in zip(REGISTERED, RIGHTS, (KORSBAEK, KORSBAEK, KORSBAEK, SKOVRUP), strict=True)
    ]
    yield rig.registry
    rig.database.close()


def _registered_limit(role: str) -> tuple[ConstraintValue, ...]:
    key = LIMITED_BY.get(role)
    return (ConstraintValue(CONSTRAINT_ORGANISATION_UNIT, key, dynamic=True),) if key else ()


Given = tuple[str, str | None]
"""A right and the limit that it goes out with; none for the role that has none."""

Parametric = Mapping[str, tuple[str, ...]]


def translation(
    registry: MemoryRegistry, groups: Sequence[PrivilegeGroup], parametric: Parametric
) -> Translation | str:
    """The translation, or the code that the login is refused with."""
    try:
        return Translator(registry, SYSTEM, KORSBAEK, NOW, parametric).translate(PrivilegeList(tuple(groups)))
    except SamlError as error:
        return error.code


def rights_of(outcome: Translation | str) -> set[Given] | str:
    if isinstance(outcome, str):
        return outcome
    for group in outcome.privileges.groups:
        assert len(group.privileges) == 1
        assert len(group.constraints) <= 1
    return {
        (group.privileges[0], group.constraints[0].value if group.constraints else None)
        for group in outcome.privileges.groups
    }


def expected(groups: Sequence[PrivilegeGroup], parametric: Parametric) -> set[Given] | str:
    found: set[Given] = set()
    for group in groups:
        registered = [role for role in group.privileges if role in REGISTERED]
        names = {limit.name for limit in group.constraints}
        if registered and not names <= {LIMITED_BY.get(role) for role in registered}:
            return "priv.schema"
        for role in registered:
            if group.scope == cvr_scope(KORSBAEK) and role != REGISTERED[3] and names <= {LIMITED_BY.get(role)}:
                found |= _given(role, group, parametric)
    return found


def _given(role: str, group: PrivilegeGroup, parametric: Parametric) -> set[Given]:
    right, key = RIGHTS[REGISTERED.index(role)], LIMITED_BY.get(role)
    if key is None:
        return {(right, None)}
    values = [limit.value for limit in group.constraints] or list(parametric.get(key, ()))
    return {(right, values[0])} if len(values) == 1 else set()


@EXAMPLES
@given(groups=GROUPS, parametric=PARAMETRIC)
def test_every_right_keeps_all_limits_of_its_group_or_does_not_go(
    registry: MemoryRegistry, groups: tuple[PrivilegeGroup, ...], parametric: Parametric
) -> None:
    assert rights_of(translation(registry, groups, parametric)) == expected(groups, parametric)


@EXAMPLES
@given(groups=GROUPS, strange=groups_of(NOBODYS), place=st.integers(0, 3), parametric=PARAMETRIC)
@example((HONEST,), STRANGE, 0, {})
@example((HONEST,), STRANGE, 0, {KEYS[0]: (UNIT,)})
@example((LIMITED,), STRANGE, 1, {})
@example((LIMITED, HONEST), STRANGE, 1, {KEYS[0]: (UNIT,)})
def test_a_group_without_a_registered_role_changes_nothing_and_is_told(
    registry: MemoryRegistry,
    groups: tuple[PrivilegeGroup, ...],
    strange: PrivilegeGroup,
    place: int,
    parametric: Parametric,
) -> None:
    """Nor does its limit become another group's, be it of the same name; nor does it take the place of an attribute of that name."""
    without = translation(registry, groups, parametric)
    together = translation(registry, (*groups[:place], strange, *groups[place:]), parametric)
    if isinstance(without, str) or isinstance(together, str):
        assert together == without
        return
    assert together.privileges == without.privileges
    told = {(dropped.privilege, dropped.code) for dropped in together.dropped}
    if strange.scope == cvr_scope(KORSBAEK):
        assert told >= {(name, "priv.unknown") for name in strange.privileges}
        assert told >= {(limit.name, "priv.unknown") for limit in strange.constraints}


def test_control_the_registrations_give_rights_and_refuse(registry: MemoryRegistry) -> None:
    assert rights_of(translation(registry, (LIMITED, STRANGE), {})) == {(RIGHTS[0], UNIT)}
    assert rights_of(translation(registry, (HONEST,), {KEYS[0]: (UNIT,)})) == {(RIGHTS[0], UNIT)}
    both = PrivilegeGroup(cvr_scope(KORSBAEK), (NOBODYS[0], REGISTERED[2]), (Constraint(KEYS[2], UNIT),))
    assert translation(registry, (both,), {}) == "priv.schema"
