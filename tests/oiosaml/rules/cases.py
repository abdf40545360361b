"""A rule's two twins as one value: the valid message, which the rule must pass, and the same with one thing changed, which it must not."""

from dataclasses import dataclass
from typing import Any

from oiosaml.rules.rule import RULES, Finding, examine


@dataclass(frozen=True)
class Case:
    """One breach of one rule. `valid` and `broken` are (subject, expectations); `key` the refusal it leads to, if not the rule's code."""

    rule_id: str
    name: str
    valid: tuple[Any, Any]
    broken: tuple[Any, Any]
    key: str | None = None

    def __str__(self) -> str:
        return f"{self.rule_id}-{self.name}"


def assert_twins(case: Case, rules: tuple[Any, ...]) -> Finding:
    """The rule belongs to its set, passes the valid twin and refuses the broken one for the right reason; gives the finding."""
    rule = RULES[case.rule_id]
    assert rule in rules
    assert examine((rule,), *case.valid) == ()
    finding = examine((rule,), *case.broken)[0]
    assert finding.refusal_key == (case.key or rule.code)
    assert finding.detail.startswith("got ")
    return finding
