"""The registration API as programs and strangers use it."""

import asyncio
import json
import re
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from yaml import safe_load as load_yaml

from context_handler.encryption_choice import encryption_for
from context_handler.routes.api import ApiPorts, api_router
from context_handler.routes.api_route import LARGEST_WORLD, MOST_JSON_PARTS
from context_handler.store.sqlite import SqliteStore
from context_handler.store.sqlite_record import SqliteRecord
from context_handler.store.sqlite_refreshes import SqliteRefreshes
from federation.load import export_world, load_world
from federation.model import RoleCatalogue, World
from federation.person import Person
from oiosaml.errors import SamlError
from oiosaml.ids import DEFAULT_WORKSPACE, EntityId
from oiosaml.nsis import AssuranceLevel
from oiosaml.uris import AES256_GCM, DIGEST_SHA1, DIGEST_SHA256, MGF1_SHA1, MGF1_SHA256, RSA_OAEP, RSA_OAEP_MGF1P
from saml_web.error_pages import ErrorPages
from saml_web.ids import SystemIds
from saml_web.pages import Pages
from tests.builders import IDP, KORSBAEK, NOW, SKOVRUP, SYSTEM
from tests.context_handler.boots import BOOT
from tests.context_handler.federation_rig import (
    OTHER_OWNER,
    FederationRig,
    a_service,
    a_system,
    a_world,
    idp_metadata,
    make_federation_rig,
    service_metadata,
    system_metadata,
)
from tests.context_handler.store.contract import FINDING, login, steps
from tests.cpu_time import cpu_seconds_of

BASE_URL = "http://localhost:8000"
OWN = EntityId("https://saml.own.sim.test")
OWN_IDP = EntityId("https://saml.idp.own.test")
PERSON = Person(
    id="ane-holm",
    name="Ane Holm",
    cvr=KORSBAEK,
    uuid="3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11",
    cpr="6101010001",
    level=AssuranceLevel.SUBSTANTIAL,
    purpose_da="Har roller",
    purpose_en="Has roles",
)


class Client:
    """Asks an app without sockets, one request at a time."""

    def __init__(self, app: FastAPI) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def request(self, method: str, path: str, **what: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url=BASE_URL) as client:
                return await client.request(method, path, **what)

        return asyncio.run(ask())

    def get(self, path: str) -> httpx.Response:
        return self.request("GET", path)

    def post(self, path: str, **what: Any) -> httpx.Response:
        return self.request("POST", path, **what)

    def put(self, path: str, **what: Any) -> httpx.Response:
        return self.request("PUT", path, **what)

    def delete(self, path: str) -> httpx.Response:
        return self.request("DELETE", path)


@dataclass(frozen=True, slots=True)
class Api:
    client: Client
    rig: FederationRig
    store: SqliteStore


class PortsOfTheTest:
    """Stand for the ports of the test that runs: a hundred tests share one app, which takes longer to make than they to run."""

    ports: ApiPorts
    base_url = BASE_URL

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ports, name)


@pytest.fixture(scope="module")
def shared() -> tuple[FastAPI, PortsOfTheTest]:
    app, ports = FastAPI(), PortsOfTheTest()
    app.router.routes.extend(api_router(cast("ApiPorts", ports)).routes)
    ErrorPages(Pages("context_handler", base_url=BASE_URL, ids=SystemIds())).install(app)
    return app, ports


@pytest.fixture
def api(tmp_path: Path, shared: tuple[FastAPI, PortsOfTheTest]) -> Iterator[Api]:
    rig = make_federation_rig(tmp_path)
    rig.registrar.open_world(a_world(people=(PERSON,)), NOW)

    async def fetch(url: str) -> bytes:
        if url != "http://localhost:9000/metadata":
            raise SamlError("md.source", f"got {url}, expected another")
        return system_metadata(OWN)

    app, of_the_test = shared
    of_the_test.ports = ApiPorts(
        workspace=DEFAULT_WORKSPACE,
        registrar=rig.registrar,
        registry=rig.registry,
        record=SqliteRecord(rig.database),
        fetch_metadata=fetch,
        refreshes=SqliteRefreshes(rig.database),
        clock=lambda: NOW,
        base_url=BASE_URL,
    )
    yield Api(Client(app), rig, SqliteStore(rig.database, BOOT))
    rig.database.close()


def system_input(**changes: Any) -> dict[str, Any]:
    return {"metadata": system_metadata(OWN).decode(), "cvr": KORSBAEK} | changes


