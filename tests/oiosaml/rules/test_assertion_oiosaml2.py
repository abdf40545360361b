"""Each rule of OIOSAML 2 passes the valid assertion and refuses the one that breaks it; no old token says anything in new words."""

from dataclasses import replace
from typing import Any

import pytest

from oiosaml import attributes as names
from oiosaml import oiosaml2 as old
from oiosaml.attributes import Attribute
from oiosaml.messages.assertion import Assertion
from oiosaml.name_id import NameId
from oiosaml.nist import NistLevel
from oiosaml.nsis import AssuranceLevel
from oiosaml.rules.assertion import ASSERTION_RULES
from oiosaml.rules.assertion_oiosaml2 import ASSERTION_RULES_OIOSAML2
from oiosaml.rules.rule import RULES, RuleViolation, enforce, examine
from oiosaml.uris import NAME_FORMAT_URI, NAMEID_PERSISTENT, PERSON_UUID_PREFIX
from tests.builders import IB_NOEHR, RAVNKAER, assertion, assertion_expectations, attributes, subject, with_attribute
from tests.builders_oiosaml2 import (
    old_assertion,
    old_attributes,
    old_expectations,
    with_old_attribute,
    without_old_attribute,
)
from tests.oiosaml.rules.cases import Case, assert_twins

UUID = "3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11"


def breaks(rule_id: str, name: str, broken: Assertion, key: str | None = None, **expectations: Any) -> Case:
    expected = old_expectations(**expectations)
    return Case(rule_id, name, (old_assertion(), expected), (broken, expected), key)


def both(name: str, *values: str) -> Assertion:
    """The valid OIOSAML 3 assertion with something said under an OIOSAML 2 name as well."""
    return assertion(attribute_statements=((*attributes(), Attribute(name, values)),))


def uri_names() -> Assertion:
    changed = tuple(replace(each, name_format=NAME_FORMAT_URI) for each in old_attributes())
    return old_assertion(attribute_statements=(changed,))


OLD_CASES = (
    breaks("O2A-01", "new-specification", with_old_attribute(old.SPEC_VERSION, "OIO-SAML-3.0")),
    breaks("O2A-01", "no-specification", without_old_attribute(old.SPEC_VERSION)),
    breaks("O2A-02", "FED-22-kombit-version-mixed-up", with_old_attribute(names.KOMBIT_SPEC_VERSION, "2.0")),
    breaks("O2A-02", "no-kombit-version", without_old_attribute(names.KOMBIT_SPEC_VERSION)),
    breaks("O2A-03", "FED-21-loa-in-an-old-token", with_old_attribute(names.LOA, "High")),
    breaks("O2A-03", "FED-23-cvr-under-both-names", with_old_attribute(names.CVR, RAVNKAER)),
    breaks("O2A-04", "FED-09-no-cvr", without_old_attribute(old.CVR_NUMBER_IDENTIFIER)),
    breaks("O2A-05", "FED-11-seven-digits", with_old_attribute(old.CVR_NUMBER_IDENTIFIER, "9100001")),
    breaks("O2A-06", "FED-01-another-municipality", with_old_attribute(old.CVR_NUMBER_IDENTIFIER, RAVNKAER)),
    breaks(
        "O2A-07",
        "FED-01-only-in-the-name",
        old_assertion(subject=subject(name_id=IB_NOEHR)),
        "fed.scope:two-organisations",
    ),
    breaks("O2A-08", "FED-10-two-levels", with_old_attribute(names.ASSURANCE_LEVEL, "2", "3")),
    breaks("O2A-09", "uri-names", uri_names()),
    breaks("O2A-10", "unknown-name", with_old_attribute("urn:oid:1.2.3", "x")),
    breaks("O2A-11", "no-privileges", without_old_attribute(old.PRIVILEGES_INTERMEDIATE)),
)

NIST_CASES = (
    breaks("NIST-01", "FED-06-missing", without_old_attribute(names.ASSURANCE_LEVEL), "fed.loa:not-an-assurance-level"),
    *(
        breaks(
            "NIST-01",
            f"FED-06-{value or 'empty'}",
            with_old_attribute(names.ASSURANCE_LEVEL, value),
            "fed.loa:not-an-assurance-level",
        )
        for value in ("", "0", "5", "03", " 3", "3.0", "٣", "Substantial")
    ),
    breaks(
        "NIST-02",
        "FED-05-above-registration",
        with_old_attribute(names.ASSURANCE_LEVEL, "4"),
        "fed.loa:above-registration",
    ),
    breaks("NIST-03", "FED-04-less-than-demanded", with_old_attribute(names.ASSURANCE_LEVEL, "2")),
    Case(
        "NIST-03",
        "FED-24-nsis-is-demanded",
        (old_assertion(), old_expectations()),
        (old_assertion(), old_expectations(acceptable_assurance_levels=(), demanded="Substantial")),
        "fed.no-nsis",
    ),
)

NEW_CASES = (
    Case(
        "IDR-47",
        "FED-23-both-names-differ",
        (both(old.CVR_NUMBER_IDENTIFIER, "91000013"), assertion_expectations()),
        (both(old.CVR_NUMBER_IDENTIFIER, RAVNKAER), assertion_expectations()),
    ),
)

