"""What `nsis login` says beside the outcome: of events as the API gives them, written by a broker that ran the login."""

from dataclasses import replace

import pytest

from context_handler.routes.api_answers import EventAnswer
from federation.model import OnAttributeFailure
from nsis_sim.commands.login import _say
from nsis_sim.login_remarks import WITHOUT_RIGHTS, dropped_in, remarks_in
from nsis_sim.login_report import LoginReport, report_refusal, report_success
from oiosaml.attributes import PRIVILEGES_INTERMEDIATE
from oiosaml.errors import SamlError
from oiosaml.privileges import PrivilegeGroup, PrivilegeList, cvr_scope, write_privileges
from tests import builders
from tests.builders import KORSBAEK
from tests.context_handler.rig import make_rig, straight

ROLE = "http://roller.korsbaek.test/roles/jobrole/"


def events_of(rig, **said):
    """Run a login with one thing changed in the IdP's assertion, and give its events as the API would."""
    straight(rig.login(said))
    (summary,) = rig.record.flows(rig.ports.workspace, limit=10)
    events = rig.record.events_of(rig.ports.workspace, summary.flow)
    return [EventAnswer.of(event, ()).model_dump(mode="json") for event in events]


def stating(*roles):
    groups = tuple(PrivilegeGroup(cvr_scope(KORSBAEK), (role,), ()) for role in roles)
    rights = {PRIVILEGES_INTERMEDIATE: (write_privileges(PrivilegeList(groups)),)}
    return {"attribute_statements": (builders.attributes(**rights),)}


def success(events):
    return report_success(events, flow="a-flow", status=())


def test_a_login_in_which_all_is_well_has_no_remarks(tmp_path):
    report = success(events_of(make_rig(tmp_path)))
    assert (report.findings, report.dropped) == ((), ())
    assert report.privileges


@pytest.mark.parametrize("wrong", [["sagsbehandlr/1"], ["sagsbehandlr/1", "laeser;her/1"]])
def test_a_role_that_is_not_registered_is_told(tmp_path, wrong):
    report = success(events_of(make_rig(tmp_path), **stating(*(ROLE + each for each in wrong))))
    expected = "expected a job function role that is registered and active"
    assert report.dropped == tuple(f"{ROLE}{each}: priv.unknown: got '{ROLE}{each}', {expected}" for each in wrong)
    assert report.succeeded
    assert report.privileges == ()


def test_more_than_the_record_has_room_for_are_counted(tmp_path):
    roles = [f"{ROLE}wrong{number}/1" for number in range(7)]
    *told, rest = success(events_of(make_rig(tmp_path), **stating(*roles))).dropped
    assert [each.partition(": ")[0] for each in told] == roles[: len(told)]
    assert all(each.endswith("registered and active") for each in told)
    assert rest == f"and {7 - len(told)} more"


def test_no_privileges_of_an_idp_that_knows_roles_are_told(tmp_path):
    without = tuple(each for each in builders.attributes() if each.name != PRIVILEGES_INTERMEDIATE)
    (finding,) = success(events_of(make_rig(tmp_path), attribute_statements=(without,))).findings
    assert (finding.rule_id, finding.requirement, finding.step) == ("IDR-44", "SHOULD", "check_idp_response")
    assert finding.party == builders.IDP


def test_rights_that_could_not_be_had_are_told(tmp_path):
    rig = make_rig(tmp_path, knows_roles=False)
    home = rig.registry.idp_list[0]
    registration = replace(home.registration, on_attribute_failure=OnAttributeFailure.WITHOUT_RIGHTS)
    rig.registry.idp_list[0] = replace(home, registration=registration)

    async def fail(*_):
        raise SamlError("aq.transport", "nobody answers")

    rig.service.answer = fail
    (told,) = success(events_of(rig)).dropped
    assert told.startswith(f"{WITHOUT_RIGHTS}, as registered: ")
    assert told.endswith("nobody answers")


def finding(requirement="SHOULD", detail="got 1, expected 2"):
    return {
        "rule_id": "IDR-44", "requirement": requirement, "code": "fed.profile", "sentence": "It fits.", "detail": detail,
        "mend": None, "line": None, "source": "our choice",
    }  # fmt: skip


def event(step="check_idp_response", *, code=None, detail="", findings=()):
    return {
        "step": step, "outcome": "refused" if code else "passed", "code": code, "detail": detail, "findings": findings,
        "party": "https://idp.test", "octets_out": None,
    }  # fmt: skip


@pytest.mark.parametrize(("requirement", "told"), [("MUST", True), ("SHOULD", True), ("MAY", False)])
def test_what_may_be_is_not_told(requirement, told):
    assert bool(remarks_in([event(findings=(finding(requirement),))])) is told


@pytest.mark.parametrize(
    "event",
    [
        event("translate_roles", code="priv.schema", detail="got a: b.c: d, expected e"),
        event("translate_roles"),
        event("gather_privileges", detail="the system fetches rights itself, and gets none in its token"),
        event("release_attributes", detail="CVR, FullName"),
    ],
)
def test_nothing_else_counts_as_dropped(event):
    assert dropped_in([event]) == ()


def printed(report, capsys):
    _say(report)
    return capsys.readouterr().out.split("\n")


def test_remarks_are_printed_and_move_no_cursor(capsys):
    events = [
        event(findings=(finding(detail="got \x1b[2J, expected 2"),)),
        event("translate_roles", detail="urn:a: priv.unknown: got '\x9bx'; urn:b: priv.scope: why; and 3 more"),
    ]
    told = printed(success(events), capsys)
    assert told[-8:] == [
        "  no rights in the token",
        r"  dropped: urn:a: priv.unknown: got '\x9bx'",
        "  dropped: urn:b: priv.scope: why",
        "  dropped: and 3 more",
        "  SHOULD IDR-44 (https://idp.test): It fits.",
        r"    got \x1b[2J, expected 2",
        "  flow a-flow",
        "",
    ]


def test_a_refusal_has_every_broken_rule_and_says_none_twice(capsys):
    broken = (finding("MUST", "got 1, expected 2"), finding("MUST", "got 3, expected 4"))
    events = [event(code="fed.profile", detail="It fits. got 1, expected 2", findings=broken)]
    report = report_refusal(events, flow="a-flow", status=(), explanation="")
    assert [each["detail"] for each in report.to_json()["findings"]] == ["got 1, expected 2", "got 3, expected 4"]
    told = "\n".join(printed(report, capsys))
    assert (told.count("got 1, expected 2"), told.count("got 3, expected 4")) == (1, 1)


def test_the_json_has_both_at_its_end():
    events = [event(findings=(finding(),)), event("translate_roles", detail="urn:a: priv.unknown: why")]
    told = success(events).to_json()
    assert list(told)[-2:] == ["findings", "dropped"]
    assert told["dropped"] == ["urn:a: priv.unknown: why"]
    assert told["findings"] == [
        {
            "step": "check_idp_response", "party": "https://idp.test", "rule_id": "IDR-44", "requirement": "SHOULD",
            "code": "fed.profile", "sentence": "It fits.", "detail": "got 1, expected 2",
        }
    ]  # fmt: skip
    assert LoginReport(outcome="refused", attributes={}).to_json()["findings"] == []
