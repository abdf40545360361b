"""One person, one session, one logout, in a real Chromium: Cilla Møberg from Byggesag to SEB and out; on one site and across sites."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from federation.load import load_world
from federation.sites import topology_of_sites
from tests.browser.conftest import PATIENCE_MS, click, new_document
from tests.browser.test_addressing import chromium, make_trusting
from tests.processes import clean_environment, simulator

FEDERATION = Path(__file__).parents[2] / "federation.yaml"
MOST_PAGES_ON_THE_WAY = 8
"""Where scripts are off, each page that sends the browser on waits for its button."""


@dataclass(frozen=True)
class Street:
    """Where the parties of the walk live."""

    portal: str
    byggesag: str
    seb: str
    idp: str


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the realistic simulator has its keys."""
    return tmp_path_factory.mktemp("realistic") / "certs"


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[dict[str, Street]]:
    """Run one simulator in each mode, and give the addresses in both."""
    environment = clean_environment()
    here = tmp_path_factory.mktemp("plain")
    realistic = simulator(certificates.parent, environment=environment, command=("demo", "--realistic"))
    with simulator(here, environment=environment) as one, realistic as many:
        at, sites = one.base_url, topology_of_sites(int(many.base_url.rpartition(":")[2]), load_world(FEDERATION))
        yield {
            "one site": Street(at, f"{at}/sp/byggesag/", f"{at}/sp/seb/", f"{at}/idp/korsbaek/"),
            "sites": Street(
                many.base_url,
                f"{sites.system_base_urls['byggesag']}/",
                f"{sites.system_base_urls['seb']}/",
                f"{sites.idp_base_urls['korsbaek']}/",
            ),
        }


@pytest.fixture(scope="module")
def browser(
    streets: dict[str, Street], certificates: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Chromium that trusts the web authority of the realistic simulator."""
    settings = {"NSIS_BASE_URL": streets["sites"].portal, "NSIS_CERTS_DIR": str(certificates)}
    home = make_trusting(tmp_path_factory.mktemp("home"), clean_environment() | settings)
    with chromium(home) as launched:
        yield launched


@dataclass(frozen=True)
class Walker:
    """Somebody at a browser, in one of the streets."""

    page: Page
    street: Street
    has_scripts: bool

    def expect_heading(self, text: str) -> None:
        """Wait for a page with this heading; where scripts are off, press the button of each page that sends the browser on."""
        heading = self.page.get_by_role("heading", level=1, name=text)
        onwards = self.page.get_by_role("button", name="Fortsæt")
        for _ in range(0 if self.has_scripts else MOST_PAGES_ON_THE_WAY):
            expect(heading.or_(onwards)).to_be_visible()
            if heading.is_visible():
                return
            with new_document(self.page):
                click(onwards)
        expect(heading).to_be_visible()

    def log_in_at_byggesag(self) -> None:
        self.page.goto(self.street.portal)
        click(self.page.get_by_role("link", name="Byggesag", exact=True))
        click(self.page.get_by_role("link", name="Log ind", exact=True))
        click(self.page.get_by_role("button", name="Korsbæk Kommune"))
        click(self.page.get_by_role("button", name="Log ind som denne person Cilla Møberg"))
        self.expect_heading("Du er logget ind")
        assert self.page.url == f"{self.street.byggesag}result"

    def go_on_to_seb(self) -> None:
        self.page.goto(self.street.seb)
        click(self.page.get_by_role("link", name="Lokal IdP"))
        click(self.page.get_by_role("button", name="Korsbæk Kommune"))
        self.expect_heading("Du er logget ind")
        assert self.page.url == f"{self.street.seb}result"

    def log_out_everywhere(self) -> None:
        click(self.page.get_by_role("button", name="Log ud alle steder"))
        self.expect_heading("Du er logget ud")


@pytest.fixture(params=["one site", "sites"])
def street(request: pytest.FixtureRequest, streets: dict[str, Street]) -> Street:
    return streets[request.param]


@pytest.fixture(params=["scripts", "no scripts"])
def walker(request: pytest.FixtureRequest, browser: Browser, street: Street) -> Iterator[Walker]:
    has_scripts = request.param == "scripts"
    context = browser.new_context(locale="da-DK", reduced_motion="reduce", java_script_enabled=has_scripts)
    context.set_default_timeout(PATIENCE_MS)
    yield Walker(context.new_page(), street, has_scripts)
    context.close()


def test_cilla_from_byggesag_to_seb_and_out_everywhere(walker: Walker) -> None:
    page, street = walker.page, walker.street
    prompts: list[str] = []
    page.on("request", lambda sent: prompts.append(sent.url) if sent.url == f"{street.idp}login" else None)
    walker.log_in_at_byggesag()
    assert len(prompts) == 1
    walker.go_on_to_seb()
    assert len(prompts) == 1, "the session answers; nobody is asked again"
    groups = page.locator(".sim-version:not([hidden]) .sim-cards .sim-card").all_inner_texts()
    assert [group.splitlines()[0] for group in groups] == ["Hjemmesygeplejen Nord", "Hjemmesygeplejen Syd"]
    assert all("national rolle" in group for group in groups)
    walker.log_out_everywhere()
    assert page.url.startswith(street.seb)

    page.goto(f"{street.byggesag}result")
    walker.expect_heading("Log ind i Byggesag")
    expect(page.get_by_text("Cilla Møberg")).to_have_count(0)
    page.goto(street.idp)
    walker.expect_heading("Ingen er logget ind her")
    page.goto(street.byggesag)
    click(page.get_by_role("link", name="Log ind", exact=True))
    click(page.get_by_role("button", name="Korsbæk Kommune"))
    expect(page.get_by_role("button", name="Log ind som denne person Cilla Møberg")).to_be_visible()
