"""OIO Basic Privilege Profile 1.2: which rights a user has, for which organisation, within which data constraints."""

from dataclasses import dataclass
from typing import Final

from oiosaml.ids import Cvr

CVR_SCOPE_PREFIX: Final = "urn:dk:gov:saml:cvrNumberIdentifier:"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A data constraint: the type's entityID and the value, several values separated by commas."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class PrivilegeGroup:
    """Every privilege here is granted within the scope, limited by all the constraints together."""

    scope: str
    privileges: tuple[str, ...]
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True, slots=True)
class PrivilegeList:
    """The groups of one OIOBPP document; separate groups are alternatives. Empty is a user without rights."""

    groups: tuple[PrivilegeGroup, ...] = ()
    namespace: str | None = None
    """The root's namespace as it was read; None for a list that was made here."""


def cvr_scope(cvr: Cvr) -> str:
    """Give the Scope that names an organisation."""
    return CVR_SCOPE_PREFIX + cvr
