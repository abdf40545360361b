"""Messages on their way out through the browser: a redirect, or a page that POSTs a form to exactly one destination."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from saml_web.pages import Pages
from saml_web.security_headers import NO_STORE, require_web_url

REPOST_MARKER: Final = "nsis_repost"
"""Field that says: this form was already sent to itself once. Never part of a SAML message."""

_ON_THE_WAY: Final = ((b"cache-control", NO_STORE.encode()), (b"referrer-policy", b"no-referrer"))


def redirect(url: str, *, status: int = 303) -> Response:
    """Send the browser to `url` by GET, storing nothing on the way: the URL may carry a message.

    Raises:
        ValueError: if `url` is neither a path of our own nor an absolute http or https URL.
    """
    if not _is_own_path(url):
        require_web_url(url)
    response = Response(status_code=status)
    response.raw_headers += ((b"location", url.encode("latin-1")), *_ON_THE_WAY)
    return response


def pass_on(pages: Pages, request: Request, url: str) -> Response:
    """Send the browser to `url` by GET, also where it came by a form that may not go there.

    Chromium holds `form-action` against the redirects that answer a form, and a page cannot name every party that a chain of them leads to.
    A form is therefore answered by a page that goes on by itself, without scripts, wherever `url` is at another origin.

    Raises:
        ValueError: as `redirect`.
    """
    if request.method != "POST" or _is_own_path(url) or pages.is_at_home(url):
        return redirect(url)
    return onward_page(pages, request, url)


def onward_page(pages: Pages, request: Request, url: str) -> HTMLResponse:
    """Answer with a page that goes on to `url` by itself: `pass_on` for a form whose way leaves this origin only after `url`.

    Raises:
        ValueError: if `url` is not an absolute http or https URL.
    """
    require_web_url(url)
    return pages.render(request, "onward.html", headers={"Refresh": f"0;url={url}"}, url=url)


def auto_post_page(pages: Pages, request: Request, *, action: str, fields: Sequence[tuple[str, str]]) -> Response:
    """Answer with a page that POSTs `fields` to `action` at once, or when its button is pressed where scripts are off.

    Raises:
        ValueError: if `action` is not an absolute http or https URL.
    """
    return pages.render_message(request, "auto_post.html", action=action, fields=fields)


def repost_page(pages: Pages, request: Request, *, action: str, fields: Sequence[tuple[str, str]]) -> Response:
    """Answer a cross-site POST that came without our cookie with a page that POSTs the same form to us once more.

    That second POST is same-site, so it brings Lax and Strict cookies along. `action` is our own endpoint as
    configured. Call it only where `without_marker` found none, else a browser that keeps no cookies goes round for
    ever.

    Raises:
        ValueError: if `action` is not an absolute http or https URL.
    """
    return pages.render_message(request, "repost.html", action=action, fields=(*fields, (REPOST_MARKER, "1")))


def without_marker(body: bytes) -> tuple[bytes, bool]:
    """Give a form's body as the sender made it, and whether `repost_page` sent it: strict parsers know no marker field."""
    marker = f"&{REPOST_MARKER}=1".encode()
    return (body[: -len(marker)], True) if body.endswith(marker) else (body, False)


def _is_own_path(url: str) -> bool:
    # `//host` and `/\host` are other hosts to a browser (WEB-05).
    return url.startswith("/") and not url.startswith(("//", "/\\")) and url.isprintable()
