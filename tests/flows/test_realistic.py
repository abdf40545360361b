"""Realistic addressing at its very first start, where nobody has a key or a TLS authority yet: whoever connects by https trusts it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from nsis_sim.api_client import Api
from tests.processes import clean_environment, run_nsis, simulator

OWNER = "95000013"
"""The CVR number of the supplier whose service it is that registers itself here."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """A realistic simulator that has never run before, and the settings that its commands need."""

    base_url: str
    environment: dict[str, str]

    @property
    def metadata_url(self) -> str:
        """Where a service behind NemLog-in, which the broker does not know yet, has its metadata."""
        return f"https://selvbetjening.fagsystemhuset.localhost:{urlsplit(self.base_url).port}/metadata"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    directory = tmp_path_factory.mktemp("first-realistic")
    command = ("demo", "--realistic")
    with simulator(directory, environment=clean_environment(), command=command, first_start=True) as running:
        settings = {"NSIS_BASE_URL": running.base_url, "NSIS_CERTS_DIR": str(directory / "certs")}
        yield Fresh(running.base_url, clean_environment(**settings))


def test_a_system_that_queries_the_broker_by_soap_trusts_it(fresh: Fresh) -> None:
    who = ("--system", "opslag", "--idp", "korsbaek", "--persona", "cilla-moeberg")
    done = run_nsis("login", *who, environment=fresh.environment)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_cell_of_the_matrix_does_what_it_should(fresh: Fresh) -> None:
    done = run_nsis("matrix", environment=fresh.environment)
    assert "96 cells, 0 deviate." in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("variable", ["NSIS_BASE_URL", "NSIS_PORT"])
def test_a_check_of_the_authority_finds_it_by_the_settings_alone(fresh: Fresh, variable: str) -> None:
    named = {"NSIS_BASE_URL": fresh.base_url, "NSIS_PORT": str(urlsplit(fresh.base_url).port)}[variable]
    environment = clean_environment(NSIS_CERTS_DIR=fresh.environment["NSIS_CERTS_DIR"], **{variable: named})
    done = run_nsis("ca", "check", environment=environment)
    assert done.stdout == f"{fresh.base_url} answers with a certificate of this authority.\n", done.stderr


def test_a_command_fetches_metadata_from_a_name_that_only_browsers_resolve(fresh: Fresh) -> None:
    done = run_nsis("sp", "add", "--metadata", fresh.metadata_url, "--cvr", OWNER, environment=fresh.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Registered https://saml.selvbetjening.sim.test" in done.stdout


def test_a_command_that_does_not_have_the_authority_fetches_nothing(fresh: Fresh, tmp_path: Path) -> None:
    stranger = fresh.environment | {"NSIS_CERTS_DIR": str(tmp_path)}
    done = run_nsis("sp", "add", "--metadata", fresh.metadata_url, "--cvr", OWNER, environment=stranger)
    assert (done.returncode, "CERTIFICATE_VERIFY_FAILED" in done.stderr) == (2, True), done.stderr


def test_the_broker_fetches_metadata_by_https_itself(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSIS_CERTS_DIR", fresh.environment["NSIS_CERTS_DIR"])
    document = {"metadata_url": fresh.metadata_url, "cvr": OWNER, "minimum_level": "Low"}
    with Api(fresh.base_url) as api:
        done = api.send("POST", "/systems?replace=true", document)
    assert done.registered == ("https://saml.selvbetjening.sim.test",)
