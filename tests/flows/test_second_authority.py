"""Another authority than SEB, added by data alone: docs/examples/alarmcentral.yaml behind federation.yaml, and not a line of code."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from nsis_sim.cli import build
from oiosaml.privileges import Constraint, PrivilegeGroup, PrivilegeList, cvr_scope, write_privileges
from tests.builders import KORSBAEK
from tests.flows.street import FEDERATION, Street, open_street
from tests.flows.test_seb import report_of

EXAMPLE = FEDERATION.parent / "docs" / "examples" / "alarmcentral.yaml"
RAVNKAER = "urn:dk:gov:saml:cvrNumberIdentifier:92000017"
AREA = "urn:dk:sim:alarm:omraade"


def with_the_example() -> str:
    """The shipped world with the example's lists behind its own."""
    world, more = (yaml.load(file.read_text("utf-8"), yaml.BaseLoader) for file in (FEDERATION, EXAMPLE))
    for kind, items in more.items():
        world[kind] = [*world[kind], *items]
    return yaml.safe_dump(world, allow_unicode=True)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory, certs: Path) -> Iterator[Street]:
    directory = tmp_path_factory.mktemp("alarm")
    federation = directory / "federation.yaml"
    federation.write_text(with_the_example(), "utf-8")
    with open_street(directory, certs, federation=federation) as opened:
        yield opened


def test_person_gets_the_authoritys_own_words_own_data_and_lent_data_alike(street: Street) -> None:
    report = report_of(street, "alarmcentral", "korsbaek", "rita-vang")

    subject = Constraint("urn:dk:sim:alarm:emne", "14.*")
    dispatcher = ("urn:dk:sim:alarm:funktion:disponent",)
    assert report.privileges == (
        PrivilegeGroup(cvr_scope(KORSBAEK), dispatcher, (Constraint(AREA, "nord"), subject)),
        PrivilegeGroup(cvr_scope(KORSBAEK), dispatcher, (Constraint(AREA, "syd"), subject)),
        PrivilegeGroup(RAVNKAER, ("urn:dk:sim:alarm:funktion:vagtleder",), (Constraint(AREA, "oest"),)),
    )
    assert report.attributes["urn:dk:sim:alarm:navn"] == ("Rita Vang",)
    assert report.attributes["https://data.gov.dk/model/core/eid/professional/cvr"] == (KORSBAEK,)


def test_person_without_roles_there_is_not_let_in(street: Street) -> None:
    report = report_of(street, "alarmcentral", "korsbaek", "ane-holm")
    assert (report.outcome, report.code) == ("refused", "fed.no-roles")


def test_table_and_registration_survive_export_and_stand_in_the_api(street: Street) -> None:
    exported = yaml.safe_load(street.get("/_sim/api/export").text)
    assert [table["target"] for table in exported["translations"]] == ["seb", "alarmcentral"]
    wanted = next(table for table in yaml.safe_load(EXAMPLE.read_text("utf-8"))["translations"])
    table = exported["translations"][1]
    assert (table["roles"], table["constraints"], table["attributes"]) == (
        wanted["roles"],
        wanted["constraints"],
        wanted["attributes"],
    )
    registration = street.get("/_sim/api/systems/alarmcentral").json()["registration"]
    assert registration["translation"] == "alarmcentral"


def test_withdrawn_delegation_counts_at_once(street: Street) -> None:
    """Ravnkær takes its role back through the API, and gives it again."""
    lent = next(
        role
        for role in street.world.job_function_roles
        if role.entity_id.endswith("ravnkaer.test/roles/jobrole/vagtleder/1")
    )
    role = {
        "entity_id": lent.entity_id,
        "name": lent.name,
        "cvr": lent.cvr,
        "assignments": [
            {
                "system_role": assignment.system_role,
                "values": [{"constraint_type": v.constraint_type, "value": v.value} for v in assignment.values],
            }
            for assignment in lent.assignments
        ],
    }
    apply(street, role | {"delegated_to": [{"cvr": KORSBAEK, "active": {"end": "2026-01-01T00:00:00Z"}}]})
    assert RAVNKAER not in scopes(street)
    apply(street, role | {"delegated_to": [{"cvr": KORSBAEK}]})
    assert RAVNKAER in scopes(street)


def apply(street: Street, role: dict[str, object]) -> None:
    document = json.dumps({"job_function_roles": [role]})
    answer = street.post("/_sim/api/apply", content=document, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text


def scopes(street: Street) -> set[str]:
    return {group.scope for group in report_of(street, "alarmcentral", "korsbaek", "rita-vang").privileges}


def test_the_dry_run_knows_the_table_in_the_example(tmp_path: Path) -> None:
    rights = tmp_path / "rights"
    roles = [f"http://alarm.sim.test/roles/usersystemrole/{name}/1" for name in ("vagtleder", "statistik")]
    rights.write_text(write_privileges(PrivilegeList((PrivilegeGroup(RAVNKAER, tuple(roles)),))), "utf-8")

    done = CliRunner().invoke(build(), ["translate", "--table", str(EXAMPLE), "--privileges", str(rights), "--json"])

    assert done.exit_code == 0, done.output
    report = json.loads(done.output)
    assert [right["became"][0]["privilege"] for right in report["rights"]] == [
        "urn:dk:sim:alarm:funktion:vagtleder",
        "urn:dk:sim:alarm:laes",
    ]
