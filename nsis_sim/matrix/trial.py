"""Tries one cell of the matrix at a running simulator, by what a person sees and what the broker's record says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from federation.topology import Topology
from nsis_sim.api_client import Api
from nsis_sim.browser import Browser, FormOnPage, Page
from nsis_sim.decoding import UndecodableError, unpack
from nsis_sim.headless_login import PERSONA_HEADER
from nsis_sim.login_report import request_id
from nsis_sim.matrix.cells import Cell, Movement, Wish

LEVEL_HEADER: Final = "X-NSIS-Level"
"""Tells a mock IdP to log the person in at a lower level than she can reach."""

_CHOICE: Final = "idp"
"""Name of the discovery page's buttons."""

_ASKED_THE_IDP: Final = "ask_home_idp"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a cell went: `problem` is None if it did what it should."""

    cell: Cell
    said: str
    problem: str | None = None


class _Deviation(Exception):
    """The cell did something else than documented; the message says what."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Everything a trial needs. `browser` makes a fresh browser with these headers; `entity_ids` are the IdPs' by short id."""

    topology: Topology
    api: Api
    browser: Callable[[Mapping[str, str]], Browser]
    entity_ids: Mapping[str, str]

    def of(self, cell: Cell) -> Outcome:
        """Try a cell.

        Raises:
            UnreachableError: if a house does not answer.
        """
        with self.browser({PERSONA_HEADER: cell.row.persona}) as browser:
            person = _Person(self, cell, browser)
            try:
                return Outcome(cell, person.act())
            except _Deviation as deviation:
                return Outcome(cell, "deviates", str(deviation))


@dataclass(slots=True)
class _Person:
    """Somebody in a fresh browser."""

    trial: Trial
    cell: Cell
    browser: Browser
    codes: list[str] = field(default_factory=list)

    def act(self) -> str:
        """Do what the cell's movement says, and say how it went.

        Raises:
            _Deviation: if that is not what is documented.
        """
        match self.cell.movement:
            case Movement.FIRST_LOGIN:
                return self._login((), by_idp=True)
            case Movement.SSO:
                self._companion(())
                return self._login((), by_idp=False)
            case Movement.STEP_UP:
                self._companion(self.cell.row.lower, level=self.cell.row.lower_level)
                return self._login(self.cell.more, by_idp=True)
            case Movement.FORCE_AUTHN:
                self._companion(())
                return self._login((("force", "1"),), by_idp=True)
            case Movement.PASSIVE:
                self._companion(())
                return self._login((("passive", "1"),), by_idp=False)
            case Movement.LOGOUT_AT_SYSTEM | Movement.LOGOUT_AT_IDP | Movement.LOGOUT_AT_BROKER:
                self._companion(())
                said = self._login((), by_idp=False)
                return said if self.cell.refusal else self._logout()

    def _companion(self, wish: Wish, *, level: str | None = None) -> None:
        page = self._visit(self.cell.row.companion, wish, level)
        if not self._shows_somebody(page):
            raise _Deviation(f"nobody came in at the companion {self.cell.row.companion}: {self._code()}")

    def _login(self, wish: Wish, *, by_idp: bool) -> str:
        page = self._visit(self.cell.column.system, wish, None)
        came_in, events = self._shows_somebody(page), self._events()
        refusal = self.cell.refusal
        if refusal is not None:
            code = _code_of(events)
            if came_in or code != refusal.code:
                raise _Deviation(f"got {'a login' if came_in else code}, expected {refusal.code}")
            return refusal.code
        if not came_in:
            raise _Deviation(f"got {_code_of(events) or page.url.partition('?')[0]}, expected a login")
        asked = any(event.get("step") == _ASKED_THE_IDP for event in events)
        if asked is not by_idp:
            raise _Deviation(f"the home IdP was {'' if asked else 'not '}asked")
        return "by the IdP" if asked else "from the session"

    def _logout(self) -> str:
        url, action = {
            Movement.LOGOUT_AT_SYSTEM: (self._result_url(self.cell.column.system), "/logout"),
            Movement.LOGOUT_AT_IDP: (self._idp_url(), "/logout"),
            Movement.LOGOUT_AT_BROKER: (self.trial.topology.context_handler.logout_url, "/logout"),
        }[self.cell.movement]
        form = _form(self.browser.visit(url), action)
        if form is None:
            raise _Deviation(f"{url} offers no logout")
        self.browser.submit(form)
        still = [name for name, there in self._where().items() if there]
        if still:
            raise _Deviation(f"still logged in at {', '.join(still)}")
        return "out everywhere"

    def _where(self) -> dict[str, bool]:
        systems = {self.cell.column.system, self.cell.row.companion}
        there = {each: self._shows_somebody(self.browser.visit(self._result_url(each))) for each in sorted(systems)}
        there[self.cell.row.idp] = _form(self.browser.visit(self._idp_url()), "/logout") is not None
        there["the broker"] = (
            _form(self.browser.visit(self.trial.topology.context_handler.logout_url), "/logout") is not None
        )
        return there

    def _visit(self, system: str, wish: Wish, level: str | None) -> Page:
        asked = (("idp", self.trial.entity_ids[self.cell.row.idp]), *wish)
        url = f"{self.trial.topology.system(system).login_url}?{urlencode(asked)}"
        page = self.browser.visit(url, headers={} if level is None else {LEVEL_HEADER: level})
        choice = next((form for form in page.forms if any(name == _CHOICE for name, _ in form.buttons)), None)
        # Chosen also where the page does not offer it: then the broker's own refusal says why not.
        return page if choice is None else self.browser.submit(choice, press=(_CHOICE, asked[0][1]))

    def _result_url(self, system: str) -> str:
        return f"{self.trial.topology.system(system).base_url}/result"

    def _idp_url(self) -> str:
        topology, idp = self.trial.topology, self.cell.row.idp
        return topology.idp(idp).home_url if idp in topology.idp_base_urls else topology.nemlogin.home_url

    def _shows_somebody(self, page: Page) -> bool:
        """Tell whether this is a system's page of somebody who is logged in: it has the button that logs out."""
        return page.url.partition("?")[0].endswith("/result") and _form(page, "/logout") is not None

    def _code(self) -> str | None:
        return _code_of(self._events())

    def _events(self) -> Sequence[Mapping[str, Any]]:
        """Give the broker's record of the last login, found by the ID of the system's request."""
        sso_url = self.trial.topology.context_handler.sso_url
        asked = [seen for seen in self.browser.seen if seen.parameter == "SAMLRequest" and seen.destination == sso_url]
        if not asked:
            return ()
        try:
            message_id = request_id(unpack(asked[-1].encoded)[0])
        except UndecodableError:
            return ()
        return self.trial.api.flow_of(message_id)[0] if message_id else ()


def _code_of(events: Sequence[Mapping[str, Any]]) -> str | None:
    codes = [str(event["code"]) for event in events if event.get("code")]
    return codes[-1] if codes else None


def _form(page: Page, action: str) -> FormOnPage | None:
    return next((form for form in page.forms if form.action.partition("?")[0].endswith(action)), None)
