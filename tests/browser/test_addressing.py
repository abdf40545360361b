"""Realistic addressing and a room's, in a real Chromium: every party another site over https, or one plain-http name on a network."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, LAUNCH_MS, PATIENCE_MS, click
from tests.processes import START_SECONDS, clean_environment, run_nsis, simulator


@dataclass(frozen=True)
class Realistic:
    """A running realistic federation, and the settings that its commands need."""

    base_url: str
    environment: dict[str, str]
    ca: Path

    def url(self, host: str, path: str = "/") -> str:
        return f"https://{host}:{self.base_url.rpartition(':')[2]}{path}"


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realistic]:
    directory = tmp_path_factory.mktemp("realistic")
    environment = clean_environment()
    with simulator(directory, environment=environment, command=("demo", "--realistic")) as running:
        settings = {"NSIS_BASE_URL": running.base_url, "NSIS_CERTS_DIR": str(directory / "certs")}
        yield Realistic(running.base_url, environment | settings, directory / "certs" / "web-ca.crt.pem")


@contextmanager
def chromium(home: Path) -> Iterator[Browser]:
    """Run Chromium with this home directory, whose NSS database says whom it trusts."""
    if not CHROMIUM.exists():
        message = f"{CHROMIUM} is missing: apt-get install chromium"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            headless=True,
            executable_path=str(CHROMIUM),
            args=list(FLAGS),
            env={"HOME": str(home)},
            timeout=LAUNCH_MS,
        )
        yield launched
        launched.close()


def make_trusting(home: Path, environment: dict[str, str]) -> Path:
    """Do what `nsis ca trust` tells a person with Chromium on Linux to do."""
    if shutil.which("certutil") is None:
        message = "certutil is missing: apt-get install libnss3-tools"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    told = run_nsis("ca", "trust", environment=environment).stdout
    command = next(line.strip() for line in told.splitlines() if line.strip().startswith("certutil -d sql:"))
    subprocess.run(["certutil", "-d", f"sql:{database}", "-N", "--empty-password"], check=True)
    subprocess.run(command, shell=True, check=True, env={**os.environ, "HOME": str(home)})
    return home


@pytest.fixture(scope="module")
def trusting_home(federation: Realistic, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_trusting(tmp_path_factory.mktemp("home"), federation.environment)


@pytest.fixture(scope="module")
def browser(trusting_home: Path) -> Iterator[Browser]:
    with chromium(trusting_home) as launched:
        yield launched


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(locale="da-DK", reduced_motion="reduce")
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


def log_in(page: Page, federation: Realistic) -> None:
    page.goto(federation.base_url)
    click(page.get_by_role("link", name="Byggesag", exact=True))
    click(page.get_by_role("link", name="Log ind", exact=True))
    click(page.get_by_role("button", name="Korsbæk Kommune"))
    click(page.get_by_role("button", name="Log ind som denne person Ane Holm"))
    expect(page.get_by_role("heading", level=1, name="Du er logget ind")).to_be_visible()


def test_a_login_across_three_sites(context: BrowserContext, federation: Realistic) -> None:
    page = context.new_page()
    log_in(page, federation)
    assert page.url.startswith(federation.url("byggesag.fagsystemhuset.localhost"))


def test_a_request_by_post_goes_on_to_the_idp_s_site(context: BrowserContext, federation: Realistic) -> None:
    page = context.new_page()
    wish = "?binding=post&idp=https://saml.idp.korsbaek.test"
    page.goto(federation.url("ydelser.fagsystemhuset.localhost", f"/login{wish}"))
    click(page.get_by_role("button", name="Log ind som denne person Ane Holm"))
    expect(page.get_by_role("heading", level=1, name="Du er logget ind")).to_be_visible()


def test_a_chain_of_brokers_goes_on_from_site_to_site(context: BrowserContext, federation: Realistic) -> None:
    """A system, NemLog-in, the broker as a local IdP, the municipality's IdP: four sites, and a form on each way."""
    page = context.new_page()
    page.goto(federation.url("selvbetjening.fagsystemhuset.localhost", "/login"))
    click(page.get_by_role("button", name="Kommunernes fælles login (Context Handler)"))
    page.wait_for_url(federation.url("idp.korsbaek.localhost", "/sso?*"))
    click(page.get_by_role("button", name="Log ind som denne person Ane Holm"))
    expect(page.get_by_role("heading", level=1, name="Du er logget ind")).to_be_visible()


