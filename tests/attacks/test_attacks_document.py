"""docs/attacks.md says which test holds which attack; a case without a test says why."""

from scripts.attack_cases import CASES, WITHOUT_TEST
from scripts.generate_attacks import DOCUMENT, ROOT, attacks_document, covered_by


def test_the_document_is_fresh() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == attacks_document(), "run: python -m scripts.generate_attacks"


def test_every_case_has_a_test_or_a_reason_and_never_both() -> None:
    tests = covered_by(ROOT / "tests")
    assert {case for case in CASES if case not in tests} == set(WITHOUT_TEST)


def test_no_test_names_a_case_that_does_not_exist() -> None:
    found = {case for case in covered_by(ROOT / "tests") if not case.endswith("-00")}
    assert found <= CASES.keys(), found - CASES.keys()
