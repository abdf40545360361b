"""Pages at the end of a session, and those in between, as the houses give them: accessible in both languages, fit for a phone.

The way to each is walked without a window, where a step costs milliseconds; Chromium is shown the answer as it left the house.
"""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, Route, expect
from starlette.requests import Request

from nsis_sim.browser import Browser as Walker
from nsis_sim.browser import Page as Answer
from saml_web.ids import SystemIds
from saml_web.outbound import onward_page
from saml_web.pages import Pages
from tests.browser.conftest import NARROW, Visitor, click, unfold
from tests.flows.street import BASE_URL, Street, heading, open_street, press, start
from tests.processes import shipped_keys

LOGOUT = f"{BASE_URL}/runtime/saml2/logout"
AWAY = "https://idp.localhost/sso?SAMLRequest=a%2Bb%20c&RelayState=x%20y+z"
Way = Callable[[Street, Walker], Answer]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    certs = shipped_keys(tmp_path_factory.mktemp("certs"))
    with open_street(tmp_path_factory.mktemp("street"), certs) as opened:
        yield opened


def log_in(street: Street, walker: Walker, *systems: str) -> None:
    press(walker, walker.visit(start(street, systems[0], "korsbaek")), "persona", "ane-holm")
    for system in systems[1:]:
        walker.visit(start(street, system, "korsbaek"))


def submit(walker: Walker, page: Answer, path: str, **fill: str) -> Answer:
    form = next(form for form in page.forms if form.action.endswith(path) and not form.carries_message)
    return walker.submit(form, fill=tuple(fill.items()))


def result_of(street: Street, walker: Walker, system: str) -> Answer:
    return walker.visit(street.topology.system(system).base_url + "/result")


def sessions(street: Street, walker: Walker) -> Answer:
    log_in(street, walker, "byggesag", "ydelser")
    return walker.visit(LOGOUT)


def no_session(street: Street, walker: Walker) -> Answer:
    return walker.visit(LOGOUT)


def under_way(street: Street, walker: Walker) -> Answer:
    """A system keeps silent, and the browser stands there; the person opens the broker's page."""
    log_in(street, walker, "byggesag", "ydelser")
    submit(walker, result_of(street, walker, "byggesag"), "/logout-behaviour", behaviour="silent")
    submit(walker, walker.visit(LOGOUT), "/logout")
    return walker.visit(LOGOUT)


def partly_out(street: Street, walker: Walker) -> Answer:
    """The person goes on without the one that keeps silent."""
    return submit(walker, under_way(street, walker), "/logout")


def partly_out_for_a_system(street: Street, walker: Walker) -> Answer:
    """A system asks for the logout, another refuses: the page leads back to the first."""
    log_in(street, walker, "byggesag", "ydelser")
    submit(walker, result_of(street, walker, "byggesag"), "/logout-behaviour", behaviour="refuse")
    return submit(walker, result_of(street, walker, "ydelser"), "/logout")


def partly_out_at_the_system(street: Street, walker: Walker) -> Answer:
    """The same, back at the system."""
    page = partly_out_for_a_system(street, walker)
    (back,) = {link for link in page.links if "/sp/ydelser/slo" in link}
    return walker.visit(back)


def out_at_the_system(street: Street, walker: Walker) -> Answer:
    log_in(street, walker, "byggesag", "ydelser")
    return submit(walker, result_of(street, walker, "ydelser"), "/logout")


def out_at_the_idp(street: Street, walker: Walker) -> Answer:
    log_in(street, walker, "byggesag")
    return submit(walker, walker.visit(street.topology.idp("korsbaek").base_url + "/"), "/logout")


def silent_system(street: Street, walker: Walker) -> Answer:
    log_in(street, walker, "byggesag", "ydelser")
    submit(walker, result_of(street, walker, "byggesag"), "/logout-behaviour", behaviour="silent")
    return submit(walker, walker.visit(LOGOUT), "/logout")


