"""`nsis login` and its JSON, which others build on: exactly these keys, these types, these exit statuses."""

import json

import pytest

from tests.processes import clean_environment, run_here, run_nsis, simulator

KEYS = [
    "outcome",
    "code",
    "status",
    "level",
    "name_id",
    "attributes",
    "privileges",
    "flow",
    "assurance_level",
    "profile",
    "findings",
    "dropped",
]
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
RESPONDER = "urn:oasis:names:tc:SAML:2.0:status:Responder"
NO_AUTHN_CONTEXT = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"


@pytest.fixture(scope="module")
def base_url(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("login"), environment=clean_environment()) as running:
        yield running.base_url


def log_in(base_url, system, idp, persona, *more, run=run_here):
    arguments = ("--system", system, "--idp", idp, "--persona", persona, "--base-url", base_url, "--json", *more)
    done = run("login", *arguments)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def as_others_call_it(*arguments):
    return run_nsis(*arguments, environment=clean_environment())


def test_success_has_the_contracts_keys_and_types(base_url):
    status, report = log_in(base_url, "byggesag", "korsbaek", "ane-holm", run=as_others_call_it)
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
    assert (report["findings"], report["dropped"]) == ([], [])
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
    status, report = log_in(base_url, "byggesag", "korsbaek", "bo-lindgaard", run=as_others_call_it)
    assert status == 1
    assert list(report) == KEYS
    assert (report["outcome"], report["code"], report["status"]) == (
        "refused",
        "fed.loa",
        [RESPONDER, NO_AUTHN_CONTEXT],
    )
    assert (report["level"], report["name_id"], report["attributes"], report["privileges"]) == (None, None, {}, [])


def test_a_refusal_has_the_rules_that_were_broken(base_url):
    _, report = log_in(base_url, "byggesag", "korsbaek", "bo-lindgaard")
    assert {(each["rule_id"], each["requirement"], each["code"]) for each in report["findings"]} == {
        ("IDR-35", "MUST", "fed.loa")
    }


def test_a_right_that_was_dropped_is_told_and_the_person_is_in_all_the_same(base_url):
    role = "http://roller.korsbaek.test/roles/jobrole/boligindretning/1"
    over = f"job_function_roles: [{{entity_id: {role}, name: Over, cvr: '91000013', active: {{end: 2020-01-01T00:00:00Z}}}}]"
    assert run_here("apply", "-", "--base-url", base_url, stdin=over).returncode == 0
    why = f"{role}: priv.unknown: got '{role}', expected a job function role that is registered and active"
    status, report = log_in(base_url, "byggesag", "korsbaek", "cilla-moeberg")
    assert (status, report["outcome"], report["dropped"]) == (0, "success", [why])
    asked = ("--system", "byggesag", "--idp", "korsbaek", "--persona", "cilla-moeberg", "--base-url", base_url)
    assert f"  dropped: {why}\n" in run_here("login", *asked).stdout


def test_entity_ids_do_as_well_as_short_ids(base_url):
    status, _ = log_in(base_url, "https://saml.byggesag.sim.test", "https://saml.idp.korsbaek.test", "ane-holm")
    assert status == 0


def test_a_level_that_is_asked_for_and_not_reached_is_refused(base_url):
    status, report = log_in(base_url, "byggesag", "korsbaek", "ane-holm", "--level", "High")
    assert (status, report["code"]) == (1, "fed.loa")


def test_what_another_house_refuses_has_its_code_and_detail_and_is_not_the_systems(base_url):
    status, report = log_in(base_url, "byggesag", "korsbaek", "ane-holm", "--start", f"{base_url}/nowhere")
    assert (status, list(report), report["outcome"]) == (1, KEYS, "refused")
    assert (report["code"], report["flow"]) == ("web.not-found", None)
    asked = ("--system", "byggesag", "--idp", "korsbaek", "--persona", "ane-holm", "--base-url", base_url)
    told = run_here("login", *asked, "--start", f"{base_url}/nowhere").stdout
    assert told.startswith(f"Refused: web.not-found. {base_url}/nowhere answered HTTP 404: GET /nowhere"), told
    told = run_here("login", *asked, "--start", f"{base_url}/_sim/api/flows/none").stdout
    assert told.startswith(f"Refused: on the way. {base_url}/_sim/api/flows/none answered HTTP 404\n"), told


def test_every_login_has_a_flow_of_its_own(base_url):
    flows = {log_in(base_url, "byggesag", "korsbaek", "ane-holm")[1]["flow"] for _ in range(2)}
    assert len(flows) == 2


def test_an_old_token_states_a_nist_level_and_no_nsis_level(base_url):
    status, report = log_in(base_url, "arkiv", "maagevig", "eva-aalund")
    assert (status, list(report)) == (0, KEYS)
    assert (report["level"], report["assurance_level"], report["profile"]) == (None, "3", "OIOSAML2")
    assert report["privileges"]


@pytest.mark.parametrize(("level", "status"), [("3", 0), ("4", 1)])
def test_a_system_of_the_old_profile_is_asked_by_assurance_level(base_url, level, status):
    done, report = log_in(base_url, "arkiv", "korsbaek", "ane-holm", "--assurance-level", level)
    assert (done, report["code"]) == (status, "fed.loa" if status else None)


@pytest.mark.parametrize(
    ("system", "asked", "told"),
    [
        ("arkiv", ("--level", "high"), "arkiv reads OIOSAML 2 and asks by NIST: say --assurance-level 2, 3 or 4."),
        ("byggesag", ("--assurance-level", "3"), "byggesag asks by NSIS: say --level Low, Substantial or High."),
        (
            "byggesag",
            ("--level", "high", "--assurance-level", "3"),
            "Say --level or --assurance-level, not both: a system asks on one ladder.",
        ),
    ],
)
def test_a_level_of_the_other_ladder_is_answered_with_the_option_there_is(base_url, system, asked, told):
    who = ("--system", system, "--idp", "korsbaek", "--persona", "ane-holm", "--base-url", base_url)
    done = run_here("login", *who, *asked)
    assert (done.returncode, told in done.stdout + done.stderr) == (2, True), done.stdout + done.stderr


def test_a_nist_level_is_refused_where_nsis_is_demanded(base_url):
    status, report = log_in(base_url, "byggesag", "maagevig", "eva-aalund")
    assert (status, report["code"]) == (1, "fed.no-nsis")


def compare(base_url, idp, persona, *more):
    systems = ("--system-a", "byggesag", "--system-b", "arkiv", "--base-url", base_url, *more)
    return run_here("compare", "--persona", persona, "--idp", idp, *systems)


def test_compare_shows_both_tokens_side_by_side(base_url):
    done = compare(base_url, "korsbaek", "ane-holm")
    assert done.returncode == 0, done.stderr
    assert "byggesag: OIOSAML3, Substantial" in done.stdout
    assert "arkiv: OIOSAML2, AssuranceLevel 3" in done.stdout
    assert "other name: https://data.gov.dk/model/core/eid/professional/cvr" in done.stdout
    rows = json.loads(compare(base_url, "korsbaek", "ane-holm", "--json").stdout)["rows"]
    assert {row["verdict"] for row in rows} == {"other value", "other name"}


def test_compare_says_who_refused(base_url):
    done = compare(base_url, "maagevig", "eva-aalund")
    assert (done.returncode, "byggesag refused: fed.no-nsis" in done.stderr) == (1, True)
