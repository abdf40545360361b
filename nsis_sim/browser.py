"""A browser without a window: follows redirects and the pages that post themselves, keeps cookies, and stops where a person must act.

It knows HTML, not this simulator: what to press on which page is `headless_login`'s matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
from lxml import etree, html

from nsis_sim.outgoing import outgoing_transport

TIMEOUT_SECONDS: Final = 60.0
"""How long one answer may take: at the first login a house loads its SAML stack, which a slow or busy machine needs its time for."""

_MAX_STEPS: Final = 30
"""Redirects and self-posting pages in a row; a login needs seven."""

_MESSAGE_FIELDS: Final = frozenset({"SAMLRequest", "SAMLResponse"})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_KEEPS_METHOD: Final = frozenset({307, 308})


class UnreachableError(Exception):
    """A house could not be reached, or the login goes in circles; the message is for people."""


@dataclass(frozen=True, slots=True)
class FormOnPage:
    """A form as the page has it, with its address made absolute."""

    action: str
    method: str
    fields: tuple[tuple[str, str], ...]
    buttons: tuple[tuple[str, str], ...] = ()
    """Name and value of each submit button that has a name."""

    def value(self, name: str) -> str | None:
        """Give a field's value, or None."""
        return next((value for key, value in self.fields if key == name), None)

    @property
    def carries_message(self) -> bool:
        """Tell whether this is a SAML message on its way through the browser."""
        return any(name in _MESSAGE_FIELDS for name, _ in self.fields)


@dataclass(frozen=True, slots=True)
class Page:
    """Where the browser came to rest."""

    url: str
    status: int
    headers: httpx.Headers
    text: str
    forms: tuple[FormOnPage, ...]
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeenMessage:
    """A SAML message that passed through the browser: its parameter, its encoded text, and where it was sent."""

    parameter: str
    encoded: str
    destination: str
    by_post: bool


@dataclass(slots=True)
class Browser:
    """One person's browser with its own cookies. Use as a context manager."""

    headers: dict[str, str] = field(default_factory=dict)
    transport: httpx.BaseTransport | None = None
    seen: list[SeenMessage] = field(default_factory=list)
    hold: str | None = None
    """A page that would post this parameter by itself is given instead of followed: `SAMLResponse` stops with the answer in hand."""
    _client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        """Open the client. Proxy variables are not asked: everything is on this machine, or on the base URL that was given."""
        self._client = httpx.Client(
            trust_env=False,
            timeout=TIMEOUT_SECONDS,
            headers=self.headers,
            transport=self.transport or outgoing_transport(),
            follow_redirects=False,
        )

    def __enter__(self) -> "Browser":
        """Give the browser itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close its connections."""
        self._client.close()

    def visit(self, url: str, *, headers: dict[str, str] | None = None) -> Page:
        """Go to `url` and follow until a page waits for a person.

        Raises:
            UnreachableError: if a house does not answer, or it goes in circles.
        """
        return self._follow("GET", url, (), headers or {})

    def submit(
        self, form: FormOnPage, *, press: tuple[str, str] | None = None, fill: Sequence[tuple[str, str]] = ()
    ) -> Page:
        """Submit a form, with the button that was pressed and the fields a person filled in.

        Raises:
            UnreachableError: if a house does not answer, or it goes in circles.
        """
        filled = dict(fill)
        kept = tuple((name, value) for name, value in form.fields if name not in filled)
        return self._follow(form.method, form.action, (*kept, *fill, *((press,) if press else ())), {})

    def _follow(self, method: str, url: str, fields: Sequence[tuple[str, str]], headers: dict[str, str]) -> Page:
        for _ in range(_MAX_STEPS):
            response = self._send(method, url, fields, headers)
            if response.status_code in _REDIRECTS and "location" in response.headers:
                url = urljoin(str(response.url), response.headers["location"])
                if response.status_code not in _KEEPS_METHOD:
                    method, fields = "GET", ()
                continue
            if "refresh" in response.headers:
                method, url, fields = "GET", response.headers["refresh"].partition("url=")[2], ()
                continue
            page = _read_page(response)
            onward = next((form for form in page.forms if form.carries_message and form.method == "POST"), None)
            if onward is None or (self.hold is not None and onward.value(self.hold) is not None):
                return page
            method, url, fields = "POST", onward.action, onward.fields
        raise UnreachableError(
            f"The login goes in circles: {_MAX_STEPS} redirects without an end, last to {_without_query(url)}"
        )

    def _send(
        self, method: str, url: str, fields: Sequence[tuple[str, str]], headers: dict[str, str]
    ) -> httpx.Response:
        by_post = method == "POST"
        for name, value in fields if by_post else _query_fields(url):
            if name in _MESSAGE_FIELDS:
                self.seen.append(SeenMessage(name, value, _without_query(url), by_post))
        try:
            if by_post:
                body = httpx.QueryParams(list(fields))
                form_type = {"Content-Type": "application/x-www-form-urlencoded", **headers}
                return self._client.post(url, content=str(body), headers=form_type)
            return self._client.get(httpx.URL(url, params=list(fields)) if fields else url, headers=headers)
        except httpx.HTTPError as error:
            raise UnreachableError(f"{_without_query(url)} does not answer: {error}") from error
        except httpx.InvalidURL as error:
            raise UnreachableError(f"{url:.200} is not an address: {error}") from error


def _query_fields(url: str) -> list[tuple[str, str]]:
    return [(name, value) for name, values in parse_qs(urlsplit(url).query).items() for value in values]


def _without_query(url: str) -> str:
    return url.partition("?")[0]


def _read_page(response: httpx.Response) -> Page:
    url, text = str(response.url), response.text
    forms: tuple[FormOnPage, ...] = ()
    links: tuple[str, ...] = ()
    document = read_html(text) if "html" in response.headers.get("content-type", "") else None
    if document is not None:
        forms = tuple(_read_form(form, url) for form in document.forms)
        links = tuple(urljoin(url, link) for link in document.xpath("//a/@href"))
    return Page(url, response.status_code, response.headers, text, forms, links)


def read_html(text: str) -> html.HtmlElement | None:
    """Parse a page, whatever encoding its XML declaration names; None for one without an element or a text."""
    try:
        return html.document_fromstring(text.encode("utf-8", "replace"), parser=html.HTMLParser(encoding="utf-8"))
    except etree.ParserError:
        return None


def _read_form(form: html.FormElement, url: str) -> FormOnPage:
    buttons = tuple(
        (button.get("name"), button.get("value", ""))
        for button in form.xpath(".//button[not(@type) or @type='submit'] | .//input[@type='submit']")
        if button.get("name")
    )
    fields = tuple((str(name), str(value)) for name, value in form.form_values())
    return FormOnPage(urljoin(url, form.get("action", "")), form.get("method", "get").upper(), fields, buttons)
