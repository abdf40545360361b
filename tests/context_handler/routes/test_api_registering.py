"""Who registers by the API gives as little as possible: metadata or its address, and what the metadata cannot say."""

from typing import Any

import pytest

from context_handler.encryption_choice import encryption_for
from federation.model import RoleCatalogue
from oiosaml.ids import EntityId
from oiosaml.nsis import AssuranceLevel
from oiosaml.uris import AES256_GCM, DIGEST_SHA1, DIGEST_SHA256, MGF1_SHA1, MGF1_SHA256, RSA_OAEP, RSA_OAEP_MGF1P
from tests.builders import IDP, KORSBAEK
from tests.context_handler.federation_rig import OTHER_OWNER, idp_metadata, service_metadata, system_metadata
from tests.context_handler.routes.api_rig import OWN, OWN_IDP, Api, system_input


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


def test_metadata_by_its_address_is_fetched_from_there_again(api: Api) -> None:
    url = "http://localhost:9000/metadata"
    party = {"metadata_url": url, "cvr": "91000013", "allow_unsigned_metadata": True}
    assert api.client.post("/_sim/api/systems", json=party).status_code == 201
    (own,) = [each for each in api.client.get("/_sim/api/systems").json() if each["entity_id"] == OWN]
    assert own["registration"]["metadata_source"] == {"url": url, "allow_unsigned": True}


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
