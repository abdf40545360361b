"""What the reference on a page leads to: the README promises it for logins that the Context Handler refuses, and for no other page."""

import re
from pathlib import Path

import pytest

from nsis_sim.browser import Page
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
        (address,) = record_links(page)
        assert address == f"{BASE_URL}/_sim/api/flows/{reference_of(page)}"
        assert street.get(address).json()["flow"] == reference_of(page)


def record_links(page: Page) -> set[str]:
    """Where a page leads to a record."""
    return {link for link in page.links if "/_sim/api/flows/" in link}


def test_a_logout_that_is_refused_can_be_read_by_its_reference(street):
    with street.browser() as browser:
        page = browser.visit(f"{BASE_URL}/runtime/saml2auth/signoffrequest.idp?SAMLRequest=x")
    (address,) = record_links(page)
    assert street.get(address).json()["flow"] == reference_of(page)


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
            assert record_links(page) == set()


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


@pytest.mark.parametrize("readme", ["README.md", "README.da.md"])
def test_the_addresses_that_the_readme_gives_a_vendor_are_served(street, readme):
    with street.browser() as browser:
        refused = browser.submit(held_answer(street, browser, "byggesag", persona="finn-ry"))
    flow = reference_of(refused)
    sent = next(event["message_id"] for event in street.events(flow) if event["message_id"])
    said = re.findall(
        r"`http://localhost:8000(/_sim/api/(?:flows|messages)/[^`]*)`", (ROOT / readme).read_text("utf-8")
    )
    assert {address.partition("<")[0] for address in said} == {"/_sim/api/flows/", "/_sim/api/messages/"}
    for address in said:
        known = sent if "/messages/" in address else flow
        assert street.get(re.sub("<[^>]*>", known, address)).json()["flow"] == flow
