"""The mutants and their reasons: what may live is still a mutant of the code as it stands, and the plan names tests that are there."""

import json
from pathlib import Path

from scripts.mutants.__main__ import EXPLAINED
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
