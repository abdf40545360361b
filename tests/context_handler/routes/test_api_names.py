"""What the API calls a party: short names made from an entityID, names from the metadata, and no name that misleads its reader."""

import json
import re
from typing import Any

import pytest

from oiosaml.ids import EntityId
from tests.builders import SYSTEM
from tests.context_handler.federation_rig import OTHER_OWNER, idp_metadata, system_metadata
from tests.context_handler.routes.api_rig import OWN, OWN_IDP, Api, system_input


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
