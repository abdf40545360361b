"""The rights in a token as the health sector reads them (BPP-16): one organisation in each group, and roles that exist."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from oiosaml.privileges import CVR_SCOPE_PREFIX, Constraint, PrivilegeGroup
from sp_demo.seb.register import NATIONAL_ROLE_PREFIX, NationalRole, Register, UnknownRoleError

ORGANISATION_UNIT: Final = "urn:dk:kombit:orgUnit"
SOR: Final = "urn:dk:gov:saml:sorIdentifier"
CARE_TEAM: Final = "urn:dk:sundhed:ehealth:careteam"


@dataclass(frozen=True, slots=True)
class HealthRights:
    """One group: what a person may do within one organisation of one municipality."""

    cvr: str
    organisation: str
    """The unit's or the SOR number."""
    care_team: str | None
    roles: tuple[NationalRole, ...]
    others: tuple[str, ...]
    """Rights that are no national roles, such as those of single services."""


@dataclass(frozen=True, slots=True)
class HealthReading:
    """What counts, and what does not and why."""

    groups: tuple[HealthRights, ...]
    left_out: tuple[tuple[str, str], ...]
    """What does not count: the right or group, and the reason. It grants nothing."""


def read_health_rights(groups: Sequence[PrivilegeGroup], register: Register) -> HealthReading:
    """Read the groups of a token. Whatever is unclear grants nothing (design D13)."""
    read: list[HealthRights] = []
    left_out: list[tuple[str, str]] = []
    seen: set[tuple[str, str, str | None]] = set()
    for number, group in enumerate(groups, start=1):
        try:
            place = _place(group)
        except ValueError as error:
            left_out.append((f"group {number}", str(error)))
            continue
        if place in seen:
            left_out.append((f"group {number}", "another group is about the same organisation and care team"))
            continue
        seen.add(place)
        roles: list[NationalRole] = []
        for privilege, outcome in _roles(group, register):
            if isinstance(outcome, NationalRole):
                roles.append(outcome)
            else:
                left_out.append((privilege, outcome))
        others = tuple(each for each in group.privileges if not each.startswith(NATIONAL_ROLE_PREFIX))
        if roles or others:
            read.append(HealthRights(*place, tuple(roles), others))
    return HealthReading(tuple(read), tuple(left_out))


def _roles(group: PrivilegeGroup, register: Register) -> Iterator[tuple[str, NationalRole | str]]:
    for privilege in group.privileges:
        if privilege.startswith(NATIONAL_ROLE_PREFIX):
            try:
                yield privilege, register.national_role(privilege)
            except UnknownRoleError as error:
                yield privilege, str(error)


def _place(group: PrivilegeGroup) -> tuple[str, str, str | None]:
    if not group.scope.startswith(CVR_SCOPE_PREFIX):
        raise ValueError("its scope is no CVR number")
    organisations = [each for each in group.constraints if each.name in (ORGANISATION_UNIT, SOR)]
    teams = [each for each in group.constraints if each.name == CARE_TEAM]
    if len(organisations) != 1:
        raise ValueError(f"it names {len(organisations)} organisations, expected exactly one unit or SOR number")
    if len(teams) > 1 or len(organisations) + len(teams) != len(group.constraints):
        # a limit that nobody here knows may not be passed over: the right would be wider than meant
        raise ValueError(f"it is limited by {_unknown(group.constraints) or 'two care teams'}, which is not known here")
    return group.scope.removeprefix(CVR_SCOPE_PREFIX), organisations[0].value, teams[0].value if teams else None


def _unknown(constraints: Sequence[Constraint]) -> str:
    return ", ".join(each.name for each in constraints if each.name not in (ORGANISATION_UNIT, SOR, CARE_TEAM))
