"""`nsis login` and its JSON, which others build on: exactly these keys, these types, these exit statuses."""

import json

import pytest

from tests.processes import clean_environment, run_nsis, simulator

KEYS = ["outcome", "code", "status", "level", "name_id", "attributes", "privileges", "flow"]
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
RESPONDER = "urn:oasis:names:tc:SAML:2.0:status:Responder"
NO_AUTHN_CONTEXT = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"


@pytest.fixture(scope="module")
def base_url(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("login"), environment=clean_environment()) as running:
        yield running.base_url


def log_in(base_url, system, idp, persona, *more):
    arguments = ("--system", system, "--idp", idp, "--persona", persona, "--base-url", base_url, "--json", *more)
    done = run_nsis("login", *arguments, environment=clean_environment())
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_success_has_the_contracts_keys_and_types(base_url):
    status, report = log_in(base_url, "byggesag", "korsbaek", "ane-holm")
    assert status == 0
    assert list(report) == KEYS
    assert (report["outcome"], report["code"], report["status"], report["level"]) == (
        "success",
        None,
        [SUCCESS],
        "Substantial",
    )
    assert report["attributes"]["https://data.gov.dk/model/core/eid/professional/cvr"] == ["91000013"]
    assert isinstance(report["flow"], str)
    for group in report["privileges"]:
        assert list(group) == ["scope", "privileges", "constraints"]
        assert all(list(constraint) == ["name", "value"] for constraint in group["constraints"])


def test_a_system_gets_its_own_rights_and_nobody_elses(base_url):
    for system in ("byggesag", "ydelser"):
        _, report = log_in(base_url, system, "korsbaek", "ane-holm")
        roles = [role for group in report["privileges"] for role in group["privileges"]]
        assert roles
        assert all(role.startswith(f"http://{system}.sim.test/") for role in roles), roles


def test_rights_from_the_attribute_service(base_url):
    status, report = log_in(base_url, "byggesag", "skovrup", "ib-noehr")
    assert (status, bool(report["privileges"])) == (0, True)


def test_refusal_has_the_same_keys_with_code_and_status(base_url):
    status, report = log_in(base_url, "byggesag", "korsbaek", "bo-lindgaard")
    assert status == 1
    assert list(report) == KEYS
    assert (report["outcome"], report["code"], report["status"]) == (
        "refused",
        "fed.loa",
        [RESPONDER, NO_AUTHN_CONTEXT],
    )
    assert (report["level"], report["name_id"], report["attributes"], report["privileges"]) == (None, None, {}, [])


def test_entity_ids_do_as_well_as_short_ids(base_url):
    status, _ = log_in(base_url, "https://saml.byggesag.sim.test", "https://saml.idp.korsbaek.test", "ane-holm")
    assert status == 0


def test_a_level_that_is_asked_for_and_not_reached_is_refused(base_url):
    status, report = log_in(base_url, "byggesag", "korsbaek", "ane-holm", "--level", "High")
    assert (status, report["code"]) == (1, "fed.loa")


def test_every_login_has_a_flow_of_its_own(base_url):
    flows = {log_in(base_url, "byggesag", "korsbaek", "ane-holm")[1]["flow"] for _ in range(2)}
    assert len(flows) == 2
