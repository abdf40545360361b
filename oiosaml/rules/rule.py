"""What a rule is: a function that yields one `got …, expected …` for each breach, with its id, code and clause as arguments."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from oiosaml.errors import SamlError
from oiosaml.refusals import REFUSALS
from oiosaml.value_type import value_type

S = TypeVar("S")
E = TypeVar("E")
N = TypeVar("N", bound=Hashable)


class Requirement(StrEnum):
    """How binding a rule is (RFC 2119). Breaking a MUST refuses; the others are reported."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


@value_type
class Breach:
    """One breach as a rule yields it when a bare `got …, expected …` is not enough: other wording, placeholders, a line, a mend."""

    detail: str
    refusal_key: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    line: int | None = None
    mend: str | None = None


@dataclass(frozen=True, slots=True)
class Rule(Generic[S, E]):
    """One normative check of a subject of type S against expectations of type E."""

    id: str
    code: str
    source: str
    requirement: Requirement
    sentence: str
    check: Callable[[S, E], Iterator[str | Breach]]


@value_type
class Finding:
    """One breach of one rule, as people and programs read it."""

    rule_id: str
    code: str
    source: str
    requirement: Requirement
    sentence: str
    detail: str
    refusal_key: str
    params: tuple[tuple[str, str], ...] = ()
    line: int | None = None
    mend: str | None = None
    entity_id: str | None = None
    """Whose metadata it is about, where several parties may be meant."""


class RuleViolation(SamlError):
    """At least one MUST was broken; carries every finding, and refuses with the first broken MUST's code."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = next(finding for finding in findings if finding.requirement is Requirement.MUST)
        super().__init__(first.refusal_key, f"{first.sentence} {first.detail}", params=dict(first.params))
        self.findings = findings


_registered: dict[str, Rule[object, object]] = {}

RULES: Final[Mapping[str, Rule[object, object]]] = MappingProxyType(_registered)
"""Every rule that has been imported, by id. docs/rules.md is generated from it."""


def rule(
    rule_id: str, *, code: str, source: str, requirement: Requirement = Requirement.MUST
) -> Callable[[Callable[[S, E], Iterator[str | Breach]]], Rule[S, E]]:
    """Make a check a rule. The docstring's first line becomes the sentence that people read.

    Raises:
        ValueError: at import, if the id is taken, the code unknown or the docstring missing.
    """

    def register(check: Callable[[S, E], Iterator[str | Breach]]) -> Rule[S, E]:
        sentence = (check.__doc__ or "").strip().partition("\n")[0]
        if not sentence:
            raise ValueError(f"rule {rule_id}: the sentence is missing, a docstring; python -OO drops them all")
        if rule_id in _registered or code not in REFUSALS:
            raise ValueError(f"rule {rule_id}: the id is taken, or the code {code} unknown")
        made = Rule(rule_id, code, source, requirement, sentence, check)
        _registered[rule_id] = made  # type: ignore[assignment]  # the register forgets S and E on purpose
        return made

    return register


def examine(rules: Iterable[Rule[S, E]], subject: S, expected: E) -> tuple[Finding, ...]:
    """Run every rule and give every breach, in the rules' order; never raises for a breach."""
    return tuple([_finding(r, breach) for r in rules for breach in r.check(subject, expected)])


def enforce(rules: Iterable[Rule[S, E]], subject: S, expected: E) -> tuple[Finding, ...]:
    """Run every rule; give the findings of SHOULD and MAY.

    Raises:
        RuleViolation: if a MUST is broken.
    """
    findings = examine(rules, subject, expected)
    if any(finding.requirement is Requirement.MUST for finding in findings):
        raise RuleViolation(findings)
    return findings


def repeated(names: Sequence[N]) -> Sequence[N]:
    """Give what occurs more than once, in order of first appearance; nearly always nothing does."""
    if len(set(names)) == len(names):
        return ()
    return tuple(name for name in dict.fromkeys(names) if names.count(name) > 1)


def _finding(r: Rule[S, E], breach: str | Breach) -> Finding:
    if isinstance(breach, str):
        return Finding(r.id, r.code, r.source, r.requirement, r.sentence, breach, refusal_key=r.code)
    return Finding(
        rule_id=r.id,
        code=r.code,
        source=r.source,
        requirement=r.requirement,
        sentence=r.sentence,
        detail=breach.detail,
        refusal_key=breach.refusal_key or r.code,
        params=breach.params,
        line=breach.line,
        mend=breach.mend,
    )
