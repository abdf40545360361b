"""Single logout with node-saml, beside a demo system: what docs/stacks.md says of it is seen here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from federation.load import load_world
from federation.topology import default_topology
from nsis_sim.browser import Browser, Page
from nsis_sim.headless_login import PERSONA_HEADER
from nsis_sim.headless_session import HeadlessSession
from nsis_sim.settings import home
from tests.interop.peer import ANE_HOLM, Peer
from tests.processes import Simulator

DEMO = "byggesag"


@dataclass(frozen=True)
class Ane:
    """Ane Holm at one browser: at node-saml and at a demo system."""

    browser: Browser
    demo: HeadlessSession
    node: Peer

    def log_in_everywhere(self) -> None:
        page = ANE_HOLM.choose_home(self.browser, self.browser.visit(self.node.login_url))
        assert page.status == 200, page.text
        self.demo.log_in(DEMO)
        assert self.is_at_node
        assert self.demo.is_logged_in(DEMO)

    @property
    def is_at_node(self) -> bool:
        return self.browser._client.get(self._at("whoami")).json()["nameId"] is not None

    def log_out_at_node(self) -> Page:
        return self.browser.visit(self._at("logout"))

    def _at(self, page: str) -> str:
        return self.node.login_url.replace("/login", f"/{page}")


@pytest.fixture
def ane_at(federation: Simulator, systems: Mapping[str, Peer]) -> Iterator[Callable[[str], Ane]]:
    topology = default_topology(federation.base_url, load_world(home() / "federation.yaml"))
    with Browser(headers={PERSONA_HEADER: ANE_HOLM.persona, "Accept-Language": "en"}) as browser:
        yield lambda name: Ane(browser, HeadlessSession(browser, topology, ANE_HOLM.idp), systems[name])


def test_logout_begun_at_node_saml_is_logout_everywhere(ane_at: Callable[[str], Ane]) -> None:
    ane = ane_at("node-saml")
    ane.log_in_everywhere()
    page = ane.log_out_at_node()
    assert (page.status, page.text) == (200, '{"loggedOut":true}')
    assert not ane.is_at_node
    assert not ane.demo.is_logged_in(DEMO)
    assert not ane.demo.is_logged_in_at_idp("korsbaek")


def test_logout_begun_elsewhere_reaches_node_saml_which_answers_at_response_location(
    ane_at: Callable[[str], Ane],
) -> None:
    ane = ane_at("node-saml")
    ane.log_in_everywhere()
    assert "You are logged out" in ane.demo.log_out(DEMO).text
    assert not ane.is_at_node


def test_a_partial_logout_is_a_whole_one_to_node_saml(ane_at: Callable[[str], Ane]) -> None:
    ane = ane_at("node-saml")
    ane.log_in_everywhere()
    ane.demo.behave(DEMO, "refuse")
    page = ane.log_out_at_node()
    assert "Byggesag" in page.text
    (back,) = {link for link in page.links if "/node-saml/slo" in link}
    assert ane.browser.visit(back).text == '{"loggedOut":true}'
    assert ane.demo.is_logged_in(DEMO)


def test_by_post_as_its_metadata_has_it_node_saml_refuses_the_honest_answer(ane_at: Callable[[str], Ane]) -> None:
    ane = ane_at("node-saml-post")
    ane.log_in_everywhere()
    page = ane.log_out_at_node()
    assert (page.status, page.text) == (403, "InResponseTo is missing from response")
    assert not ane.is_at_node
    assert not ane.demo.is_logged_in(DEMO), "the logout itself was whole"


def test_by_post_node_saml_is_asked_all_the_same(ane_at: Callable[[str], Ane]) -> None:
    ane = ane_at("node-saml-post")
    ane.log_in_everywhere()
    assert "You are logged out" in ane.demo.log_out(DEMO).text
    assert not ane.is_at_node


@pytest.mark.parametrize("dropped", [(), ("SigAlg", "Signature")], ids=["signed", "unsigned"])
def test_an_unsigned_answer_is_refused_by_the_application_alone(
    ane_at: Callable[[str], Ane], dropped: tuple[str, ...]
) -> None:
    ane = ane_at("node-saml")
    ane.log_in_everywhere()
    ane.demo.behave(DEMO, "refuse")
    (back,) = {link for link in ane.log_out_at_node().links if "/node-saml/slo" in link}
    url, query = urlsplit(back)._replace(query="").geturl(), parse_qsl(urlsplit(back).query)
    kept = (
        urlencode([(name, value) for name, value in query if name not in dropped]) if dropped else urlsplit(back).query
    )
    answer = ane.browser._client.get(f"{url}?{kept}")
    expected = (403, "the application: no signature") if dropped else (200, '{"loggedOut":true}')
    assert (answer.status_code, answer.text) == expected
