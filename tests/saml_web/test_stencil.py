import pytest
from starlette.requests import Request

from saml_web.outbound import auto_post_page, repost_page
from saml_web.pages import Pages
from saml_web.security_headers import ContentPolicy
from saml_web.stencil import Stencil
from tests.counting_ids import CountingIds

BREAKOUT = "\"><script>alert('1')</script>&amp;"
NASTY = (
    ("SAMLResponse", "PD94+/=="),
    ("RelayState", BREAKOUT),
    ("RelayState", "stencil-value stencil-name stencil-nonce https://stencil-host.invalid/stencil-action\r\n\u2028"),
    (BREAKOUT, ""),
)
ACTIONS = ("https://sp.test/acs?x=1&y='2'", "http://[::1]:8000/acs", f"http://localhost:8000/{BREAKOUT.strip()}")


def request(language: str) -> Request:
    headers = [(b"accept-language", language.encode())]
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers})


def pages() -> Pages:
    return Pages("saml_web", base_url="https://ch.test/here", ids=CountingIds())


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("template", ["auto_post.html", "repost.html"])
@pytest.mark.parametrize("fields", [(), NASTY[:1], NASTY])
def test_a_filled_page_is_the_rendered_page(
    language: str, action: str, template: str, fields: tuple[tuple[str, str], ...]
) -> None:
    filled = pages().render_message(request(language), template, action=action, fields=fields)
    policy = ContentPolicy(form_targets=(action,), script_nonce=pages().ids.handle())
    rendered = pages().render(
        request(language), template, policy=policy, switch="in-page", action=action, fields=fields
    )
    assert filled.body == rendered.body
    assert sorted(filled.raw_headers) == sorted(rendered.raw_headers)


def test_what_a_stranger_wrote_stays_text() -> None:
    one = pages()
    for make in (auto_post_page, repost_page):
        html = bytes(make(one, request("da"), action="https://sp.test/acs", fields=NASTY).body).decode()
        assert "<script>" not in html
        assert html.count("&#34;&gt;&lt;script&gt;") == 2


def test_each_page_has_a_nonce_of_its_own() -> None:
    one = pages()
    seen = {
        auto_post_page(one, request("da"), action="https://sp.test/", fields=()).headers["content-security-policy"]
        for _ in range(3)
    }
    assert len(seen) == 3


@pytest.mark.parametrize("html", ["", "stencil-name", "stencil-value stencil-name", "stencil-name stencil-value\n" * 2])
def test_refuses_a_page_whose_fields_are_not_rows(html: str) -> None:
    with pytest.raises(ValueError, match="expected each field"):
        Stencil(html)
