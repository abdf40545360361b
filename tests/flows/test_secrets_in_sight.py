"""Markers planted in requests, and looked for in every page, API answer and event that comes of them (attack WEB-10)."""

import json
from urllib.parse import quote, urlencode

import pytest

from oiosaml.ids import EntityId
from tests.flows.forging import ACS, IDS, KORSBAEK, SSO, ask, client_of, query, request
from tests.flows.street import reference_of

CPR = "6111118881"
HANDLE = IDS.handle()
PASSWORD = "kodeord-6111118881"


def form(**fields: str) -> dict[str, object]:
    return {"content": urlencode(fields), "headers": {"Content-Type": "application/x-www-form-urlencoded"}}


WAYS = {
    "a path": ("GET", f"/idp/korsbaek/{CPR}/{HANDLE}", {}),
    "a field's name": ("POST", "/runtime/saml2/discovery", form(**{f"idp{CPR}": "x", HANDLE: "y"})),
    "a field's value": ("POST", ACS, form(SAMLResponse="PHg+", RelayState=f"{CPR} {HANDLE}", nsis_repost="1")),
    "a message": ("GET", f"{SSO}?SAMLRequest={quote(f'{CPR} {HANDLE}')}", {}),
    "a login page": ("POST", "/idp/korsbaek/login", form(username=f"{CPR} {HANDLE}", password=PASSWORD, login="x")),
    "an API path": ("GET", f"/_sim/api/flows/{CPR}.{HANDLE}", {}),
    "an API body": ("POST", "/_sim/api/systems", {"json": {"metadata": f"<x>{CPR}</x>", "cvr": CPR, "name": f"password={PASSWORD}"}}),
    "an API document": ("PUT", "/_sim/api/idps/korsbaek", {"json": {"api_key": HANDLE, "password": PASSWORD, "cvrs": [CPR]}}),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_shows_no_secret_web_10(street, way):
    method, path, options = WAYS[way]
    with client_of(street) as client:
        answer = client.request(method, path, **options)
    assert 400 <= answer.status_code < 500, answer.text
    for secret in (CPR, HANDLE, PASSWORD):
        assert secret not in answer.text


def test_what_is_recorded_of_a_strangers_words_shows_none_web_10(street):
    message = request(street, issuer=EntityId(f"https://stranger.test/{CPR}/{HANDLE} password={PASSWORD}"))
    with street.browser() as browser:
        page = browser.visit(f"http://localhost:8000{SSO}?{query(street, message)}")
    assert "req.unknown-sp" in page.text
    events = street.events(reference_of(page))
    texts = json.dumps([{**event, "octets_in": None, "assertion_in": None, "octets_out": None} for event in events])
    assert "https://stranger.test/[CPR]" in texts
    for secret in (CPR, HANDLE, PASSWORD):
        assert secret not in page.text
        assert secret not in texts


def test_what_is_recorded_of_a_login_shows_no_secret_as_text_web_10(street):
    person = next(each for each in street.world.people if each.id == "ane-holm")
    asked = IDS.message_id()
    with client_of(street) as client:
        assert ask(street, client, id=asked).answer().status_code == 200
        handles = [cookie.value for cookie in client.cookies.jar if cookie.value]
        record = client.get(f"/_sim/api/messages/{asked}/flow").json()
    texts = json.dumps(
        [{**event, "octets_in": None, "assertion_in": None, "octets_out": None} for event in record["events"]]
    )
    assert KORSBAEK in texts
    assert len(handles) > 1
    for secret in (person.cpr, person.password, *handles):
        assert secret not in texts
