"""A translation table: which right here is which right there. The engine does what stands in it, and nothing else (design D11)."""

from dataclasses import dataclass
from enum import StrEnum


class OnUnmappedRole(StrEnum):
    """What becomes of a role that no line names."""

    DROP = "drop"
    KEEP = "keep"
    FAIL = "fail"


class OnUnmappedConstraint(StrEnum):
    """What becomes of a right that is limited by a constraint no line names. The limit alone never goes: that would widen the right."""

    DROP_ROLE = "drop_role"
    KEEP = "keep"
    FAIL = "fail"


class ScopeTreatment(StrEnum):
    """What becomes of the scope. It says whose data a right is about, so there is only one answer."""

    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class RoleRule:
    """One line under `roles`: `from_` names a role, or `from_pattern` many of one shape; `to` is what they become."""

    to: str
    from_: str | None = None
    from_pattern: str | None = None


@dataclass(frozen=True, slots=True)
class ConstraintRule:
    """One line under `constraints`. With `split` a list of values becomes alternatives: one group for each."""

    from_: str
    to: str
    split: str | None = None


@dataclass(frozen=True, slots=True)
class Requirement:
    """What must hold of every group that comes out: exactly one of these constraints limits it."""

    exactly_one_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """One line under `attributes`: the receiver knows the attribute by another name, and may insist on it."""

    from_: str
    to: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class TranslationTable:
    """The whole table; `target` is its name, by which a system's registration chooses it."""

    target: str
    version: str = "1"
    on_unmapped_role: OnUnmappedRole = OnUnmappedRole.DROP
    on_unmapped_constraint: OnUnmappedConstraint = OnUnmappedConstraint.DROP_ROLE
    roles: tuple[RoleRule, ...] = ()
    constraints: tuple[ConstraintRule, ...] = ()
    scope: ScopeTreatment = ScopeTreatment.KEEP
    merge_groups: bool = False
    require: tuple[Requirement, ...] = ()
    attributes: tuple[AttributeRule, ...] = ()
