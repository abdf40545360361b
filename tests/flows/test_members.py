"""Members' life, as whole logins: what is taken out counts at once, also for a login under way, and what is put back counts again."""

import re
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from lxml import html

from federation.dev_ca import revoke
from nsis_sim.api_keys import simulated_api_key
from nsis_sim.browser import Page
from oiosaml.keys import read_verification_key
from oiosaml.refusals import REFUSALS
from tests.flows.street import BASE_URL, Street, entity_id, log_in, open_street, press, start, text_of, version

WITHDRAWABLE = (
    ("idps", "korsbaek", "fed.withdrawn"),
    ("systems", "byggesag", "fed.withdrawn"),
)


def withdraw(street: Street, kind: str, party: str, *, withdrawn: bool = True, key: str | None = None) -> int:
    asked = {"withdrawn": str(withdrawn).lower(), **({"key": key} if key else {})}
    return street.put(f"/_sim/api/{kind}/{party}/withdrawn", params=asked).status_code


def assert_refused(page: Page, key: str) -> None:
    refusal = REFUSALS[key]
    assert refusal.da in text_of(page), page.text
    assert refusal.en in text_of(page, "en")
    assert refusal.code in page.text


def ane_logs_in(street: Street) -> Page:
    return log_in(street, "byggesag", "korsbaek", "ane-holm")


@pytest.fixture
def own(new_street: Callable[[], Street]) -> Street:
    return new_street()


@pytest.mark.parametrize(("kind", "party", "key"), WITHDRAWABLE)
def test_withdrawn_while_a_login_is_under_way(own: Street, kind: str, party: str, key: str) -> None:
    with own.browser() as browser:
        page = browser.visit(start(own, "byggesag", "korsbaek"))
        assert withdraw(own, kind, party) == 204
        assert_refused(press(browser, page, "persona", "ane-holm"), key)
    assert withdraw(own, kind, party, withdrawn=False) == 204
    assert ane_logs_in(own).url.endswith("/result")
    assert own.audit()["conserved"]


def test_a_withdrawn_attribute_service_refuses_the_login(own: Street) -> None:
    withdraw(own, "attribute-services", "skovrup")
    told = log_in(own, "ydelser", "skovrup", "ib-noehr").text
    assert REFUSALS["fed.withdrawn:attribute-service"].en.split("'")[-1] in told and "fed.withdrawn" in told


def test_a_withdrawn_system_reaches_nobody(own: Street) -> None:
    withdraw(own, "systems", "byggesag")
    with own.browser() as browser:
        assert_refused(browser.visit(start(own, "byggesag", "korsbaek")), "fed.withdrawn")


@pytest.mark.parametrize(("kind", "party"), [("idps", "korsbaek"), ("systems", "byggesag")])
def test_a_withdrawn_key_signs_nothing_more(own: Street, kind: str, party: str) -> None:
    keys = own.keys.idp(party) if kind == "idps" else own.keys.system(party)
    fingerprint = read_verification_key(keys.certificate_der).fingerprint
    assert withdraw(own, kind, party, key=fingerprint) == 204
    with own.browser() as browser:
        page = browser.visit(start(own, "byggesag", "korsbaek"))
        if kind == "idps":
            page = press(browser, page, "persona", "ane-holm")
        assert_refused(page, "key.withdrawn")
    assert withdraw(own, kind, party, key=fingerprint, withdrawn=False) == 204
    assert ane_logs_in(own).url.endswith("/result")


def test_the_owner_cannot_undo_a_withdrawal(own: Street) -> None:
    withdraw(own, "systems", "byggesag")
    document = own.get("/_sim/api/systems/byggesag").json()["registration"]
    assert own.put("/_sim/api/systems/byggesag", json=document | {"withdrawn": False}).status_code == 200
    assert own.get("/_sim/api/systems/byggesag").json()["registration"]["withdrawn"] is True


def test_a_withdrawn_party_cannot_be_removed_and_registered_anew(own: Street) -> None:
    document = own.get("/_sim/api/idps/ravnkaer").json()["registration"]
    withdraw(own, "idps", "ravnkaer")
    gone = own.delete("/_sim/api/idps/ravnkaer")
    assert (gone.status_code, gone.json()["code"]) == (409, "md.conflict")
    assert own.get("/_sim/api/idps/ravnkaer").json()["registration"] == document | {"withdrawn": True}


