"""`nsis ca`: the commands name the simulator that the settings name, at whatever port it runs."""

from pathlib import Path

import pytest

from scripts.own_ports import own_port
from tests.processes import run_here


@pytest.fixture(autouse=True)
def certs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NSIS_CERTS_DIR", str(tmp_path))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "https://ch.faelles.localhost:8443"),
        ({"NSIS_PORT": "18474"}, "https://ch.faelles.localhost:18474"),
        ({"NSIS_BASE_URL": "https://ch.faelles.localhost:18475"}, "https://ch.faelles.localhost:18475"),
        ({"NSIS_BASE_URL": "https://ch.faelles.localhost:1", "NSIS_PORT": "2"}, "https://ch.faelles.localhost:1"),
        # the one on one origin, without TLS: another simulator
        ({"NSIS_BASE_URL": "http://localhost:8000"}, "https://ch.faelles.localhost:8443"),
    ],
)
def test_what_is_to_be_tried_is_where_the_simulator_is(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], expected: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    lines = run_here("ca", "trust").stdout.splitlines()
    assert [line.split()[-1] for line in lines if line.startswith("curl:")] == [f"{expected}/healthz"]


@pytest.mark.parametrize("variable", ["NSIS_BASE_URL", "NSIS_PORT"])
def test_a_check_asks_where_the_settings_say(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    port = own_port()
    url = f"https://ch.faelles.localhost:{port}"
    monkeypatch.setenv(variable, url if variable == "NSIS_BASE_URL" else str(port))
    done = run_here("ca", "check")
    assert (done.returncode, f"{url} does not answer" in done.stderr) == (1, True), done.stderr


def test_plain_http_shows_no_certificate() -> None:
    done = run_here("ca", "check", "http://localhost:8000")
    assert (done.returncode, "is not https" in done.stderr) == (2, True), done.stderr


def test_what_is_no_address_is_refused() -> None:
    done = run_here("ca", "check", "https://[")
    assert (done.returncode, "https://[ does not answer" in done.stderr) == (1, True), done.stderr


def test_settings_that_cannot_be_read_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSIS_PORT", "x")
    done = run_here("ca", "check")
    assert (done.returncode, "NSIS_PORT" in done.stderr) == (2, True), done.stderr
