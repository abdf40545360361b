import pytest
from jinja2 import DictLoader, UndefinedError
from starlette.requests import Request
from starlette.responses import Response

from saml_web.catalog import load_translations
from saml_web.ids import SystemIds
from saml_web.languages import Language, language_of, switch_query
from saml_web.outbound import REPOST_MARKER, redirect, without_marker
from saml_web.pages import Pages, switch_kind

TEMPLATES = {
    "plain.html": '{% extends "base.html" %}{% block title %}T{% endblock %}{% block content %}{{ value }}{% endblock %}',
    "form.html": '{% extends "base.html" %}{% from "macros/forms.html" import form_token with context %}'
    "{% block title %}T{% endblock %}{% block content %}<form>{{ form_token() }}</form>{% endblock %}",
}
PAGES = Pages("saml_web", base_url="https://ch.test/here", ids=SystemIds(), loader=DictLoader(TEMPLATES))


def request(method: str = "GET", query: bytes = b"", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": method, "path": "/", "query_string": query, "headers": raw})


@pytest.mark.parametrize(
    ("query", "cookie", "accepted", "language"),
    [
        (b"lang=en", "nsis_lang=da", "da", "en"),
        (b"lang=fr", "nsis_lang=en", "da", "en"),
        (b"", "__Host-nsis_lang=en", "da", "en"),
        (b"", "nsis_lang=da; __Host-nsis_lang=en", "da", "en"),
        (b"", "nsis_lang=x", "fr, en-GB;q=0.8, da;q=0.2", "en"),
        (b"", "", "da;q=0, en;q=bad, de", "da"),
        (b"", "", "", "da"),
    ],
)
def test_language_is_chosen_by_link_then_memory_then_browser(
    query: bytes, cookie: str, accepted: str, language: str
) -> None:
    assert language_of(request(query=query, cookie=cookie, accept_language=accepted)) == language


def test_switch_keeps_the_rest_of_the_address() -> None:
    assert switch_query(b"q=K%C3%B8ge&lang=da&x=", Language.EN) == "?q=K%C3%B8ge&x=&lang=en"


@pytest.mark.parametrize(
    ("method", "query", "kind"),
    [("GET", b"q=1", "link"), ("POST", b"", "in-page"), ("GET", b"SAMLRequest=x", "in-page")],
)
def test_a_message_is_never_sent_twice_to_switch_language(method: str, query: bytes, kind: str) -> None:
    assert switch_kind(request(method, query)) == kind


def test_page_after_a_post_holds_each_language_once() -> None:
    html = PAGES.render(request("POST"), "plain.html", value="v").body.decode()
    assert html.count("<html") == html.count('id="da"') == html.count('id="en"') == 1


def test_values_are_escaped_and_addresses_keep_the_base_path() -> None:
    html = PAGES.render(request(host="evil.test"), "plain.html", value="<b>").body.decode()
    assert "&lt;b&gt;" in html
    assert 'href="/here/_sim/static/' in html
    assert "evil.test" not in html


def test_refuses_to_render_what_it_was_not_given() -> None:
    with pytest.raises(UndefinedError):
        PAGES.render(request(), "plain.html")


def test_choice_of_language_is_remembered_and_nothing_else_sets_a_cookie() -> None:
    assert "set-cookie" not in PAGES.render(request(), "plain.html", value="").headers
    header = PAGES.render(request(query=b"lang=en"), "plain.html", value="").headers["set-cookie"]
    assert header.startswith("__Host-nsis_lang=en; HttpOnly;")
    assert header.endswith("Path=/; SameSite=lax; Secure")


def test_choice_of_language_over_http_has_the_name_that_browsers_take_there() -> None:
    pages = Pages("saml_web", base_url="http://localhost:8000", ids=SystemIds(), loader=DictLoader(TEMPLATES))
    header = pages.render(request(query=b"lang=en"), "plain.html", value="").headers["set-cookie"]
    assert header.startswith("nsis_lang=en; HttpOnly;")
    assert header.endswith("Path=/; SameSite=lax")


def test_form_token_of_the_browser_is_kept() -> None:
    response = PAGES.render(request(cookie="__Host-nsis_form=old"), "form.html")
    assert 'value="old"' in response.body.decode()
    assert response.headers["set-cookie"].startswith("__Host-nsis_form=old;")


def test_shared_texts_are_found_behind_a_house_without_a_catalogue() -> None:
    assert load_translations("oiosaml", Language.DA).gettext("Continue") == "Forts\u00e6t"
    assert load_translations("oiosaml", Language.EN).gettext("Continue") == "Continue"


def test_redirect_is_not_stored() -> None:
    response: Response = redirect("https://idp.test/sso?SAMLRequest=x")
    assert (response.status_code, response.headers["cache-control"]) == (303, "no-store")


@pytest.mark.parametrize(
    "url",
    [
        "//evil.test",
        "/\\evil.test",
        "javascript:alert(1)",
        "https:evil.test",
        "/a\r\nX: y",
        "https://a.test?b\r\nX: y",
        "https://a.test?b c",
    ],
)
def test_refuses_to_redirect_to_what_a_browser_reads_otherwise(url: str) -> None:
    with pytest.raises(ValueError, match="expected an absolute"):
        redirect(url)


def test_marker_is_taken_off_again() -> None:
    assert without_marker(b"SAMLResponse=x") == (b"SAMLResponse=x", False)
    assert without_marker(f"SAMLResponse=x&{REPOST_MARKER}=1".encode()) == (b"SAMLResponse=x", True)


def test_system_ids_are_fresh_and_of_the_promised_form() -> None:
    ids = SystemIds()
    assert len({ids.message_id() for _ in range(50)}) == 50
    assert len(ids.message_id()) == 33
    assert ids.message_id().startswith("_")
    assert len(ids.handle()) == 43
    assert ids.uuid()[14] == "4"
