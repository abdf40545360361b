"""The demo systems in a real browser: a login without scripts, no accessibility finding in either language, nothing runs that was sent."""

import base64
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from oiosaml.attributes import FULL_NAME
from oiosaml.messages.response import Status
from oiosaml.uris import STATUS_NO_AUTHN_CONTEXT, STATUS_RESPONDER
from sp_demo.system import StackName
from tests.browser.conftest import NARROW, serving
from tests.sp_demo.houses import inflate, make_house

MARKUP = "<script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def base_url(member, broker):
    def make_app(base_url):
        houses = {stack: make_house(stack, member, broker, base_url) for stack in StackName}

        async def sso(request: Request) -> HTMLResponse:
            query = parse_qs(urlsplit(str(request.url)).query)
            message = etree.fromstring(inflate(query["SAMLRequest"][0]))
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
        yield url


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
        page.get_by_role("button").click()
        assert page.url == f"{base_url}/sp/{stack}/result"
        assert status in page.content()
        assert page.title() != "taken"
    assert_accessible(page)
    assert_fits(page)


def test_the_whole_login_works_without_scripts(base_url, new_visitor):
    page = new_visitor(java_script_enabled=False).page()
    page.goto(f"{base_url}/sp/byggesag/")
    page.get_by_role("link", name="Log ind", exact=True).click()
    page.get_by_role("button").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Du er logget ind"
    page.get_by_role("button", name="Glem mig her").click()
    assert page.url == f"{base_url}/sp/byggesag/"
