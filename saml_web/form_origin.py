"""Did one of our own pages send this form? See WEB-02.

SAML endpoints do not ask: their messages come from other sites by design, and are judged by signature and pending
request.

A browser states the sender in Sec-Fetch-Site and Origin, and a foreign page can change neither. One case is left open
by both: our pages send no referrer, which turns Origin into `null`, and plain http on a LAN name has no
Sec-Fetch-Site. There the form's token decides: a random value in a cookie and, the same, in a hidden field. A foreign
page can make the browser send the cookie, but cannot read it.
"""

import hmac
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from oiosaml.errors import SamlError
from saml_web.cookies import Cookie, session_cookie
from saml_web.inbound import MAX_OWN_FORM_BYTES, Form, read_form

TOKEN_FIELD: Final = "form_token"  # noqa: S105 - a field's name, no secret
"""Hidden field of each of our own forms; the macro `form_token()` writes it."""


def form_cookie(base_url: str) -> Cookie:
    """Give the cookie that holds the token's other half."""
    return session_cookie("nsis_form", base_url=base_url)


def require_own_page(request: Request, form: Form, *, base_url: str) -> None:
    """Let a changing request pass only if one of our own pages sent it.

    A request with neither Origin nor Sec-Fetch-Site comes from no browser of today and so carries nobody's cookies
    unknowingly; it passes, so that scripts can drive the forms.

    Raises:
        SamlError: `web.csrf` if another site sent it, or if nothing shows that we did.
    """
    origin = request.headers.get("origin")
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site not in {None, "same-origin"}:
        raise SamlError("web.csrf", f"got Sec-Fetch-Site {fetch_site!r:.40}, expected same-origin")
    if origin not in {None, "null", origin_of(base_url)}:
        raise SamlError("web.csrf", f"got Origin {origin!r:.200}, expected {origin_of(base_url)}")
    if origin == "null" and fetch_site is None and not _token_matches(request, form, base_url):
        raise SamlError("web.csrf", "got Origin 'null' without a matching form token, expected our own page's")


async def read_own_form(request: Request, *, base_url: str, limit: int = MAX_OWN_FORM_BYTES) -> Form:
    """Give the fields of a form that one of our own pages sent.

    Raises:
        SamlError: what `read_form` and `require_own_page` raise.
    """
    form = await read_form(request, limit=limit)
    require_own_page(request, form, base_url=base_url)
    return form


def _token_matches(request: Request, form: Form, base_url: str) -> bool:
    kept = form_cookie(base_url).read(request) or ""
    sent = form.optional(TOKEN_FIELD) or ""
    return bool(kept) and hmac.compare_digest(kept.encode(), sent.encode())


def origin_of(url: str) -> str:
    """Give scheme, host and port of `url` as a browser writes them in Origin: in lower case, without a default port."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = f":{parts.port}" if parts.port not in {None, default} else ""
    return f"{parts.scheme}://{host}{port}"