def nemlogin_session(street: Street, walker: Walker) -> Answer:
    press(walker, walker.visit(start(street, "selvbetjening")), "persona", "sif-oernhoej")
    return walker.visit(street.topology.nemlogin.home_url)


def out_at_nemlogin(street: Street, walker: Walker) -> Answer:
    return submit(walker, nemlogin_session(street, walker), "/logout")


def partly_out_at_nemlogin(street: Street, walker: Walker) -> Answer:
    page = nemlogin_session(street, walker)
    submit(walker, result_of(street, walker, "selvbetjening"), "/logout-behaviour", behaviour="refuse")
    return submit(walker, page, "/logout")


def onward(street: Street, walker: Walker) -> Answer:
    """A page on the way to another origin, which the browser leaves at once; here it stays."""
    pages = Pages("saml_web", base_url=BASE_URL, ids=SystemIds())
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(b"accept-language", b"da")],
    }
    made = onward_page(pages, Request(scope), AWAY)
    del made.headers["refresh"]
    return Answer(f"{BASE_URL}/onward", 200, httpx.Headers(made.headers), bytes(made.body).decode(), (), ())


HEADINGS: dict[Way, str] = {
    sessions: "Log ud alle steder",
    no_session: "Du er ikke logget ind",
    under_way: "Log ud er i gang",
    partly_out: "Du er ikke logget ud alle steder",
    partly_out_for_a_system: "Du er ikke logget ud alle steder",
    partly_out_at_the_system: "Du er ikke logget ud alle steder",
    out_at_the_system: "Du er logget ud",
    out_at_the_idp: "Du er logget ud",
    silent_system: "Dette system svarer ikke",
    nemlogin_session: "NemLog-in (simuleret)",
    out_at_nemlogin: "Du er logget ud",
    partly_out_at_nemlogin: "Du er ikke logget ud alle steder",
    onward: "Du sendes videre",
}


def show(page: Page, street: Street, answer: Answer) -> None:
    """Let Chromium load the answer as it came, with its headers; styles and fonts come from the house."""

    def fulfil(route: Route) -> None:
        path = urlsplit(route.request.url).path
        if route.request.resource_type == "document":
            route.fulfill(status=200, headers=dict(answer.headers), body=answer.text)
        else:
            got = street.get(path)
            route.fulfill(status=got.status_code, headers=dict(got.headers), body=got.content)

    page.route("**/*", fulfil)
    page.goto(answer.url.partition("?")[0])


@pytest.mark.parametrize("way", HEADINGS, ids=lambda way: way.__name__)
def test_a_page_has_no_finding_in_either_language_needs_no_script_and_fits_a_phone(
    new_visitor: Callable[..., Visitor],
    street: Street,
    way: Way,
    assert_accessible: Callable[[Page], None],
    assert_fits: Callable[[Page], None],
) -> None:
    with street.browser() as walker:
        answer = way(street, walker)
    assert heading(answer) == HEADINGS[way]
    assert "<script" not in answer.text
    page = new_visitor().page()
    show(page, street, answer)
    unfold(page)
    assert_accessible(page)
    page.set_viewport_size(NARROW)
    assert_fits(page)
    english = page.get_by_role("link", name="English")
    if english.get_attribute("href") == "#en":
        click(english)
        expect(page.locator("#en")).to_be_visible()
        expect(page.locator("#da")).to_be_hidden()
        unfold(page)
        assert_accessible(page)
        assert_fits(page)


def test_the_way_on_is_the_address_itself(new_visitor: Callable[..., Visitor], street: Street) -> None:
    """A signature covers the octets of the query: a `+` stays one, and so does a `%20`."""
    with street.browser() as walker:
        answer = onward(street, walker)
    page = new_visitor(java_script_enabled=False).page()
    show(page, street, answer)
    page.unroute_all()
    with page.expect_request(lambda request: "idp.localhost" in request.url) as sent:
        page.route("https://idp.localhost/**", lambda route: route.fulfill(body="there"))
        click(page.get_by_role("link", name="Fortsæt"))
    assert sent.value.url == AWAY
