"""NemLog-in's pages in a real browser against `nsis demo`: both languages, a narrow screen, no scripts, and the way by a municipality."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NARROW, Visitor, click, unfold
from tests.processes import clean_environment, simulator

Check = Callable[[Page], None]


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with simulator(tmp_path_factory.mktemp("nemlogin"), environment=clean_environment()) as running:
        # the service's foreign stack is loaded at its first login, which takes longer than a browser waits here
        httpx.get(f"{running.base_url}/sp/selvbetjening/login", timeout=60, trust_env=False)
        yield running.base_url


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("path", ["/nemlogin/", "/sp/selvbetjening/login"], ids=["front page", "login page"])
def test_a_page_has_no_accessibility_finding_and_fits_a_phone(
    new_visitor: Callable[..., Visitor],
    base_url: str,
    path: str,
    language: str,
    assert_accessible: Check,
    assert_fits: Check,
):
    page = new_visitor(locale=language).page()
    page.goto(base_url + path)
    assert page.get_attribute("html", "lang") == language
    unfold(page)
    assert_accessible(page)
    page.set_viewport_size(NARROW)
    assert_fits(page)


@pytest.mark.parametrize("scripts", ["on", "off"])
def test_a_citizen_logs_in_with_one_click(new_visitor: Callable[..., Visitor], base_url: str, scripts: str):
    page = new_visitor(java_script_enabled=scripts == "on").page()
    page.goto(f"{base_url}/sp/selvbetjening/login")
    click(page.get_by_role("button", name="Log ind som denne person Gry Sø"))
    if scripts == "off":
        click(page.get_by_role("button", name="Fortsæt"))
    expect(page.get_by_role("heading", level=1, name="Du er logget ind")).to_be_visible()


def test_the_portal_leads_there_and_a_test_case_is_chosen_on_the_login_page(page: Page, base_url: str):
    page.goto(base_url)
    click(page.get_by_role("link", name="NemLog-in-simulatoren"))
    expect(page.get_by_role("heading", level=1, name="NemLog-in (simuleret)")).to_be_visible()
    click(page.get_by_role("link", name="Byggesag", exact=True))
    page.locator("#da select[name=scenario]").select_option("IT-TIM-1")
    click(page.get_by_role("button", name="Log ind som denne person Sif Ørnhøj"))
    expect(page.get_by_text("Adgangsbilletten er udløbet.").first).to_be_visible()


def test_an_employee_goes_round_by_the_context_handler(page: Page, base_url: str):
    page.goto(f"{base_url}/sp/selvbetjening/login")
    click(page.get_by_role("button", name="Kommunernes fælles login (Context Handler)"))
    click(page.get_by_role("button", name="Log ind som denne person Ane Holm"))
    expect(page.get_by_role("heading", level=1, name="Du er logget ind")).to_be_visible()
