"""What the reference on a page leads to: the README promises it for logins that the Context Handler refuses, and for no other page."""

from pathlib import Path

import pytest

from tests.flows.street import BASE_URL, form_with, reference_of, start
from tests.flows.test_answers import held_answer

ROOT = Path(__file__).parents[2]


def test_a_login_that_the_context_handler_refuses_can_be_read_by_its_reference(street):
    with street.browser() as browser:
        above = browser.submit(held_answer(street, browser, "byggesag", persona="finn-ry"))
        unheard = browser.visit(street.topology.context_handler.sso_url)
        garbled = browser.visit(f"{street.topology.context_handler.sso_url}?SAMLRequest=x")
    for page in (above, unheard, garbled):
        refused = [event["code"] for event in street.events(reference_of(page)) if event["outcome"] == "refused"]
        assert len(refused) == 1 and f"<dd>{refused[0]}</dd>" in page.text


def test_a_page_that_belongs_to_no_such_login_refers_to_none(street):
    with street.browser() as browser:
        login = browser.visit(start(street, "byggesag", "korsbaek"))
        people = form_with(login, ("persona", "ane-holm"))
        for page in (
            browser.visit(f"{BASE_URL}/nowhere"),
            browser.visit(f"{street.topology.context_handler.discovery_url}?login=none"),
            browser.visit(start(street, "byggesag", level="high")),
            browser.submit(people, press=("persona", "nobody-here")),
        ):
            assert street.get(f"/_sim/api/flows/{reference_of(page)}").status_code == 404


@pytest.mark.parametrize(
    ("readme", "promise"),
    [
        ("README.md", "Every page on which the Context Handler refuses a login has a reference."),
        ("README.da.md", "Hver side, hvor Context Handler afviser et login, har en henvisning"),
    ],
)
def test_the_readme_promises_no_more(readme, promise):
    said = " ".join((ROOT / readme).read_text("utf-8").split())
    assert promise in said
    assert "Every refusal" not in said and "Hver afvisning" not in said
