"""NIST levels (AssuranceLevel): OIOSAML 2's only level, and in OIOSAML 3 a stand-in where the IdP's registration allows one.

A NIST level is looked at only if no `loa` is there at all: two ladders in one assertion must never be a choice.
"""

from collections.abc import Iterator
from typing import Final

from oiosaml.attributes import ASSURANCE_LEVEL, LOA
from oiosaml.messages.assertion import Assertion
from oiosaml.nist import NistLevel
from oiosaml.rules.assertion_expectations import AssertionExpectations
from oiosaml.rules.rule import Breach, rule

NOT_AN_ASSURANCE_LEVEL: Final = "fed.loa:not-an-assurance-level"
ABOVE_REGISTRATION: Final = "fed.loa:above-registration"
NOT_NSIS: Final = "fed.no-nsis"


def speaks_of_nsis(assertion: Assertion) -> bool:
    """Tell whether there is a `loa` attribute, whatever it says."""
    return any(attribute.name == LOA for attribute in assertion.attributes)


def stated_assurance_level(assertion: Assertion) -> NistLevel | None:
    """Give the NIST level that the assertion states in exactly one valid value, if it says nothing of NSIS; None otherwise."""
    values = assertion.values_of(ASSURANCE_LEVEL)
    if len(values) != 1 or speaks_of_nsis(assertion):
        return None
    try:
        return NistLevel.from_attribute(values[0])
    except ValueError:
        return None


@rule("NIST-01", code="fed.loa", source="OIOSAML 2.0.9; KOMBIT Context Handler, without NSIS")
def assurance_level_is_one(assertion: Assertion, expected: AssertionExpectations) -> Iterator[Breach]:
    """Where an AssuranceLevel states the level, it is 1, 2, 3 or 4, exactly, once."""
    if expected.registered_assurance_level is None or speaks_of_nsis(assertion):
        return
    if stated_assurance_level(assertion) is None:
        values = assertion.values_of(ASSURANCE_LEVEL)
        found = ", ".join(map(repr, values))[:80] or "no AssuranceLevel"
        yield Breach(f"got {found}, expected 1, 2, 3 or 4", NOT_AN_ASSURANCE_LEVEL)


@rule("NIST-02", code="fed.loa", source="our choice, after NSIS LOA-3: no IdP raises itself")
def assurance_level_is_not_above_the_registered(
    assertion: Assertion, expected: AssertionExpectations
) -> Iterator[Breach]:
    """The AssuranceLevel is not above the one the IdP is registered at."""
    level, registered = stated_assurance_level(assertion), expected.registered_assurance_level
    if level is not None and registered is not None and not registered.meets(level):
        yield Breach(
            f"got {level.spoken}, expected at most {registered.spoken}",
            ABOVE_REGISTRATION,
            (("actual", level.spoken), ("registered", registered.spoken)),
        )


@rule("NIST-03", code="fed.loa", source="NSIS, LOA-2; our choice: an AssuranceLevel is never an NSIS level")
def assurance_level_meets_the_demand(assertion: Assertion, expected: AssertionExpectations) -> Iterator[Breach]:
    """The AssuranceLevel is one that the system accepts; one that demands an NSIS level accepts none."""
    level = stated_assurance_level(assertion)
    if level is None or level in expected.acceptable_assurance_levels:
        return
    params = (("required", expected.demanded), ("actual", level.spoken))
    detail = f"got {level.spoken}, expected {expected.demanded}"
    if expected.acceptable_assurance_levels:
        yield Breach(detail, params=params)
    else:
        yield Breach(f"{detail}, which is a level of NSIS", NOT_NSIS, params)


ASSERTION_NIST_RULES: Final = (
    assurance_level_is_one,
    assurance_level_is_not_above_the_registered,
    assurance_level_meets_the_demand,
)
