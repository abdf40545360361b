import pytest

from federation.base_url import parse_base_url
from federation.model import World
from federation.production_hosts import refuse_production_host
from federation.topology import Topology, default_topology
from federation.urls import ContextHandlerUrls


def test_default_puts_the_broker_at_the_root_and_the_others_under_prefixes(shipped_world: World) -> None:
    topology = default_topology("http://localhost:8000/", shipped_world)

    assert topology.context_handler.sso_url == "http://localhost:8000/runtime/saml2/issue.idp"
    assert topology.context_handler.acs_url == "http://localhost:8000/runtime/saml2auth/consume.idp"
    assert topology.context_handler.slo_response_from_systems_url == "http://localhost:8000/runtime/saml2/signoff.idp"
    assert topology.idp("korsbaek").slo_url == "http://localhost:8000/idp/korsbaek/slo"
    assert topology.system("ydelser").slo_soap_url == "http://localhost:8000/sp/ydelser/slo/soap"
    assert topology.context_handler.home_url == "http://localhost:8000/"
    assert topology.idp("korsbaek").sso_url == "http://localhost:8000/idp/korsbaek/sso"
    assert topology.system("byggesag").acs_url == "http://localhost:8000/sp/byggesag/acs"
    assert topology.attribute_service("skovrup").soap_url == "http://localhost:8000/attributes/skovrup/saml2/soap"
    assert topology.attribute_service("skovrup").path == "/attributes/skovrup"


def test_each_service_may_have_a_host_of_its_own() -> None:
    topology = Topology("http://127.0.0.2:8000", idp_base_urls={"korsbaek": "https://idp.korsbaek.test:8443"})

    assert topology.idp("korsbaek").metadata_url == "https://idp.korsbaek.test:8443/metadata"
    assert topology.idp("korsbaek").path == ""
    assert topology.idp("korsbaek").origin == "https://idp.korsbaek.test:8443"


def test_every_path_of_the_broker_is_its_own() -> None:
    urls = ContextHandlerUrls("http://localhost:8000")
    properties = [name for name in dir(ContextHandlerUrls) if name.endswith("_url") and name != "base_url"]

    values = {getattr(urls, name) for name in properties}

    assert len(values) == len(properties) > 5


@pytest.mark.parametrize(
    "url",
    [
        "https://saml.n2adgangsstyring.eksterntest-stoettesystemerne.dk/runtime",
        "https://stoettesystemerne.dk",
        "https://LOGIN.Nemlog-In.dk.",
        "https://admin.serviceplatformen.dk:8443/x",
        "https://www.kombit.dk",
    ],
)
def test_refuses_a_production_host_as_its_own(url: str) -> None:
    with pytest.raises(ValueError, match="answers only under its own names"):
        refuse_production_host(url)
    with pytest.raises(ValueError, match="answers only under its own names"):
        Topology("http://localhost:8000", system_base_urls={"byggesag": url})


@pytest.mark.parametrize("url", ["https://notkombit.dk", "https://kombit.dk.test", "urn:kombit.dk", "http://localhost"])
def test_names_that_only_look_alike_are_not_refused(url: str) -> None:
    refuse_production_host(url)


@pytest.mark.parametrize(
    "text",
    ["", "localhost:8000", "ftp://localhost", "http://", "http://h?x=1", "http://h#x", "http://u@h", "http://h:x"],
)
def test_refuses_what_is_not_a_base_url(text: str) -> None:
    with pytest.raises(ValueError, match="base URL"):
        parse_base_url(text)


def test_refuses_a_slash_at_the_end_of_a_base_url() -> None:
    with pytest.raises(ValueError, match="without a slash"):
        Topology("http://localhost:8000/")
