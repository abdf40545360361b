"""Municipal identities at NemLog-in: by the municipality's own IdP, and by the Context Handler as broker of several; and no circles."""

import re
from urllib.parse import urlencode

import pytest
from lxml import etree

from federation.dev_ca import KeySet
from federation.signed_metadata import public_key
from nsis_sim.browser import Browser, Page
from oiosaml.bindings.redirect import read_redirect
from oiosaml.errors import REFUSALS
from oiosaml.messages.assertion import Assertion
from oiosaml.name_id import NameId
from oiosaml.openings import open_response, unseal_response
from tests.flows.street import Street, entity_id, heading, press, start, text_of
from tests.flows.test_logins import CVR, LOA, PERSISTENT, PRIVILEGES, Token

NEMLOGIN, LOCAL_FACE = "https://saml.nemlogin.sim.test", "https://saml.nemlogin.sim.test/lokal-idp"
SERVICE = "https://saml.selvbetjening.sim.test"
KORSBAEK_LOCAL, CONTEXT_HANDLER = "https://saml.lokal.korsbaek.test", "https://saml.ch.sim.test"
ANE = "73b5d1f9-c082-4ee6-917a-d6283a4c5e07"
UUID = "https://data.gov.dk/model/core/eid/professional/uuid/persistent"


def at_nemlogin(street: Street, browser: Browser, **wish: str) -> Page:
    return browser.visit(start(street, "selvbetjening", None, **wish))


def token_of(street: Street, browser: Browser) -> Token:
    base = street.topology.system("selvbetjening").base_url
    return Token(browser._client.get(f"{base}/result/assertion.xml").content)


def asked_of(page: Page) -> etree._Element:
    """The request that a mock IdP's page carries in its form."""
    query = next(value for name, value in page.forms[0].fields if name == "message")
    return etree.fromstring(read_redirect(query.encode(), "SAMLRequest").octets)


def chain(request: etree._Element) -> list[str]:
    return [*(each.text for each in request.iter("{*}RequesterID")), request.findtext("{*}Issuer")]


def test_an_employee_logs_in_at_the_municipality_and_gets_nemlogins_own_token(street: Street) -> None:
    with street.browser() as browser:
        login = press(browser, at_nemlogin(street, browser), "local", KORSBAEK_LOCAL)
        assert chain(asked_of(login)) == [SERVICE, LOCAL_FACE]
        asker = street.world.nemlogin.name
        assert f"Det beder {asker} om" in text_of(login)
        assert "Context Handler" not in text_of(login)
        page = press(browser, login, "persona", "ane-holm")
        assert heading(page) == "Du er logget ind", text_of(page)
        token = token_of(street, browser)
    assert token.values(CVR) == ["91000013"]
    assert token.values(UUID) == [ANE]
    assert token.values(LOA) == ["Substantial"]
    assert token.values(PRIVILEGES) == []
    assert token.name_id[0] == PERSISTENT
    assert token.name_id[1].startswith("https://data.gov.dk/model/core/eid/professional/uuid/")


def test_the_municipalitys_login_names_nemlogin_in_english_too(street: Street) -> None:
    with street.browser(**{"Accept-Language": "en"}) as browser:
        login = press(browser, at_nemlogin(street, browser), "local", KORSBAEK_LOCAL)
        assert f"What {street.world.nemlogin.name} asks for" in text_of(login, "en")


def test_the_same_through_the_context_handler_with_a_chain_of_two(street: Street) -> None:
    with street.browser() as browser:
        login = press(browser, at_nemlogin(street, browser), "local", CONTEXT_HANDLER)
        # one IdP is allowed to NemLog-in, so nobody is asked to choose
        assert login.url.startswith(street.topology.idp("korsbaek").sso_url)
        assert chain(asked_of(login)) == [SERVICE, LOCAL_FACE, "https://saml.ch.sim.test/runtime"]
        page = press(browser, login, "persona", "ane-holm")
        assert heading(page) == "Du er logget ind", text_of(page)
        assert token_of(street, browser).values(UUID) == [ANE]


def told_to_nemlogin(street: Street, page: Page, sender: KeySet) -> Assertion:
    """What a page is about to post to NemLog-in, opened with NemLog-in's own key."""
    body = urlencode(page.forms[0].fields).encode()
    answer = unseal_response(open_response(body), (public_key(sender),), (street.keys.nemlogin.decryption,))
    assert answer.assertion is not None
    return answer.assertion.value


