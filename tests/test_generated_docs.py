"""Pages made from the code say what the code says; those of rules, settings and attacks are tested beside what they show."""

import json

from oiosaml.refusals import REFUSALS
from scripts import assurance, generate_limits, generate_login_flow, generate_logout_flow, generate_refusals


def test_login_flow_is_fresh() -> None:
    assert generate_login_flow.DOCUMENT.read_text("utf-8") == generate_login_flow.login_flow(), "run: make docs"


def test_refusals_are_fresh() -> None:
    assert generate_refusals.DOCUMENT.read_text("utf-8") == generate_refusals.refusals_document(), "run: make docs"


def test_every_refusal_stands_in_its_page() -> None:
    page = generate_refusals.refusals_document()
    assert all(f"| `{key}` |" in page for key in REFUSALS)


def test_logout_flow_is_fresh() -> None:
    assert generate_logout_flow.DOCUMENT.read_text("utf-8") == generate_logout_flow.logout_flow(), "run: make docs"


def test_assurance_is_fresh() -> None:
    assert assurance.DOCUMENT.read_text("utf-8") == assurance.assurance_document(), "run: make docs"


def test_every_record_says_when_and_where_it_was_made() -> None:
    for path in assurance.RECORDS.glob("*.json"):
        record = json.loads(path.read_text("utf-8"))
        assert record["kind"] == path.stem
        assert {"commit", "date", "machine"} < record.keys()


def test_limits_are_fresh() -> None:
    assert generate_limits.DOCUMENT.read_text("utf-8") == generate_limits.limits_document(), "run: make docs"


def test_every_limit_gives_its_reason() -> None:
    without = [f"{limit.module}.{limit.name}" for limit in generate_limits.limits() if len(limit.reason.split()) < 4]
    assert without == []
