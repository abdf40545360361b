"""SEB's front door in a real browser: both tabs, the search and the memory, without an accessibility finding in either language."""

from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from sp_demo.seb.register import shipped_register
from sp_demo.system import StackName
from tests.browser.conftest import NARROW, serving
from tests.sp_demo.houses import make_house


@pytest.fixture(scope="module")
def home_url(member, broker):
    def make_app(base_url):
        house = make_house(StackName.PYSAML2, member, broker, base_url, register=shipped_register())
        return Starlette(routes=[Mount(urlsplit(house.system.urls.base_url).path, house.inner)])

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