FOUR = {"specVersion": "OIO-SAML-3.0", "loa": "Substantial", "cvr": "91000013", "orgName": "Korsbæk Kommune"}


def by_last_word(assertion: Assertion) -> dict[str, str]:
    return {each.name.rpartition("/")[2]: each.values[0] for each in assertion.attributes}


def test_the_municipality_tells_a_local_user_name_and_four_attributes(street: Street) -> None:
    with street.browser() as browser:
        browser.hold = "SAMLResponse"
        login = press(browser, at_nemlogin(street, browser), "local", KORSBAEK_LOCAL)
        said = told_to_nemlogin(street, press(browser, login, "persona", "ane-holm"), street.keys.idp("korsbaek-lokal"))
    assert said.subject is not None
    assert said.subject.name_id == NameId("ane-holm@korsbaek.nemlogin.sim.test", PERSISTENT)
    assert by_last_word(said) == FOUR


def test_the_broker_tells_the_uuid_as_local_user_name_and_four_attributes(street: Street) -> None:
    with street.browser() as browser:
        browser.hold = "SAMLResponse"
        login = press(browser, at_nemlogin(street, browser), "local", CONTEXT_HANDLER)
        answer = press(browser, login, "persona", "ane-holm")
        said = told_to_nemlogin(street, browser.submit(answer.forms[0]), street.keys.context_handler)
    assert said.subject is not None
    uuid = "3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11"
    assert said.subject.name_id == NameId(f"{uuid}@korsbaek.nemlogin.sim.test", PERSISTENT)
    assert by_last_word(said) == FOUR


@pytest.mark.parametrize("idp", [KORSBAEK_LOCAL, CONTEXT_HANDLER])
def test_who_was_not_provisioned_is_unknown_to_nemlogin(street: Street, idp: str) -> None:
    with street.browser() as browser:
        login = press(browser, at_nemlogin(street, browser), "local", idp)
        page = press(browser, login, "persona", "mie-soe")
        assert heading(page) == "Du blev ikke logget ind"
        assert "UnknownPrincipal" in page.text
        assert "MitID Erhverv" in page.text


def test_a_local_login_below_substantial_is_refused(street: Street) -> None:
    with street.browser() as browser:
        login = press(browser, at_nemlogin(street, browser), "local", KORSBAEK_LOCAL)
        page = press(browser, login, "persona", "bo-lindgaard")
        assert heading(page) == "Du blev ikke logget ind"
        assert "NoAuthnContext" in page.text


def test_who_cancels_at_the_municipality_is_back_at_the_service(street: Street) -> None:
    with street.browser() as browser:
        login = press(browser, at_nemlogin(street, browser), "local", KORSBAEK_LOCAL)
        page = press(browser, login, "refusal", "cancel")
        assert heading(page) == "Du blev ikke logget ind"
        assert "RequestDenied" in page.text


def test_the_way_from_the_context_handler_through_nemlogin_back_to_it_is_a_circle(street: Street) -> None:
    with street.browser() as browser:
        browser.hold = "SAMLResponse"
        page = press(browser, browser.visit(start(street, "byggesag", "nemlogin")), "local", CONTEXT_HANDLER)
        assert page.status == REFUSALS["req.loop"].http_status
        assert REFUSALS["req.loop"].da in text_of(page)
        assert "Kodereq.loop" in text_of(page)


def test_another_browser_cannot_bring_the_local_answer(street: Street) -> None:
    with street.browser() as browser, street.browser() as other:
        browser.hold = "SAMLResponse"
        login = press(browser, at_nemlogin(street, browser), "local", KORSBAEK_LOCAL)
        answer = press(browser, login, "persona", "ane-holm")
        refused = other.submit(answer.forms[0])
        assert refused.status == 403
        assert "proto.in-response-to" in refused.text
        browser.hold = None
        assert heading(browser.submit(answer.forms[0])) == "Du er logget ind"


def test_nemlogin_is_no_candidate_for_itself(street: Street) -> None:
    (system,) = (each for each in street.world.systems if each.entity_id == LOCAL_FACE)
    assert entity_id(street, "idps", "nemlogin") not in system.idps
    assert system.idps


def test_the_local_idps_metadata_is_of_its_own_shape(street: Street) -> None:
    text = street.get("/idp/korsbaek-lokal/metadata").text
    assert re.findall(r'SingleSignOnService Binding="([^"]+)"', text) == [
        "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
    ]
    assert re.findall(r"NameIDFormat>([^<]+)<", text) == [PERSISTENT]
    assert "privilegesIntermediate" not in text
