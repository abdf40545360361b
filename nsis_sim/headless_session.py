"""One person at one browser over several systems: logs in, goes on to the next, logs out. What they would press, pressed.

Knows our demo systems and mock IdPs. Discovery is answered, a login page is passed by the persona's header.
"""

from dataclasses import dataclass

from federation.topology import Topology
from federation.urls import IdpUrls, SystemUrls
from nsis_sim.browser import Browser, FormOnPage, Page

_CHOICE = "idp"
"""Name of the discovery page's buttons; their value is the IdP's entityID."""


class NotOnPageError(Exception):
    """The page has no such button; the message says which page and which button."""


@dataclass(frozen=True, slots=True)
class HeadlessSession:
    """A browser with its cookies, and the person who sits at it. `home_idp` is the entityID to choose where discovery asks."""

    browser: Browser
    topology: Topology
    home_idp: str

    def log_in(self, system: str, **wish: str) -> Page:
        """Log in at a demo system; `wish` is what `/login` may be asked, such as `level` or `passive`.

        Raises:
            UnreachableError: if a house does not answer, or it goes in circles.
        """
        query = "&".join(f"{name}={value}" for name, value in wish.items())
        page = self.browser.visit(f"{self._system(system).login_url}{'?' + query if query else ''}")
        press = (_CHOICE, self.home_idp)
        form = next((each for each in page.forms if press in each.buttons), None)
        return page if form is None else self.browser.submit(form, press=press)

    def is_logged_in(self, system: str) -> bool:
        """Ask the system's own page; nobody else is asked, and nothing begins."""
        page = self.browser.visit(f"{self._system(system).base_url}/result")
        return self._form(page, "/logout") is not None

    def log_out(self, system: str) -> Page:
        """Press "Log out everywhere" at a system, and come to rest where a person must act or all is done.

        Raises:
            NotOnPageError: if nobody is logged in there.
        """
        return self._press(f"{self._system(system).base_url}/result", "/logout")

    def behave(self, system: str, behaviour: str) -> Page:
        """Tell the system's session what to do when it is to be ended: `answer`, `refuse` or `silent`."""
        return self._press(f"{self._system(system).base_url}/result", "/logout-behaviour", behaviour=behaviour)

    def forget(self, system: str) -> Page:
        """End the system's own session and tell nobody, as an expiry does."""
        return self._press(f"{self._system(system).base_url}/result", "/end")

    def is_logged_in_at_idp(self, idp: str) -> bool:
        """Ask the mock IdP's own page."""
        return self._form(self.browser.visit(self._idp(idp).home_url), "/logout") is not None

    def log_out_at_idp(self, idp: str) -> Page:
        """Press "Log out everywhere" at the mock IdP.

        Raises:
            NotOnPageError: if nobody is logged in there.
        """
        return self._press(self._idp(idp).home_url, "/logout")

    def behave_at_idp(self, idp: str, behaviour: str) -> Page:
        """Tell the IdP's session what to do when it is to be ended: `answer`, `refuse` or `silent`."""
        return self._press(self._idp(idp).home_url, "/logout-behaviour", behaviour=behaviour)

    def _press(self, url: str, action: str, **fill: str) -> Page:
        page = self.browser.visit(url)
        form = self._form(page, action)
        if form is None:
            raise NotOnPageError(f"{page.url.partition('?')[0]} has no form for {action}: nobody is logged in there")
        return self.browser.submit(form, fill=tuple(fill.items()))

    @staticmethod
    def _form(page: Page, action: str) -> FormOnPage | None:
        return next((form for form in page.forms if form.action.endswith(action)), None)

    def _system(self, system: str) -> SystemUrls:
        return self.topology.system(system)

    def _idp(self, idp: str) -> IdpUrls:
        return self.topology.idp(idp)
