"""Two brokers on one store: what one takes out of the federation, the other refuses at the next step of a login under way."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from nsis_sim.browser import Browser, Page
from oiosaml.refusals import REFUSALS
from scripts.own_ports import own_port
from tests.processes import END_SECONDS, clean_environment, run_nsis, simulator

KORSBAEK = "https://saml.idp.korsbaek.test"


@dataclass(frozen=True, slots=True)
class Pair:
    """The first serves people; the second has the same store and the same name, and listens elsewhere."""

    base_url: str
    second_port: int
    environment: dict[str, str]

    def put(self, path: str, **asked: str) -> int:
        url = f"http://127.0.0.1:{self.second_port}/_sim/api{path}"
        host = {"Host": urlsplit(self.base_url).netloc}
        return httpx.put(url, params=asked, headers=host, trust_env=False, timeout=END_SECONDS).status_code

    def begin(self, browser: Browser) -> Page:
        return browser.visit(f"{self.base_url}/sp/byggesag/login?idp={KORSBAEK}")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    directory: Path = tmp_path_factory.mktemp("first")
    with simulator(directory, environment=clean_environment()) as first:
        same = {"NSIS_DATA_DIR": str(directory / "var"), "NSIS_CERTS_DIR": str(directory / "certs")}
        environment = clean_environment(**same, NSIS_BASE_URL=first.base_url)
        port = own_port()
        only = ("serve", "--only", "context_handler")
        with simulator(tmp_path_factory.mktemp("second"), environment=environment, port=port, command=only) as second:
            assert second.process.pid != first.process.pid
            yield Pair(first.base_url, port, environment)


@pytest.mark.parametrize(
    ("path", "out", "back", "code"),
    [
        ("/idps/korsbaek/withdrawn", {"withdrawn": "true"}, {"withdrawn": "false"}, "fed.withdrawn"),
        ("/idps/korsbaek/enabled", {"enabled": "false"}, {"enabled": "true"}, "fed.disabled"),
        ("/systems/byggesag/withdrawn", {"withdrawn": "true"}, {"withdrawn": "false"}, "fed.withdrawn"),
        ("/systems/byggesag/enabled", {"enabled": "false"}, {"enabled": "true"}, "fed.disabled"),
    ],
)
def test_what_the_second_takes_out_the_first_refuses_at_the_very_next_step(
    pair: Pair, path: str, out: dict[str, str], back: dict[str, str], code: str
) -> None:
    with Browser(headers={"Accept-Language": "en"}) as browser:
        page = pair.begin(browser)
        browser.hold = "SAMLResponse"
        form = next(form for form in page.forms if ("persona", "ane-holm") in form.buttons)
        answer = next(
            each for each in browser.submit(form, press=("persona", "ane-holm")).forms if each.carries_message
        )
        assert pair.put(path, **out) == 204
        try:
            refused = browser.submit(answer)
        finally:
            assert pair.put(path, **back) == 204
    assert (refused.status, code in refused.text) == (REFUSALS[code].http_status, True), refused.text
    assert refused.url.startswith(f"{pair.base_url}/runtime/")


def test_what_was_put_back_counts_again_and_nothing_was_lost(pair: Pair) -> None:
    with Browser() as browser:
        page = pair.begin(browser)
        form = next(form for form in page.forms if ("persona", "ane-holm") in form.buttons)
        assert browser.submit(form, press=("persona", "ane-holm")).url == f"{pair.base_url}/sp/byggesag/result"
    done = run_nsis("audit", environment=pair.environment)
    assert done.returncode == 0, done.stdout + done.stderr