def test_registers_a_system_with_as_few_words_as_possible(api: Api) -> None:
    answer = api.client.post("/_sim/api/systems", json=system_input())
    assert answer.status_code == 201, answer.text
    assert answer.json()["registered"] == [OWN]
    advice = {finding["rule_id"]: finding for finding in answer.json()["findings"]}
    assert advice["SPM-21"]["requirement"] == "SHOULD" and advice["SPM-21"]["mend"]
    system = api.rig.registry().system(OWN)
    assert system is not None
    made = system.registration
    assert (made.id, made.name) == ("own-sim-test", "Egen Leverandør")
    assert made.minimum_level is AssuranceLevel.SUBSTANTIAL


@pytest.mark.parametrize(
    ("entity_id", "name"),
    [
        ("https://saml.ørsted.example.dk/", "oersted-example-dk"),
        ("https://saml.RÆVEHØJ-A\u030arhus.dk", "raevehoej-aarhus-dk"),
        ("https://saml.café.example.dk", "cafe-example-dk"),
        ("https://saml.a_b.example.dk", "a-b-example-dk"),
        ("urn:Øst", "urn-oest"),
        (f"https://{'ø' * 60}.dk", "oe" * 30),
        ("urn:.", "urn"),
        ("x:日本", "x"),
    ],
)
def test_a_short_name_keeps_what_danish_letters_say(api: Api, entity_id: str, name: str) -> None:
    body = system_input(metadata=system_metadata(EntityId(entity_id)).decode())
    assert api.client.post("/_sim/api/systems", json=body).status_code == 201
    system = api.rig.registry().system(EntityId(entity_id))
    assert system is not None and system.registration.id == name


SERVICE = (
    b'<md:AttributeConsumingService index="0"><md:ServiceName xml:lang="da">Egen l\xc3\xb8sning</md:ServiceName>'
    b"</md:AttributeConsumingService></md:SPSSODescriptor>"
)


@pytest.mark.parametrize(
    ("organisation", "given", "name"),
    [
        (True, {}, "Egen Leverandør"),
        (False, {}, "Egen løsning"),
        (False, {"name": "Mit system"}, "Mit system"),
    ],
    ids=["organisation", "service", "given"],
)
def test_a_system_without_an_organisation_goes_by_its_services_name(
    api: Api, organisation: Any, given: dict[str, str], name: str
) -> None:
    metadata = system_metadata(OWN).replace(b"</md:SPSSODescriptor>", SERVICE)
    if not organisation:
        metadata = re.sub(rb"<md:Organization>.*</md:Organization>", b"", metadata, flags=re.DOTALL)
    assert (
        api.client.post("/_sim/api/systems", json=system_input(metadata=metadata.decode(), **given)).status_code == 201
    )
    system = api.rig.registry().system(OWN)
    assert system is not None and system.registration.name == name


def test_an_idp_does_not_go_by_the_name_of_a_service(api: Api) -> None:
    written = idp_metadata(OWN_IDP)
    role = re.search(rb"<md:SPSSODescriptor.*</md:SPSSODescriptor>", system_metadata(OWN), re.DOTALL)
    assert role is not None
    both = written.replace(
        b"</md:EntityDescriptor>", role[0].replace(b"</md:SPSSODescriptor>", SERVICE) + b"</md:EntityDescriptor>"
    )
    body = {"metadata": both.decode(), "cvrs": [OTHER_OWNER], "maximum_level": "Low", "knows_roles": True}
    assert api.client.post("/_sim/api/idps", json=body).status_code == 201
    idp = api.rig.registry().idp(OWN_IDP)
    assert idp is not None and idp.registration.name == "saml.idp.own.test"


def test_registers_a_system_with_every_choice(api: Api) -> None:
    choices = {
        "id": "mit",
        "name": "Mit system",
        "minimum_level": "High",
        "profile": "OIOSAML2",
        "idps": [IDP],
        "on_no_roles": "deny",
        "attribute_profile": "KOMBIT_WITHOUT_PERSONAL_DATA",
        "name_id_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
        "enabled": False,
    }
    assert api.client.post("/_sim/api/systems", json=system_input(**choices)).status_code == 201
    document = api.client.get("/_sim/api/systems/mit").json()["registration"]
    assert {name: document[name] for name in choices} == choices


def test_a_system_cannot_speak_as_nemlog_in(api: Api) -> None:
    answer = api.client.post("/_sim/api/systems", json=system_input(profile="NEMLOGIN3"))
    assert answer.status_code == 400, answer.text
    assert "expected OIOSAML3 or OIOSAML2" in answer.text
    assert api.rig.registry().system(OWN) is None


