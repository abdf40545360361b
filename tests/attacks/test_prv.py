"""PRV: rights that an honest key signed and that claim too much. Nothing widens on the way through the broker (design D13)."""

from dataclasses import replace
from pathlib import Path

import pytest

from context_handler.roles import Translation, Translator
from federation.activation_period import ALWAYS, ActivationPeriod
from federation.roles import (
    ConstraintKind,
    ConstraintType,
    ConstraintValue,
    Delegation,
    JobFunctionRole,
    RoleAssignment,
)
from oiosaml.errors import SamlError
from oiosaml.privileges import Constraint, PrivilegeGroup, PrivilegeList, cvr_scope
from oiosaml.uris import CONSTRAINT_ORGANISATION_UNIT
from tests.builders import KORSBAEK, NOW, SKOVRUP, SYSTEM
from tests.context_handler.rig import CASE_WORKER_ROLE, JOB_FUNCTION_ROLE, READER, UNIT, MemoryRegistry, make_rig

KEY = "http://roller.korsbaek.test/enheder/1/parametric"
OTHER_UNIT = "8d2f6f1c-5a54-4d0e-8a41-6f5f2f0f9b22"
DYNAMIC = ConstraintValue(CONSTRAINT_ORGANISATION_UNIT, KEY, dynamic=True)


@pytest.fixture
def registry(tmp_path: Path) -> MemoryRegistry:
    return make_rig(tmp_path).registry


def role(*values: ConstraintValue, **changes: object) -> JobFunctionRole:
    """A role that gives READER within `values`."""
    return replace(CASE_WORKER_ROLE, assignments=(RoleAssignment(READER, values),), **changes)  # type: ignore[arg-type]  # any field


def group(*constraints: str, scope: str = cvr_scope(KORSBAEK), key: str = KEY) -> PrivilegeGroup:
    return PrivilegeGroup(scope, (JOB_FUNCTION_ROLE,), tuple(Constraint(key, value) for value in constraints))


def translated(registry: MemoryRegistry, *groups: PrivilegeGroup) -> Translation:
    return Translator(registry, SYSTEM, KORSBAEK, NOW).translate(PrivilegeList(groups))


def limits(translation: Translation) -> list[tuple[str, ...]]:
    return [tuple(constraint.value for constraint in each.constraints) for each in translation.privileges.groups]


def of_kind(registry: MemoryRegistry, kind: ConstraintKind, **changes: object) -> None:
    registry.constraint_types = [
        ConstraintType(CONSTRAINT_ORGANISATION_UNIT, "Organisationsenhed", kind, **changes)  # type: ignore[arg-type]  # any field
    ]


def test_prv_00_control_a_value_at_login_limits_the_right(registry: MemoryRegistry) -> None:
    registry.job_function_roles = [role(DYNAMIC)]
    assert limits(translated(registry, group(UNIT))) == [(UNIT,)]
    assert limits(translated(registry, group(f"{UNIT},{OTHER_UNIT}"))) == [(f"{UNIT},{OTHER_UNIT}",)]


def test_prv_06_delegated_role_takes_no_value_from_the_delegates_idp(registry: MemoryRegistry) -> None:
    """CH-CVR-03: else the delegate's municipality would say which of the delegator's data its people see."""
    delegated = role(DYNAMIC, cvr=SKOVRUP, delegated_to=(Delegation(KORSBAEK, ALWAYS),))
    registry.job_function_roles = [delegated]
    outcome = translated(registry, group(UNIT, scope=cvr_scope(SKOVRUP)))
    assert outcome.privileges.groups == ()
    assert [dropped.code for dropped in outcome.dropped] == ["priv.scope"]
    static = ConstraintValue(CONSTRAINT_ORGANISATION_UNIT, OTHER_UNIT)
    registry.job_function_roles = [replace(delegated, assignments=(RoleAssignment(READER, (static,)),))]
    assert limits(translated(registry, group(scope=cvr_scope(SKOVRUP)))) == [(OTHER_UNIT,)]


def test_prv_11_two_constraints_of_one_name_are_no_list(registry: MemoryRegistry) -> None:
    """All constraints of a group hold together: read as a list, two limits would allow either instead of what is in both."""
    registry.job_function_roles = [role(DYNAMIC)]
    outcome = translated(registry, group(UNIT, OTHER_UNIT))
    assert outcome.privileges.groups == ()
    assert [dropped.code for dropped in outcome.dropped] == ["priv.schema"]


@pytest.mark.parametrize("value", [",", f"{UNIT},", f",{UNIT}", f"{UNIT},,{OTHER_UNIT}", f"{UNIT}, ,{OTHER_UNIT}"])
def test_prv_11_list_with_an_empty_place(registry: MemoryRegistry, value: str) -> None:
    """A reader that takes an empty place for "no limit" would see everything."""
    registry.job_function_roles = [role(DYNAMIC)]
    for kind in (ConstraintKind.MULTI, ConstraintKind.SINGLE):
        of_kind(registry, kind)
        assert translated(registry, group(value)).privileges.groups == ()


