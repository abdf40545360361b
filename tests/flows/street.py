"""The whole street in this process: every house of the shipped federation.yaml, no sockets, and a browser without a window.

The broker reaches the attribute service through the same ASGI transport. Our houses ask a clock that a test may move; the two foreign
stacks of the demo systems read the system clock, so it moves from the true time and only after they had their turn.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio.from_thread
import httpx
import pytest
from anyio.from_thread import BlockingPortal
from lxml import html

from context_handler.adapters.metadata_over_http import MetadataOverHttp
from federation.dev_ca import KeyRing, ensure_keys, key_holders
from federation.load import load_world
from federation.model import World
from federation.sites import topology_of_sites
from federation.topology import Topology
from nsis_sim.addressing import SITES_PORT
from nsis_sim.browser import Browser, FormOnPage, Page
from nsis_sim.dispatcher import Dispatcher
from nsis_sim.houses import Houses
from nsis_sim.placement import places, topology_of
from nsis_sim.settings import STORE_FILE, Settings
from oiosaml.errors import SamlError
from sp_demo.soap_over_http import SoapOverHttp as OwnSoapOverHttp
from tests.empty_store import empty_store

BASE_URL = "http://localhost:8000"
FEDERATION = Path(__file__).parents[2] / "federation.yaml"


@dataclass(slots=True)
class Clock:
    """True time, and what a test adds to it."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(slots=True)
class Seen:
    """One answer of a house, as it left."""

    method: str
    url: httpx.URL
    status: int
    headers: httpx.Headers
    text: str

    @property
    def is_page(self) -> bool:
        return "html" in self.headers.get("content-type", "")


@dataclass
class InProcess(httpx.BaseTransport):
    """Carries a synchronous client's requests into the houses, and keeps what came back."""

    app: Dispatcher
    portal: BlockingPortal
    seen: list[Seen] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.portal.call(self._handle, request)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        # An exception in a house comes out here, instead of as a page with status 500.
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), trust_env=False) as client:
            answer = await client.send(
                httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
            )
        self.seen.append(Seen(request.method, request.url, answer.status_code, answer.headers, answer.text))
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


class InProcessAttributeServices(nullcontext[None]):
    """Carries the broker's queries into the houses; there is nothing to open or close."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__()
        self.transport = transport

    async def post_soap(self, url: str, envelope: bytes) -> bytes:
        async with httpx.AsyncClient(transport=self.transport, trust_env=False) as client:
            answer = await client.post(url, content=envelope, headers={"Content-Type": "text/xml; charset=utf-8"})
        if answer.status_code not in (200, 500):
            raise SamlError("aq.transport", f"got HTTP {answer.status_code} from {url}")
        return answer.content


@dataclass
class Street:
    """All houses, and ways to walk along them."""

    world: World
    keys: KeyRing
    topology: Topology
    transport: InProcess
    clock: Clock

    def browser(self, **headers: str) -> Browser:
        """A fresh browser of somebody who reads Danish."""
        return Browser(headers={"Accept-Language": "da", **headers}, transport=self.transport)

    def get(self, path: str, **options: Any) -> httpx.Response:
        with httpx.Client(transport=self.transport, base_url=BASE_URL, trust_env=False) as client:
            return client.get(path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        with httpx.Client(transport=self.transport, base_url=BASE_URL, trust_env=False) as client:
            return client.post(path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        with httpx.Client(transport=self.transport, base_url=BASE_URL, trust_env=False) as client:
            return client.put(path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        with httpx.Client(transport=self.transport, base_url=BASE_URL, trust_env=False) as client:
            return client.delete(path, **options)

    def audit(self) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self.get("/_sim/api/audit").json()
        return answer

    def events(self, flow: str) -> list[Mapping[str, Any]]:
        answer = self.get(f"/_sim/api/flows/{flow}")
        assert answer.status_code == 200, f"the page refers to {flow}, which is no flow"
        events: list[Mapping[str, Any]] = answer.json()["events"]
        return events

    @contextmanager
    def switched_off(self, kind: str, party: str) -> Iterator[None]:
        """A party that the administrator has switched off through the API."""
        path = f"/_sim/api/{kind}/{party}/enabled"
        assert self.put(path, params={"enabled": "false"}).status_code == 204
        try:
            yield
        finally:
            assert self.put(path, params={"enabled": "true"}).status_code == 204


@contextmanager
def open_street(
    directory: Path, certs: Path, *, federation: Path = FEDERATION, sites: bool = False
) -> Iterator[Street]:
    """Build every house over a store in `directory`; `certs` may be shared by many streets. With `sites` each is a site of its own."""
    settings = Settings(data_dir=directory, certs_dir=certs, rsa_bits=2048, federation=federation, base_url=BASE_URL)
    empty_store(directory / STORE_FILE)
    world = load_world(settings.federation)
    topology = topology_of_sites(SITES_PORT, world) if sites else topology_of(settings, world, 8000)
    clock = Clock()
    keys = ensure_keys(certs, key_holders(world), rsa_bits=2048, at=clock(), urls=topology.context_handler)
    app = Dispatcher({})
    with anyio.from_thread.start_blocking_portal() as portal:
        with _clock_and_transport(clock, httpx.ASGITransport(app=app)):
            houses = Houses(settings, world, topology, keys)
            built = portal.call(lambda: {place.base_url: houses.build(place) for place in places(topology)})
        Dispatcher.__init__(app, built)
        with _running(app, portal):
            yield Street(world, keys, topology, InProcess(app, portal), clock)


@contextmanager
def _clock_and_transport(clock: Clock, transport: httpx.AsyncBaseTransport) -> Iterator[None]:
    """While houses are built: the clock they take, and the broker's ways to metadata and attribute services."""
    client = MetadataOverHttp.make_client(transport)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MetadataOverHttp, "make_client", staticmethod(lambda **_: client))
        patch.setattr("nsis_sim.broker.SoapOverHttp", lambda **_: InProcessAttributeServices(transport))
        patch.setattr("sp_demo.soap_over_http.SoapOverHttp", lambda **_: OwnSoapOverHttp(transport=transport))
        for module in ("nsis_sim.broker", "nsis_sim.houses"):
            patch.setattr(f"{module}.utc_now", clock)
        yield


