"""The rights in a token as the health sector reads them (BPP-16): one organisation in each group, and roles that exist."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from oiosaml.privileges import CVR_SCOPE_PREFIX, Constraint, PrivilegeGroup
from sp_demo.seb.register import NATIONAL_ROLE_PREFIX, Named, NationalRole, Register, UnknownRoleError

ORGANISATION_UNIT: Final = "urn:dk:kombit:orgUnit"
SOR: Final = "urn:dk:gov:saml:sorIdentifier"
CARE_TEAM: Final = "urn:dk:sundhed:ehealth:careteam"
_SAME_PLACE: Final = Named(
    "en anden gruppe gælder samme organisation og plejeteam",
    "another group is about the same organisation and care team",
)


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
class LeftOut:
    """A right, or a whole group, that does not count, and why. It grants nothing."""

    group: int
    """Which group of the token, the first being 1."""
    privilege: str | None
    """None for the whole group."""
    reason: Named


class UnclearGroupError(ValueError):
    """The group does not name one place; `reason` says why not."""

    def __init__(self, reason: Named) -> None:
        super().__init__(reason.en)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class HealthReading:
    """What counts, and what does not and why."""

    groups: tuple[HealthRights, ...]
    left_out: tuple[LeftOut, ...]


def read_health_rights(groups: Sequence[PrivilegeGroup], register: Register) -> HealthReading:
    """Read the groups of a token. Whatever is unclear grants nothing (design D13)."""
    read: list[HealthRights] = []
    left_out: list[LeftOut] = []
    seen: set[tuple[str, str, str | None]] = set()
    for number, group in enumerate(groups, start=1):
        try:
            place = _place(group)
        except UnclearGroupError as error:
            left_out.append(LeftOut(number, None, error.reason))
            continue
        if place in seen:
            left_out.append(LeftOut(number, None, _SAME_PLACE))
            continue
        seen.add(place)
        roles: list[NationalRole] = []
        for privilege, outcome in _roles(group, register):
            if isinstance(outcome, NationalRole):
                roles.append(outcome)
            else:
                left_out.append(LeftOut(number, privilege, outcome))
        others = tuple(each for each in group.privileges if not each.startswith(NATIONAL_ROLE_PREFIX))
        if roles or others:
            read.append(HealthRights(*place, tuple(roles), others))
    return HealthReading(tuple(read), tuple(left_out))


def _roles(group: PrivilegeGroup, register: Register) -> Iterator[tuple[str, NationalRole | Named]]:
    for privilege in group.privileges:
        if privilege.startswith(NATIONAL_ROLE_PREFIX):
            try:
                yield privilege, register.national_role(privilege)
            except UnknownRoleError as error:
                yield privilege, error.reason


def _place(group: PrivilegeGroup) -> tuple[str, str, str | None]:
    if not group.scope.startswith(CVR_SCOPE_PREFIX):
        raise UnclearGroupError(Named("dens område er ikke et CVR-nummer", "its scope is no CVR number"))
    organisations = [each for each in group.constraints if each.name in (ORGANISATION_UNIT, SOR)]
    teams = [each for each in group.constraints if each.name == CARE_TEAM]
    if len(organisations) != 1:
        count = len(organisations)
        raise UnclearGroupError(
            Named(
                f"den nævner {count} organisationer, ventet præcis én enhed eller ét SOR-nummer",
                f"it names {count} organisations, expected exactly one unit or SOR number",
            )
        )
    if len(teams) > 1 or len(organisations) + len(teams) != len(group.constraints):
        # a limit that nobody here knows may not be passed over: the right would be wider than meant
        unknown = _unknown(group.constraints)
        raise UnclearGroupError(
            Named(
                f"den er begrænset af {unknown or 'to plejeteam'}, som ikke kendes her",
                f"it is limited by {unknown or 'two care teams'}, which is not known here",
            )
        )
    return group.scope.removeprefix(CVR_SCOPE_PREFIX), organisations[0].value, teams[0].value if teams else None


def _unknown(constraints: Sequence[Constraint]) -> str:
    return ", ".join(each.name for each in constraints if each.name not in (ORGANISATION_UNIT, SOR, CARE_TEAM))
