from dataclasses import replace

import pytest

from federation.model import AttributeService, HomeIdp, UserFacingSystem, World
from nsis_sim.placement import PlacementError, chosen, topology_of
from nsis_sim.settings import load_settings
from oiosaml.ids import Cvr, EntityId
from oiosaml.nsis import AssuranceLevel

KORSBAEK = HomeIdp(
    entity_id=EntityId("https://saml.idp.korsbaek.test"),
    id="korsbaek",
    name="Korsbæk Kommune",
    cvrs=(Cvr("91000013"),),
    maximum_level=AssuranceLevel.SUBSTANTIAL,
    knows_roles=True,
    metadata=b"",
    simulated=True,
)
BYGGESAG = UserFacingSystem(
    entity_id=EntityId("https://saml.byggesag.sim.test"),
    id="byggesag",
    name="Byggesag",
    cvr=Cvr("95000013"),
    minimum_level=AssuranceLevel.SUBSTANTIAL,
    metadata=b"",
    simulated=True,
)
SERVICE = AttributeService(
    EntityId("https://saml.attributter.skovrup.test"), "skovrup", "Skovrup", (Cvr("94000018"),), b"", simulated=True
)
WORLD = World(
    idps=(KORSBAEK, replace(KORSBAEK, id="skovrup"), replace(KORSBAEK, id="foreign", simulated=False)),
    systems=(BYGGESAG,),
    attribute_services=(SERVICE,),
)


def topology(monkeypatch, port=8000, **environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return topology_of(load_settings(environment), WORLD, port)


def test_everybody_lives_under_the_broker(monkeypatch):
    made = topology(monkeypatch, port=40123)
    assert made.context_handler_base_url == "http://localhost:40123"
    assert made.idp_base_urls["korsbaek"] == "http://localhost:40123/idp/korsbaek"
    assert made.system_base_urls["byggesag"] == "http://localhost:40123/sp/byggesag"


def test_one_party_moves(monkeypatch):
    made = topology(monkeypatch, NSIS_BASE_URLS="idp_mock:skovrup=http://localhost:8012")
    assert made.idp_base_urls == {"korsbaek": "http://localhost:8000/idp/korsbaek", "skovrup": "http://localhost:8012"}


def test_a_house_moves_with_its_paths(monkeypatch):
    made = topology(monkeypatch, NSIS_BASE_URLS="idp_mock=http://idps.test attribute_service=http://a.test:1")
    assert made.idp_base_urls["korsbaek"] == "http://idps.test/idp/korsbaek"
    assert made.attribute_service_base_urls["skovrup"] == "http://a.test:1/attributes/skovrup"


def test_the_broker_moves_alone(monkeypatch):
    made = topology(monkeypatch, NSIS_BASE_URLS="context_handler=http://ch.test", NSIS_BASE_URL="http://rest.test")
    assert made.context_handler_base_url == "http://ch.test"
    assert made.idp_base_urls["korsbaek"] == "http://rest.test/idp/korsbaek"


def test_refuses_to_place_who_is_not_played(monkeypatch):
    with pytest.raises(PlacementError, match="idp_mock:foreign"):
        topology(monkeypatch, NSIS_BASE_URLS="idp_mock:foreign=http://localhost:1")


def test_only_names_houses_and_parties(monkeypatch):
    made = topology(monkeypatch)
    assert [place.name for place in chosen(made, ("idp_mock",))] == ["idp_mock:korsbaek", "idp_mock:skovrup"]
    assert [place.name for place in chosen(made, ("idp_mock:skovrup", "context_handler"))] == [
        "context_handler",
        "idp_mock:skovrup",
    ]
    assert len(chosen(made, ())) == 5


def test_only_refuses_an_unknown_name_and_says_what_there_is(monkeypatch):
    with pytest.raises(PlacementError, match=r"--only idp_mock:oslo: there is .*idp_mock:korsbaek"):
        chosen(topology(monkeypatch), ("idp_mock:oslo",))