def test_a_key_that_is_no_fingerprint_is_refused(own: Street) -> None:
    assert withdraw(own, "idps", "korsbaek", key="abc") == 400


@pytest.mark.parametrize(("holder", "refused"), [("sp-byggesag", "at the start"), ("idp-korsbaek", "with the answer")])
def test_a_revoked_certificate_counts_no_more(
    street: Street, certs: Path, tmp_path: Path, holder: str, refused: str
) -> None:
    own_certs = shutil.copytree(certs, tmp_path / "certs")
    certificate = x509.load_pem_x509_certificate((own_certs / f"{holder}.crt.pem").read_bytes())
    revoke(own_certs, certificate, at=street.clock())
    with ExitStack() as life:
        own = life.enter_context(open_street(tmp_path / "data", own_certs))
        with own.browser() as browser:
            page = browser.visit(start(own, "byggesag", "korsbaek"))
            if refused == "with the answer":
                page = press(browser, page, "persona", "ane-holm")
            assert_refused(page, "key.revoked")
        served = x509.load_der_x509_crl(own.get("/_sim/ca/ca.crl").content)
        assert [each.serial_number for each in served] == [certificate.serial_number]
        assert log_in(own, "ydelser", "skovrup", "ib-noehr").url.endswith("/result"), "the others go on"


def test_rights_from_a_role_catalogue(own: Street) -> None:
    before = rights_of(own)
    document = own.get("/_sim/api/attribute-services/skovrup").json()["registration"]
    catalogue = {"role_catalogue": {"url": own.topology.attribute_service("skovrup").base_url}}
    assert own.put("/_sim/api/attribute-services/skovrup", json=document | catalogue).status_code == 200
    asked = len(own.transport.seen)
    assert rights_of(own) == before
    assert not any("/saml2/soap" in str(seen.url) for seen in own.transport.seen[asked:])
    export = own.get("/_sim/api/export").text
    assert "role_catalogue" in export and simulated_api_key(own.keys, "skovrup") not in export


def test_a_role_catalogue_answers_nobody_without_its_key(own: Street) -> None:
    path = f"{own.topology.attribute_service('skovrup').path}/api/user/0d6f6c52-1d4e-4c3c-9a77-3c6c2a9b5e04/roles"
    assert own.get(path).status_code == 401
    assert own.get(path, headers={"ApiKey": "guessed"}).status_code == 401
    key = {"ApiKey": simulated_api_key(own.keys, "skovrup")}
    assert own.get(path, headers=key).json()["nameID"].endswith("Serial=0d6f6c52-1d4e-4c3c-9a77-3c6c2a9b5e04")
    assert own.get(path.replace("0d6f6c52", "00000000"), headers=key).status_code == 404
    assert own.get(path.replace("0d6f6c52-1d4e-4c3c-9a77-3c6c2a9b5e04", "x"), headers=key).status_code == 404


def rights_of(street: Street) -> str:
    page = log_in(street, "ydelser", "skovrup", "ib-noehr")
    assert page.url.endswith("/result"), page.text
    return re.sub(r"[0-9a-f]{32}|[0-9]{2}:[0-9]{2}(:[0-9]{2})?", "", text_of(page).partition("XML")[0])[:1500]


WARNED = (
    (20, "udløber inden for 30 dage", "ends within 30 days"),
    (0.5, "udløber inden for et døgn", "ends within a day"),
    (-1, "udløb den", "ended on"),
)


@pytest.mark.parametrize(("days", "danish", "english"), WARNED)
def test_the_front_page_says_what_ends_soon(own: Street, days: float, danish: str, english: str) -> None:
    with own.browser() as browser:
        assert "udløb" not in browser.visit(f"{BASE_URL}/").text, "a warning of nothing is no warning"
    document = own.get("/_sim/api/systems/byggesag").json()["registration"]
    ends = own.clock() + timedelta(days=days)
    changed = document | {"active": {"end": f"{ends:%Y-%m-%dT%H:%M:%SZ}"}}
    assert own.put("/_sim/api/systems/byggesag", json=changed).status_code == 200
    for language, words in (("da", danish), ("en", english)):
        with own.browser(**{"Accept-Language": language}) as browser:
            text = browser.visit(f"{BASE_URL}/").text
        assert words in text
        assert f"{ends:%Y-%m-%d}" in text
        assert text.count("alert-warning") == 1


