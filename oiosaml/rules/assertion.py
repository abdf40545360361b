"""All rules for an OIOSAML 3 assertion from a home IdP, in the order in which they refuse: protocol, attributes, then trust."""

from typing import Final

from oiosaml.rules.assertion_attributes import ASSERTION_ATTRIBUTE_RULES
from oiosaml.rules.assertion_expectations import AssertionExpectations
from oiosaml.rules.assertion_federation import ASSERTION_FEDERATION_RULES, stated_level
from oiosaml.rules.assertion_nist import ASSERTION_NIST_RULES
from oiosaml.rules.assertion_protocol import ASSERTION_PROTOCOL_RULES

__all__ = ["ASSERTION_RULES", "AssertionExpectations", "stated_level"]

ASSERTION_RULES: Final = (
    *ASSERTION_PROTOCOL_RULES,
    *ASSERTION_ATTRIBUTE_RULES,
    *ASSERTION_FEDERATION_RULES,
    *ASSERTION_NIST_RULES,
)
