"""The headers of every answer, and those of a page. A page may widen two things: where its form goes, and which scripts run by nonce."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlsplit

from starlette.types import Message, Send

NO_STORE: Final = "no-store"
"""For everything that carries a token, a form or an answer about a person."""

_REMEMBERED_SOURCES: Final = 512
"""Of how many URLs the source expression is remembered: they are registered addresses, and the same few come again and again."""

_REMEMBERED_NAMES: Final = 64
"""For how many sets of headers is remembered what they leave out: a house has a handful, all of its own making."""

HTML_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": NO_STORE,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""Headers of every HTML page, beside its Content-Security-Policy. URLs carry messages, hence no referrer."""


_HTML_OCTETS: Final = tuple(
    (name.lower().encode("ascii"), value.encode("ascii")) for name, value in HTML_HEADERS.items()
)


_DEFAULT_HEADERS: Final = (
    (b"cache-control", NO_STORE.encode()),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
"""Headers of every answer that says nothing else: a redirect, metadata, JSON, SOAP, an error of the server itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPolicy:
    """What one page may load, run and send.

    Attributes:
        form_targets: absolute URLs the page's forms go to, and nowhere else. Empty: this origin. Chromium holds them against the redirects
            that answer the form as well, hence `outbound.pass_on`.
        script_nonce: the nonce of the page's script; with it no other script runs. None: static files of this origin
            may run.
    """

    form_targets: tuple[str, ...] = ()
    script_nonce: str | None = None

    def header(self) -> str:
        """Give the value of Content-Security-Policy.

        Raises:
            ValueError: if a form target is not an absolute http or https URL.
        """
        script = f"'nonce-{self.script_nonce}'" if self.script_nonce else "'self'"
        targets = [csp_source(url) for url in self.form_targets] or ["'self'"]
        directives = (
            "default-src 'self'",
            f"script-src {script}",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            f"form-action {' '.join(targets)}",
        )
        return "; ".join(directives)


@lru_cache(maxsize=_REMEMBERED_SOURCES)
def csp_source(url: str) -> str:
    """Give the source expression that lets a form go to `url` and nowhere else: scheme, host, port, path (CSP 3, 6.7.2.8).

    Raises:
        ValueError: if `url` is not an absolute http or https URL. `javascript:` must never become a form's action.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or url.split() != [url]:
        raise ValueError(f"got {url!r:.200}, expected an absolute http or https URL")
    if ":" in parts.hostname:
        # The grammar of CSP has no IPv6 literals. The scheme is the narrowest expression left; our choice.
        return f"{parts.scheme}:"
    port = f":{parts.port}" if parts.port else ""
    # `;` and `,` would end the directive or the header, and let the rest of the path write policy.
    return f"{parts.scheme}://{quote(parts.hostname, safe='.-')}{port}{quote(parts.path, safe='/%-._~!$&()*+=:@')}"


def require_web_url(url: str) -> None:
    """Let an absolute http or https URL pass, whatever its query holds.

    Raises:
        ValueError: if it is none.
    """
    place, _, query = url.partition("?")
    csp_source(place)  # the query carries a message, so that no two URLs are the same and none should be remembered
    if query and query.split() != [query]:
        raise ValueError(f"got {url!r:.200}, expected an absolute http or https URL")


def with_default_headers(send: Send) -> Send:
    """Give a way to send that adds the headers which an answer has nothing to say about."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": with_defaults(message.get("headers", ()))}
        await send(message)

    return send_with_headers


def with_defaults(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Give an answer's headers and, behind them, the default ones of which it says nothing."""
    given = list(headers)
    return [*given, *_unsaid(tuple([name for name, _ in given]))]


@lru_cache(maxsize=_REMEMBERED_NAMES)
def _unsaid(names: tuple[bytes, ...]) -> tuple[tuple[bytes, bytes], ...]:
    said = {name.lower() for name in names}
    return tuple(header for header in _DEFAULT_HEADERS if header[0] not in said)


def html_headers(policy: ContentPolicy) -> dict[str, str]:
    """Give all headers of an HTML page under `policy`."""
    return {**HTML_HEADERS, "Content-Security-Policy": policy.header()}


def html_header_octets(policy: ContentPolicy) -> list[tuple[bytes, bytes]]:
    """Give the same headers as they go on the wire."""
    return [*_HTML_OCTETS, (b"content-security-policy", policy.header().encode("latin-1"))]
