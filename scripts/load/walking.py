"""A person's whole login over HTTP, as light as it can be: redirects and self-posting pages followed, one button pressed, the result read.

It knows our own pages by their words; `nsis_sim.browser` knows HTML, and costs as much CPU as all the houses together.
"""

import http.client
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from typing import Final
from urllib.parse import urlencode, urlsplit

_STEPS: Final = 15
_FORM: Final = re.compile(r'<form[^>]*\bmethod="post"[^>]*>.*?</form>', re.DOTALL)
_ACTION: Final = re.compile(r'\baction="([^"]*)"')
_HIDDEN: Final = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
_NAME_ID: Final = re.compile(r"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
_OK, _REDIRECTS, _SECONDS = 200, (302, 303), 120.0


@dataclass(frozen=True, slots=True)
class Someone:
    """Who logs in where, and the e-mail address that only this person's result page shows."""

    persona: str
    idp: str
    system: str
    email: str


PEOPLE: Final[Sequence[Someone]] = (
    Someone("ane-holm", "korsbaek", "byggesag", "ane.holm@korsbaek.test"),
    Someone("ib-noehr", "skovrup", "byggesag", "ib.noehr@skovrup.test"),
    Someone("ane-holm", "korsbaek", "ydelser", "ane.holm@korsbaek.test"),
    Someone("cilla-moeberg", "korsbaek", "byggesag", "cilla.moeberg@korsbaek.test"),
)


class Walk:
    """One browser with its own cookies and one connection to the demo."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._connection = http.client.HTTPConnection("127.0.0.1", urlsplit(base_url).port or 80, timeout=_SECONDS)
        self._cookies: dict[str, str] = {}

    def __enter__(self) -> "Walk":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def log_in(self, someone: Someone) -> str:
        """Walk from the system's login to its result page, and give that page.

        Raises:
            RuntimeError: if it ends elsewhere, or shows somebody else.
        """
        start = f"/sp/{someone.system}/login?idp=https://saml.idp.{someone.idp}.test"
        page = self._follow("GET", start, None)
        form = next((each for each in _FORM.findall(page) if f'value="{someone.persona}"' in each), None)
        if form is None:
            raise RuntimeError(f"no login page: {page[:300]}")
        fields = [(name, unescape(value)) for name, value in _HIDDEN.findall(form)]
        page = self._follow("POST", _action(form), urlencode([*fields, ("persona", someone.persona)]))
        others = {each.email for each in PEOPLE} - {someone.email}
        if someone.email not in page or any(other in page for other in others):
            raise RuntimeError(f"swapped or lost: expected {someone.email} on {page[:300]}")
        return page

    def _follow(self, method: str, target: str, body: str | None) -> str:
        for _ in range(_STEPS):
            status, location, page = self._send(method, target, body)
            if status in _REDIRECTS:
                method, target, body = "GET", location, None
                continue
            if status != _OK:
                raise RuntimeError(f"{urlsplit(target).path} answered {status}: {_words(page)}")
            onward = next((form for form in _FORM.findall(page) if 'id="message-form"' in form), None)
            if onward is None:
                return page
            fields = [(name, unescape(value)) for name, value in _HIDDEN.findall(onward)]
            method, target, body = "POST", _action(onward), urlencode(fields)
        raise RuntimeError("the login goes in circles")

    def _send(self, method: str, target: str, body: str | None) -> tuple[int, str, str]:
        path = target.removeprefix(self._base_url)
        headers = {"Accept-Language": "da", "Cookie": "; ".join(f"{k}={v}" for k, v in self._cookies.items())}
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self._base_url}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        for cookie in response.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return response.status, response.headers.get("Location", ""), content.decode("utf-8", "replace")


def _action(form: str) -> str:
    found = _ACTION.search(form)
    if found is None:
        raise RuntimeError(f"a form without action: {form[:200]}")
    return unescape(found[1])


def _words(page: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    code = re.search(r"\b(?:web|flow|proto|req|fed|aq)\.[a-z-]+", page)
    return f"{found[1].strip() if found else page[:200]} {code[0] if code else ''}"
