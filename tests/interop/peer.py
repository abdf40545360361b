"""What the tests know of a foreign stack that plays a system, and a person who logs in there without a window."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from nsis_sim.browser import Browser, Page
from nsis_sim.headless_login import PERSONA_HEADER
from oiosaml.attributes import PRIVILEGES_INTERMEDIATE
from oiosaml.privileges import PrivilegeList, read_privileges
from tests.conftest import Member

MISSING = "{what} is missing for this test. As root: sh scripts/test_peers.sh"


@dataclass(frozen=True, slots=True)
class Profile:
    """Whom the stack says it has let in."""

    name_id: str
    attributes: Mapping[str, str]

    @property
    def privileges(self) -> PrivilegeList:
        return read_privileges(self.attributes[PRIVILEGES_INTERMEDIATE])


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A running system on a foreign stack."""

    name: str
    entity_id: str
    login_url: str
    acs_url: str
    metadata_url: str
    member: Member
    read: Callable[[Page], Profile]

    @property
    def role(self) -> str:
        """The one user system role this system knows."""
        return f"http://{self.name}.interop.test/roles/usersystemrole/sagsbehandler/1"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a browser of their own."""

    persona: str
    idp: str

    def log_in(self, peer: Peer, *, transport: httpx.BaseTransport | None = None) -> Page:
        """Go to the system, choose the municipality if asked, and come to rest."""
        with Browser(headers={PERSONA_HEADER: self.persona}, transport=transport) as browser:
            page = browser.visit(peer.login_url)
            return self.choose_home(browser, page)

    def choose_home(self, browser: Browser, page: Page) -> Page:
        """Press the municipality's button on the discovery page, if this is it."""
        press = ("idp", self.idp)
        form = next((form for form in page.forms if press in form.buttons), None)
        return page if form is None else browser.submit(form, press=press)


ANE_HOLM = Person("ane-holm", "https://saml.idp.korsbaek.test")


def read_printed_environment(text: str) -> dict[str, str]:
    """Read what Apache's printenv wrote into a page."""
    return dict(re.findall(r"^(\w+)=(.*)$", html.unescape(text), re.MULTILINE))