@pytest.mark.parametrize("profile", ["OIOSAML3", "OIOSAML2", "NEMLOGIN3"])
def test_an_idp_speaks_the_profile_it_is_registered_with(api: Api, profile: str) -> None:
    body = {
        "metadata": idp_metadata(OWN_IDP).decode(),
        "cvrs": [OTHER_OWNER],
        "maximum_level": "Low",
        "maximum_assurance_level": "3",
        "knows_roles": True,
        "profile": profile,
    }
    assert api.client.post("/_sim/api/idps", json=body).status_code == 201
    idp = api.rig.registry().idp(OWN_IDP)
    assert idp is not None and idp.registration.profile == profile


def test_a_system_that_reads_oiosaml_2_needs_assurance_level_3_unless_it_says_otherwise(api: Api) -> None:
    for given, kept in (({}, "3"), ({"minimum_assurance_level": "2"}, "2")):
        body = system_input(profile="OIOSAML2", id="gammelt", **given)
        answer = api.client.post("/_sim/api/systems?replace=true", json=body)
        assert answer.status_code == 201, answer.text
        assert api.client.get("/_sim/api/systems/gammelt").json()["registration"]["minimum_assurance_level"] == kept


def test_fetches_metadata_from_its_address(api: Api) -> None:
    body = {"metadata_url": "http://localhost:9000/metadata", "cvr": KORSBAEK}
    assert api.client.post("/_sim/api/systems", json=body).status_code == 201
    assert api.rig.registry().system(OWN) is not None


def test_an_address_that_cannot_be_fetched_is_refused(api: Api) -> None:
    answer = api.client.post("/_sim/api/systems", json={"metadata_url": "http://10.0.0.1/", "cvr": KORSBAEK})
    assert (answer.status_code, answer.json()["code"]) == (400, "md.source")


@pytest.mark.parametrize("body", [{"cvr": KORSBAEK}, system_input(metadata_url="http://localhost:9000/metadata")])
def test_wants_the_metadata_once(api: Api, body: dict[str, Any]) -> None:
    answer = api.client.post("/_sim/api/systems", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "web.form")


def test_registers_an_idp_with_its_attribute_service_in_one_step(api: Api) -> None:
    service_id = EntityId("https://saml.attributter.own.test")
    body = {
        "metadata": idp_metadata(OWN_IDP).decode(),
        "cvrs": [OTHER_OWNER],
        "name": "Egen Kommune",
        "maximum_level": "High",
        "knows_roles": False,
        "attribute_service": {"metadata": service_metadata(service_id).decode(), "cvrs": [OTHER_OWNER]},
    }
    answer = api.client.post("/_sim/api/idps", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["registered"] == [OWN_IDP, service_id]
    service = api.rig.registry().attribute_service_for(OTHER_OWNER)
    assert service is not None and service.registration.entity_id == service_id
    assert api.rig.registry().organisation_name(OTHER_OWNER) == "Egen Kommune"


CATALOGUE = "https://roller.own.test"


def test_registers_an_idp_with_its_role_catalogue_which_has_no_metadata(api: Api) -> None:
    body = {
        "metadata": idp_metadata(OWN_IDP).decode(),
        "cvrs": [OTHER_OWNER],
        "name": "Egen Kommune",
        "maximum_level": "High",
        "knows_roles": False,
        "attribute_service": {"role_catalogue": {"url": CATALOGUE, "domain": "EGEN"}, "cvrs": [OTHER_OWNER]},
    }
    answer = api.client.post("/_sim/api/idps", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["registered"] == [OWN_IDP, CATALOGUE]
    service = api.rig.registry().attribute_service_for(OTHER_OWNER)
    assert service is not None
    assert service.registration.role_catalogue == RoleCatalogue(CATALOGUE, "EGEN")
    assert (service.registration.id, service.registration.simulated) == ("roller-own-test", False)


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ({"role_catalogue": {"url": "http://roller.own.test"}}, "md.endpoint"),
        ({"role_catalogue": {"url": CATALOGUE, "api_key": "secret"}}, "web.form"),
        ({}, "web.form"),
    ],
    ids=["plain http", "a key in the registration", "neither metadata nor catalogue"],
)
def test_a_role_catalogue_that_cannot_be_registered(api: Api, service: dict[str, Any], code: str) -> None:
    answer = api.client.post("/_sim/api/attribute-services", json={"cvrs": [OTHER_OWNER]} | service)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_broken_metadata_gets_findings_with_line_rule_and_mend_and_is_not_stored(api: Api) -> None:
    broken = system_metadata(OWN, acs="ftp://own.sim.test/acs").decode()
    answer = api.client.post("/_sim/api/systems", json=system_input(metadata=broken))
    assert (answer.status_code, answer.json()["code"]) == (400, "md.endpoint")
    must = [finding for finding in answer.json()["findings"] if finding["requirement"] == "MUST"]
    assert must[0]["rule_id"] == "SPM-26" and must[0]["line"] == 1 and must[0]["mend"]
    assert api.rig.registry().system(OWN) is None


