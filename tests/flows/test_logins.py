"""Every person at every system, through the person's own IdP: in or refused, and with exactly the rights that federation.yaml gives.

The tables are written by hand from federation.yaml. What the system got is read from the assertion as its foreign stack decrypted it.
"""

import base64
from collections.abc import Sequence

import pytest
from lxml import etree

from tests.flows.street import Street, heading, press, start, text_of

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
X509 = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
LOA = "https://data.gov.dk/concept/core/nsis/loa"
CVR = "https://data.gov.dk/model/core/eid/professional/cvr"
PRIVILEGES = "https://data.gov.dk/model/core/eid/privilegesIntermediate"

KLE = "http://sts.kombit.dk/constraints/KLE/1"
UNIT = "http://sts.kombit.dk/constraints/orgenhed/1"
TECHNICAL = "5f0c9b0e-4a7e-4d1c-9b3e-2f6f8d1a7c10"
BOTH_UNITS = f"{TECHNICAL},8d2f6f1c-5a54-4d0e-8a41-6f5f2f0f9b22"
KORSBAEK, RAVNKAER, SKOVRUP = "91000013", "92000017", "94000018"

Right = tuple[str, str, frozenset[tuple[str, str]]]
"""Whose data, which role of the system, and under which constraints."""


def right(cvr: str, role: str, **limits: str) -> Right:
    names = {"kle": KLE, "unit": UNIT}
    return cvr, role, frozenset((names[name], value) for name, value in limits.items())


BUILDING = {right(KORSBAEK, "sagsbehandler", kle="02.34.02", unit=TECHNICAL), right(KORSBAEK, "laeseadgang")}

LOGGED_IN = (
    ("ane-holm", "korsbaek", "byggesag", BUILDING),
    ("ane-holm", "korsbaek", "ydelser", {right(KORSBAEK, "sagsbehandler", kle="32.*")}),
    ("cilla-moeberg", "korsbaek", "byggesag", {right(KORSBAEK, "laeseadgang")}),
    ("cilla-moeberg", "korsbaek", "ydelser", {right(KORSBAEK, "hjaelpemidler", unit=BOTH_UNITS)}),
    ("karen-langnavn", "korsbaek", "byggesag", BUILDING),
    ("karen-langnavn", "korsbaek", "ydelser", set()),
    # delegated by Ravnkær: its role, its data
    ("pia-lund", "korsbaek", "byggesag", {right(KORSBAEK, "administrator"), right(RAVNKAER, "laeseadgang")}),
    ("pia-lund", "korsbaek", "ydelser", {right(KORSBAEK, "godkender")}),
    ("mie-soe", "korsbaek", "byggesag", set()),
    ("mie-soe", "korsbaek", "ydelser", set()),
    ("ib-noehr", "skovrup", "byggesag", {right(SKOVRUP, "sagsbehandler", kle="02.34")}),
    ("ib-noehr", "skovrup", "ydelser", {right(SKOVRUP, "godkender")}),
    ("ole-naes", "skovrup", "byggesag", set()),
    ("ole-naes", "skovrup", "ydelser", set()),
)

REFUSED = (
    ("bo-lindgaard", "korsbaek", "fed.loa", "Du er logget ind på Lav", "You are logged in at Low"),
    ("finn-ry", "korsbaek", "fed.loa", "oplyser sikringsniveau Høj, men er kun registreret til Betydelig", "High"),
    ("lis-graa", "skovrup", "aq.unknown-user", "Kommunens attributservice kender ikke brugeren", "does not know"),
)

NAMES = {
    "ane-holm": "C=DK,O=91000013,CN=Ane Holm,Serial=3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11",
    "pia-lund": "C=DK,O=91000013,CN=Pia <Æble> & \"Søn\" 'Å' ]]> Lund,Serial=3c5e7a91-2d4f-4b6c-9e80-ab1c2d3e4f09",
    "ib-noehr": "C=DK,O=94000018,CN=Ib Nøhr,Serial=0d6f6c52-1d4e-4c3c-9a77-3c6c2a9b5e04",
}


class Token:
    """An assertion, read with nothing but an XML parser."""

    def __init__(self, octets: bytes) -> None:
        self._root = etree.fromstring(octets)
        if self._root.tag != f"{SAML}Assertion":
            self._root = self._root.find(f".//{SAML}Assertion")

    def values(self, name: str) -> list[str]:
        found = self._root.iterfind(f".//{SAML}Attribute[@Name='{name}']/{SAML}AttributeValue")
        return [value.text or "" for value in found]

    @property
    def name_id(self) -> tuple[str, str]:
        found = self._root.find(f"{SAML}Subject/{SAML}NameID")
        return found.get("Format"), found.text

    @property
    def audiences(self) -> list[str]:
        return [each.text for each in self._root.iter(f"{SAML}Audience")]

    def rights(self, system: str) -> set[Right]:
        (encoded,) = self.values(PRIVILEGES)
        groups = etree.fromstring(base64.b64decode(encoded)).findall("PrivilegeGroup")
        return {each for group in groups for each in rights_in(group, system)}


