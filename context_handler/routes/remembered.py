"""The municipality that a browser remembers: read, kept, put in question and forgotten.

An IdP that refused the person decides no more: the next login asks, and shows that one first. Who sits at the wrong
IdP has no other way out than to cancel there.
"""

from datetime import timedelta
from typing import Final
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from context_handler.answering import RefusedLogin
from context_handler.ports import Ports, Registry
from federation.urls import ContextHandlerUrls
from oiosaml.ids import EntityId
from saml_web.cookies import transaction_cookie
from saml_web.form_origin import read_own_form
from saml_web.pages import Pages

REMEMBERED_IDP_LIFETIME: Final = timedelta(days=180)
"""How long a browser remembers the municipality, when the person asked it to."""

_IN_QUESTION: Final = "~"
"""Stands before an entityID that decides no more. No entityID begins so: it is a URI."""


class RememberedIdp:
    """The cookie that holds the entityID of an IdP, and nothing of the person."""

    def __init__(self, base_url: str) -> None:
        # It has to come with a home IdP's POST, which may be a refusal, so it is a transaction cookie.
        self._cookie = transaction_cookie("nsis_idp", base_url=base_url, lifetime=REMEMBERED_IDP_LIFETIME)

    def any(self, request: Request) -> EntityId | None:
        """Give the IdP that is remembered, whether it decides or not."""
        kept = unquote(self._cookie.read(request) or "").removeprefix(_IN_QUESTION)
        return EntityId(kept) if kept else None

    def name(self, request: Request, registry: Registry) -> str | None:
        """Give its name as people know it; an entityID that is registered no more speaks for itself."""
        kept = self.any(request)
        found = None if kept is None else registry.idp(kept)
        return kept if found is None else found.registration.name

    def deciding(self, request: Request) -> EntityId | None:
        """Give the IdP that needs no question."""
        return None if self._is_in_question(request) else self.any(request)

    def in_question(self, request: Request) -> EntityId | None:
        """Give the IdP that is only shown first."""
        return self.any(request) if self._is_in_question(request) else None

    def keep(self, response: Response, idp: EntityId) -> None:
        """Remember what the person chose."""
        self._cookie.set(response, quote(idp, safe=":/"))

    def question(self, request: Request, response: Response, refused: RefusedLogin) -> None:
        """Let a remembered IdP decide no more if it was the one that refused the person."""
        if refused.refused_by is not None and refused.refused_by == self.deciding(request):
            self._cookie.set(response, _IN_QUESTION + quote(refused.refused_by, safe=":/"))

    def forget(self, response: Response) -> None:
        """Ask the browser to forget it."""
        self._cookie.clear(response)

    def _is_in_question(self, request: Request) -> bool:
        return (self._cookie.read(request) or "").startswith(_IN_QUESTION)


class RememberedRoutes:
    """Where a person has the choice forgotten."""

    def __init__(self, ports: Ports, pages: Pages) -> None:
        self._ports = ports
        self._pages = pages
        self._remembered = RememberedIdp(ports.urls.base_url)

    def routes(self) -> list[Route]:
        """List the routes."""
        return [Route(ContextHandlerUrls.FORGET_CHOICE_PATH, self.forget, methods=["POST"])]

    async def forget(self, request: Request) -> Response:
        """The person wants to be asked again."""
        await read_own_form(request, base_url=self._ports.urls.base_url)
        response = self._pages.render(request, "choice_forgotten.html", urls=self._ports.urls)
        self._remembered.forget(response)
        return response