@pytest.mark.parametrize("named", ["", "own", "https://saml.own.test/my app", "urn:x" + "x" * 1024, " urn:own"])
@pytest.mark.parametrize(
    ("kind", "rule", "rest"),
    [
        ("systems", "SPM-02", {"cvr": KORSBAEK}),
        ("idps", "IDM-21", {"cvrs": [OTHER_OWNER], "maximum_level": "Low", "knows_roles": True}),
        ("attribute-services", "AAM-02", {"cvrs": [OTHER_OWNER]}),
    ],
)
def test_a_bad_entity_id_reaches_its_own_rule(api: Api, kind: str, rule: str, rest: dict[str, Any], named: str) -> None:
    written = {"systems": system_metadata, "idps": idp_metadata, "attribute-services": service_metadata}[kind]
    answer = api.client.post(f"/_sim/api/{kind}", json={"metadata": written(EntityId(named)).decode()} | rest)
    musts = [finding for finding in answer.json()["findings"] if finding["requirement"] == "MUST"]
    assert [(must["rule_id"], must["line"]) for must in musts] == [(rule, 1)], answer.text
    assert musts[0]["mend"] and "urn:unknown" not in answer.text


def test_an_entity_id_that_the_caller_writes_otherwise_is_told_with_the_metadatas(api: Api) -> None:
    answer = api.client.post("/_sim/api/systems", json=system_input(entity_id="https://saml.other.sim.test"))
    assert [(finding["rule_id"], finding["line"]) for finding in answer.json()["findings"]] == [("REG-02", 1)]
    assert OWN in answer.text


@pytest.mark.parametrize("metadata", ["", "<x", "<!DOCTYPE x><x/>", "\x00", "æ" * 1000])
def test_what_is_no_metadata_gets_a_finding(api: Api, metadata: str) -> None:
    answer = api.client.post("/_sim/api/systems", json=system_input(metadata=metadata))
    assert answer.status_code == 400, answer.text
    (finding,) = answer.json()["findings"]
    assert finding["rule_id"] == "SPM-01" and finding["mend"]


def test_the_encryption_that_is_registered_overrides_what_the_metadata_lists(api: Api) -> None:
    only_cbc = b'<md:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/></md:KeyDescriptor>'
    body = system_input(metadata=system_metadata(OWN).replace(b"</md:KeyDescriptor>", only_cbc).decode())
    refused = api.client.post("/_sim/api/systems", json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "enc.algorithm")
    chosen = {"block": AES256_GCM, "key_transport": RSA_OAEP, "digest": DIGEST_SHA256, "mgf": MGF1_SHA256}
    answer = api.client.post("/_sim/api/systems", json=body | {"encryption": chosen})
    assert answer.status_code == 201, answer.text
    assert "SPM-31" in {finding["rule_id"] for finding in answer.json()["findings"]}
    system = api.rig.registry().system(OWN)
    assert system is not None
    _, method = encryption_for(system) or (None, None)
    assert method is not None and method.block == AES256_GCM


@pytest.mark.parametrize("wrong", [{"block": "http://www.w3.org/2001/04/xmlenc#aes256-cbc"}, {"mgf": MGF1_SHA256}])
def test_an_encryption_that_is_not_allowed_is_refused_whatever_is_listed(api: Api, wrong: dict[str, str]) -> None:
    chosen = {"block": AES256_GCM, "key_transport": RSA_OAEP_MGF1P, "digest": DIGEST_SHA1, "mgf": MGF1_SHA1}
    answer = api.client.post("/_sim/api/systems", json=system_input(encryption=chosen | wrong))
    assert (answer.status_code, answer.json()["findings"][0]["rule_id"]) == (400, "REG-01"), answer.text


def test_a_taken_entity_id_is_a_conflict(api: Api) -> None:
    body = system_input(metadata=system_metadata(SYSTEM).decode(), id="byggesag")
    answer = api.client.post("/_sim/api/systems", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "md.conflict")
    assert api.client.post("/_sim/api/systems?replace=true", json=body).status_code == 201


