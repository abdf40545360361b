"""Roles, data constraints and people as documents: the keys that federation.yaml, the registration API and the store have in common."""

from typing import Self

from pydantic import model_validator

from federation.document_fields import (
    CprNumber,
    CvrNumber,
    Description,
    Document,
    Email,
    Filled,
    Level,
    Name,
    NistLevelText,
    PartyEntityId,
    PartyId,
    Pattern,
    PeriodDocument,
    Purpose,
    Uri,
    Uuid,
    period,
)
from federation.person import Person
from federation.roles import (
    ConstraintKind,
    ConstraintType,
    ConstraintUse,
    ConstraintValue,
    Delegation,
    JobFunctionRole,
    RoleAssignment,
    SystemRole,
)
from oiosaml.nist import NistLevel
from oiosaml.nsis import AssuranceLevel


class ConstraintTypeDocument(Document):
    """A type of data constraint (dataafgrænsningstype)."""

    entity_id: Uri
    """Its URI, which also names the constraint in the token."""
    name: Name
    """Its name in Danish."""
    name_en: Description = ""
    """Its name in English."""
    kind: ConstraintKind
    """SINGLE takes one value, MULTI several with commas between, TEXT what the pattern allows."""
    pattern: Pattern | None = None
    """A regular expression that the whole value must match."""
    values: tuple[str, ...] = ()
    """The only values there are; any, if left out."""

    def to_model(self) -> ConstraintType:
        """Give the value."""
        return ConstraintType(
            self.entity_id, self.name, self.kind, pattern=self.pattern, values=self.values, name_en=self.name_en
        )


class ConstraintUseDocument(Document):
    """That a system role may be limited by a data constraint."""

    constraint_type: Uri
    """URI of the constraint type."""
    required: bool
    """Whether the role is never given without it."""

    def to_model(self) -> ConstraintUse:
        """Give the value."""
        return ConstraintUse(self.constraint_type, self.required)


class SystemRoleDocument(Document):
    """A user system role (brugersystemrolle): a right in one system."""

    entity_id: Uri
    """Its URI, as the system gets it in the token."""
    name: Name
    """Its name in Danish."""
    name_en: Description = ""
    """Its name in English."""
    system: PartyEntityId
    """entityID of the system."""
    description: Description = ""
    """What it lets a person do, in Danish."""
    description_en: Description = ""
    """What it lets a person do, in English."""
    constraints: tuple[ConstraintUseDocument, ...] = ()
    """The data constraints it can carry."""
    active: PeriodDocument | None = None
    """When the role exists; always, if left out."""

    def to_model(self) -> SystemRole:
        """Give the value."""
        return SystemRole(
            entity_id=self.entity_id,
            name=self.name,
            system=self.system,
            description=self.description,
            constraints=tuple(use.to_model() for use in self.constraints),
            active=period(self.active),
            name_en=self.name_en,
            description_en=self.description_en,
        )


class ConstraintValueDocument(Document):
    """A data constraint with its value."""

    constraint_type: Uri
    """URI of the constraint type."""
    value: Filled
    """The value; if dynamic, the key (a URI ending in /parametric) under which the value arrives at login."""
    dynamic: bool = False
    """Whether the value arrives at login."""

    def to_model(self) -> ConstraintValue:
        """Give the value."""
        return ConstraintValue(self.constraint_type, self.value, self.dynamic)


class RoleAssignmentDocument(Document):
    """One system role that a job function role gives."""

    system_role: Uri
    """URI of the system role."""
    values: tuple[ConstraintValueDocument, ...] = ()
    """What limits it. All together: each value narrows it further."""

    def to_model(self) -> RoleAssignment:
        """Give the value."""
        return RoleAssignment(self.system_role, tuple(value.to_model() for value in self.values))


class DelegationDocument(Document):
    """That a role is lent to another organisation's users."""

    cvr: CvrNumber
    """Who may use it."""
    active: PeriodDocument | None = None
    """When; always, if left out."""

    def to_model(self) -> Delegation:
        """Give the value."""
        return Delegation(self.cvr, period(self.active))


class JobFunctionRoleDocument(Document):
    """A job function role (jobfunktionsrolle): what a municipality gives its users, and which system roles it means."""

    entity_id: Uri
    """Its URI, as the municipality's IdP or attribute service sends it."""
    name: Name
    """Its name."""
    cvr: CvrNumber
    """The municipality it belongs to."""
    description: Description = ""
    """What it is for."""
    assignments: tuple[RoleAssignmentDocument, ...] = ()
    """The system roles it gives."""
    delegated_to: tuple[DelegationDocument, ...] = ()
    """The organisations it is lent to."""
    active: PeriodDocument | None = None
    """When the role exists; always, if left out."""

    def to_model(self) -> JobFunctionRole:
        """Give the value."""
        return JobFunctionRole(
            entity_id=self.entity_id,
            name=self.name,
            cvr=self.cvr,
            assignments=tuple(assignment.to_model() for assignment in self.assignments),
            description=self.description,
            delegated_to=tuple(delegation.to_model() for delegation in self.delegated_to),
            active=period(self.active),
        )


class PersonDocument(Document):
    """An invented person who can log in at the municipality's mock IdP."""

    id: PartyId
    """The name in small letters with hyphens; æ, ø and å become ae, oe and aa."""
    name: Name
    """The whole name."""
    cvr: CvrNumber
    """The municipality where the person works."""
    uuid: Uuid
    """The person's UUID, which the token carries."""
    cpr: CprNumber
    """An artificial CPR number: its day is 61 to 91."""
    level: Level | None = None
    """The NSIS level at which the person logs in. Left out for somebody who is not enrolled in NSIS."""
    assurance_level: NistLevelText | None = None
    """The NIST level (AssuranceLevel) at which the person logs in. Left out, it is the counterpart of the NSIS level."""
    purpose_da: Purpose
    """What the person is there to show, in Danish."""
    purpose_en: Purpose
    """What the person is there to show, in English."""
    email: Email | None = None
    """E-mail address, under .test."""
    job_function_roles: tuple[Uri, ...] = ()
    """URIs of the job function roles that the person has."""
    dynamic_values: tuple[ConstraintValueDocument, ...] = ()
    """Values that arrive at login; `constraint_type` is here the key of the dynamic value."""
    dynamic_values_as_attributes: bool = False
    """Whether they arrive as attributes named by their keys, and not in the group of the role."""
    known_to_attribute_service: bool = True
    """Whether the municipality's attribute service has heard of the person."""
    password: Filled = "demo"  # noqa: S105 - invented people on a simulator that says so on every page
    """Password for the mock IdP's form."""

    @model_validator(mode="after")
    def _with_a_level(self) -> Self:
        if self.level is None and self.assurance_level is None:
            raise ValueError("got neither level nor assurance_level, expected at least one of them")
        return self

    def to_model(self) -> Person:
        """Give the value."""
        return Person(
            id=self.id,
            name=self.name,
            cvr=self.cvr,
            uuid=self.uuid,
            cpr=self.cpr,
            level=AssuranceLevel.from_attribute(self.level) if self.level else None,
            assurance_level=NistLevel(self.assurance_level) if self.assurance_level else None,
            purpose_da=self.purpose_da,
            purpose_en=self.purpose_en,
            email=self.email,
            job_function_roles=self.job_function_roles,
            dynamic_values=tuple(value.to_model() for value in self.dynamic_values),
            dynamic_values_as_attributes=self.dynamic_values_as_attributes,
            known_to_attribute_service=self.known_to_attribute_service,
            password=self.password,
        )
