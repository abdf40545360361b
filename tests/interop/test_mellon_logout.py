"""Single logout with mod_auth_mellon among the participants: begun there, and carried there by the broker, beside both demo systems."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from federation.load import load_world
from federation.topology import default_topology
from nsis_sim.browser import Browser, Page
from nsis_sim.headless_login import PERSONA_HEADER
from nsis_sim.headless_session import HeadlessSession
from nsis_sim.settings import home
from tests.interop.peer import ANE_HOLM, Peer
from tests.processes import Simulator

DEMO_SYSTEMS = ("byggesag", "ydelser")


@dataclass(frozen=True)
class Ane:
    """Ane Holm at one browser: at mellon and at the demo systems."""

    browser: Browser
    demo: HeadlessSession
    mellon: Peer

    def log_in_everywhere(self) -> None:
        page = ANE_HOLM.choose_home(self.browser, self.browser.visit(self.mellon.login_url))
        assert page.status == 200, page.text
        for system in DEMO_SYSTEMS:
            self.demo.log_in(system)
        assert self.is_at_mellon
        assert all(self.demo.is_logged_in(system) for system in DEMO_SYSTEMS)

    @property
    def is_at_mellon(self) -> bool:
        """Whether mellon lets her in at once; if not, it sends her to the broker, where she is not followed."""
        return self.browser._client.get(self.mellon.login_url).status_code == 200

    def log_out_at_mellon(self) -> Page:
        base_url = self.mellon.login_url
        return self.browser.visit(f"{base_url}mellon/logout?ReturnTo={base_url}mellon/metadata")


@pytest.fixture
def ane(federation: Simulator, systems: Mapping[str, Peer]) -> Iterator[Ane]:
    topology = default_topology(federation.base_url, load_world(home() / "federation.yaml"))
    with Browser(headers={PERSONA_HEADER: ANE_HOLM.persona, "Accept-Language": "en"}) as browser:
        yield Ane(browser, HeadlessSession(browser, topology, ANE_HOLM.idp), systems["mellon"])


def test_logout_begun_at_mellon_is_logout_everywhere(ane: Ane) -> None:
    ane.log_in_everywhere()
    page = ane.log_out_at_mellon()
    assert page.url == f"{ane.mellon.login_url}mellon/metadata", "mellon took the answer and sent her on"
    assert not ane.is_at_mellon
    assert not any(ane.demo.is_logged_in(system) for system in DEMO_SYSTEMS)
    assert not ane.demo.is_logged_in_at_idp("korsbaek")


@pytest.mark.parametrize("system", DEMO_SYSTEMS)
def test_logout_begun_at_a_demo_system_reaches_mellon(ane: Ane, system: str) -> None:
    ane.log_in_everywhere()
    page = ane.demo.log_out(system)
    assert "You are logged out" in page.text, page.text
    assert not ane.is_at_mellon
    assert not any(ane.demo.is_logged_in(each) for each in DEMO_SYSTEMS)


def test_logout_begun_at_the_home_idp_reaches_mellon(ane: Ane) -> None:
    ane.log_in_everywhere()
    assert "You are logged out" in ane.demo.log_out_at_idp("korsbaek").text
    assert not ane.is_at_mellon
    assert not any(ane.demo.is_logged_in(each) for each in DEMO_SYSTEMS)


def test_mellon_is_told_when_a_system_refused(ane: Ane) -> None:
    ane.log_in_everywhere()
    ane.demo.behave("byggesag", "refuse")
    page = ane.log_out_at_mellon()
    assert "Byggesag" in page.text
    assert not ane.is_at_mellon
    assert ane.demo.is_logged_in("byggesag")
    assert not ane.demo.is_logged_in("ydelser")
