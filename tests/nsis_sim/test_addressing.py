import pytest

from federation.load import load_world
from federation.model import World
from federation.played import played_by_idp_mock
from nsis_sim import addressing
from nsis_sim.addressing import Addressing, Kind
from nsis_sim.placement import PlacementError
from nsis_sim.settings import Settings, home, load_settings
from tests.nsis_sim.test_placement import KORSBAEK, WORLD

SITES = Addressing(Kind.SITES)


@pytest.fixture(scope="module")
def shipped_world() -> World:
    return load_world(home() / "federation.yaml")


def settings(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings(environment)


def test_realistic_listens_where_somebody_says_so_and_else_on_its_own_port(monkeypatch):
    assert SITES.port(settings(monkeypatch), None) == 8443
    assert SITES.port(settings(monkeypatch), 0) == 0
    assert SITES.port(settings(monkeypatch, NSIS_PORT="9443"), None) == 9443


def test_paths_listen_on_the_port_of_the_settings(monkeypatch):
    assert Addressing().port(settings(monkeypatch), None) == 8000


def test_every_party_is_an_https_site_of_its_own(shipped_world, monkeypatch):
    topology = SITES.topology(settings(monkeypatch), shipped_world, 8443)
    assert topology.context_handler_base_url == "https://ch.faelles.localhost:8443"
    assert topology.idp_base_urls["korsbaek"] == "https://idp.korsbaek.localhost:8443"
    assert topology.system_base_urls["byggesag"] == "https://byggesag.fagsystemhuset.localhost:8443"
    assert topology.attribute_service_base_urls["skovrup"] == "https://attributter.skovrup.localhost:8443"


def test_two_municipalities_never_share_a_site(shipped_world, monkeypatch):
    # a municipality's own second connection, as local IdP of NemLog-in, is no other municipality
    idps = SITES.topology(settings(monkeypatch), shipped_world, 8443).idp_base_urls
    urls = [idps[idp.id] for idp in played_by_idp_mock(shipped_world)]
    sites = [url.removeprefix("https://").split(".")[1] for url in urls]
    assert len(sites) == len(set(sites)) > 1


@pytest.mark.parametrize("variable", ["NSIS_BASE_URL", "NSIS_BASE_URLS"])
def test_addresses_of_the_settings_and_of_the_option_exclude_each_other(monkeypatch, variable):
    value = "http://x.test" if variable == "NSIS_BASE_URL" else "idp_mock:korsbaek=http://x.test"
    with pytest.raises(PlacementError, match="unset NSIS_BASE_URL"):
        SITES.settings(settings(monkeypatch, **{variable: value}), 8443)


def test_a_room_gets_the_name_it_was_given(monkeypatch):
    room = Addressing(Kind.LAN, "sal3.lan.test")
    known = room.settings(settings(monkeypatch), 8000)
    assert room.topology(known, WORLD, 8000).idp_base_urls[KORSBAEK.id] == "http://sal3.lan.test:8000/idp/korsbaek"
    assert room.listen(known) == ("0.0.0.0", "::")


def test_a_machine_without_network_is_told_what_to_name(monkeypatch):
    class NoNetwork:
        def __init__(self, *_: object) -> None: ...
        def __enter__(self) -> "NoNetwork":
            return self

        def __exit__(self, *_: object) -> None: ...
        def connect(self, _address: object) -> None:
            raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(addressing.socket, "socket", NoNetwork)
    with pytest.raises(PlacementError, match="--lan-host"):
        Addressing(Kind.LAN).settings(settings(monkeypatch), 8000)


def test_a_production_host_is_no_name_for_a_room(monkeypatch):
    with pytest.raises(PlacementError, match="belongs to"):
        Addressing(Kind.LAN, "login.nemlog-in.dk").settings(settings(monkeypatch), 8000)
