"""A translation table as a document: the keys that a table's file, federation.yaml, the API and the store have in common."""

from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from federation.document_fields import Document, PartyId, Uri
from federation.translation.role_pattern import RolePatternError, check_role_pattern, sample_of
from federation.translation.table import (
    AttributeRule,
    ConstraintRule,
    OnUnmappedConstraint,
    OnUnmappedRole,
    Requirement,
    RoleRule,
    ScopeTreatment,
    TranslationTable,
)
from oiosaml.rules.privileges import is_privilege_uri


def _version(value: object) -> str:
    if value not in ("1", 1) or isinstance(value, bool):
        raise ValueError(f"got the version {value!r:.20}, expected 1, the only one there is")
    return "1"


def _separator(text: str) -> str:
    if text not in {",", ";", "|"}:
        raise ValueError(f"got {text!r:.20}, expected a separator: ',', ';' or '|'")
    return text


Version = Annotated[str, BeforeValidator(_version), WithJsonSchema({"enum": [1, "1"]})]
Separator = Annotated[str, AfterValidator(_separator), WithJsonSchema({"enum": [",", ";", "|"]})]
RoleTemplate = Annotated[str, WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 1024})]


class RoleRuleDocument(Document):
    """One role, or all roles of one shape, and what they become."""

    from_: Uri | None = Field(None, alias="from")
    """URI of the user system role."""
    from_pattern: RoleTemplate | None = None
    """The shape of many URIs: a place such as {role} stands for letters, digits, '_' and '-'."""
    to: RoleTemplate
    """What the authority calls it; may use the places of `from_pattern`."""

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if (self.from_ is None) == (self.from_pattern is None):
            raise ValueError("got both 'from' and 'from_pattern', or neither; keep one of them")
        if self.from_pattern is not None:
            try:
                check_role_pattern(self.from_pattern, self.to)
            except RolePatternError as error:
                raise ValueError(str(error)) from error
        for text in (self.to, self.from_pattern or "urn:x:x"):
            if not is_privilege_uri(sample_of(text) if self.from_pattern is not None else text):
                raise ValueError(f"got {text!r:.80}, expected an absolute URI or a URN, as every right is")
        return self

    def to_model(self) -> RoleRule:
        """Give the value."""
        return RoleRule(to=self.to, from_=self.from_, from_pattern=self.from_pattern)


class ConstraintRuleDocument(Document):
    """One data constraint, and what it becomes."""

    from_: Uri = Field(alias="from")
    """URI of the constraint type."""
    to: Uri
    """What the authority calls it."""
    split: Separator | None = None
    """What stands between several values, each of which becomes a group of its own; left out, the value is kept whole."""

    def to_model(self) -> ConstraintRule:
        """Give the value."""
        return ConstraintRule(self.from_, self.to, self.split)


class RequirementDocument(Document):
    """What must hold of every group that comes out."""

    exactly_one_of: tuple[Uri, ...] = Field(min_length=1)
    """Exactly one of these constraints, under the authority's names, limits each group."""

    def to_model(self) -> Requirement:
        """Give the value."""
        return Requirement(self.exactly_one_of)


class AttributeRuleDocument(Document):
    """An attribute that the authority knows by another name."""

    from_: Uri = Field(alias="from")
    """The attribute's name here."""
    to: Uri
    """Its name there. It is sent only if the system's metadata asks for it by one of the two names."""
    required: bool = False
    """Whether nobody logs in without it."""

    def to_model(self) -> AttributeRule:
        """Give the value."""
        return AttributeRule(self.from_, self.to, self.required)


class TranslationTableDocument(Document):
    """How the rights of this federation read in another authority's words. What no line names is not given."""

    version: Version = "1"
    """The version of this form."""
    target: PartyId
    """The table's name; a system's registration chooses it by `translation`."""
    on_unmapped_role: OnUnmappedRole = OnUnmappedRole.DROP
    """What becomes of a role that no line names."""
    on_unmapped_constraint: OnUnmappedConstraint = OnUnmappedConstraint.DROP_ROLE
    """What becomes of a right with a limit that no line names."""
    roles: tuple[RoleRuleDocument, ...] = ()
    """Roles. Lines that name a role itself go before patterns, of which the first that fits counts."""
    constraints: tuple[ConstraintRuleDocument, ...] = ()
    """Data constraints."""
    scope: ScopeTreatment = ScopeTreatment.KEEP
    """The scope stays as it is."""
    merge_groups: bool = False
    """Whether rights of one scope with the same limits stand in one group."""
    require: tuple[RequirementDocument, ...] = ()
    """What must hold of what comes out; otherwise the login is refused."""
    attributes: tuple[AttributeRuleDocument, ...] = ()
    """Attributes under other names."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for what, names in (
            ("constraints", [line.from_ for line in self.constraints]),
            ("attributes", [line.to for line in self.attributes]),
        ):
            double = next((name for i, name in enumerate(names) if name in names[:i]), None)
            if double is not None:
                raise ValueError(f"{double!r:.120} stands twice under {what}; keep one of the lines")
        given = {line.to for line in self.constraints}
        for requirement in self.require:
            if self.on_unmapped_constraint is not OnUnmappedConstraint.KEEP and not given & set(
                requirement.exactly_one_of
            ):
                raise ValueError("no line under constraints gives what 'require' asks for, so nobody could log in")
        return self

    def to_model(self) -> TranslationTable:
        """Give the value."""
        return TranslationTable(
            target=self.target,
            version=self.version,
            on_unmapped_role=self.on_unmapped_role,
            on_unmapped_constraint=self.on_unmapped_constraint,
            roles=tuple(line.to_model() for line in self.roles),
            constraints=tuple(line.to_model() for line in self.constraints),
            scope=self.scope,
            merge_groups=self.merge_groups,
            require=tuple(line.to_model() for line in self.require),
            attributes=tuple(line.to_model() for line in self.attributes),
        )