def test_changes_what_it_gave(api: Api) -> None:
    document = api.client.get("/_sim/api/systems/byggesag").json()["registration"]
    answer = api.client.put("/_sim/api/systems/byggesag", json=document | {"minimum_level": "High"})
    assert answer.status_code == 200, answer.text
    system = api.rig.registry().system(SYSTEM)
    assert system is not None and system.registration == a_system(minimum_level=AssuranceLevel.HIGH)


def test_an_unknown_key_is_told_with_the_known_ones(api: Api) -> None:
    document = api.client.get("/_sim/api/systems/byggesag").json()["registration"]
    answer = api.client.put("/_sim/api/systems/byggesag", json=document | {"minimun_level": "High"})
    assert answer.status_code == 400
    assert "did you mean 'minimum_level'?" in answer.json()["findings"][0]["detail"]


def test_switches_off_and_on(api: Api) -> None:
    for enabled in (False, True):
        url = f"/_sim/api/idps/korsbaek/enabled?enabled={str(enabled).lower()}"
        assert api.client.put(url).status_code == 204
        idp = api.rig.registry().idp(IDP)
        assert idp is not None and idp.registration.enabled is enabled


def test_lists_and_removes(api: Api) -> None:
    assert [party["id"] for party in api.client.get("/_sim/api/attribute-services").json()] == ["skovrup"]
    assert api.client.delete("/_sim/api/attribute-services/skovrup").status_code == 204
    assert api.client.get("/_sim/api/attribute-services").json() == []
    assert api.client.delete("/_sim/api/attribute-services/skovrup").status_code == 404


