"""Job function roles, what they give in which system, and what limits it: as KOMBIT's administration module holds them."""

from dataclasses import dataclass
from enum import StrEnum

from federation.activation_period import ALWAYS, ActivationPeriod
from oiosaml.ids import Cvr, EntityId


class ConstraintKind(StrEnum):
    """What values a data constraint type takes."""

    SINGLE = "SINGLE"
    MULTI = "MULTI"
    TEXT = "TEXT"


@dataclass(frozen=True, slots=True)
class ConstraintType:
    """A data constraint type (dataafgrænsningstype). `pattern` must match the whole value; `values` lists the only ones."""

    entity_id: str
    name: str
    kind: ConstraintKind
    pattern: str | None = None
    values: tuple[str, ...] = ()
    name_en: str = ""
    """The name in English for display; empty means the Danish one."""


@dataclass(frozen=True, slots=True)
class ConstraintUse:
    """That a system role may be limited by a constraint type, and whether it must be."""

    constraint_type: str
    required: bool


@dataclass(frozen=True, slots=True)
class SystemRole:
    """A user system role (brugersystemrolle): a right in one system."""

    entity_id: str
    name: str
    system: EntityId
    description: str = ""
    constraints: tuple[ConstraintUse, ...] = ()
    active: ActivationPeriod = ALWAYS
    name_en: str = ""
    """The name in English for display; empty means the Danish one."""
    description_en: str = ""


@dataclass(frozen=True, slots=True)
class ConstraintValue:
    """A data constraint on one assignment. If `dynamic`, `value` is the key under which the real value arrives at login."""

    constraint_type: str
    value: str
    dynamic: bool = False


@dataclass(frozen=True, slots=True)
class RoleAssignment:
    """One system role that a job function role gives, with its constraints."""

    system_role: str
    values: tuple[ConstraintValue, ...] = ()


@dataclass(frozen=True, slots=True)
class Delegation:
    """That a job function role is lent to another organisation's users, and when."""

    cvr: Cvr
    active: ActivationPeriod = ALWAYS


@dataclass(frozen=True, slots=True)
class JobFunctionRole:
    """A job function role (jobfunktionsrolle): what a municipality gives its users."""

    entity_id: str
    name: str
    cvr: Cvr
    assignments: tuple[RoleAssignment, ...]
    description: str = ""
    delegated_to: tuple[Delegation, ...] = ()
    active: ActivationPeriod = ALWAYS
