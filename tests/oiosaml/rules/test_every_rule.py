"""Every rule there is has both twins: a valid message it passes and a broken one it refuses."""

from oiosaml.rules.rule import RULES
from tests.oiosaml.rules import (
    test_assertion,
    test_assertion_oiosaml2,
    test_attribute_exchange,
    test_authn_request,
    test_logout,
    test_metadata,
    test_nemlogin,
    test_privileges,
    test_response,
)

MODULES = (
    test_assertion,
    test_assertion_oiosaml2,
    test_attribute_exchange,
    test_authn_request,
    test_logout,
    test_metadata,
    test_nemlogin,
    test_privileges,
    test_response,
)


def test_every_rule_has_its_twins() -> None:
    tried = {case.rule_id for module in MODULES for case in module.CASES}
    assert tried == {rule.id for rule in RULES.values() if rule.check.__module__.startswith("oiosaml.")}


def test_every_rule_says_something_to_people() -> None:
    for rule in RULES.values():
        assert rule.sentence.endswith("."), rule.id
        assert rule.source, rule.id
