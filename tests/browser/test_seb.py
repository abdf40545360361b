"""SEB's pages in a real browser: front door and result, without an accessibility finding in either language."""

import base64
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from oiosaml.attributes import CPR_NUMBER_IDENTIFIER, PRIVILEGES_INTERMEDIATE
from oiosaml.privileges import Constraint, PrivilegeGroup, PrivilegeList, cvr_scope, write_privileges
from sp_demo.seb.register import shipped_register
from sp_demo.seb.rights import CARE_TEAM, ORGANISATION_UNIT
from sp_demo.system import StackName
from tests.browser.conftest import NARROW, click, serving
from tests.builders import KORSBAEK
from tests.sp_demo.houses import inflate, make_house

ROLE = "urn:dk:healthcare:national-federation-role:code:41003:value:"
UNIT = "5f0c9b0e-4a7e-4d1c-9b3e-2f6f8d1a7c10"
RIGHTS = PrivilegeList(
    (
        PrivilegeGroup(
            cvr_scope(KORSBAEK),
            (ROLE + "PlejeAssR3", "urn:dk:sundhed:ehealth:role:monitoring_assistor", ROLE + "Forkert"),
            (Constraint(ORGANISATION_UNIT, UNIT), Constraint(CARE_TEAM, "7")),
        ),
        PrivilegeGroup(cvr_scope(KORSBAEK), (ROLE + "PlejeAssR3",), (Constraint(ORGANISATION_UNIT, "elsewhere"),)),
        PrivilegeGroup(cvr_scope(KORSBAEK), (ROLE + "PlejeAssR3",), ()),
    )
)


@pytest.fixture(scope="module")
def home_url(member, broker):
    def make_app(base_url):
        house = make_house(StackName.PYSAML2, member, broker, base_url, register=shipped_register())

        async def sso(request: Request) -> HTMLResponse:
            query = parse_qs(urlsplit(str(request.url)).query)
            message = etree.fromstring(inflate(query["SAMLRequest"][0]))
            rights = {PRIVILEGES_INTERMEDIATE: (write_privileges(RIGHTS),), CPR_NUMBER_IDENTIFIER: ("6303038886",)}
            answer = house.issuer.answer(message.get("ID"), attribute_statements=(house.issuer.attributes(**rights),))
            fields = {"SAMLResponse": base64.b64encode(answer).decode(), "RelayState": query["RelayState"][0]}
            inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
            return HTMLResponse(f'<form method="post" action="{house.acs}">{inputs}<button>Go</button></form>')

        mount = Mount(urlsplit(house.system.urls.base_url).path, house.inner)
        return Starlette(routes=[Route("/runtime/saml2/issue.idp", sso), mount])

    with serving(make_app) as url:
        yield f"{url}/sp/ydelser/"


@pytest.mark.parametrize(("locale", "language"), [("da-DK", "da"), ("en-GB", "en")])
@pytest.mark.parametrize("query", ["", "?tab=mitid", "?q=kors", "?q=nowhere"])
def test_front_door_is_accessible(home_url, new_visitor, assert_accessible, assert_fits, locale, language, query):
    page = new_visitor(locale=locale, viewport=NARROW).page()
    page.goto(home_url + query)
    assert page.locator("html").get_attribute("lang") == language
    assert_accessible(page)
    assert_fits(page)


@pytest.mark.parametrize(
    ("locale", "care", "role", "group"),
    [
        (
            "da-DK",
            "Plejeassistent, rolle 3",
            "41003 hedder PlejeAssR3, ikke Forkert",
            "Gruppe 3: den nævner 0 organisationer",
        ),
        (
            "en-GB",
            "Care assistant, role 3",
            "41003 is called PlejeAssR3, not Forkert",
            "Group 3: it names 0 organisations",
        ),
    ],
)
def test_result_is_accessible_and_names_what_does_not_count(
    home_url, new_visitor, assert_accessible, assert_fits, locale, care, role, group
):
    page = new_visitor(locale=locale, viewport=NARROW).page()
    page.goto(home_url)
    click(page.locator("button[name=idp]").first)
    click(page.get_by_role("button", name="Go", exact=True))
    for told in (care, role, group):
        expect(page.locator("main")).to_contain_text(told)
    assert_accessible(page)
    assert_fits(page)
