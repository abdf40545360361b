"""The mock IdP's login page in a real browser: one click, a keyboard, no scripts, both languages, a narrow screen."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from federation.urls import IdpUrls
from oiosaml.bindings.redirect import write_redirect
from oiosaml.messages.authn_request import write_authn_request
from oiosaml.messages.element import serialise
from tests.browser.conftest import NARROW, Visitor, click, new_document, serving, unfold, wait_until_drawn
from tests.conftest import make_member
from tests.idp_mock.house import WORLD, broker_request, make_house, person

Check = Callable[[Page], None]
LONG = person("lang", "L" + "ang" * 66 + "t")
MARKUP = person("markup", '<img src=x onerror="alert(1)"> & Søn')


@pytest.fixture(scope="module")
def acs() -> Iterator[str]:
    """The Context Handler's ACS: says which fields reached it."""

    async def consume(request: Request) -> PlainTextResponse:
        body = (await request.body()).decode()
        return PlainTextResponse("got " + ",".join(sorted(part.partition("=")[0] for part in body.split("&"))))

    app = Starlette(routes=[Route("/acs", consume, methods=["POST"])])
    with serving(lambda _base_url: app) as base_url:
        yield f"{base_url}/acs"


@pytest.fixture(scope="module")
def login_url(acs: str) -> Iterator[str]:
    """The address the Context Handler sends a browser to."""
    world = replace(WORLD, people=(*WORLD.people, LONG, MARKUP))
    broker, idp = make_member("broker"), make_member("idp")

    def make(base_url: str) -> object:
        return make_house(idp, broker, world=world, urls=IdpUrls(base_url), acs_url=acs).app

    with serving(make) as base_url:
        request = broker_request(destination=f"{base_url}/sso", assertion_consumer_service_url=acs)
        octets = serialise(write_authn_request(request))
        yield write_redirect(f"{base_url}/sso", octets, relay_state="rs-1", key=broker.signing)


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("state", ["fresh", "wrong password"])
def test_the_page_has_no_accessibility_finding_and_fits_a_phone(
    new_visitor: Callable[..., Visitor],
    login_url: str,
    language: str,
    state: str,
    assert_accessible: Check,
    assert_fits: Check,
):
    page = new_visitor(locale=language).page()
    page.goto(login_url)
    main = page.locator(f"#{language}")
    if state == "wrong password":
        main.locator("input[name=username]").fill("ane-holm")
        main.locator("input[name=password]").fill("wrong")
        main.locator("input[name=password]").press("Enter")
        expect(page.locator(f"#{language} .sim-error-summary")).to_be_visible()
        expect(main.locator("input[name=username]")).to_have_value("ane-holm")
    assert page.get_attribute("html", "lang") == language
    unfold(page)
    assert_accessible(page)
    page.set_viewport_size(NARROW)
    assert_fits(page)


@pytest.mark.parametrize("scripts", ["on", "off"])
def test_one_click_ends_at_the_context_handler(
    new_visitor: Callable[..., Visitor], login_url: str, acs: str, scripts: str
):
    page = new_visitor(java_script_enabled=scripts == "on").page()
    page.goto(login_url)
    click(page.get_by_role("button", name="Log ind som denne person Ane Holm"))
    if scripts == "off":
        click(page.get_by_role("button", name="Fortsæt"))
    page.wait_for_url(acs)
    expect(page.locator("body")).to_have_text("got RelayState,SAMLResponse")


def test_the_keyboard_alone_logs_in_with_a_password(page: Page, login_url: str, acs: str):
    page.goto(login_url)
    page.locator("#da input[name=username]").focus()
    page.keyboard.type("ane-holm")
    page.keyboard.press("Tab")
    expect(page.locator("#da input[name=password]")).to_be_focused()
    page.keyboard.type("demo")
    page.keyboard.press("Enter")
    page.wait_for_url(acs)


@pytest.mark.parametrize("scripts", ["on", "off"])
def test_the_language_is_changed_title_and_all_and_stays(
    new_visitor: Callable[..., Visitor], login_url: str, scripts: str, assert_accessible: Check, assert_fits: Check
):
    page = new_visitor(locale="da", java_script_enabled=scripts == "on").page()
    page.goto(login_url)
    click(page.get_by_role("button", name="English"))
    expect(page.get_by_role("heading", name="Choose who you are")).to_be_visible()
    expect(page.get_by_role("heading", name="Vælg, hvem du er")).not_to_be_visible()
    expect(page).to_have_title(re.compile("^Log in at "))
    assert page.get_attribute("html", "lang") == "en"
    if scripts == "on":
        assert_accessible(page)
    page.set_viewport_size(NARROW)
    assert_fits(page)
    page.goto(login_url.partition("/sso?")[0] + "/")
    assert page.get_attribute("html", "lang") == "en", "the next page is in the language that was chosen"


def test_markup_in_a_name_is_shown_as_text(page: Page, login_url: str):
    page.goto(login_url)
    expect(page.get_by_role("heading", name=MARKUP.name)).to_be_visible()


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("scripts", ["on", "off"])
def test_the_session_page_has_no_accessibility_finding_and_works_without_scripts(
    new_visitor: Callable[..., Visitor],
    login_url: str,
    acs: str,
    language: str,
    scripts: str,
    assert_accessible: Check,
    assert_fits: Check,
):
    page = new_visitor(locale=language, java_script_enabled=scripts == "on").page()
    home = login_url.partition("/sso?")[0] + "/"
    page.goto(login_url)
    click(page.locator(f"#{language} button[value=ane-holm]"))
    if scripts == "off":
        click(page.locator(f"#{language} button"))
    page.wait_for_url(acs)
    page.goto(home)
    wait_until_drawn(page)
    page.locator("input[value=refuse]").check()
    with new_document(page):
        click(page.get_by_role("button", name="Gør sådan" if language == "da" else "Behave so"))
    expect(page.locator("input[value=refuse]")).to_be_checked()
    if scripts == "on":
        unfold(page)
        assert_accessible(page)
        page.set_viewport_size(NARROW)
        assert_fits(page)
    click(page.get_by_role("button", name="Afslut kun her" if language == "da" else "End it here only"))
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Ingen er logget ind her" if language == "da" else "Nobody is logged in here"
    )
    if scripts == "on":
        assert_accessible(page)
