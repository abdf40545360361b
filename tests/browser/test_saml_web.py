"""The shared pages in a real browser: both languages, with and without scripts, wide and narrow."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NARROW, WIDE, Visitor, click, serving, unfold, wait_until_drawn
from tests.browser.demo_house import make_demo_house

Check = Callable[[Page], None]
NewVisitor = Callable[..., Visitor]

GET_PAGES = (
    "/",
    "/?wrong=1",
    "/choose",
    "/error/fed.loa",
    "/error/markup",
    "/error/long",
    "/nowhere",
    "/_sim/api/docs",
)


@pytest.fixture(scope="module")
def acs() -> Iterator[str]:
    """A house on another origin."""
    with serving(make_demo_house) as base_url:
        yield base_url


@pytest.fixture(scope="module")
def house(acs: str) -> Iterator[str]:
    with serving(lambda base_url: make_demo_house(base_url, acs=f"{acs}/acs")) as base_url:
        yield base_url


def post_to(page: Page, url: str) -> None:
    """Open `url` by POST."""
    page.set_content(f'<form method="post" action="{url}"><button>Go</button></form>')
    click(page.get_by_role("button"))
    page.wait_for_url(url)


def switch_in_place(page: Page, language: str) -> None:
    """Choose a language on a page that holds both, and wait until it is the one that is shown."""
    click(page.locator(".sim-languages a:visible", has_text="English" if language == "en" else "Dansk"))
    page.wait_for_url(f"**#{language}")
    expect(page.locator(f"#{language}")).to_be_visible()
    expect(page.locator(f"#{'da' if language == 'en' else 'en'}")).to_be_hidden()


def heading(page: Page) -> Locator:
    return page.locator("h1:visible")


@pytest.mark.parametrize(("language", "banner"), [("da", "ikke rigtig login"), ("en", "not a real login")])
def test_every_page_has_the_banner_no_accessibility_finding_and_fits_a_phone(
    page: Page, house: str, language: str, banner: str, assert_accessible: Check, assert_fits: Check
) -> None:
    for path in GET_PAGES:
        page.set_viewport_size(WIDE)
        page.goto(f"{house}{path}{'&' if '?' in path else '?'}lang={language}")
        assert page.get_attribute("html", "lang") == language
        assert f"SIMULATOR \u2013 {banner}" in page.locator(".sim-banner").inner_text(), path
        unfold(page)
        assert_accessible(page)
        page.set_viewport_size(NARROW)
        assert_fits(page)


@pytest.mark.parametrize("language", ["da", "en"])
def test_page_reached_by_post_switches_language_in_place(
    new_visitor: NewVisitor, house: str, language: str, assert_accessible: Check, assert_fits: Check
) -> None:
    page = new_visitor().page()
    post_to(page, f"{house}/error/fed.loa")
    switch_in_place(page, language)
    expected = (
        "The system requires level Substantial" if language == "en" else "Systemet kr\u00e6ver sikringsniveau Betydelig"
    )
    expect(page.locator(".sim-error-summary:visible")).to_have_text(re.compile(rf"^\s*{expected}"))
    expect(heading(page)).to_have_count(1)
    assert_accessible(page)
    page.set_viewport_size(NARROW)
    assert_fits(page)


def test_skip_link_keeps_the_language_of_a_page_reached_by_post(page: Page, house: str) -> None:
    post_to(page, f"{house}/error/fed.loa")
    switch_in_place(page, "en")
    page.locator("#en .skipnav").focus()
    expect(page.locator("#en .skipnav")).to_be_focused()
    page.keyboard.press("Enter")
    # The browser says that the key was taken before it says where that led.
    page.wait_for_url("**#main-en")
    expect(page.locator("#main-en")).to_be_focused()
    expect(heading(page)).to_have_text("The login could not be completed")


def test_language_is_remembered_on_the_next_page(page: Page, house: str) -> None:
    page.goto(f"{house}/choose?q=kors")
    click(page.get_by_role("link", name="English"))
    expect(heading(page)).to_have_text("Choose your municipality")
    expect(page).to_have_url(re.compile("q=kors"))
    expect(page.locator(".sim-choice")).to_have_count(1)
    page.goto(f"{house}/nowhere")
    expect(heading(page)).to_have_text("Page not found")


def test_error_summary_has_the_focus(new_visitor: NewVisitor, house: str) -> None:
    page = new_visitor(java_script_enabled=False).page()
    page.goto(f"{house}/?wrong=1")
    expect(page.locator(".sim-error-summary")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skriv et navn")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**#name-da")


def test_attackers_text_stays_text(page: Page, house: str) -> None:
    for path in ("/", "/error/markup"):
        page.goto(f"{house}{path}")
        expect(page.locator("main")).to_contain_text("<script>")
        assert "SIMULATOR" in page.title()
        assert page.locator("main script, main img").count() == 0


@pytest.mark.parametrize("scripts", [True, False])
def test_message_reaches_another_origin(new_visitor: NewVisitor, house: str, acs: str, *, scripts: bool) -> None:
    page = new_visitor(java_script_enabled=scripts).page()
    page.goto(f"{house}/start")
    if not scripts:
        expect(heading(page)).to_have_text("Du sendes videre")
        click(page.locator("button:visible"))
    page.wait_for_url(f"{acs}/acs")


def test_waiting_page_is_accessible(page: Page, house: str, assert_accessible: Check, assert_fits: Check) -> None:
    # axe needs scripts, and with scripts the page would be left at once.
    page.route("**/auto_post.js", lambda route: route.abort())
    page.set_viewport_size(NARROW)
    page.goto(f"{house}/start")
    assert_accessible(page)
    assert_fits(page)
    switch_in_place(page, "en")
    expect(heading(page)).to_have_text("You are being sent on")
    assert_accessible(page)
    assert_fits(page)


def test_policy_stops_a_form_to_another_destination(new_visitor: NewVisitor, house: str, acs: str) -> None:
    page = new_visitor(java_script_enabled=False).page()
    page.goto(f"{house}/start")
    page.evaluate("url => document.getElementById('message-form').action = url", f"{house}/acs")
    sent: list[str] = []
    # the browser may ask for the page's icon as late as this
    page.on("request", lambda request: sent.append(request.url) if request.is_navigation_request() else None)
    wait_until_drawn(page)
    with page.expect_console_message(lambda said: "form-action" in said.text) as stopped:
        page.locator("button:visible").click(no_wait_after=True)
    assert f"{house}/acs" in stopped.value.text
    assert (page.url, sent) == (f"{house}/start", [])


@pytest.mark.parametrize("scripts", [True, False])
def test_answer_without_cookie_is_sent_to_itself_once(
    new_visitor: NewVisitor, house: str, acs: str, *, scripts: bool
) -> None:
    """127.0.0.1 and localhost are different sites: the Lax cookie stays away from the first POST and comes with the second."""
    page = new_visitor(java_script_enabled=scripts).page()
    page.goto(f"{acs}/begin")
    page.goto(f"{house.replace('localhost', '127.0.0.1')}/start")
    if not scripts:
        click(page.locator("button:visible"))
        expect(heading(page)).to_have_text("Et trin mere")
        click(page.locator("button:visible"))
    expect(page.locator(".chosen:visible")).to_have_text("PHg+ handle-1 True")


def test_browser_without_cookies_does_not_go_round_for_ever(new_visitor: NewVisitor, house: str, acs: str) -> None:
    page = new_visitor().page()
    page.goto(f"{house.replace('localhost', '127.0.0.1')}/start")
    expect(page.locator(".chosen:visible")).to_have_text("PHg+ None True")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_own_form_is_taken_from_our_page_only(page: Page, house: str, acs: str, host: str) -> None:
    page.goto(f"{house}/choose")
    click(page.get_by_role("button", name="Korsb\u00e6k Kommune"))
    expect(page.locator(".chosen:visible")).to_have_text("Korsb\u00e6k Kommune")
    lure = f'<form method="post" action="{house}/choose"><button name="name" value="x">Go</button></form>'
    elsewhere = f"{acs.replace('localhost', host)}/lure"
    page.route(elsewhere, lambda route: route.fulfill(body=lure, content_type="text/html"))
    page.goto(elsewhere)
    click(page.get_by_role("button", name="Go"))
    page.wait_for_url(f"{house}/choose")
    expect_refusal_as_forged(page)


def test_own_form_works_on_a_plain_http_lan_name(page: Page) -> None:
    """No Sec-Fetch-Site there, and `Origin: null` because our pages send no referrer: the form's token decides."""
    with serving(lambda base_url: make_demo_house(on_lan(base_url))) as base_url:
        page.goto(f"{on_lan(base_url)}/choose")
        with page.expect_request(lambda request: request.method == "POST") as sent:
            click(page.get_by_role("button", name="Korsb\u00e6k Kommune"))
        assert sent.value.headers["origin"] == "null"
        expect(page.locator(".chosen:visible")).to_have_text("Korsb\u00e6k Kommune")
        page.goto(f"{on_lan(base_url)}/choose")
        page.evaluate("document.querySelector('[name=form_token]').value = 'guessed'")
        click(page.get_by_role("button", name="Korsb\u00e6k Kommune"))
        expect_refusal_as_forged(page)


def expect_refusal_as_forged(page: Page) -> None:
    expect(heading(page)).to_have_text("Foresp\u00f8rgslen blev afvist")
    expect(page.locator("#da")).to_contain_text("web.csrf")


def on_lan(base_url: str) -> str:
    return base_url.replace("localhost", "house.lan.test")
