import asyncio
from typing import Any

import pytest

from saml_web.security_headers import ContentPolicy, csp_source, html_headers, with_default_headers


def directives(policy: ContentPolicy) -> dict[str, str]:
    return dict(part.split(" ", 1) for part in policy.header().split("; "))


def test_plain_page_sends_forms_to_its_own_origin() -> None:
    assert directives(ContentPolicy())["form-action"] == "'self'"


def test_auto_post_page_sends_its_form_to_one_destination() -> None:
    policy = ContentPolicy(form_targets=("https://sp.test/acs?x=1",), script_nonce="abc")
    assert directives(policy)["form-action"] == "https://sp.test/acs"
    assert directives(policy)["script-src"] == "'nonce-abc'"


def test_no_policy_allows_inline_code_or_framing() -> None:
    for policy in (ContentPolicy(), ContentPolicy(form_targets=("https://sp.test/",))):
        assert "unsafe" not in policy.header()
        assert directives(policy)["frame-ancestors"] == "'none'"


def test_headers_keep_messages_out_of_caches_and_referrers() -> None:
    headers = html_headers(ContentPolicy())
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("http://localhost:9000/acs", "http://localhost:9000/acs"),
        ("https://sp.test/a;b,c", "https://sp.test/a%3Bb%2Cc"),
        ("http://[::1]:8000/acs", "http:"),
    ],
)
def test_destination_cannot_write_policy(url: str, source: str) -> None:
    assert csp_source(url) == source


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.test/", "/acs", "https:", "https://sp.test/ x"])
def test_refuses_a_destination_that_is_no_absolute_web_address(url: str) -> None:
    with pytest.raises(ValueError, match="expected an absolute"):
        csp_source(url)


def sent_with(*headers: tuple[bytes, bytes]) -> dict[bytes, bytes]:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def answer() -> None:
        await with_default_headers(send)({"type": "http.response.start", "status": 200, "headers": list(headers)})
        await with_default_headers(send)({"type": "http.response.body", "body": b"x"})

    asyncio.run(answer())
    assert sent[1] == {"type": "http.response.body", "body": b"x"}
    assert len(sent[0]["headers"]) == len(dict(sent[0]["headers"])), "a header is there twice"
    return dict(sent[0]["headers"])


def test_an_answer_that_says_nothing_may_be_neither_kept_nor_framed_nor_guessed_at() -> None:
    headers = sent_with((b"content-type", b"text/xml"))
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"content-security-policy"].startswith(b"default-src 'none'")
    assert headers[b"content-type"] == b"text/xml"


def test_what_an_answer_says_itself_stands() -> None:
    assert sent_with((b"Cache-Control", b"public"))[b"Cache-Control"] == b"public"
    assert b"cache-control" not in sent_with((b"Cache-Control", b"public"))
