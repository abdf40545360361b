import httpx
import pytest

from nsis_sim.browser import Browser, FormOnPage, UnreachableError

SELF_POSTING = (
    '<form method="post" action="{action}"><input type="hidden" name="SAMLResponse" value="{value}">'
    '<input type="hidden" name="RelayState" value="a+b &amp; ø"><button type="submit">Go</button></form>'
)


def page(body, **headers):
    return httpx.Response(
        200, headers={"content-type": "text/html; charset=utf-8", **headers}, text=f"<html><body>{body}</body></html>"
    )


def browser_at(answer, **options):
    return Browser(transport=httpx.MockTransport(answer), **options)


def test_follows_redirects_with_cookies():
    def answer(request):
        if request.url.path == "/start":
            return httpx.Response(303, headers={"location": "/end?x=1", "set-cookie": "a=b; Path=/"})
        return page(f"{request.method} {request.headers.get('cookie')}")

    with browser_at(answer) as browser:
        assert "GET a=b" in browser.visit("http://localhost/start").text


def test_posts_a_page_that_carries_a_message_and_notes_it():
    def answer(request):
        if request.method == "GET":
            return page(SELF_POSTING.format(action="/acs", value="PHg+"))
        return page(request.content.decode())

    with browser_at(answer) as browser:
        assert "SAMLResponse=PHg%2B&amp;RelayState" in browser.visit("http://localhost/idp").text.replace(
            "&R", "&amp;R"
        )
        assert [(seen.parameter, seen.encoded, seen.destination, seen.by_post) for seen in browser.seen] == [
            ("SAMLResponse", "PHg+", "http://localhost/acs", True)
        ]


def test_relay_state_arrives_as_the_page_had_it():
    received = []

    def answer(request):
        if request.method == "GET":
            return page(SELF_POSTING.format(action="/acs", value="x"))
        received.append(dict(httpx.QueryParams(request.content.decode())))
        return page("done")

    with browser_at(answer) as browser:
        browser.visit("http://localhost/idp")
    assert received == [{"SAMLResponse": "x", "RelayState": "a+b & ø"}]


def test_stops_at_a_page_for_people_and_presses_what_it_is_told():
    def answer(request):
        if request.method == "POST":
            return page(request.content.decode())
        return page(
            '<form method="post" action="/choose"><input name="login" value="7"><button name="idp" value="b">B</button></form>'
        )

    with browser_at(answer) as browser:
        (form,) = browser.visit("http://localhost/discovery").forms
        assert form.buttons == (("idp", "b"),)
        assert form.action == "http://localhost/choose"
        assert "login=7&amp;idp=b" in browser.submit(form, press=("idp", "b")).text.replace("&i", "&amp;i")


def test_what_a_person_fills_in_replaces_what_was_there():
    with browser_at(lambda request: page(request.content.decode() or "empty")) as browser:
        form = FormOnPage("http://localhost/", "POST", (("username", ""), ("hidden", "1")))
        assert "hidden=1&username=ane" in browser.submit(form, fill=[("username", "ane")]).text


def test_a_307_keeps_the_message():
    def answer(request):
        if request.url.path == "/acs":
            return httpx.Response(307, headers={"location": "/other"})
        return page(f"{request.method} {request.content.decode()}")

    with browser_at(answer) as browser:
        form = FormOnPage("http://localhost/acs", "POST", (("SAMLResponse", "x"),))
        assert "POST SAMLResponse=x" in browser.submit(form).text


def test_going_in_circles_ends():
    with (
        browser_at(lambda _: httpx.Response(302, headers={"location": "/again"})) as browser,
        pytest.raises(UnreachableError, match="circles"),
    ):
        browser.visit("http://localhost/")


def test_a_house_that_is_not_there_is_named():
    def answer(_):
        raise httpx.ConnectError("refused")

    with browser_at(answer) as browser, pytest.raises(UnreachableError, match="http://localhost/x does not answer"):
        browser.visit("http://localhost/x?secret=1")


def test_proxy_variables_are_not_asked(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://192.0.2.1:1")
    with Browser() as browser, pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1/ does not answer"):
        browser.visit("http://127.0.0.1:1/")


@pytest.mark.parametrize("text", ['<?xml version="1.0" encoding="UTF-8"?>', '<?xml version="1.0" encoding="UTF-16"?>'])
def test_reads_a_page_that_names_an_encoding(text):
    form = SELF_POSTING.format(action="/next", value="æ").replace("SAMLResponse", "plain")
    answer = httpx.Response(200, headers={"content-type": "application/xhtml+xml; charset=utf-8"}, text=text + form)
    with browser_at(lambda _: answer) as browser:
        (read,) = browser.visit("http://localhost/").forms
    assert read.value("plain") == "æ"


@pytest.mark.parametrize("text", ["<!-- nothing -->", "<?php nothing ?>", " "])
def test_a_page_without_an_element_has_nothing_to_press(text):
    with browser_at(lambda _: httpx.Response(200, headers={"content-type": "text/html"}, text=text)) as browser:
        assert browser.visit("http://localhost/").forms == ()
