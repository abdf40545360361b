"""`nsis decode` against a broker that runs: what its API gives of a login that came by browser is read, message by message."""

import json

import httpx
import pytest

from tests.processes import clean_environment, run_here, simulator


@pytest.fixture(scope="module")
def base_url(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("decode"), environment=clean_environment()) as running:
        yield running.base_url


@pytest.fixture(scope="module", params=["byggesag", "ydelser"])
def flow(request, base_url):
    asked = ("--system", request.param, "--idp", "skovrup", "--persona", "ib-noehr", "--base-url", base_url)
    return json.loads(run_here("login", *asked, "--json").stdout)["flow"]


def test_octets_from_the_api_are_read_as_they_are(base_url, flow):
    events = httpx.get(f"{base_url}/_sim/api/flows/{flow}", trust_env=False).json()["events"]
    octets = [event[way] for event in events for way in ("octets_in", "octets_out") if event[way]]
    decoded = [run_here("decode", stdin=each) for each in octets]
    assert [each.returncode for each in decoded] == [0] * len(octets), [each.stderr for each in decoded]
    assert [each.stdout.partition(" ")[0] for each in decoded] == [
        "AuthnRequest", "AuthnRequest", "Response", "Response", "AttributeQuery", "Assertion", "Response",
    ]  # fmt: skip


def test_a_flow_is_shown_step_by_step(base_url, flow):
    done = run_here("decode", "--flow", flow, "--base-url", base_url)
    assert done.returncode == 0, done.stderr
    told = [line.partition(" (")[0] for line in done.stdout.split("\n") if line.startswith(("in: ", "out: "))]
    assert told == [
        "in: AuthnRequest", "out: AuthnRequest", "in: Response", "out: AttributeQuery", "in: Response",
        "out: Assertion", "out: Response",
    ]  # fmt: skip
    assert "cannot be decoded" not in done.stdout
    assert " gather_privileges: passed (https://saml.attributter.skovrup.test)" in done.stdout


def test_a_flow_that_is_not_there_is_told_where_references_stand(base_url):
    done = run_here("decode", "--flow", "nowhere", "--base-url", base_url)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{base_url} has no login or logout 'nowhere'." in done.stderr
    assert "Its reference stands on the page" in done.stderr