def cards(own: Street, language: str) -> dict[str, tuple[str, list[str]]]:
    """What the front page says of each system, and where its card leads."""
    with own.browser(**{"Accept-Language": language}) as browser:
        document = version(browser.visit(f"{BASE_URL}/"), language)
    return {
        card.findtext(".//code"): (" ".join(card.text_content().split()), card.xpath(".//a/@href"))
        for card in document.xpath(".//h2[starts-with(@id, 'systems-')]/following-sibling::ul[1]/li")
    }


@pytest.mark.parametrize(
    ("language", "nemlogins", "vendors"),
    [
        ("da", "Spilles af simulatoren: start fra en tjeneste bag NemLog-in.", "Registreret af leverandøren"),
        ("en", "Played by the simulator: start from a service behind NemLog-in.", "Registered by its vendor"),
    ],
)
def test_the_front_page_says_who_plays_a_system_and_where_to_start(
    own: Street, language: str, nemlogins: str, vendors: str
) -> None:
    played = cards(own, language)
    text, links = played["https://saml.nemlogin.sim.test/lokal-idp"]
    assert nemlogins in text and links == [own.topology.nemlogin.home_url]
    assert played["https://saml.byggesag.sim.test"][1] == [f"{BASE_URL}/sp/byggesag/"]
    assert not any(vendors in text for text, _ in played.values())
    document = own.get("/_sim/api/systems/byggesag").json()["registration"]
    assert own.put("/_sim/api/systems/byggesag", json=document | {"simulated": False}).status_code == 200
    text, links = cards(own, language)["https://saml.byggesag.sim.test"]
    assert vendors in text and links == []


STANDINGS = [
    ("idps", "withdrawn", {"withdrawn": "true"}, ("trukket tilbage", "withdrawn")),
    ("idps", "enabled", {"enabled": "false"}, ("slået fra", "switched off")),
    ("systems", "withdrawn", {"withdrawn": "true"}, ("trukket tilbage", "withdrawn")),
    ("systems", "enabled", {"enabled": "false"}, ("slået fra", "switched off")),
]


@pytest.mark.parametrize(("kind", "state", "asked", "words"), STANDINGS)
def test_the_front_page_says_who_takes_no_part(
    own: Street, kind: str, state: str, asked: dict[str, str], words: tuple[str, str]
) -> None:
    name = {"idps": "Korsbæk", "systems": "Byggesag"}[kind]
    for on in (True, False):
        if not on:
            assert own.put(f"/_sim/api/{kind}/{PARTIES[kind]}/{state}", params=asked).status_code == 204
        for language, word in zip(("da", "en"), words, strict=True):
            (row,) = [each for each in shown_members(own, language) if each.startswith(name)]
            assert (word in row) is not on, row


@pytest.mark.parametrize("kind", ["idps", "systems"])
def test_the_front_page_says_whose_keys_are_all_withdrawn(own: Street, kind: str) -> None:
    name = {"idps": "Korsbæk", "systems": "Byggesag"}[kind]
    party = entity_id(own, kind, PARTIES[kind])
    keys = [each["fingerprint"] for each in own.get("/_sim/api/members").json()["keys"] if each["entity_id"] == party]
    for key in dict.fromkeys(keys):
        assert withdraw(own, kind, PARTIES[kind], key=key) == 204
    (row,) = [each for each in shown_members(own, "en") if each.startswith(name)]
    assert "all its keys are withdrawn or revoked" in row


PARTIES = {"idps": "korsbaek", "systems": "byggesag"}


def shown_members(street: Street, language: str) -> list[str]:
    """The cards of the systems and the rows of the IdPs, as they are read."""
    page = html.document_fromstring(street.get("/", headers={"Accept-Language": language}).text)
    shown = page.iterfind(".//li[@class='sim-card']"), page.iterfind(".//tbody/tr")
    return [" ".join(each.text_content().split()) for found in shown for each in found]
