"""Who may change registrations and have the whole record read: whoever sits at this machine, and no web page of somebody else's (WEB-02).

The simulator has no login, and listens on loopback unless it is told otherwise, so a foreign page in the same browser is the danger. A
browser sends JSON or YAML across origins only after asking us, which we never allow, and it cannot hide where a request comes from.
"""

from collections.abc import Callable
from typing import Final

from starlette.requests import Request

from oiosaml.errors import SamlError
from saml_web.form_origin import origin_of

JSON_TYPES: Final = frozenset({"application/json"})
WORLD_TYPES: Final = frozenset({"application/json", "application/yaml", "application/x-yaml"})


def own_origin(base_url: str) -> Callable[[Request], None]:
    """Give a dependency that lets only our own pages and programs in, and whoever types the address.

    It raises `web.csrf` for a request that another site's page sent.
    """
    expected = origin_of(base_url)

    def require_own_origin(request: Request) -> None:
        origin = request.headers.get("origin")
        site = request.headers.get("sec-fetch-site")
        if origin not in {None, expected} or site not in {None, "same-origin", "none"}:
            raise SamlError(
                "web.csrf", f"got Origin {origin!r:.200} and Sec-Fetch-Site {site!r:.40}, expected {expected}"
            )

    return require_own_origin


def require_type(request: Request, allowed: frozenset[str]) -> None:
    """Let only the media types through that no HTML form can send.

    Raises:
        SamlError: `web.csrf:media-type` for another type, or none.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in allowed:
        expected = " or ".join(sorted(allowed))
        raise SamlError("web.csrf:media-type", f"got content type {media_type!r:.80}, expected {expected}")


def require_json(request: Request) -> None:
    """Let only JSON through; raises `web.csrf` for anything else."""
    require_type(request, JSON_TYPES)