CASES = OLD_CASES + NIST_CASES + NEW_CASES


def _rules_of(case: Case) -> tuple[Any, ...]:
    return ASSERTION_RULES if case in NEW_CASES else ASSERTION_RULES_OIOSAML2


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_passes_the_valid_assertion_and_refuses_the_broken_one(case: Case) -> None:
    assert_twins(case, _rules_of(case))


@pytest.mark.parametrize("case", [case for case in CASES if case.name.startswith("FED-")], ids=str)
def test_attack_is_refused_with_its_code(case: Case) -> None:
    """Of all rules together, the one named decides."""
    with pytest.raises(RuleViolation) as refused:
        enforce(_rules_of(case), *case.broken)
    assert refused.value.refusal.key == assert_twins(case, _rules_of(case)).refusal_key


@pytest.mark.parametrize(
    ("said", "registered"),
    [(assertion(), NistLevel.THREE), (without_old_attribute(names.ASSURANCE_LEVEL), None)],
    ids=["NSIS is spoken of", "no AssuranceLevel is registered"],
)
def test_an_assurance_level_is_missed_only_where_it_states_the_level(
    said: Assertion, registered: NistLevel | None
) -> None:
    expected = old_expectations(registered_assurance_level=registered)
    assert examine((RULES["NIST-01"],), said, expected) == ()


def test_valid_assertion_breaks_nothing_at_all() -> None:
    assert enforce(ASSERTION_RULES_OIOSAML2, old_assertion(), old_expectations()) == ()


def test_a_citizens_name_id_is_no_professionals() -> None:
    broken = old_assertion(subject=subject(name_id=NameId(PERSON_UUID_PREFIX + UUID, NAMEID_PERSISTENT)))
    with pytest.raises(RuleViolation) as refused:
        enforce(ASSERTION_RULES_OIOSAML2, broken, old_expectations())
    assert refused.value.code == "fed.profile"


def test_refusal_for_an_nsis_level_says_both_and_who_must_mend_it() -> None:
    expected = old_expectations(acceptable_assurance_levels=(), demanded="Substantial")
    with pytest.raises(RuleViolation) as refused:
        enforce(ASSERTION_RULES_OIOSAML2, old_assertion(), expected)
    assert refused.value.params == {"required": "Substantial", "actual": "AssuranceLevel 3"}
    assert "The municipality must move its login to NSIS" in refused.value.sentence("en")
    assert "Kommunen skal flytte sit login til NSIS" in refused.value.sentence("da")


def stand_in(value: str, loa: tuple[str, ...] | None = None) -> Assertion:
    """An OIOSAML 3 assertion with an AssuranceLevel in place of, or beside, its loa."""
    changes = {names.ASSURANCE_LEVEL: (value,)} | ({} if loa is None else {names.LOA: loa})
    without = (names.LOA,) if loa is None else ()
    return assertion(attribute_statements=(attributes(without=without, **changes),))


ALLOWED = {
    "registered_assurance_level": NistLevel.THREE,
    "acceptable_assurance_levels": (NistLevel.THREE, NistLevel.FOUR),
}


def test_an_oiosaml_3_idp_may_send_an_assurance_level_only_if_it_is_registered_to() -> None:
    with pytest.raises(RuleViolation) as refused:
        enforce(ASSERTION_RULES, stand_in("3"), assertion_expectations())
    assert refused.value.refusal.key == "fed.loa:not-a-level"
    enforce(ASSERTION_RULES, stand_in("3"), assertion_expectations(**ALLOWED))


@pytest.mark.parametrize(
    ("message", "key"),
    [
        (stand_in("5"), "fed.loa:not-an-assurance-level"),
        (stand_in("4"), "fed.loa:above-registration"),
        (stand_in("2"), "fed.loa"),
        (stand_in("3", loa=()), "fed.attribute"),
        (stand_in("3", loa=("",)), "fed.loa:not-a-level"),
        (stand_in("3", loa=("Low",)), "fed.loa"),
        (stand_in("3", loa=("High",)), "fed.loa:above-registration"),
    ],
)
def test_where_both_ladders_are_there_only_nsis_counts_and_a_stand_in_never_helps(message: Assertion, key: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        enforce(ASSERTION_RULES, message, assertion_expectations(**ALLOWED))
    assert refused.value.refusal.key == key


def test_a_demand_in_nist_levels_is_met_by_the_nsis_levels_that_correspond() -> None:
    expected = assertion_expectations(
        requested_level=None,
        minimum_level=AssuranceLevel.LOW,
        acceptable_levels=(AssuranceLevel.SUBSTANTIAL, AssuranceLevel.HIGH),
        demanded="AssuranceLevel 3",
    )
    enforce(ASSERTION_RULES, assertion(), expected)
    with pytest.raises(RuleViolation) as refused:
        enforce(ASSERTION_RULES, with_attribute(names.LOA, "Low"), expected)
    assert refused.value.params == {"required": "AssuranceLevel 3", "actual": "AssuranceLevel 2"}
