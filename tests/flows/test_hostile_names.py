"""What strangers write is shown as text: names in registrations, search words, RelayState, an IdP's message (MD-09, WEB-01, REQ-11)."""

import pytest
from lxml import html

from tests.context_handler.federation_rig import idp_metadata, system_metadata
from tests.flows.street import BASE_URL, press, start

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    "%(system)s %s %d",
    "'; alert(1)//",
)
"""Some break out of text, some of an attribute, some of a template, some of a translated sentence."""


def assert_only_text(page: str, payload: str) -> None:
    root = html.document_fromstring(page)
    assert not root.xpath("//img[@onerror]")
    assert all("alert" not in (script.text or "") for script in root.iter("script"))
    assert not root.xpath("//@*[starts-with(name(), 'on')]")
    assert payload.split()[0] in " ".join([*root.itertext(), *root.xpath("//@value")])


@pytest.mark.parametrize("payload", HOSTILE)
def test_registered_names_are_text_md_09_web_01(new_street, payload):
    street = new_street()
    idp = {"cvrs": ["91000013"], "maximum_level": "Substantial", "knows_roles": True}
    idp |= {"name": payload, "metadata": idp_metadata("https://saml.idp.own.test").decode()}
    system = {"cvr": "91000013", "name": payload, "metadata": system_metadata("https://saml.own.test").decode()}
    for path, body in (("idps", idp), ("systems", system)):
        answer = street.post(f"/_sim/api/{path}", json=body)
        assert answer.status_code == 201, answer.text
    answer = street.put(
        "/_sim/api/systems/byggesag",
        json=street.get("/_sim/api/systems/byggesag").json()["registration"] | {"name": payload},
    )
    assert answer.status_code == 200, answer.text
    assert_only_text(street.get("/").text, payload)
    with street.browser() as browser:
        page = browser.visit(start(street, "byggesag"))
        assert_only_text(page.text, payload)
        press(browser, press(browser, page, "idp", "https://saml.idp.korsbaek.test"), "persona", "bo-lindgaard")
    refused = next(seen for seen in reversed(street.transport.seen) if "consume.idp" in str(seen.url))
    assert_only_text(refused.text, payload)
    assert_only_text(street.get("/", headers={"Accept-Language": "en"}).text, payload)


@pytest.mark.parametrize("payload", HOSTILE)
def test_words_in_an_address_are_text_req_11(street, payload):
    with street.browser() as browser:
        page = browser.visit(start(street, "byggesag"))
        searched = browser.visit(f"{page.url}&q={payload.replace('%', '%25')}")
        assert_only_text(searched.text, payload)
    assert_only_text(street.get("/runtime/saml2/discovery", params={"login": payload, "q": payload}).text, "Kode")
    form = {"SAMLResponse": "PHg+", "RelayState": payload}
    answer = street.post(f"{BASE_URL}/runtime/saml2auth/consume.idp", data=form)
    assert_only_text(answer.text, payload)
