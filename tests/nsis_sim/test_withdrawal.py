"""`nsis parties`, `withdraw` and `restore` at a running simulator, as a person types them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Simulator, clean_environment, run_here, simulator

IDP = "https://saml.idp.korsbaek.test"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    directory: Path = tmp_path_factory.mktemp("simulator")
    with simulator(directory, environment=clean_environment(NSIS_RSA_BITS="2048")) as started:
        yield started


def nsis(running: Simulator, *arguments: str) -> tuple[int, str]:
    done = run_here(*arguments, "--base-url", running.base_url)
    return done.returncode, done.stdout + done.stderr


def log_in(running: Simulator) -> tuple[int, str]:
    asked = ("--system", "byggesag", "--idp", "korsbaek", "--persona", "ane-holm")
    return nsis(running, "login", *asked, "--json")


def test_a_party_and_a_key_are_withdrawn_and_restored(running: Simulator) -> None:
    assert log_in(running)[0] == 0
    assert nsis(running, "withdraw", "idp", IDP)[0] == 0
    assert "WITHDRAWN" in nsis(running, "parties")[1]
    assert log_in(running)[0] == 1
    assert nsis(running, "restore", "idp", IDP)[0] == 0
    lines = nsis(running, "parties")[1].splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.endswith(f" {IDP}")]
    key = lines[at + 1].split()[-1]
    assert nsis(running, "withdraw", "idp", IDP, "--key", key)[0] == 0
    status, told = log_in(running)
    assert status == 1 and "key.withdrawn" in told
    assert nsis(running, "restore", "idp", IDP, "--key", key)[0] == 0
    assert log_in(running)[0] == 0


@pytest.mark.parametrize(
    ("kind", "name"), [("sp", "byggesag"), ("idp", "korsbaek"), ("attribute-service", "skovrup"), ("idp", IDP)]
)
def test_a_party_goes_by_its_short_id_too(running: Simulator, kind: str, name: str) -> None:
    status, told = nsis(running, "withdraw", kind, name)
    assert status == 0 and told.startswith("Withdrawn: https://"), told
    assert "WITHDRAWN" in nsis(running, "parties")[1]
    status, told = nsis(running, "restore", kind, name)
    assert status == 0 and told.startswith("Restored: https://"), told
    assert "WITHDRAWN" not in nsis(running, "parties")[1]


@pytest.mark.parametrize("command", ["withdraw", "restore"])
def test_who_is_not_registered_cannot_be_withdrawn(running: Simulator, command: str) -> None:
    status, told = nsis(running, command, "sp", "https://saml.byggesag.sim.test/")
    assert status == 2 and "There is no system https://saml.byggesag.sim.test/. There is byggesag, " in told
    assert "A slash at the end counts." in told
    status, told = nsis(running, command, "idp", "byggesag")
    assert status == 2 and "There is no IdP byggesag. There is korsbaek, " in told
