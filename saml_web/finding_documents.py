"""Findings as JSON, the same wherever an API gives them: line, rule id, requirement, sentence, detail and mend."""

from pydantic import BaseModel, ConfigDict, Field

from oiosaml.redaction import redacted
from oiosaml.rules.rule import Finding, Requirement


class FindingDocument(BaseModel):
    """One breach of one rule."""

    model_config = ConfigDict(frozen=True)

    rule_id: str = Field(description="The rule's id; it never changes its meaning.", examples=["SPM-07"])
    requirement: Requirement = Field(description="A broken MUST refuses; the others are advice.")
    sentence: str = Field(description="What should hold.")
    detail: str = Field(description="What was got, and what was expected.")
    mend: str | None = Field(None, description="How to mend it.")
    line: int | None = Field(None, description="The line of the document that was sent, counted from 1.")
    entity_id: str | None = Field(
        None, description="Whose metadata it is about: the line counts in that, if it is given."
    )
    source: str = Field(description="The clause that the rule stands on.")
    code: str = Field(description="The refusal's public code.", examples=["md.key"])

    @classmethod
    def of(cls, finding: Finding) -> "FindingDocument":
        """Give the document of a finding."""
        return cls(
            rule_id=finding.rule_id,
            requirement=finding.requirement,
            sentence=finding.sentence,
            detail=redacted(finding.detail),
            mend=finding.mend,
            line=finding.line,
            entity_id=finding.entity_id,
            source=finding.source,
            code=finding.code,
        )