def rights_in(group: etree._Element, system: str) -> Sequence[Right]:
    scope = group.get("Scope").removeprefix("urn:dk:gov:saml:cvrNumberIdentifier:")
    limits = frozenset((each.get("Name"), each.text) for each in group.iter("Constraint"))
    prefix = f"http://{system}.sim.test/roles/usersystemrole/"
    roles = [role.text for role in group.iter("Privilege")]
    assert all(role.startswith(prefix) for role in roles), f"roles of other systems: {roles}"
    return [(scope, role.removeprefix(prefix).removesuffix("/1"), limits) for role in roles]


def log_in(street: Street, system: str, idp: str, persona: str, **wish: str) -> Token:
    with street.browser() as browser:
        page = press(browser, browser.visit(start(street, system, idp, **wish)), "persona", persona)
        assert (page.status, heading(page)) == (200, "Du er logget ind"), text_of(page)
        octets = browser._client.get(f"{street.topology.system(system).base_url}/result/assertion.xml").content
        return Token(octets)


@pytest.mark.parametrize(
    ("persona", "idp", "system", "rights"), LOGGED_IN, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_person_has_the_rights_of_the_registry_in_this_system_and_no_others(street, persona, idp, system, rights):
    token = log_in(street, system, idp, persona)
    assert token.rights(system) == rights
    assert token.values(LOA) == ["Substantial"]
    assert token.values(CVR) == [SKOVRUP if idp == "skovrup" else KORSBAEK]
    assert token.audiences == [f"https://saml.{system}.sim.test"]


@pytest.mark.parametrize("system", ["byggesag", "ydelser"])
@pytest.mark.parametrize(("persona", "idp", "code", "danish", "_english"), REFUSED, ids=lambda value: value)
def test_a_person_is_refused_at_every_system(street, system, persona, idp, code, danish, _english):
    with street.browser() as browser:
        browser.hold = "SAMLResponse"
        answer = press(browser, browser.visit(start(street, system, idp)), "persona", persona)
        refused = browser.submit(answer.forms[0])
        assert refused.status == 403
        assert danish.lower() in text_of(refused).lower()
        assert f"Kode{code}" in text_of(refused)
        told = browser.submit(refused.forms[-1])
        assert (told.url, heading(told)) == (
            f"{street.topology.system(system).base_url}/result",
            "Du blev ikke logget ind",
        )


def test_byggesag_hints_and_the_discovery_page_says_why_ravnkaer_cannot_be_chosen(street):
    with street.browser() as browser:
        page = browser.visit(start(street, "byggesag", "ravnkaer"))
        assert (page.status, heading(page)) == (200, "Vælg din kommune")
        offered = {button for form in page.forms for button in form.buttons}
        assert {("idp", f"https://saml.idp.{name}.test") for name in ("korsbaek", "skovrup")} <= offered
        assert ("idp", "https://saml.idp.ravnkaer.test") not in offered
        assert "Ravnkær Kommune: op til niveau Lav" in text_of(page)
        form = page.forms[-1]
        refused = browser.submit(form, press=("idp", "https://saml.idp.ravnkaer.test"))
        assert refused.status == 403, "not even when the form is changed"


def test_ydelser_demands_ravnkaer_and_is_told_that_it_cannot_reach_the_level(street):
    with street.browser() as browser:
        browser.hold = "SAMLResponse"
        refused = browser.visit(start(street, "ydelser", "ravnkaer"))
        assert refused.status == 403
        assert "Systemet kræver sikringsniveau Betydelig, men" in text_of(refused)
        assert "NoAuthnContext" in text_of(browser.submit(refused.forms[-1]))


def test_every_person_of_the_world_is_in_a_table(street):
    asked = {row[0] for row in LOGGED_IN} | {row[0] for row in REFUSED} | {"dan-oesteraa", "eva-aalund"}
    # those of NemLog-in's municipalities stand in test_nemlogin.py
    elsewhere = {cvr for idp in street.world.idps if idp.id == "nemlogin" for cvr in idp.cvrs}
    assert asked == {person.id for person in street.world.people if person.cvr not in elsewhere}


@pytest.mark.parametrize("persona", NAMES)
def test_ydelser_gets_the_older_name_layout(street, persona):
    token = log_in(street, "ydelser", "skovrup" if persona == "ib-noehr" else "korsbaek", persona)
    assert token.name_id == (X509, NAMES[persona])


def test_byggesag_gets_a_lasting_uuid_of_its_own_for_each_person(street):
    first, again, other = (
        log_in(street, "byggesag", "korsbaek", who).name_id for who in ("ane-holm", "ane-holm", "mie-soe")
    )
    assert first == again != other
    assert first[0] == other[0] == PERSISTENT
    assert first[1].startswith("https://data.gov.dk/model/core/eid/professional/uuid/")
    assert "3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11" not in first[1], "pairwise: not the municipality's own UUID"
