"""The mutants and their reasons: what may live is still a mutant of the code as it stands, and the plan names tests that are there."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.mutants.__main__ import EXPLAINED, still_known
from scripts.mutants.mutations import mutants_of
from scripts.mutants.plan import PLAN

ROOT = Path(__file__).parents[1]


def test_every_reason_is_of_lines_that_still_stand() -> None:
    for module, reasons in json.loads(EXPLAINED.read_text("utf-8")).items():
        source = " ".join((ROOT / module).read_text("utf-8").split())
        for key, reason in reasons.items():
            line = key.partition(": ")[2].partition(" -> ")[0]
            assert line in source, key
            assert reason


def test_the_plan_names_what_is_there() -> None:
    for module, tests in PLAN.items():
        assert (ROOT / module).is_file()
        assert all((ROOT / test).exists() for test in tests), tests


def test_mutants_change_checks_that_are_decorated_and_not_their_wording(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        '@rule("A-1")\ndef check(a, b):\n    """Says."""\n    if a > b:\n        raise SamlError("code", f"got {a}")\n',
        "utf-8",
    )
    keys = [mutant.key for mutant in mutants_of(path, tmp_path)]
    assert "check: if a > b: -> if a >= b:" in keys
    assert any('SamlError("CODE", ' in key for key in keys)
    assert all('f"got {a}"' in key or "if a" in key for key in keys)


KNOWN = {
    "module": "m",
    "tests": {"tests/a.py": "1", "tests/b.py": "2"},
    "survives": {"killed": False, "lives": True},
}


@pytest.mark.parametrize(
    ("module", "tests", "known"),
    [
        ("m", {"tests/a.py": "1", "tests/b.py": "2"}, {"killed": False, "lives": True}),
        ("m", {"tests/a.py": "1", "tests/b.py": "2", "tests/c.py": "3"}, {"killed": False}),
        ("m", {"tests/a.py": "1", "tests/b.py": "other"}, {}),
        ("m", {"tests/a.py": "1"}, {}),
        ("other", {"tests/a.py": "1", "tests/b.py": "2"}, {}),
    ],
    ids=["nothing changed", "a test came", "a test changed", "a test went", "the module changed"],
)
def test_what_tests_that_are_still_there_killed_is_not_tried_again(
    tmp_path: Path, module: str, tests: dict[str, str], known: dict[str, bool]
) -> None:
    path = tmp_path / "known.json"
    path.write_text(json.dumps(KNOWN), "utf-8")
    assert still_known(path, {"module": module, "tests": tests}) == known


def test_a_file_of_an_earlier_form_or_none_is_nothing_known(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    made_of: dict[str, Any] = {"module": "m", "tests": {}}
    assert still_known(path, made_of) == {}
    path.write_text(json.dumps({"state": "m", "survives": {"killed": False}}), "utf-8")
    assert still_known(path, made_of) == {}
