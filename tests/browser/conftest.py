"""A real browser for every test of pages: Debian's Chromium, with nothing that phones home, and a counter of foreign hosts."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect, sync_playwright
from starlette.types import ASGIApp

CHROMIUM = Path("/usr/bin/chromium")
SHELL = Path("/usr/bin/chromium-headless-shell")
"""The same engine without the windows round it: a page costs half. Whatever asks for what is round it, as trust in a CA, takes CHROMIUM."""

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A plain-http name that is no loopback name to the browser, as in a classroom (`--lan`); nobody else is found.
    "--host-resolver-rules=MAP *.lan.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1",
)
FEW_PROCESSES = ("--renderer-process-limit=1", "--in-process-gpu")
"""One process for all pages of a site, as on a machine short of memory: starting one for each visitor costs as much as the pages."""

NARROW = {"width": 320, "height": 640}
WIDE = {"width": 1280, "height": 900}
SERVER_STOP_SECONDS = 60

PATIENCE_MS = 30_000
"""How long a page may take that is sure to come: machines are slow, and busy with something else. What comes ends the wait at once."""

expect.set_options(timeout=PATIENCE_MS)

LAUNCH_MS = 180_000
"""How long Chromium may take to start: it is a dozen processes."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for one module at a time: while Playwright runs, no other test of the same process can run an event loop."""
    executable = SHELL if SHELL.exists() else CHROMIUM
    if not executable.exists():
        message = f"{executable} is missing: apt-get install chromium"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            headless=True, executable_path=str(executable), args=[*FLAGS, *FEW_PROCESSES], timeout=LAUNCH_MS
        )
        yield launched
        launched.close()


@dataclass
class Visitor:
    """One browser profile, and the foreign hosts its pages asked for."""

    context: BrowserContext
    foreign: list[str] = field(default_factory=list)

    def page(self) -> Page:
        return self.context.new_page()

    def watch(self, request: Request) -> None:
        """Note a request to a foreign host. It came to nothing: the browser finds no such host."""
        parts = urlsplit(request.url)
        host = parts.hostname or ""
        at_home = host in {"localhost", "127.0.0.1"} or host.endswith((".localhost", ".lan.test"))
        if parts.scheme not in {"about", "data", "blob"} and not at_home:
            self.foreign.append(request.url)


@pytest.fixture
def new_visitor(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Make visitors: `new_visitor(java_script_enabled=False, viewport=NARROW, locale="da-DK")`. No page may ask a foreign host."""
    visitors: list[Visitor] = []

    def make(**options: object) -> Visitor:
        settings = {"viewport": WIDE, "locale": "da-DK", "reduced_motion": "reduce"} | options
        visitor = Visitor(browser.new_context(**settings))
        visitor.context.set_default_timeout(PATIENCE_MS)
        visitor.context.on("request", visitor.watch)
        visitors.append(visitor)
        return visitor

    yield make
    for visitor in visitors:
        visitor.context.close()
    assert [url for visitor in visitors for url in visitor.foreign] == []


@pytest.fixture
def visitor(new_visitor: Callable[..., Visitor]) -> Visitor:
    """A Danish reader at a wide screen, with scripts."""
    return new_visitor()


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor.page()


@pytest.fixture(scope="session")
def assert_accessible() -> Callable[[Page], None]:
    """Check that axe finds nothing on a page, in any of its rules.

    Contrast, which takes axe as long as all else, is looked at in Danish only: English has the same colours.
    """
    axe = Axe()

    def check(page: Page) -> None:
        wait_until_drawn(page)
        in_danish = page.get_attribute("html", "lang") == "da"
        options = {"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": in_danish}}}
        findings = axe.run(page, options=options).response["violations"]
        seen = [f"{item['id']}: {item['help']}: {node['html']}" for item in findings for node in item["nodes"]]
        assert seen == [], f"{page.url}: " + "\n".join(seen)

    return check


@contextmanager
def new_document(page: Page) -> Iterator[None]:
    """Wait until what is done in the block has brought a document, and all of it: for one that looks like the one before.

    Where it looks different, waiting for what is different says more.
    """
    with page.expect_navigation():
        yield


def wait_until_drawn(page: Page) -> None:
    """Wait for stylesheets and fonts: until then a page has other colours and widths than a person sees."""
    page.wait_for_load_state()
    page.evaluate("document.fonts.ready.then(() => true)")


def click(target: Locator) -> None:
    """Click, once the page that it is on is drawn: where a font comes late, a button is let go elsewhere than it was pressed."""
    target.wait_for()
    wait_until_drawn(target.page)
    target.click()


def unfold(page: Page) -> None:
    """Open everything that can be unfolded."""
    page.wait_for_load_state()
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")


@pytest.fixture(scope="session")
def assert_fits() -> Callable[[Page], None]:
    """Check that a page does not scroll sideways at its present width."""

    def check(page: Page) -> None:
        wait_until_drawn(page)
        page.wait_for_function("width => window.innerWidth === width", arg=(page.viewport_size or WIDE)["width"])
        width, content = page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollWidth]")
        assert content <= width, f"{page.url}: content {content} px wide in a window of {width} px"

    return check


@contextmanager
def serving(make_app: Callable[[str], ASGIApp]) -> Iterator[str]:
    """Serve `make_app(base_url)` on a free loopback port, from a thread; give the base URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        base_url = f"http://localhost:{listening.getsockname()[1]}"
        config = uvicorn.Config(make_app(base_url), log_level="critical", ws="none", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield base_url
        finally:
            server.should_exit = True
            thread.join(SERVER_STOP_SECONDS)
            assert not thread.is_alive()