@contextmanager
def _running(app: Dispatcher, portal: BlockingPortal) -> Iterator[None]:
    """Run the houses' own start and end, in the thread that serves them."""
    ended = portal.call(asyncio.Event)
    started = portal.call(asyncio.Event)

    async def live() -> None:
        async with app._lifespan(None):  # type: ignore[arg-type]  # the dispatcher does not look at it
            started.set()
            await ended.wait()

    life = portal.start_task_soon(live)
    portal.call(started.wait)
    try:
        yield
    finally:
        portal.call(ended.set)
        life.result()


# --- reading pages as a person does


def heading(page: Page) -> str:
    """The heading of the version that the reader sees."""
    return " ".join(version(page).findtext(".//h1").split())


def version(page: Page, language: str = "da") -> html.HtmlElement:
    """The part of a page in one language."""
    return html.document_fromstring(page.text).get_element_by_id(language)


_INLINE = frozenset({"a", "abbr", "button", "em", "q", "span", "strong"})
_GLUED = re.compile(r"\S*(?:[^\W\d_]|[)»])[.?!][A-ZÆØÅ]\w*")


def glued_sentences(page: str) -> list[str]:
    """Where a sentence begins on a page without a space before it. What is code, or a message, is no sentence."""
    document = html.document_fromstring(page)
    for each in list(document.iter()):
        if each.tag in ("code", "pre", "script", "style", "figure", "option"):
            each.clear(keep_tail=True)
        if each.tag not in _INLINE:
            each.text, each.tail = f"\n{each.text or ''}", f"\n{each.tail or ''}"
    return _GLUED.findall(document.text_content())


def text_of(page: Page, language: str = "da") -> str:
    """All text of one language's version, spaces made single."""
    return " ".join(version(page, language).text_content().split())


def reference_of(page: Page) -> str:
    """The reference that a refused person reads: the flow's id."""
    found = re.search(r'class="sim-reference">([^<]+)<', page.text)
    assert found, page.text
    return found[1]


def form_with(page: Page, button: tuple[str, str]) -> FormOnPage:
    """The form that has this button."""
    return next(form for form in page.forms if button in form.buttons)


def press(browser: Browser, page: Page, name: str, value: str, **fill: str) -> Page:
    """Press a button that has a name."""
    return browser.submit(form_with(page, (name, value)), press=(name, value), fill=tuple(fill.items()))


def start(street: Street, system: str, idp: str | None = None, **wish: str) -> str:
    """The address at which a login at a system begins."""
    asked = {**wish, **({"idp": entity_id(street, "idps", idp)} if idp else {})}
    return str(httpx.URL(street.topology.system(system).login_url, params=asked))


def entity_id(street: Street, kind: str, party: str) -> str:
    return str(next(each for each in getattr(street.world, kind) if each.id == party).entity_id)


def log_in(street: Street, system: str, idp: str, persona: str, **wish: str) -> Page:
    """A whole login by clicks: the system, the login page, one person."""
    with street.browser() as browser:
        return press(browser, browser.visit(start(street, system, idp, **wish)), "persona", persona)


LogIn = Callable[..., Page]