def test_prv_11_single_takes_no_list(registry: MemoryRegistry) -> None:
    registry.job_function_roles = [role(DYNAMIC)]
    of_kind(registry, ConstraintKind.SINGLE)
    assert limits(translated(registry, group(UNIT))) == [(UNIT,)]
    assert translated(registry, group(f"{UNIT},{OTHER_UNIT}")).privileges.groups == ()


@pytest.mark.parametrize("value", [f"{UNIT}\n", f"\n{UNIT}", f"{UNIT}\n*", f"{UNIT}\t{OTHER_UNIT}", f"{UNIT}\u0085"])
def test_prv_11_value_over_two_lines(registry: MemoryRegistry, value: str) -> None:
    """What a pattern thinks of a line break differs between engines; no data constraint has one."""
    registry.job_function_roles = [role(DYNAMIC)]
    for changes in ({}, {"pattern": r"[0-9a-f-]+$"}):
        of_kind(registry, ConstraintKind.TEXT, **changes)
        assert translated(registry, group(value)).privileges.groups == ()


def test_prv_11_registered_values_of_one_type_are_one_constraint(registry: MemoryRegistry) -> None:
    """OIOBPP BPP-14: a name once, several values with commas; SINGLE has room for one, and a mixture has two readings."""
    first, second = (ConstraintValue(CONSTRAINT_ORGANISATION_UNIT, unit) for unit in (UNIT, OTHER_UNIT))
    registry.job_function_roles = [role(first, second)]
    assert limits(translated(registry, group())) == [(f"{UNIT},{OTHER_UNIT}",)]
    of_kind(registry, ConstraintKind.SINGLE)
    assert translated(registry, group()).privileges.groups == ()
    of_kind(registry, ConstraintKind.MULTI)
    registry.job_function_roles = [role(first, DYNAMIC)]
    assert translated(registry, group(OTHER_UNIT)).privileges.groups == ()


def test_prv_11_unknown_constraint_is_never_ignored(registry: MemoryRegistry) -> None:
    registry.job_function_roles = [role(DYNAMIC)]
    with pytest.raises(SamlError) as caught:
        translated(registry, group(UNIT, key="http://roller.korsbaek.test/ukendt/1/parametric"))
    assert caught.value.code == "priv.schema"


def test_prv_08_privilege_of_another_system_or_of_nobody(registry: MemoryRegistry) -> None:
    outcome = translated(registry, PrivilegeGroup(cvr_scope(KORSBAEK), ("urn:dk:kombit:other_system:admin", READER)))
    assert outcome.privileges.groups == ()
    assert [dropped.code for dropped in outcome.dropped] == ["priv.unknown", "priv.unknown"]


STRANGE_ROLE = "http://roller.korsbaek.test/roles/jobrole/ny/1"
STRANGE_KEY = "http://roller.korsbaek.test/ukendt/1/parametric"


def strange(*others: str, key: str = STRANGE_KEY, scope: str = cvr_scope(KORSBAEK)) -> PrivilegeGroup:
    """A group of a role that nobody has registered, perhaps with others, limited by what only that role might know."""
    return PrivilegeGroup(scope, (*others, STRANGE_ROLE), (Constraint(key, UNIT),))


@pytest.mark.parametrize("key", [STRANGE_KEY, KEY])
def test_prv_08_a_group_of_nobodys_roles_takes_its_limits_with_it(registry: MemoryRegistry, key: str) -> None:
    """The rest of the login goes on: no right comes of such a group, so that none is wider for it."""
    registry.job_function_roles = [role(DYNAMIC)]
    outcome = translated(registry, strange(key=key), group(OTHER_UNIT))
    assert limits(outcome) == [(OTHER_UNIT,)]
    told = [(dropped.privilege, dropped.code) for dropped in outcome.dropped]
    assert sorted(told) == sorted([(STRANGE_ROLE, "priv.unknown"), (key, "priv.unknown")])
    assert any("no role is registered" in dropped.reason for dropped in outcome.dropped)


def test_prv_11_a_group_of_nobodys_roles_limits_no_other_group(registry: MemoryRegistry) -> None:
    """Its limit is not lent to a right that came without the one it needs."""
    registry.job_function_roles = [role(DYNAMIC)]
    assert limits(translated(registry, strange(key=KEY), group())) == []


@pytest.mark.parametrize(
    "changes",
    [{}, {"active": ActivationPeriod(end=NOW)}, {"cvr": SKOVRUP}],
    ids=["active", "no longer active", "of another municipality"],
)
def test_prv_11_one_registered_role_in_the_group_and_its_limit_is_never_ignored(
    registry: MemoryRegistry, changes: dict[str, object]
) -> None:
    registry.job_function_roles = [role(DYNAMIC, **changes)]
    with pytest.raises(SamlError) as caught:
        translated(registry, strange(JOB_FUNCTION_ROLE))
    assert caught.value.code == "priv.schema"