def test_cookies_are_as_between_real_sites(context: BrowserContext, federation: Realistic) -> None:
    log_in(context.new_page(), federation)
    cookies = {(cookie["domain"], cookie["name"]): cookie for cookie in context.cookies()}
    transaction = cookies["ch.faelles.localhost", "__Host-nsis_login"]
    assert (transaction["sameSite"], transaction["secure"], transaction["httpOnly"]) == ("None", True, True)
    assert cookies["byggesag.fagsystemhuset.localhost", "__Host-nsis_byggesag_session"]["sameSite"] == "Lax"
    assert all(name.startswith("__Host-") and cookie["secure"] for (_, name), cookie in cookies.items())


def test_a_lost_transaction_cookie_comes_to_a_page_and_not_to_a_login(
    context: BrowserContext, federation: Realistic
) -> None:
    page = context.new_page()
    page.goto(federation.url("byggesag.fagsystemhuset.localhost"))
    click(page.get_by_role("link", name="Log ind", exact=True))
    click(page.get_by_role("button", name="Korsbæk Kommune"))
    pick = page.get_by_role("button", name="Log ind som denne person Ane Holm")
    expect(pick).to_be_visible()
    context.clear_cookies(domain="ch.faelles.localhost")
    click(pick)
    expect(page.locator("#da")).to_contain_text("proto.in-response-to")
    assert page.url.startswith(federation.base_url), "the broker itself says so, after posting to itself once"


STRANGER = """
import sys
from playwright.sync_api import Error, sync_playwright

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        headless=True, executable_path=sys.argv[1], args=sys.argv[4:], env={"HOME": "/nowhere"}, timeout=float(sys.argv[3])
    )
    try:
        browser.new_page().goto(sys.argv[2])
    except Error as error:
        print(str(error).splitlines()[0])
    browser.close()
"""


def test_a_browser_that_was_not_told_to_does_not_trust_it(browser: Browser, federation: Realistic) -> None:
    # In a process of its own: while Playwright runs in this one, a second browser with another home cannot be had.
    command = [sys.executable, "-c", STRANGER, str(CHROMIUM), federation.base_url, str(LAUNCH_MS), *FLAGS]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=2 * START_SECONDS, check=True)
    assert "ERR_CERT_AUTHORITY_INVALID" in ran.stdout


def test_the_commands_reach_it_by_name_and_trust_only_its_own_authority(federation: Realistic, tmp_path: Path) -> None:
    ran = run_nsis(
        "login", "--system", "ydelser", "--idp", "skovrup", "--persona", "ib-noehr", environment=federation.environment
    )
    assert ran.returncode == 0, ran.stderr
    assert "Logged in as" in ran.stdout
    assert run_nsis("ca", "check", federation.base_url, environment=federation.environment).returncode == 0
    stranger = federation.environment | {"NSIS_CERTS_DIR": str(tmp_path)}
    refused = run_nsis("ca", "check", federation.base_url, environment=stranger)
    assert refused.returncode == 1
    assert "CERTIFICATE_VERIFY_FAILED" in refused.stderr


def test_a_room_logs_in_over_plain_http_by_the_name_it_was_given(browser: Browser, tmp_path: Path) -> None:
    command = ("demo", "--lan-host", "sal.lan.test")
    with simulator(tmp_path, environment=clean_environment(), command=command) as running:
        assert running.base_url.startswith("http://sal.lan.test:")
        told = running.log.read_text("utf-8")
        assert "WARNING: plain http" in told
        assert "▀" in told or "█" in told, "the QR code"
        page = browser.new_page(locale="da-DK")
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{running.base_url}/sp/byggesag/")
        click(page.get_by_role("link", name="Log ind", exact=True))
        click(page.get_by_role("button", name="Korsbæk Kommune"))
        click(page.get_by_role("button", name="Log ind som denne person Ane Holm"))
        expect(page.get_by_role("heading", level=1, name="Du er logget ind")).to_be_visible()
        page.close()