def test_applies_yaml_and_the_same_again(api: Api) -> None:
    world = World(systems=(a_system(entity_id=OWN, id="own"),))
    text = export_world(world).partition("\nsystems:")
    for _ in range(2):
        answer = api.client.post(
            "/_sim/api/apply", content=("systems:" + text[2]).encode(), headers={"Content-Type": "application/yaml"}
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["registered"] == [OWN]


def test_applies_json(api: Api) -> None:
    system = {"id": "own", "name": "Own", "entity_id": OWN, "cvr": SKOVRUP, "minimum_level": "Low"}
    body = {"systems": [system | {"metadata": system_metadata(OWN).decode()}]}
    assert api.client.post("/_sim/api/apply", json=body).status_code == 200
    assert api.rig.registry().system(OWN) is not None


def test_a_broken_document_is_told_with_lines_and_changes_nothing(api: Api) -> None:
    before = api.rig.registry().revision
    text = "authorities:\n  - id: ny\n    nam: Ny\n    cvr: '97000011'\n"
    answer = api.client.post("/_sim/api/apply", content=text, headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 400
    assert 3 in {finding["line"] for finding in answer.json()["findings"]}
    assert api.rig.registry().revision == before


def test_a_document_that_is_too_large_is_cut_off(api: Api) -> None:
    answer = api.client.post(
        "/_sim/api/apply", content=b"#" * (LARGEST_WORLD + 1), headers={"Content-Type": "application/yaml"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "size")


def test_exports_what_can_be_imported(api: Api) -> None:
    answer = api.client.get("/_sim/api/export")
    assert answer.headers["content-type"].startswith("application/yaml")
    assert load_world(answer.text) == api.rig.registrar.export()


def test_applies_the_whole_export_and_puts_back_whom_the_simulator_plays(api: Api) -> None:
    played = a_service(simulated=True)
    api.rig.registrar.open_world(a_world(people=(PERSON,), attribute_services=(played,)), NOW)
    api.rig.registrar.register(World(attribute_services=(played,)), NOW, replacing=True)
    assert api.client.get("/_sim/api/played").json() == [played.entity_id]
    text = api.client.get("/_sim/api/export").text
    assert "metadata" not in load_yaml(text)["attribute_services"][0]
    assert api.client.delete("/_sim/api/attribute-services/skovrup").status_code == 204
    for _ in range(2):
        answer = api.client.post("/_sim/api/apply", content=text, headers={"Content-Type": "application/yaml"})
        assert answer.status_code == 200, answer.text
        assert api.client.get("/_sim/api/export").text == text


def test_a_party_of_ones_own_without_metadata_is_told_with_its_line(api: Api) -> None:
    text = f"systems:\n  - {{id: own, name: Own, entity_id: {OWN}, cvr: '{SKOVRUP}', minimum_level: Low}}\n"
    answer = api.client.post("/_sim/api/apply", content=text, headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 400
    assert [(each["line"], "metadata is missing" in each["detail"]) for each in answer.json()["findings"]] == [
        (2, True)
    ]


def test_people_come_without_secrets(api: Api) -> None:
    (person,) = api.client.get("/_sim/api/people").json()
    assert person["municipality"] == "Korsbæk Kommune" and person["purpose"] == {"da": "Har roller", "en": "Has roles"}
    assert not {"cpr", "password", "uuid"} & set(person)


def test_gives_a_flow_with_octets_and_findings(api: Api) -> None:
    event = replace(steps("flow-1", "open_authn_request")[0], octets_in=b"\x00<x/>", findings=(FINDING,))
    api.store.save_pending(DEFAULT_WORKSPACE, login(), (event,))
    (told,) = api.client.get("/_sim/api/flows/flow-1").json()["events"]
    assert b64decode(told["octets_in"]) == b"\x00<x/>"
    assert told["octets_out"] is None
    assert told["findings"][0]["rule_id"] == FINDING.rule_id
    assert api.client.get("/_sim/api/flows/flow-2").status_code == 404


def test_audits(api: Api) -> None:
    api.store.save_pending(DEFAULT_WORKSPACE, login(), steps("flow-1", "begin"))
    counts = {"started": 1, "completed": 0, "refused": 0, "expired": 0, "pending": 1}
    logouts = {"started": 0, "completed": 0, "partial": 0, "refused": 0, "under_way": 0}
    expected = counts | {"conserved": True, "logouts": logouts, "discrepancies": []}
    assert api.client.get("/_sim/api/audit").json() == expected


CHANGING = [
    ("POST", "/_sim/api/systems"),
    ("POST", "/_sim/api/idps"),
    ("POST", "/_sim/api/attribute-services"),
    ("PUT", "/_sim/api/systems/byggesag"),
    ("PUT", "/_sim/api/systems/byggesag/enabled?enabled=false"),
    ("PUT", "/_sim/api/systems/byggesag/withdrawn?withdrawn=true"),
    ("DELETE", "/_sim/api/systems/byggesag"),
    ("POST", "/_sim/api/apply"),
]


def test_the_list_of_changing_routes_is_complete(api: Api) -> None:
    schema = api.client.get("/openapi.json").json()["paths"]
    kinds = ("systems", "idps", "attribute-services")
    known = {
        (method, path.partition("?")[0].replace("byggesag", "{name}").replace("systems", kind))
        for method, path in CHANGING
        for kind in kinds
    }
    found = {(method.upper(), path) for path, methods in schema.items() for method in methods if method != "get"}
    assert found == known


@pytest.mark.parametrize(("method", "path"), CHANGING)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://localhost:8001"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_sites_page_changes_nothing(api: Api, method: str, path: str, headers: dict[str, str]) -> None:
    before = api.rig.registry().revision
    answer = api.client.request(method, path, json=system_input(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "web.csrf")
    assert api.rig.registry().revision == before


@pytest.mark.parametrize("path", ["/_sim/api/systems", "/_sim/api/apply"])
@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_can_send_changes_nothing(api: Api, path: str, media_type: str) -> None:
    text = (
        "authorities:\n  - id: ny\n    name: Ny\n    cvr: '97000011'\n"
        if "apply" in path
        else json.dumps(system_input())
    )
    before = api.rig.registry().revision
    answer = api.client.post(path, content=text, headers={"Content-Type": media_type})
    assert answer.status_code == 403 or ("apply" not in path and answer.status_code == 400), answer.text
    assert api.rig.registry().revision == before


@pytest.mark.parametrize("path", ["/_sim/api/systems", "/_sim/api/apply"])
def test_a_wrong_content_type_is_told_as_that_and_not_as_another_sites_page(api: Api, path: str) -> None:
    headers = {"Content-Type": "application/xml", "Accept-Language": "en"}
    answer = api.client.post(path, content=b"{}", headers=headers)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (403, "web.csrf")
    assert told["sentence"] == "The content's type (Content-Type) is not taken here."
    assert "got content type 'application/xml', expected application/json" in told["detail"]
    other = api.client.post(path, content=b"{}", headers=headers | {"Origin": "https://evil.test"}).json()
    assert other["sentence"] == "The request does not come from one of our own pages."


def test_our_own_page_may_change(api: Api) -> None:
    headers = {"Origin": BASE_URL, "Sec-Fetch-Site": "same-origin"}
    assert api.client.post("/_sim/api/systems", json=system_input(), headers=headers).status_code == 201


@pytest.mark.parametrize(
    "name", ["..%2f..%2fetc", "%00", "a" * 5000, "BYGGESAG", "byggesag%2fenabled", "<script>", "æ", "-"]
)
def test_tricks_with_names_find_nothing(api: Api, name: str) -> None:
    for path in ("systems", "idps", "attribute-services", "flows"):
        answer = api.client.get(f"/_sim/api/{path}/{name}")
        assert 400 <= answer.status_code < 500, answer.text


def test_every_operation_is_titled_and_described(api: Api) -> None:
    for path, methods in api.client.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"] and operation["description"], (method, path)


# --- what a stranger's page could do in somebody's browser


@pytest.mark.parametrize("path", ["/_sim/api/export", "/_sim/api/people", "/_sim/api/audit", "/_sim/api/systems"])
def test_foreign_name_that_points_here_web_09(api: Api, path: str) -> None:
    """DNS rebinding: to the browser the page's origin is then our own, so it could read the answer."""
    for host in (
        "evil.test",
        "evil.test:8000",
        "localhost.evil.test",
        "127.0.0.1.evil.test",
        "localhost.",
        "[::1.evil",
    ):
        answer = api.client.request("GET", path, headers={"Host": host})
        assert (answer.status_code, answer.json()["code"]) == (403, "web.csrf"), host
    for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000", "ch.localhost", "context-handler:8000"):
        assert api.client.request("GET", path, headers={"Host": host}).status_code == 200, host


def test_body_is_cut_before_it_is_read_web_13(api: Api) -> None:
    """A page may send as much as it likes without asking; what is refused anyway must not fill the memory first."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(4 * LARGEST_WORLD // 2**16):
            taken += 2**16
            yield b" " * 2**16

    headers = {"Content-Type": "text/plain", "Origin": "http://evil.test", "Sec-Fetch-Site": "cross-site"}
    answer = api.client.post("/_sim/api/systems", content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "size")
    assert taken <= LARGEST_WORLD + 2**17


@pytest.mark.parametrize("entity_id", ["http://[bad", "https://]/"])
def test_entity_id_that_is_no_uri_has_findings(api: Api, entity_id: str) -> None:
    metadata = f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}"/>'
    for body in ({"metadata": metadata}, {"metadata": "<x/>", "entity_id": entity_id}):
        answer = api.client.post("/_sim/api/systems", json={"cvr": str(KORSBAEK), **body})
        assert answer.status_code == 400, answer.text


def test_half_a_character_in_json_is_a_finding(api: Api) -> None:
    body = b'{"cvr": "91000013", "metadata": "\\ud800"}'
    answer = api.client.post("/_sim/api/systems", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "xml.malformed")


def test_deep_yaml_is_refused_web_13(api: Api) -> None:
    """PyYAML and our own walk go down by recursion; its end is a refusal, no failure."""
    for depth in (500, 3_000, 100_000):
        content = b"systems: " + b"[" * depth + b"]" * depth
        answer = api.client.post("/_sim/api/apply", content=content, headers={"Content-Type": "application/yaml"})
        assert (answer.status_code, answer.json()["code"]) == (400, "md.rule"), depth


def _json_of(parts: int) -> bytes:
    return b'{"cvr": "91000013", "metadata": "<x/>"' + b"".join(b',"k%d":1' % n for n in range(parts - 2)) + b"}"


@pytest.mark.parametrize(("method", "path"), [("POST", "/_sim/api/systems"), ("PUT", "/_sim/api/systems/byggesag")])
def test_json_of_too_many_parts_is_refused_before_it_is_read_web_13(api: Api, method: str, path: str) -> None:
    answers: list[httpx.Response] = []
    headers = {"Content-Type": "application/json"}

    def ask(content: bytes) -> None:
        answers.append(api.client.request(method, path, content=content, headers=headers))

    for content in (
        _json_of(MOST_JSON_PARTS), _json_of(MOST_JSON_PARTS + 1), _json_of(500_000), b'{"a":[' + b"{}," * 2_000_000 + b"{}]}",
    ):  # fmt: skip
        assert cpu_seconds_of(lambda content=content: ask(content)) < 2, content[-9:]
    assert [(each.status_code, each.json()["code"]) for each in answers[1:]] == [(413, "size")] * 3
    assert (answers[0].status_code, answers[0].json()["code"] in {"web.form", "md.rule"}) == (400, True)


@pytest.mark.parametrize(("method", "path"), [("POST", "/_sim/api/systems"), ("PUT", "/_sim/api/systems/byggesag")])
@pytest.mark.parametrize(
    "doubled", ['"cvr": "94000018"', '"active": {"end": null, "end": null}', '"c\\u0076r": "94000018"']
)
def test_a_name_that_stands_twice_in_json_is_refused(api: Api, method: str, path: str, doubled: str) -> None:
    before = api.rig.registry().revision
    document = api.client.get("/_sim/api/systems/byggesag").json()["registration"]
    content = json.dumps(document | {"cvr": str(KORSBAEK)})
    headers = {"Content-Type": "application/json"}
    answer = api.client.request(method, path, content=f"{content[:-1]}, {doubled}}}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "web.form")
    assert "twice" in answer.json()["detail"]
    assert api.rig.registry().revision == before


def test_json_that_is_none_is_refused(api: Api) -> None:
    for content in ('{"cvr": ', "[" * 5_000, "9" * 5_000, "\ud800"):
        answer = api.client.post(
            "/_sim/api/systems",
            content=content.encode("utf-8", "surrogatepass"),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 400, content[:9]


MISLEADING = ["a" * 201, "Skovrup\u202egnimmok", "Skovrup\u0007", "Skovrup\u2066", "Skovrup\nKorsbæk", "Skovrup\ue000"]


@pytest.mark.parametrize("name", MISLEADING)
def test_a_name_that_misleads_is_refused(api: Api, name: str) -> None:
    document = api.client.get("/_sim/api/systems/byggesag").json()["registration"]
    answer = api.client.put("/_sim/api/systems/byggesag", json=document | {"name": name})
    assert (answer.status_code, answer.json()["code"]) == (400, "md.rule")
    assert api.client.post("/_sim/api/systems", json=system_input(name=name)).status_code == 400
    world = json.dumps({"systems": [document | {"name": name}]})
    headers = {"Content-Type": "application/json"}
    assert api.client.post("/_sim/api/apply", content=world, headers=headers).status_code == 400


@pytest.mark.parametrize("name", ["a" * 200, "Mågevig Kommune – Børn & Unge", "Skovrup\u00a0Kommune", "Łódź <b>"])
def test_an_odd_name_that_can_be_read_is_taken(api: Api, name: str) -> None:
    document = api.client.get("/_sim/api/systems/byggesag").json()["registration"]
    assert api.client.put("/_sim/api/systems/byggesag", json=document | {"name": name}).status_code == 200
    assert api.client.get("/_sim/api/systems/byggesag").json()["registration"]["name"] == name


@pytest.mark.parametrize("name", [*MISLEADING, "\u202e "])
def test_a_store_of_before_is_read_and_its_names_made_fit(api: Api, name: str) -> None:
    with api.rig.database.writing() as connection:
        (text,) = connection.execute("SELECT document FROM registrations WHERE key = ?", (SYSTEM,)).fetchone()
        changed = json.dumps(json.loads(text) | {"name": name})
        connection.execute("UPDATE registrations SET document = ? WHERE key = ?", (changed, SYSTEM))
        connection.execute("UPDATE revisions SET revision = revision + 1")
    shown = api.client.get("/_sim/api/systems/byggesag").json()["registration"]["name"]
    assert shown == ("".join(each for each in name if each.isprintable())[:200].strip() or "?")


def test_a_flood_of_yaml_is_refused_web_13(api: Api) -> None:
    content = "systems:\n" + " - {}\n" * 100_000
    headers = {"Content-Type": "application/yaml"}

    def ask() -> None:
        answer = api.client.post("/_sim/api/apply", content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "md.rule")

    assert cpu_seconds_of(ask) < 2


def test_metadata_by_its_address_is_fetched_from_there_again(api: Api) -> None:
    url = "http://localhost:9000/metadata"
    party = {"metadata_url": url, "cvr": "91000013", "allow_unsigned_metadata": True}
    assert api.client.post("/_sim/api/systems", json=party).status_code == 201
    (own,) = [each for each in api.client.get("/_sim/api/systems").json() if each["entity_id"] == OWN]
    assert own["registration"]["metadata_source"] == {"url": url, "allow_unsigned": True}


def test_what_ends_soon_is_listed(api: Api) -> None:
    ending = {"active": {"end": "2025-03-10T00:00:00Z"}}
    document = api.client.get("/_sim/api/systems/byggesag").json()["registration"]
    assert api.client.put("/_sim/api/systems/byggesag", json=document | ending).status_code == 200
    (told,) = api.client.get("/_sim/api/members").json()["endings"]
    assert (told["what"], told["within_days"], told["entity_id"]) == ("activation", 7, document["entity_id"])
