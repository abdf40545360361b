"""Translates rights by a table: map roles, map constraints, split, merge, require; the caller serialises.

Never grants what no line names, and never loses a limit: a right whose limit cannot be said over there is not given over there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import product
from math import prod
from typing import Final

from federation.translation.explanation import (
    Fate,
    Line,
    Outcome,
    Reason,
    Translated,
    TranslatedConstraint,
    TranslatedRole,
)
from federation.translation.role_pattern import fill
from federation.translation.table import OnUnmappedConstraint, OnUnmappedRole, TranslationTable
from oiosaml.privileges import Constraint, PrivilegeGroup, PrivilegeList

MOST_GROUPS: Final = 1000
"""Groups before merging. Two lists of a hundred values that are both split would make ten thousand of one right (attack PRV-05)."""

UNMAPPED_ROLE: Final = "priv.unknown:untranslated"
UNMAPPED_CONSTRAINT: Final = "priv.schema:untranslated"
REQUIREMENT: Final = "priv.schema:requirement"
TOO_MANY: Final = "priv.limits"


def translate(table: TranslationTable, privileges: PrivilegeList) -> Translated:
    """Translate a list of rights; the same table and list always give the same answer, in order of first appearance."""
    lines = _lines_of(table)
    rights = [
        right
        for number, group in enumerate(privileges.groups, start=1)
        for right in _rights_of(number, group, table, lines)
    ]
    refusals = [right.fate.reason for right in rights if right.fate.outcome is Outcome.REFUSED and right.fate.reason]
    if sum(right.size for right in rights) > MOST_GROUPS:
        refusals.append(
            Reason(TOO_MANY, f"the lists of values that are split make more than {MOST_GROUPS} groups; send fewer")
        )
        return Translated(PrivilegeList(), tuple(right.fate for right in rights), tuple(refusals))
    merged = _Merged(table.merge_groups)
    fates = tuple(replace(right.fate, groups_out=merged.add(right)) for right in rights)
    groups = merged.groups()
    refusals += _broken_requirements(table, groups)
    return Translated(PrivilegeList() if refusals else PrivilegeList(groups), fates, tuple(refusals))


@dataclass(frozen=True, slots=True)
class _Lines:
    """The table's lines, found by what they name."""

    roles: dict[str, tuple[TranslatedRole, ...]]
    patterns: tuple[tuple[str, str, Line], ...]
    constraints: dict[str, tuple[str, str | None, Line]]


@lru_cache(maxsize=64)
def _lines_of(table: TranslationTable) -> _Lines:
    roles: dict[str, tuple[TranslatedRole, ...]] = {}
    patterns = []
    for number, rule in enumerate(table.roles, start=1):
        line = Line("roles", number)
        if rule.from_ is not None:
            roles[rule.from_] = (*roles.get(rule.from_, ()), TranslatedRole(rule.to, line))
        elif rule.from_pattern is not None:
            patterns.append((rule.from_pattern, rule.to, line))
    constraints = {
        rule.from_: (rule.to, rule.split, Line("constraints", number))
        for number, rule in enumerate(table.constraints, start=1)
    }
    return _Lines(roles, tuple(patterns), constraints)


@dataclass(frozen=True, slots=True)
class _Right:
    """One right on its way, and how many groups it makes."""

    fate: Fate
    size: int = 0


def _rights_of(number: int, group: PrivilegeGroup, table: TranslationTable, lines: _Lines) -> Iterator[_Right]:
    constraints = _map_constraints(group, table, lines)
    for privilege in group.privileges:
        fate = Fate(number, group.scope, privilege, Outcome.TRANSLATED)
        roles = _map_role(privilege, lines)
        if not roles and table.on_unmapped_role is not OnUnmappedRole.KEEP:
            failed = table.on_unmapped_role is OnUnmappedRole.FAIL
            yield _left_out(fate, Reason(UNMAPPED_ROLE, f"no line under roles names {privilege}"), failed=failed)
        elif isinstance(constraints, Reason):
            unmapped = table.on_unmapped_constraint is OnUnmappedConstraint.FAIL
            yield _left_out(fate, constraints, failed=unmapped)
        else:
            outcome = Outcome.TRANSLATED if roles else Outcome.KEPT
            roles = roles or (TranslatedRole(privilege, None),)
            size = len(roles) * prod(len(constraint.values) for constraint in constraints)
            yield _Right(replace(fate, outcome=outcome, roles=roles, constraints=constraints), size)


