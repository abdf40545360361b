"""A newcomer's way through the whole simulator, in a real Chromium against `nsis demo`: the portal, a choice, one click, and the rights."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nsis_sim.api_client import Api
from nsis_sim.headless_login import log_in, resolve
from tests.browser.conftest import NARROW, WIDE, Visitor, click, new_document, unfold
from tests.processes import clean_environment, simulator

Check = Callable[[Page], None]
Walk = Callable[[Page, str], None]
Step = Callable[[Page, str, str], None]
LANGUAGES = ("da", "en")

SYSTEM = {"da": "Log ind i Byggesag", "en": "Log in to Byggesag"}
MUNICIPALITY = {"da": "Vælg din kommune", "en": "Choose your municipality"}
BACK = {"da": "Tilbage til Byggesag", "en": "Back to Byggesag"}
PICK = {"da": "Log ind som denne person", "en": "Log in as this person"}
LOGGED_IN = {"da": "Du er logget ind", "en": "You are logged in"}
TURNED_AWAY = {"da": "Du blev ikke logget ind", "en": "You were not logged in"}


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with simulator(tmp_path_factory.mktemp("walkthrough"), environment=clean_environment()) as running:
        yield running.base_url


@pytest.fixture(scope="module")
def photograph() -> Callable[[Page, str], None]:
    """Take a picture of a page wide and narrow into the directory WALKTHROUGH_PICTURES, for a person to look at; else take none."""
    directory = os.environ.get("WALKTHROUGH_PICTURES")

    def take(page: Page, name: str) -> None:
        for size in (NARROW, WIDE) if directory else ():
            page.set_viewport_size(size)
            page.screenshot(path=Path(directory or "") / f"{name}-{size['width']}.png", full_page=True)

    return take


def choose(page: Page, municipality: str) -> None:
    click(page.get_by_role("button", name=municipality))


def pick(page: Page, person: str, language: str = "da") -> None:
    click(page.get_by_role("button", name=f"{PICK[language]} {person}"))


def expect_heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1, name=text)).to_be_visible()


def way_to_login(page: Page, base_url: str, language: str) -> None:
    """From the front door to the login page of Korsbæk."""
    for step in (to_system, to_discovery, to_login):
        step(page, base_url, language)


# --- steps from page to page, each begun where the one before ended


def to_portal(page: Page, base_url: str, language: str) -> None:
    page.goto(base_url)


def to_system(page: Page, base_url: str, language: str) -> None:
    page.goto(base_url)
    click(page.get_by_role("link", name="Byggesag", exact=True))
    expect_heading(page, SYSTEM[language])


def to_discovery(page: Page, base_url: str, language: str) -> None:
    click(page.get_by_role("link", name={"da": "Log ind", "en": "Log in"}[language], exact=True))
    expect_heading(page, MUNICIPALITY[language])


def to_login(page: Page, base_url: str, language: str) -> None:
    choose(page, "Korsbæk Kommune")
    expect(page.get_by_role("button", name=PICK[language]).first).to_be_visible()


def to_result(page: Page, base_url: str, language: str) -> None:
    pick(page, "Ane Holm", language)
    expect_heading(page, LOGGED_IN[language])


def to_refused(page: Page, base_url: str, language: str) -> None:
    page.goto(f"{base_url}/sp/byggesag/login?idp=https://saml.idp.korsbaek.test")
    pick(page, "Bo Lindgaard", language)
    expect(page.get_by_role("button", name=BACK[language])).to_be_visible()


def to_turned_away(page: Page, base_url: str, language: str) -> None:
    click(page.get_by_role("button", name=BACK[language]))
    expect_heading(page, TURNED_AWAY[language])


def to_error(page: Page, base_url: str, language: str) -> None:
    page.goto(f"{base_url}/runtime/saml2/issue.idp?SAMLRequest=x")


def to_missing(page: Page, base_url: str, language: str) -> None:
    page.goto(f"{base_url}/nowhere")


def to_api_docs(page: Page, base_url: str, language: str) -> None:
    page.goto(f"{base_url}/_sim/api/docs")


def to_old_login(page: Page, base_url: str, language: str) -> None:
    page.goto(f"{base_url}/sp/arkiv/login?idp=https://saml.idp.maagevig.test")
    expect(page.get_by_role("button", name=PICK[language]).first).to_be_visible()


def to_old_result(page: Page, base_url: str, language: str) -> None:
    pick(page, "Eva Ålund", language)
    expect_heading(page, LOGGED_IN[language])


def to_comparison(page: Page, base_url: str, language: str) -> None:
    flows = []
    with Api(base_url) as api:
        for system in ("byggesag", "arkiv"):
            wish = resolve(api, system=system, idp="korsbaek", persona="ane-holm", level=None, start=None)
            flows.append(log_in(wish, api=api, base_url=base_url).flow)
    page.goto(f"{base_url}/_sim/compare?a={flows[0]}&b={flows[1]}")


def to_portal_that_warns(page: Page, base_url: str, language: str) -> None:
    """What ends soon stands on the front page; long enough from now that nothing else is disturbed."""
    with Api(base_url) as api:
        (document,) = [each["registration"] for each in api.parties("systems") if each["id"] == "arkiv"]
        ends = datetime.now(UTC) + timedelta(days=20)
        api.send("PUT", "/systems/arkiv", document | {"active": {"end": f"{ends:%Y-%m-%dT%H:%M:%SZ}"}})
        try:
            page.goto(base_url)
        finally:
            api.send("PUT", "/systems/arkiv", document)
    words = {"da": "Noget hos medlemmerne udløber snart", "en": "Something of the members ends soon"}
    expect(page.get_by_role("heading", name=words[language])).to_be_visible()


WALKS: Mapping[str, Sequence[Step]] = {
    "in": (to_portal, to_system, to_discovery, to_login, to_result),
    "turned away": (to_refused, to_turned_away),
    "in by the old profile": (to_old_login, to_old_result),
    "beside": (to_portal_that_warns, to_comparison, to_error, to_missing, to_api_docs),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("walk", WALKS)
def test_every_page_is_accessible_and_fits_a_phone(
    new_visitor: Callable[..., Visitor],
    base_url: str,
    walk: str,
    language: str,
    assert_accessible: Check,
    assert_fits: Check,
    photograph: Walk,
) -> None:
    page = new_visitor(locale=language).page()
    for step in WALKS[walk]:
        page.set_viewport_size(WIDE)
        step(page, base_url, language)
        assert page.get_attribute("html", "lang") == language
        photograph(page, f"{step.__name__.removeprefix('to_')}-{language}")
        unfold(page)
        assert_accessible(page)
        page.set_viewport_size(NARROW)
        assert_fits(page)
        # The narrow layout has the same words in another order: axe looks at it once, and not at three thousand elements anew.
        if language == "da" and step is not to_api_docs:
            assert_accessible(page)
        expect(page.locator(f"#{language} .sim-banner")).to_contain_text("SIMULATOR")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_that_passes_a_message_on_is_accessible_and_works_without_its_script(
    new_visitor: Callable[..., Visitor],
    base_url: str,
    language: str,
    assert_accessible: Check,
    assert_fits: Check,
    photograph: Walk,
) -> None:
    visitor = new_visitor(locale=language)
    # The page is gone before axe could look at it; without its script it stays.
    visitor.context.route("**/auto_post.js", lambda route: route.abort())
    page = visitor.page()
    way_to_login(page, base_url, language)
    pick(page, "Ane Holm", language)
    go_on = page.get_by_role("button", name={"da": "Fortsæt", "en": "Continue"}[language])
    expect(go_on).to_be_visible()
    photograph(page, f"auto_post-{language}")
    assert_accessible(page)
    page.set_viewport_size(NARROW)
    assert_fits(page)
    for _ in range(2):
        with new_document(page):
            click(go_on)
    expect_heading(page, LOGGED_IN[language])


@pytest.mark.parametrize(
    ("system", "rights", "others"),
    [
        (
            "Byggesag",
            ["Sagsbehandler", "Læseadgang", "KLE", "02.34.02", "Organisationsenhed"],
            "ydelser.sim.test/roles",
        ),
        ("Ydelser", ["Sagsbehandler", "KLE", "32.*"], "byggesag.sim.test/roles"),
    ],
)
def test_one_click_and_ane_holm_sees_her_rights_and_nobody_elses(
    page: Page, base_url: str, system: str, rights: list[str], others: str
) -> None:
    page.goto(base_url)
    click(page.get_by_role("link", name=system, exact=True))
    click(page.get_by_role("link", name="Log ind", exact=True))
    choose(page, "Korsbæk Kommune")
    pick(page, "Ane Holm")
    expect_heading(page, "Du er logget ind")
    expect(page.get_by_text("Ane Holm, Korsbæk Kommune")).to_be_visible()
    tree = page.locator(".sim-tree")
    for word in rights:
        expect(tree).to_contain_text(word)
    assert others not in tree.inner_text()


def test_ib_noehr_gets_his_rights_through_the_attribute_service(page: Page, base_url: str) -> None:
    to_system(page, base_url, "da")
    to_discovery(page, base_url, "da")
    choose(page, "Skovrup Kommune")
    pick(page, "Ib Nøhr")
    expect_heading(page, "Du er logget ind")
    expect(page.locator(".sim-tree")).to_contain_text("02.34")
    assert "02.34.02" not in page.locator(".sim-tree").inner_text()


def test_bo_reads_why_he_is_refused_and_who_must_mend_it(page: Page, base_url: str) -> None:
    to_refused(page, base_url, "da")
    expect(
        page.get_by_text("Systemet kræver sikringsniveau Betydelig, men du er logget ind på Lav.").first
    ).to_be_visible()
    expect(page.locator("#da")).to_contain_text("skal kommunen anmelde sit login på et højere niveau")
    expect(page.locator("#da .sim-error-summary")).to_be_focused()


def test_a_login_with_scripts_off(new_visitor: Callable[..., Visitor], base_url: str) -> None:
    page = new_visitor(java_script_enabled=False).page()
    way_to_login(page, base_url, "da")
    pick(page, "Ane Holm")
    for _ in range(2):
        with new_document(page):
            click(page.get_by_role("button", name="Fortsæt"))
    expect_heading(page, "Du er logget ind")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element of that name has the focus, as somebody without a mouse does."""
    page.wait_for_load_state()
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText || ''").replace("\n", " ").strip() == name:
            return
    raise AssertionError(f"{name}: not reached by Tab at {page.url}")


def test_a_login_with_the_keyboard_alone(page: Page, base_url: str) -> None:
    page.goto(base_url)
    tab_to(page, "Byggesag")
    page.keyboard.press("Enter")
    expect_heading(page, "Log ind i Byggesag")
    tab_to(page, "Log ind")
    page.keyboard.press("Enter")
    expect_heading(page, "Vælg din kommune")
    tab_to(page, "Korsbæk Kommune")
    page.keyboard.press("Enter")
    expect_heading(page, "Log ind hos Korsbæk Kommune")
    tab_to(page, "Log ind som denne person Ane Holm")
    page.keyboard.press("Enter")
    expect_heading(page, "Du er logget ind")


def test_a_refused_page_changes_its_language_without_a_second_message(page: Page, base_url: str) -> None:
    to_refused(page, base_url, "da")
    click(page.get_by_role("link", name="English"))
    expect(
        page.get_by_text("The system requires level Substantial, but you are logged in at Low.").first
    ).to_be_visible()
    expect(page.get_by_role("button", name="Back to Byggesag")).to_be_visible()
    click(page.get_by_role("button", name="Back to Byggesag"))
    expect_heading(page, "Du blev ikke logget ind")
