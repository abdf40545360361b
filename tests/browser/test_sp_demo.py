"""The demo systems in a real browser: a login without scripts, no accessibility finding in either language, nothing runs that was sent."""

import base64
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from lxml import etree
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from oiosaml.attributes import FULL_NAME
from oiosaml.ids import MessageId
from oiosaml.logout_sending import logout_redirect
from oiosaml.messages.logout import LogoutResponse
from oiosaml.messages.response import Status
from oiosaml.uris import NS_SAML, STATUS_NO_AUTHN_CONTEXT, STATUS_PARTIAL_LOGOUT, STATUS_RESPONDER, STATUS_SUCCESS
from sp_demo.system import StackName
from tests.browser.conftest import NARROW, click, new_document, serving, wait_until_drawn
from tests.sp_demo.houses import BROKER, inflate, make_house

MARKUP = "<script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def base_url(member, broker):
    def make_app(base_url):
        houses = {stack: make_house(stack, member, broker, base_url) for stack in StackName}

        def half_logged_out(message: etree._Element, relay_state: str) -> Response:
            issuer = message.findtext(f"{{{NS_SAML}}}Issuer")
            house = next(each for each in houses.values() if each.system.entity_id == issuer)
            answer = LogoutResponse(
                MessageId("_answer"),
                datetime.now(UTC),
                BROKER,
                house.system.urls.slo_url,
                MessageId(message.get("ID", "")),
                Status(STATUS_SUCCESS, STATUS_PARTIAL_LOGOUT, MARKUP),
            )
            return RedirectResponse(logout_redirect(answer, broker.signing, relay_state=relay_state))

        async def sso(request: Request) -> Response:
            query = parse_qs(urlsplit(str(request.url)).query)
            message = etree.fromstring(inflate(query["SAMLRequest"][0]))
            if message.tag.endswith("}LogoutRequest"):
                return half_logged_out(message, query["RelayState"][0])
            house = next(each for each in houses.values() if each.acs == message.get("AssertionConsumerServiceURL"))
            if b"loa/High" in etree.tostring(message):
                status = Status(STATUS_RESPONDER, STATUS_NO_AUTHN_CONTEXT, MARKUP)
                answer = house.issuer.refusal(message.get("ID"), status)
            else:
                changed = house.issuer.attributes(**{FULL_NAME: (f"Ane Holm {MARKUP}",)})
                answer = house.issuer.answer(message.get("ID"), attribute_statements=(changed,))
            fields = {"SAMLResponse": base64.b64encode(answer).decode(), "RelayState": query["RelayState"][0]}
            inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
            return HTMLResponse(f'<form method="post" action="{house.acs}">{inputs}<button>Go</button></form>')

        mounts = [Mount(urlsplit(each.system.urls.base_url).path, each.inner) for each in houses.values()]
        return Starlette(routes=[Route("/runtime/saml2/issue.idp", sso), *mounts])

    with serving(make_app) as url:
        for stack in ("byggesag", "ydelser"):
            # the first visit imports the stack, which may take longer than a browser waits on a busy machine
            httpx.get(f"{url}/sp/{stack}/login", timeout=60, trust_env=False)
        yield url


def send_answer(page: Page) -> None:
    """Press the one button of the IdP's page, once the browser is there."""
    click(page.get_by_role("button", name="Go", exact=True))


@pytest.mark.parametrize("stack", ["byggesag", "ydelser"])
@pytest.mark.parametrize(("locale", "language"), [("da-DK", "da"), ("en-GB", "en")])
def test_pages_are_accessible_and_safe(base_url, new_visitor, assert_accessible, assert_fits, stack, locale, language):
    page = new_visitor(locale=locale, viewport=NARROW).page()
    page.goto(f"{base_url}/sp/{stack}/")
    assert page.locator("html").get_attribute("lang") == language
    for level, status in (("Substantial", "Ane Holm"), ("High", "NoAuthnContext")):
        assert_accessible(page)
        assert_fits(page)
        page.goto(f"{base_url}/sp/{stack}/login?level={level}")
        send_answer(page)
        page.wait_for_url(f"{base_url}/sp/{stack}/result")
        expect(page.locator("main")).to_contain_text(status)
        assert page.title() != "taken"
    marks = {"da": '"»" "«" "›" "‹"', "en": '"“" "”" "‘" "’"'}
    expect(page.locator("main q:visible")).to_have_css("quotes", marks[language])
    assert_accessible(page)
    assert_fits(page)


@pytest.mark.parametrize("stack", ["byggesag", "ydelser"])
@pytest.mark.parametrize("locale", ["da-DK", "en-GB"])
def test_pages_of_a_logout_are_accessible_and_safe(
    base_url, new_visitor, assert_accessible, assert_fits, stack, locale
):
    page = new_visitor(locale=locale, viewport=NARROW).page()
    page.goto(f"{base_url}/sp/{stack}/login")
    send_answer(page)
    click(page.locator("details", has=page.locator("input[name=behaviour]")).locator("summary"))
    wait_until_drawn(page)
    page.locator("input[value=silent]").check()
    with new_document(page):
        click(page.get_by_role("button", name="Behave so" if locale == "en-GB" else "Gør sådan"))
    expect(page.locator("input[value=silent]")).to_be_checked()
    assert_accessible(page)
    assert_fits(page)
    click(page.get_by_role("button", name="Log out everywhere" if locale == "en-GB" else "Log ud alle steder"))
    expect(page).to_have_title(re.compile("not logged out everywhere|ikke logget ud alle steder"))
    assert page.title() != "taken"
    assert_accessible(page)
    assert_fits(page)


def test_the_whole_login_works_without_scripts(base_url, new_visitor):
    page = new_visitor(java_script_enabled=False).page()
    page.goto(f"{base_url}/sp/byggesag/")
    click(page.get_by_role("link", name="Log ind", exact=True))
    send_answer(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Du er logget ind")
    click(page.get_by_text("Prøv en udlogning, der går galt"))
    click(page.get_by_role("button", name="Glem mig her"))
    page.wait_for_url(f"{base_url}/sp/byggesag/")
