"""Somebody who logs in."""

from dataclasses import dataclass

from federation.roles import ConstraintValue
from oiosaml.ids import Cvr
from oiosaml.nist import NistLevel, StatedLevel
from oiosaml.nsis import AssuranceLevel


@dataclass(frozen=True, slots=True)
class Person:
    """An invented user of one municipality's mock IdP."""

    id: str
    name: str
    cvr: Cvr
    uuid: str
    cpr: str
    level: AssuranceLevel | None
    """The NSIS level the person logs in at; None for somebody who is not enrolled in NSIS."""
    purpose_da: str
    purpose_en: str
    email: str | None = None
    assurance_level: NistLevel | None = None
    """The NIST level the person logs in at; where it is left out, the counterpart of the NSIS level."""
    job_function_roles: tuple[str, ...] = ()
    dynamic_values: tuple[ConstraintValue, ...] = ()
    """Values for dynamic constraints, by key; sent in the group of the role that uses the key."""
    dynamic_values_as_attributes: bool = False
    """Whether the values are sent as attributes named by their keys instead."""
    known_to_attribute_service: bool = True
    """Whether the municipality's attribute service has heard of the person; otherwise it answers UnknownPrincipal (AS-10)."""
    password: str = "demo"  # noqa: S105 - invented people on a simulator that says so on every page

    def __post_init__(self) -> None:
        """Refuse somebody without any level: nobody logs in at none."""
        if self.level is None and self.assurance_level is None:
            raise ValueError(f"got neither an NSIS level nor a NIST level for {self.id}, expected at least one")

    @property
    def nist_level(self) -> NistLevel:
        """The NIST level at which the person logs in where the profile has no other."""
        if self.assurance_level is not None:
            return self.assurance_level
        return NistLevel.counterpart_of(self.level or AssuranceLevel.LOW)

    @property
    def stated_level(self) -> StatedLevel:
        """The level an IdP states of the person where it can state both kinds: NSIS if there is one."""
        return self.level if self.level is not None else self.nist_level
