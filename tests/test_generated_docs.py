"""Pages made from the code say what the code says; those of rules, settings and attacks are tested beside what they show."""

from oiosaml.refusals import REFUSALS
from scripts import generate_login_flow, generate_logout_flow, generate_refusals


def test_login_flow_is_fresh() -> None:
    assert generate_login_flow.DOCUMENT.read_text("utf-8") == generate_login_flow.login_flow(), "run: make docs"


def test_refusals_are_fresh() -> None:
    assert generate_refusals.DOCUMENT.read_text("utf-8") == generate_refusals.refusals_document(), "run: make docs"


def test_every_refusal_stands_in_its_page() -> None:
    page = generate_refusals.refusals_document()
    assert all(f"| `{key}` |" in page for key in REFUSALS)


def test_logout_flow_is_fresh() -> None:
    assert generate_logout_flow.DOCUMENT.read_text("utf-8") == generate_logout_flow.logout_flow(), "run: make docs"
