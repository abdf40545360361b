"""The catalogue is whole, its data keep to their schema, and docs/attacks.md says what is tried."""

import json
import re
from collections import Counter

from scripts.generate_attacks import DOCUMENT, ROOT, attacks_document, covered_by
from tests.attacks.cases import DIRECTORY, Case, cases
from tests.attacks.entries import ENTRIES
from tests.attacks.recipe import BASES
from tests.attacks.vocabulary import CHANGES
from tests.attacks.wire import FIELD_CHANGES, OCTET_CHANGES

CATALOGUE = {
    "XSW": 13,
    "SIG": 21,
    "XML": 16,
    "ENC": 7,
    "PRO": 19,
    "FED": 14,
    "PRV": 11,
    "REQ": 13,
    "AQ": 10,
    "SLO": 6,
    "MD": 10,
    "WEB": 13,
}
OWN = {"PRO-21", "FED-21", "FED-22", "FED-23", "FED-24"}
SCHEMA = json.loads((DIRECTORY / "schema.json").read_text("utf-8"))


def test_all_153_cases_of_the_catalogue_are_there_once() -> None:
    expected = [f"{group}-{number:02}" for group, count in CATALOGUE.items() for number in range(1, count + 1)]
    assert len(expected) == 153
    assert Counter(case.id for case in cases()) == Counter([*expected, *OWN])


def test_every_case_is_tried_or_tested_or_says_why_not() -> None:
    tests = covered_by(ROOT / "tests")
    assert [case.id for case in cases() if not (_is_tried(case, tests) or case.left_out)] == []
    assert [case.id for case in cases() if case.left_out and _is_tried(case, tests)] == []


def _is_tried(case: Case, tests: dict[str, list[str]]) -> bool:
    return bool(case.messages or case.tested_by or case.id in tests)


def test_every_test_that_a_case_names_says_that_it_holds_it() -> None:
    named = [(case.id, file) for case in cases() for file in case.tested_by]
    assert [pair for pair in named if not _speaks_of((ROOT / "tests" / pair[1]).read_text("utf-8"), pair[0])] == []


def _speaks_of(text: str, case: str) -> bool:
    """Whether a test's text names the case, alone or in a list such as `WEB-02, 04`."""
    group, _, number = case.partition("-")
    return bool(re.search(rf"{group}-\d\d(, \d\d)*, {number}|{group}[-_]{number}", text, re.IGNORECASE))


def test_no_test_names_a_case_that_does_not_exist() -> None:
    found = {case for case in covered_by(ROOT / "tests") if not case.endswith("-00")}
    assert found <= {case.id for case in cases()}


def test_every_signed_mutant_says_what_bare_libxmlsec_makes_of_it() -> None:
    messages = [(case.id, message) for case in cases() for message in case.messages]
    assert [(id_, m.fault) for id_, m in messages if m.steps("signed") and m.naive is None] == []


def test_wrapping_that_must_deceive_a_bare_verifier_does() -> None:
    """Else the mutant is not the attack that it claims to be."""
    deceiving = {f"XSW-{number}" for number in ("03", "04", "05", "09", "10", "11")}
    naive = {case.id: {message.naive for message in case.messages} for case in cases() if case.id in deceiving}
    assert naive == {case: {"verifies"} for case in sorted(deceiving)}


def test_the_schema_names_the_words_the_bases_and_the_entries_that_there_are() -> None:
    fields = SCHEMA["$defs"]["message"]["properties"]
    assert set(fields["base"]["enum"]) == set(BASES)
    for stage, words in (("signed", CHANGES), ("octets", OCTET_CHANGES), ("wire", FIELD_CHANGES)):
        assert set(fields[stage]["items"]["properties"]["do"]["enum"]) == set(words)
    assert {entry for case in cases() for message in case.messages for entry in message.expect} <= set(ENTRIES)


def test_the_document_is_fresh() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == attacks_document(), "run: python -m scripts.generate_attacks"
