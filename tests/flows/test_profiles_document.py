"""The table of docs/profiles.md is true: each row's tests are there, and what the row says comes of it is what they assert."""

import inspect
import re
from pathlib import Path
from typing import Any, Final

import pytest

from oiosaml.refusals import REFUSALS
from oiosaml.rules.assertion import ASSERTION_RULES
from oiosaml.rules.assertion_oiosaml2 import ASSERTION_RULES_OIOSAML2
from tests.context_handler.profiles import test_oiosaml2 as one_login
from tests.flows import test_profiles as whole_logins
from tests.oiosaml.rules import test_assertion as rules_of_new
from tests.oiosaml.rules import test_assertion_oiosaml2 as rules_of_old

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "profiles.md"
CODES: Final = {key.partition(":")[0] for key in REFUSALS}
RULES: Final[dict[str, Any]] = {each.id: each for each in (*ASSERTION_RULES, *ASSERTION_RULES_OIOSAML2)}
CASES: Final = (*rules_of_new.CASES, *rules_of_old.CASES)


def rows() -> list[tuple[str, ...]]:
    table = DOCUMENT.read_text("utf-8").partition("| home IdP | system | outcome | proof |\n")[2].partition("\n\n")[0]
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in table.splitlines()[1:]]


def source_of(test: str) -> str:
    """The test with its parameters; a name that no module has, or two have, proves nothing."""
    found = [vars(each)[test] for each in (whole_logins, one_login, rules_of_old) if test in vars(each)]
    assert len(found) == 1, test
    return inspect.getsource(found[0])


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row[0]} to {row[1]}")
def test_each_row_says_what_its_tests_assert(row: tuple[str, ...]) -> None:
    _, _, outcome, proof = row
    tests = re.findall(r"`(test_\w+)`", proof)
    assert tests
    sources = "".join(source_of(test) for test in tests)
    rules = [RULES[each] for each in re.findall(r"\b(?:IDR|O2A|NIST)-\d+\b", outcome)]
    tried = {case.rule_id for case in CASES}
    assert {each.id for each in rules} <= tried
    codes = [each for each in re.findall(r"`([a-z-]+\.[a-z-]+)`", outcome) if each in CODES]
    assert bool(codes) == bool("refused" in outcome or "below" in outcome), (
        "a refusal has its code, and nothing else has one"
    )
    for code in codes:
        assert f'"{code}' in sources or code in {each.code for each in rules}, code
    assert all(each.code in codes for each in rules if codes), "a rule's own code is the row's"


def test_the_whole_table_is_read() -> None:
    assert len(rows()) == 11