def _left_out(fate: Fate, reason: Reason, *, failed: bool) -> _Right:
    return _Right(replace(fate, outcome=Outcome.REFUSED if failed else Outcome.DROPPED, reason=reason))


def _map_role(privilege: str, lines: _Lines) -> tuple[TranslatedRole, ...]:
    """Every line that names the role itself; without one the first pattern that it fits, so a line can make an exception of a pattern."""
    exact = lines.roles.get(privilege)
    if exact:
        return exact
    for pattern, to, line in lines.patterns:
        filled = fill(pattern, to, privilege)
        if filled is not None:
            return (TranslatedRole(filled, line),)
    return ()


def _map_constraints(
    group: PrivilegeGroup, table: TranslationTable, lines: _Lines
) -> tuple[TranslatedConstraint, ...] | Reason:
    mapped: dict[str, TranslatedConstraint] = {}
    for constraint in group.constraints:
        one = _map_constraint(constraint, table, lines)
        if isinstance(one, Reason):
            return one
        present = mapped.setdefault(one.to, one)
        if present.values != one.values:
            # Both must hold, but readers take two constraints of one name for a list of alternatives (BPP-14).
            return Reason(UNMAPPED_CONSTRAINT, f"two limits of the group both become {one.to}, which cannot be said")
    return tuple(mapped.values())


def _map_constraint(constraint: Constraint, table: TranslationTable, lines: _Lines) -> TranslatedConstraint | Reason:
    named = lines.constraints.get(constraint.name)
    if named is None:
        if table.on_unmapped_constraint is OnUnmappedConstraint.KEEP:
            return TranslatedConstraint(constraint.name, constraint.value, constraint.name, (constraint.value,), None)
        return Reason(UNMAPPED_CONSTRAINT, f"it is limited by {constraint.name}, which no line under constraints names")
    to, separator, line = named
    if separator is None:
        return TranslatedConstraint(constraint.name, constraint.value, to, (constraint.value,), line)
    values = tuple(dict.fromkeys(part.strip() for part in constraint.value.split(separator)))
    if not all(values):
        # One reader takes an empty part for nothing, another for everything.
        return Reason(UNMAPPED_CONSTRAINT, f"the value of {constraint.name} has an empty part between two separators")
    return TranslatedConstraint(constraint.name, constraint.value, to, values, line)


@dataclass(slots=True)
class _Merged:
    """The groups that come out, in order of first appearance."""

    together: bool
    """Whether rights of one scope with the same limits share a group."""
    _found: dict[object, tuple[str, tuple[Constraint, ...], dict[str, None], int]] = field(default_factory=dict)

    def add(self, right: _Right) -> tuple[int, ...]:
        """Put a right into its groups and give their numbers."""
        fate = right.fate
        numbers: dict[int, None] = {}
        if not right.size:
            return ()
        for values in product(*(constraint.values for constraint in fate.constraints)):
            limits = tuple(Constraint(each.to, value) for each, value in zip(fate.constraints, values, strict=True))
            for role in fate.roles:
                key = (fate.scope, frozenset(limits), None if self.together else role.to)
                entry = self._found.setdefault(key, (fate.scope, limits, {}, len(self._found) + 1))
                entry[2][role.to] = None
                numbers[entry[3]] = None
        return tuple(numbers)

    def groups(self) -> tuple[PrivilegeGroup, ...]:
        """Give the groups."""
        return tuple(PrivilegeGroup(scope, tuple(roles), limits) for scope, limits, roles, _ in self._found.values())


def _broken_requirements(table: TranslationTable, groups: tuple[PrivilegeGroup, ...]) -> Iterator[Reason]:
    for number, requirement in enumerate(table.require, start=1):
        for index, group in enumerate(groups, start=1):
            held = [each.name for each in group.constraints if each.name in requirement.exactly_one_of]
            if len(held) != 1:
                got = " and ".join(held) or "none"
                names = ", ".join(requirement.exactly_one_of)
                yield Reason(
                    REQUIREMENT,
                    f"group {index} of the result ({', '.join(group.privileges):.200}) is limited by {got} of {names},"
                    f" expected exactly one (require {number})",
                )
