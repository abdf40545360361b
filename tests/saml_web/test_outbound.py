"""How the browser is sent on: by a redirect where it may follow one, else by a page that goes on by itself."""

import pytest
from lxml import html
from starlette.requests import Request

from saml_web.ids import SystemIds
from saml_web.outbound import onward_page, pass_on
from saml_web.pages import Pages

PAGES = Pages("saml_web", base_url="https://ch.test/here", ids=SystemIds())
AWAY = "https://idp.test/sso?SAMLRequest=a%2Bb&SigAlg=x"


def request(method: str) -> Request:
    return Request({"type": "http", "method": method, "path": "/", "query_string": b"", "headers": []})


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", AWAY),
        ("POST", "https://ch.test/elsewhere"),
        ("POST", "/here/page"),
    ],
    ids=["asked for by an address", "a form, to the same origin", "a form, to a path"],
)
def test_a_redirect_where_the_browser_may_follow_it(method: str, url: str) -> None:
    answer = pass_on(PAGES, request(method), url)
    assert (answer.status_code, answer.headers["location"], answer.headers["cache-control"]) == (303, url, "no-store")
    assert "refresh" not in answer.headers


@pytest.mark.parametrize("url", [AWAY, "http://ch.test/here", "https://ch.test:8443/here"])
def test_a_form_goes_on_to_another_origin_by_a_page(url: str) -> None:
    answer = pass_on(PAGES, request("POST"), url)
    assert (answer.status_code, answer.headers["refresh"]) == (200, f"0;url={url}")
    assert "location" not in answer.headers
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_page_has_a_link_for_who_is_not_sent_on_in_both_languages_and_no_script() -> None:
    document = html.document_fromstring(bytes(onward_page(PAGES, request("POST"), AWAY).body))
    for language in ("da", "en"):
        assert document.get_element_by_id(language).xpath(".//a/@href[starts-with(., 'https://idp.test')]") == [AWAY]
    assert document.xpath("//script") == []


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "//idp.test/",
        "/\\idp.test",
        "https://idp.test/\r\nSet-Cookie: x=y",
        "https:",
        "ftp://idp.test",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_is_sent_to_what_is_no_address(method: str, url: str) -> None:
    with pytest.raises(ValueError, match="expected an absolute http or https URL"):
        pass_on(PAGES, request(method), url)
