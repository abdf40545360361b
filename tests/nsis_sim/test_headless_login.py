"""A system that fails when it has its token: `nsis login` says what it answered."""

import base64

import httpx
import pytest

from nsis_sim.api_client import Api
from nsis_sim.headless_login import LoginWish, log_in

BASE_URL = "http://localhost:8000"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
RESPONSE = base64.b64encode(
    b'<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol"><p:Status>'
    b'<p:StatusCode Value="' + SUCCESS.encode() + b'"/></p:Status></p:Response>'
).decode()
WITH_TOKEN = (
    f'<form method="post" action="https://system.test/acs"><input name="SAMLResponse" value="{RESPONSE}"></form>'
)
ISSUED = "The Context Handler issued a token, but the system answered it with HTTP 500"


def end_at(failure, *, start=WITH_TOKEN):
    """A login that ends with `failure` at the system's own address."""

    def answer(request):
        if request.url.path == "/acs":
            return failure
        return httpx.Response(200, headers={"content-type": "text/html"}, text=start)

    wish = LoginWish(idp="https://idp.test", persona="ane-holm", level=None, start_url="https://system.test/start")
    with Api(BASE_URL, transport=httpx.MockTransport(lambda _: httpx.Response(404))) as api:
        return log_in(wish, api=api, base_url=BASE_URL, transport=httpx.MockTransport(answer))


def test_a_system_that_fails_is_quoted():
    page = "<html><body><h1>Server error</h1><pre>KeyError: 'uuid'</pre></body></html>"
    report = end_at(httpx.Response(500, headers={"content-type": "text/html"}, text=page))
    assert (report.outcome, report.status) == ("refused", (SUCCESS,))
    assert report.explanation == f"{ISSUED}\n  | Server error\n  | KeyError: 'uuid'"


@pytest.mark.parametrize("text", ["", "<html></html>"])
def test_a_system_that_fails_without_a_word_is_told_by_its_status(text):
    assert end_at(httpx.Response(500, headers={"content-type": "text/html"}, text=text)).explanation == ISSUED


def test_a_failure_before_the_context_handler_is_quoted_too():
    start = httpx.Response(503, headers={"content-type": "text/plain"}, text="down for maintenance")
    onward = '<form method="post" action="https://system.test/acs"><input name="SAMLRequest" value="eA=="></form>'
    told = end_at(start, start=onward).explanation
    assert told == "https://system.test/acs answered HTTP 503\n  | down for maintenance"
