"""SEB's front door: a page of its own where people choose how to log in. Who chooses a local IdP is sent on to it by name (IDPList)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import quote, unquote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from oiosaml.errors import SamlError
from oiosaml.ids import EntityId
from saml_web.cookies import Cookie, session_cookie
from saml_web.form_origin import read_own_form
from saml_web.outbound import onward_page, redirect
from saml_web.pages import Pages
from sp_demo.system import DemoSystem, IdpChoice

REMEMBERED_FOR: Final = timedelta(days=180)
"""How long a browser remembers the local IdP, when the person asked it to."""

LONGEST_SEARCH: Final = 100
"""Characters of a search that are looked at."""

TABS: Final = ("local", "mitid")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPage:
    """The page, and what becomes of the choice."""

    system: DemoSystem
    pages: Pages
    idps: Callable[[], tuple[IdpChoice, ...]]

    async def show(self, request: Request, *, logged_in: bool) -> Response:
        """Show the tabs: the local IdPs, as many as fit the search, or the way by MitID."""
        search = request.query_params.get("q", "").strip()[:LONGEST_SEARCH]
        tab = request.query_params.get("tab", TABS[0])
        home = self.system.urls.home_url
        return self.pages.render(
            request,
            "seb_choose.html",
            system=self.system,
            logged_in=logged_in,
            tab=tab if tab in TABS else TABS[0],
            tab_urls={name: f"{home}?{urlencode({'tab': name})}" for name in TABS},
            search=search,
            idps=[idp for idp in self.idps() if search.casefold() in idp.name.casefold()],
            remembered=self.remembered(request),
            home_url=home,
            choose_url=f"{self.system.urls.base_url}/choose",
            result_url=f"{self.system.urls.base_url}/result",
            metadata_url=self.system.urls.metadata_url,
        )

    async def choose(self, request: Request) -> Response:
        """Send the person on to the IdP chosen; remember it, or forget the one remembered."""
        form = await read_own_form(request, base_url=self.system.urls.base_url)
        cookie = self._cookie()
        if form.optional("forget"):
            forgotten = redirect(self.system.urls.home_url)
            cookie.clear(forgotten)
            return forgotten
        chosen = self._known(form.one("idp"))
        if chosen is None:
            raise SamlError("web.form", "got an IdP that is not on the page, expected one of those shown")
        # The login's own redirect leads to the Context Handler and on to the IdP: as the answer to a form, Chromium would stop it.
        url = f"{self.system.urls.login_url}?{urlencode({'idp': chosen.entity_id})}"
        response: Response = onward_page(self.pages, request, url)
        if form.optional("remember"):
            cookie.set(response, quote(chosen.entity_id, safe=""))
        return response

    def remembered(self, request: Request) -> IdpChoice | None:
        """Give the IdP that this browser remembers, if it is still one of those to choose among."""
        kept = self._cookie().read(request)
        return self._known(unquote(kept)) if kept else None

    def _known(self, entity_id: str) -> IdpChoice | None:
        return next((idp for idp in self.idps() if idp.entity_id == EntityId(entity_id)), None)

    def _cookie(self) -> Cookie:
        return session_cookie(f"nsis_{self.system.id}_idp", base_url=self.system.urls.base_url, lifetime=REMEMBERED_FOR)
