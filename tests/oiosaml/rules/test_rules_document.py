"""docs/rules.md says what the rules say."""

from oiosaml.rules.rule import RULES
from scripts.generate_rules import CHAPTERS, DOCUMENT, rules_document


def test_document_is_fresh() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == rules_document(), "run: python -m scripts.generate_rules"


def test_every_rule_stands_in_one_chapter() -> None:
    listed = [rule.id for _, _, rules in CHAPTERS for rule in rules]
    assert sorted(listed) == sorted(RULES)
