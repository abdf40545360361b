"""A whole process dies by SIGKILL in the middle of a login; the next one finishes it, and nothing is accepted twice."""

import json
import sqlite3

import pytest

from nsis_sim.browser import Browser, FormOnPage, Page
from scripts.own_ports import own_port
from tests.processes import clean_environment, run_here, simulator

KORSBAEK = "https://saml.idp.korsbaek.test"
LOGIN = f"/sp/byggesag/login?idp={KORSBAEK}"


@pytest.fixture
def environment():
    return clean_environment()


@pytest.fixture
def port():
    """Where the broker is before and after its death."""
    return own_port()


@pytest.fixture
def audit(tmp_path, monkeypatch):
    """What `nsis audit` says of the store, whether a process runs or none."""
    monkeypatch.setenv("NSIS_DATA_DIR", str(tmp_path / "var"))

    def ask():
        done = run_here("audit", "--json")
        return done.returncode, json.loads(done.stdout)

    return ask


def idp_answer(base_url: str, browser: Browser) -> FormOnPage:
    """Log in as far as the IdP's login page, choose Ane there, and hold the IdP's answer in hand instead of sending it."""
    page = browser.visit(base_url + LOGIN)
    form = next(form for form in page.forms if ("persona", "ane-holm") in form.buttons)
    browser.hold = "SAMLResponse"
    answer = browser.submit(form, press=("persona", "ane-holm"))
    browser.hold = None
    return next(form for form in answer.forms if form.carries_message)


def at_broker(page: Page, base_url: str) -> bool:
    return page.url.startswith(f"{base_url}/runtime/")


def test_an_open_login_is_finished_after_a_kill_and_its_answer_taken_once_and_who_starts_anew_gets_in(
    tmp_path, environment, port, audit
):
    with Browser() as browser, Browser() as another:
        with simulator(tmp_path, environment=environment, port=port) as first:
            answer = idp_answer(first.base_url, browser)
            idp_answer(first.base_url, another)
            first.kill()
        assert audit()[1] == {
            "started": 2, "completed": 0, "refused": 0, "expired": 0, "pending": 2, "conserved": True, "discrepancies": [],
            "logouts": {"started": 0, "completed": 0, "partial": 0, "refused": 0, "under_way": 0},
        }  # fmt: skip
        with simulator(tmp_path, environment=environment, port=port) as second:
            browser.hold = "SAMLResponse"
            token = browser.submit(answer)
            assert token.status == 200
            assert any(
                form.action == f"{second.base_url}/sp/byggesag/acs" for form in token.forms if form.carries_message
            )
            replayed = browser.submit(answer)
            assert (replayed.status, "proto.replay" in replayed.text) == (403, True)
            assert at_broker(replayed, second.base_url)
            anew = another.submit(idp_answer(second.base_url, another))
            assert anew.url == f"{second.base_url}/sp/byggesag/result"
        status, counts = audit()
        assert (status, counts["conserved"], counts["completed"], counts["pending"]) == (0, True, 2, 1)


def test_a_login_open_when_the_machine_went_down_is_ended_and_its_answer_refused(tmp_path, environment, port, audit):
    with Browser() as browser:
        with simulator(tmp_path, environment=environment, port=port) as first:
            answer = idp_answer(first.base_url, browser)
            first.kill()
        with sqlite3.connect(tmp_path / "var" / "nsis.sqlite3") as store:
            store.execute("UPDATE boots SET boot = 'the one before'")
        store.close()
        with simulator(tmp_path, environment=environment, port=port) as second:
            refused = browser.submit(answer)
            assert (refused.status, "flow.interrupted" in refused.text) == (403, True)
            assert at_broker(refused, second.base_url)
        status, counts = audit()
        assert (status, counts["conserved"], counts["expired"], counts["pending"]) == (0, True, 1, 0)


def test_an_answer_accepted_before_a_kill_is_not_accepted_after_it(tmp_path, environment, port, audit):
    with Browser() as browser:
        with simulator(tmp_path, environment=environment, port=port) as first:
            answer = idp_answer(first.base_url, browser)
            assert browser.submit(answer).url == f"{first.base_url}/sp/byggesag/result"
            first.kill()
        with simulator(tmp_path, environment=environment, port=port) as second:
            replayed = browser.submit(answer)
            assert (replayed.status, "proto.replay" in replayed.text) == (403, True)
            assert at_broker(replayed, second.base_url)
        status, counts = audit()
        assert (status, counts["conserved"], counts["completed"]) == (0, True, 1)


LOGOUT = "/runtime/saml2/logout"
BYGGESAG, YDELSER = "/sp/byggesag", "/sp/ydelser"


def press(browser: Browser, page: Page, action: str, **fill: str) -> Page:
    form = next(form for form in page.forms if form.action.endswith(action))
    return browser.submit(form, fill=tuple(fill.items()))


def stranded_in_a_logout(base_url: str, browser: Browser) -> None:
    """Log in at two systems, and out at one while the other says nothing: the browser is left there."""
    for system in (YDELSER, BYGGESAG):
        assert browser.visit(f"{base_url}{system}/login?idp={KORSBAEK}").url == f"{base_url}{system}/result"
    press(browser, browser.visit(f"{base_url}{BYGGESAG}/result"), "/logout-behaviour", behaviour="silent")
    stranded = press(browser, browser.visit(f"{base_url}{YDELSER}/result"), "/logout")
    assert stranded.url.startswith(f"{base_url}{BYGGESAG}/")


def test_a_logout_cut_by_a_kill_is_finished_from_its_page_and_nobody_is_logged_in_again(
    tmp_path, environment, port, audit
):
    with Browser(headers={"X-NSIS-Persona": "ane-holm", "Accept-Language": "en"}) as browser:
        with simulator(tmp_path, environment=environment, port=port) as first:
            stranded_in_a_logout(first.base_url, browser)
            first.kill()
        status, counts = audit()
        assert (status, counts["conserved"], counts["logouts"]["under_way"]) == (0, True, 1)
        with simulator(tmp_path, environment=environment, port=port) as second:
            waiting = browser.visit(second.base_url + LOGOUT)
            assert "Byggesag" in waiting.text
            end = browser.submit(next(form for form in waiting.forms if form.value("logout") is not None))
            # the IdP's own session, in memory, died with the process: it has nobody to log out, which is no failure
            assert (end.status, "Byggesag" in end.text) == (200, True)
            assert "You are not logged in" in browser.visit(second.base_url + LOGOUT).text
            del browser._client.headers["X-NSIS-Persona"]  # which would log her in anew
            asked = browser.visit(f"{second.base_url}{BYGGESAG}/login?idp={KORSBAEK}")
            assert asked.url.startswith(f"{second.base_url}/idp/korsbaek/"), "no session answers after the logout"
        status, counts = audit()
        assert (status, counts["conserved"], counts["discrepancies"]) == (0, True, [])
        assert counts["logouts"] == {"started": 1, "completed": 0, "partial": 1, "refused": 0, "under_way": 0}
