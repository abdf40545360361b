"""Roles lent to another municipality, and data constraints whose values come at login: what a system gets, and what it does not."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from context_handler.asking import PostTo
from context_handler.privilege_source import StatedRights, stated_in
from context_handler.roles import Translation, Translator
from federation.activation_period import ActivationPeriod
from federation.roles import (
    ConstraintKind,
    ConstraintType,
    ConstraintUse,
    ConstraintValue,
    Delegation,
    JobFunctionRole,
    RoleAssignment,
    SystemRole,
)
from oiosaml import attributes as names
from oiosaml.attributes import PRIVILEGES_INTERMEDIATE, Attribute
from oiosaml.ids import Cvr, EntityId
from oiosaml.privileges import (
    Constraint,
    PrivilegeGroup,
    PrivilegeList,
    cvr_scope,
    read_privileges,
    write_privileges,
)
from oiosaml.uris import CONSTRAINT_KLE, CONSTRAINT_ORGANISATION_UNIT
from tests import builders
from tests.builders import KORSBAEK, NOW, SYSTEM
from tests.context_handler.rig import CASE_WORKER_ROLE, READER, UNIT, Rig, make_rig

pytestmark = pytest.mark.anyio

RAVNKAER = Cvr("92000017")
LENT = "http://roller.ravnkaer.test/roles/jobrole/beredskab/1"
NURSE = "http://roller.korsbaek.test/roles/jobrole/sygeplejerske/1"
OTHER_UNIT = "8d2f6f1c-5a54-4d0e-8a41-6f5f2f0f9b22"
KEY = "http://roller.korsbaek.test/id-12-7-2/1/parametric"
TAKES_UNIT = ConstraintValue(CONSTRAINT_ORGANISATION_UNIT, KEY, dynamic=True)
DAY = timedelta(days=1)


def lent(*delegations: Delegation, **changes: Any) -> JobFunctionRole:
    valid = JobFunctionRole(LENT, "Beredskab", RAVNKAER, (RoleAssignment(READER),), delegated_to=delegations)
    return replace(valid, **changes)


def nurse(*values: ConstraintValue) -> JobFunctionRole:
    return JobFunctionRole(NURSE, "Sygeplejerske", KORSBAEK, (RoleAssignment(READER, values or (TAKES_UNIT,)),))


def asserted(role: str = LENT, scope: Cvr = RAVNKAER, **limits: str) -> PrivilegeList:
    constraints = tuple(Constraint(KEY, value) for value in limits.values())
    return PrivilegeList((PrivilegeGroup(cvr_scope(scope), (role,), constraints),))


def translated(
    rig: Rig, role: JobFunctionRole, stated: PrivilegeList, parametric: dict[str, tuple[str, ...]] | None = None
) -> Translation:
    rig.registry.job_function_roles = [role]
    return Translator(rig.registry, SYSTEM, KORSBAEK, NOW, parametric or {}).translate(stated)


def codes(translation: Translation) -> list[str]:
    return [dropped.code for dropped in translation.dropped]


def limits(translation: Translation) -> list[list[str]]:
    return [[each.value for each in group.constraints] for group in translation.privileges.groups]


# --- delegation


def test_lent_role_gives_rights_over_the_delegators_data(rig: Rig) -> None:
    outcome = translated(rig, lent(Delegation(KORSBAEK)), asserted())
    assert outcome.privileges.groups == (PrivilegeGroup(cvr_scope(RAVNKAER), (READER,)),)


async def test_scope_is_the_delegators_and_cvr_the_users_own(rig: Rig) -> None:
    rig.registry.job_function_roles = [lent(Delegation(KORSBAEK))]
    token = rig.token(await rig.login(said(asserted())))
    (group,) = read_privileges(token.values_of(PRIVILEGES_INTERMEDIATE)[0]).groups
    assert (group.scope, token.values_of(names.CVR)) == (cvr_scope(RAVNKAER), (KORSBAEK,))


@pytest.mark.parametrize(
    "delegations",
    [
        (),
        (Delegation(Cvr("94000018")),),
        (Delegation(KORSBAEK, ActivationPeriod(start=NOW + DAY)),),
        (Delegation(KORSBAEK, ActivationPeriod(end=NOW)),),
    ],
    ids=["to-nobody", "to-another", "not-yet", "over-since-this-instant"],
)
def test_prv_06_role_of_another_municipality_without_an_active_delegation(
    rig: Rig, delegations: tuple[Delegation, ...]
) -> None:
    outcome = translated(rig, lent(*delegations), asserted())
    assert (outcome.privileges.groups, codes(outcome)) == ((), ["priv.scope"])


def test_prv_06_lent_role_under_the_users_own_scope(rig: Rig) -> None:
    """Else the delegate's IdP would turn a right over the delegator's data into one over its own, or the other way round."""
    outcome = translated(rig, lent(Delegation(KORSBAEK)), asserted(scope=KORSBAEK))
    assert (outcome.privileges.groups, codes(outcome)) == ((), ["priv.scope"])
    outcome = translated(rig, CASE_WORKER_ROLE, asserted(CASE_WORKER_ROLE.entity_id, RAVNKAER))
    assert (outcome.privileges.groups, codes(outcome)) == ((), ["priv.scope"])


def test_lent_role_that_is_itself_not_active(rig: Rig) -> None:
    outcome = translated(rig, lent(Delegation(KORSBAEK), active=ActivationPeriod(end=NOW)), asserted())
    assert (outcome.privileges.groups, codes(outcome)) == ((), ["priv.unknown"])


async def test_withdrawn_delegation_counts_in_a_login_under_way(rig: Rig) -> None:
    rig.registry.job_function_roles = [lent(Delegation(KORSBAEK))]
    question = rig.begun()
    answer = rig.answer_with(question, rig.assertion_for(question, **said(asserted())))
    rig.registry.job_function_roles = [lent()]

    token = rig.token(await rig.finish(answer))

    assert read_privileges(token.values_of(PRIVILEGES_INTERMEDIATE)[0]).groups == ()


@pytest.mark.parametrize(("left", "given"), [(timedelta(microseconds=1), 1), (timedelta(), 0)])
async def test_delegation_whose_period_ends_while_a_login_is_under_way(rig: Rig, left: timedelta, given: int) -> None:
    """It stands when the login begins; what counts is the moment at which the rights are translated."""
    later = NOW + timedelta(minutes=1)
    rig.registry.job_function_roles = [lent(Delegation(KORSBAEK, ActivationPeriod(end=later + left)))]
    question = rig.begun()
    answer = rig.answer_with(question, rig.assertion_for(question, **said(asserted())))

    token = rig.token(await rig.finish(answer, later))

    assert len(read_privileges(token.values_of(PRIVILEGES_INTERMEDIATE)[0]).groups) == given


def test_prv_06_lent_role_takes_no_value_from_an_attribute_either(rig: Rig) -> None:
    role = lent(Delegation(KORSBAEK), assignments=(RoleAssignment(READER, (TAKES_UNIT,)),))
    outcome = translated(rig, role, asserted(), {KEY: (UNIT,)})
    assert (outcome.privileges.groups, codes(outcome)) == ((), ["priv.scope"])


# --- values that come at login


def test_value_comes_from_the_attribute_where_the_group_has_none(rig: Rig) -> None:
    outcome = translated(rig, nurse(), asserted(NURSE, KORSBAEK), {KEY: (f"{UNIT},{OTHER_UNIT}",)})
    assert limits(outcome) == [[f"{UNIT},{OTHER_UNIT}"]]
    assert outcome.dropped == ()


def test_value_in_the_group_goes_before_the_attribute(rig: Rig) -> None:
    outcome = translated(rig, nurse(), asserted(NURSE, KORSBAEK, value=UNIT), {KEY: (OTHER_UNIT,)})
    assert limits(outcome) == [[UNIT]]


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(
    "parametric", [{}, {KEY: ()}, {KEY: ("",)}, {KEY: (" ",)}, {KEY: (UNIT, OTHER_UNIT)}, {KEY + "x": (UNIT,)}]
)
def test_prv_11_missing_value_drops_the_right_whether_it_is_required_or_not(
    rig: Rig, parametric: dict[str, tuple[str, ...]], *, required: bool
) -> None:
    """A municipality that assigned the role with a limit meant the limit; without its value the right would be wider."""
    use = ConstraintUse(CONSTRAINT_ORGANISATION_UNIT, required)
    rig.registry.system_roles = [SystemRole(READER, "Læseadgang", SYSTEM, constraints=(use,))]
    outcome = translated(rig, nurse(), asserted(NURSE, KORSBAEK), parametric)
    assert outcome.privileges.groups == ()
    assert "priv.schema" in codes(outcome)


@pytest.mark.parametrize(
    ("kind", "pattern", "values", "value", "fits"),
    [
        (ConstraintKind.SINGLE, None, (), UNIT, True),
        (ConstraintKind.SINGLE, None, (), f"{UNIT},{OTHER_UNIT}", False),
        (ConstraintKind.MULTI, None, (), f"{UNIT},{OTHER_UNIT}", True),
        (ConstraintKind.MULTI, None, (UNIT, OTHER_UNIT), f"{UNIT},{OTHER_UNIT}", True),
        (ConstraintKind.MULTI, None, (UNIT,), f"{UNIT},{OTHER_UNIT}", False),
        (ConstraintKind.TEXT, None, (), "Øst, og vest", True),
        (ConstraintKind.TEXT, "[0-9]{4}", (), "2800", True),
        (ConstraintKind.TEXT, "[0-9]{4}", (), "28000", False),
        (ConstraintKind.TEXT, "(a+)+", (), "a" * 5000 + "!", False),
        (ConstraintKind.TEXT, None, (), "x" * 9000, False),
    ],
)
def test_value_of_an_attribute_must_fit_the_type(
    rig: Rig, kind: ConstraintKind, pattern: str | None, values: tuple[str, ...], value: str, *, fits: bool
) -> None:
    kept = ConstraintType(CONSTRAINT_ORGANISATION_UNIT, "Enhed", kind, pattern=pattern, values=values)
    rig.registry.constraint_types = [kept]
    outcome = translated(rig, nurse(), asserted(NURSE, KORSBAEK), {KEY: (value,)})
    assert limits(outcome) == ([[value]] if fits else [])


def test_prv_11_attribute_that_no_role_of_the_user_takes_is_said_so(rig: Rig) -> None:
    other = "http://roller.korsbaek.test/andet/1/parametric"
    outcome = translated(rig, nurse(), asserted(NURSE, KORSBAEK), {KEY: (UNIT,), other: ("x",)})
    assert limits(outcome) == [[UNIT]]
    assert [(dropped.privilege, dropped.code) for dropped in outcome.dropped] == [(other, "priv.unknown")]


@pytest.mark.parametrize("kle", ["25.*", "25.01.*", "25", "25.01,26.*"])
def test_wildcards_of_kle_go_out_as_they_are(rig: Rig, kle: str) -> None:
    pattern = r"[0-9]{2}(\.\*|\.[0-9]{2}(\.\*|\.[0-9]{2})?)?(,[0-9]{2}(\.\*|\.[0-9]{2}(\.\*|\.[0-9]{2})?)?)*"
    rig.registry.constraint_types = [ConstraintType(CONSTRAINT_KLE, "KLE", ConstraintKind.TEXT, pattern=pattern)]
    static = nurse(ConstraintValue(CONSTRAINT_KLE, kle))
    assert limits(translated(rig, static, asserted(NURSE, KORSBAEK))) == [[kle]]
    dynamic = nurse(ConstraintValue(CONSTRAINT_KLE, KEY, dynamic=True))
    assert limits(translated(rig, dynamic, asserted(NURSE, KORSBAEK), {KEY: (kle,)})) == [[kle]]


def said(privileges: PrivilegeList, **attributes: tuple[str, ...]) -> dict[str, Any]:
    rights = {PRIVILEGES_INTERMEDIATE: (write_privileges(privileges),)}
    return {"attribute_statements": (builders.attributes(**(rights | attributes)),)}


async def test_attribute_of_the_token_limits_the_right(rig: Rig) -> None:
    rig.registry.job_function_roles = [nurse()]
    token = rig.token(await rig.login(said(asserted(NURSE, KORSBAEK), **{KEY: (UNIT,)})))
    (group,) = read_privileges(token.values_of(PRIVILEGES_INTERMEDIATE)[0]).groups
    assert group.constraints == (Constraint(CONSTRAINT_ORGANISATION_UNIT, UNIT),)
    assert token.values_of(KEY) == (), "the key is between the municipality and the Context Handler"


async def test_a_limited_group_of_nobodys_role_is_left_out_of_the_token_and_told(rig: Rig) -> None:
    rig.registry.job_function_roles = [nurse()]
    strange = PrivilegeGroup(cvr_scope(KORSBAEK), ("http://roller.korsbaek.test/ny/1",), (Constraint(KEY + "x", "1"),))
    stated = PrivilegeList((*asserted(NURSE, KORSBAEK, value=UNIT).groups, strange))
    token = rig.token(await rig.login(said(stated)))
    (group,) = read_privileges(token.values_of(PRIVILEGES_INTERMEDIATE)[0]).groups
    assert group.constraints == (Constraint(CONSTRAINT_ORGANISATION_UNIT, UNIT),)
    flow = rig.record.flows(rig.ports.workspace, limit=1)[0]
    events = rig.record.events_of(rig.ports.workspace, flow.flow)
    (told,) = [event.detail for event in events if event.step == "translate_roles"]
    assert "http://roller.korsbaek.test/ny/1: priv.unknown" in told
    assert f"{KEY}x: priv.unknown: got a data constraint of a group in which no role is registered" in told


@pytest.mark.parametrize(("strangers", "room"), [(1, 1), (4, 4), (5, 4), (40, 4)])
async def test_of_many_rights_left_out_the_event_says_how_many_more_there_are(
    rig: Rig, strangers: int, room: int
) -> None:
    roles = [f"http://roller.korsbaek.test/{number:02}" for number in range(strangers)]
    stated = PrivilegeList(tuple(PrivilegeGroup(cvr_scope(KORSBAEK), (role,), ()) for role in roles))
    rig.token(await rig.login(said(stated)))
    flow = rig.record.flows(rig.ports.workspace, limit=1)[0]
    events = rig.record.events_of(rig.ports.workspace, flow.flow)
    (told,) = [event.detail for event in events if event.step == "translate_roles"]
    *whole, last = told.split("; ")
    assert [each.partition(": ")[0] for each in (*whole, last)[:room]] == roles[:room]
    assert all(each.endswith("registered and active") for each in whole)
    assert last == f"and {strangers - room} more" if strangers > room else last.endswith("registered and active")


async def test_attribute_service_is_asked_for_the_keys_of_the_systems_roles(tmp_path: Path) -> None:
    rig = make_rig(tmp_path, knows_roles=False)
    rig.registry.job_function_roles = [nurse()]

    async def answer(query: Any, _: bytes) -> bytes:
        assert query.attribute_names == (PRIVILEGES_INTERMEDIATE, KEY)
        told = (
            Attribute(PRIVILEGES_INTERMEDIATE, (write_privileges(asserted(NURSE, KORSBAEK)),)),
            Attribute(KEY, (UNIT,)),
        )
        return rig.service.say(query, assertion={"attribute_statements": (told,)})

    rig.service.answer = answer
    outcome = await rig.login()
    assert isinstance(outcome, PostTo), outcome
    (group,) = read_privileges(rig.token(outcome).values_of(PRIVILEGES_INTERMEDIATE)[0]).groups
    assert group.constraints == (Constraint(CONSTRAINT_ORGANISATION_UNIT, UNIT),)


def test_values_without_rights_are_nothing() -> None:
    assert stated_in({KEY: (UNIT,)}) == StatedRights()


# --- which of a role's rights the system gets

YDELSER = EntityId("https://saml.ydelser.sim.test")
PAYER = "http://ydelser.sim.test/roles/usersystemrole/udbetaler/1"
WRITER = "http://byggesag.sim.test/roles/usersystemrole/skriver/1"
PLAIN = "http://roller.korsbaek.test/roles/jobrole/laeser/1"


def giving(*assignments: RoleAssignment) -> JobFunctionRole:
    return JobFunctionRole(PLAIN, "Læser", KORSBAEK, assignments)


def rights(translation: Translation) -> list[str]:
    return [uri for group in translation.privileges.groups for uri in group.privileges]


@pytest.mark.parametrize("order", [(PAYER, READER), (READER, PAYER)], ids=["theirs first", "ours first"])
def test_prv_08_another_systems_right_is_left_out_and_this_systems_stays(rig: Rig, order: tuple[str, str]) -> None:
    rig.registry.system_roles = [SystemRole(PAYER, "Udbetaler", YDELSER), SystemRole(READER, "Læseadgang", SYSTEM)]
    outcome = translated(rig, giving(*map(RoleAssignment, order)), asserted(PLAIN, KORSBAEK))
    assert (rights(outcome), outcome.dropped) == ([READER], ())


@pytest.mark.parametrize(("end", "given"), [(NOW, []), (NOW + DAY, [READER])], ids=["over", "active"])
def test_a_right_counts_while_its_system_role_is_active(rig: Rig, end: datetime, given: list[str]) -> None:
    rig.registry.system_roles = [SystemRole(READER, "Læseadgang", SYSTEM, active=ActivationPeriod(end=end))]
    outcome = translated(rig, giving(RoleAssignment(READER)), asserted(PLAIN, KORSBAEK))
    assert (rights(outcome), outcome.dropped) == (given, ())


def test_prv_11_a_role_that_cannot_carry_the_groups_limit_gives_nothing(rig: Rig) -> None:
    """The limit holds for every right of the group: without it, this one would be wider than what was sent."""
    rig.registry.system_roles = [SystemRole(READER, "Læseadgang", SYSTEM), SystemRole(WRITER, "Skriver", SYSTEM)]
    rig.registry.job_function_roles = [nurse(), giving(RoleAssignment(WRITER))]
    group = PrivilegeGroup(cvr_scope(KORSBAEK), (NURSE, PLAIN), (Constraint(KEY, UNIT),))
    outcome = Translator(rig.registry, SYSTEM, KORSBAEK, NOW, {}).translate(PrivilegeList((group,)))
    assert (rights(outcome), limits(outcome), codes(outcome)) == ([READER], [[UNIT]], ["priv.schema"])


@pytest.mark.parametrize(("required", "given"), [(True, []), (False, [READER])])
def test_prv_11_a_required_limit_that_the_role_does_not_set(rig: Rig, *, required: bool, given: list[str]) -> None:
    use = ConstraintUse(CONSTRAINT_KLE, required)
    rig.registry.system_roles = [SystemRole(READER, "Læseadgang", SYSTEM, constraints=(use,))]
    outcome = translated(rig, giving(RoleAssignment(READER)), asserted(PLAIN, KORSBAEK))
    assert (rights(outcome), codes(outcome)) == (given, ["priv.schema"] if required else [])


@pytest.mark.parametrize("scope", ["urn:dk:gov:saml:productionUnitIdentifier:1000000001", KORSBAEK, ""])
def test_prv_07_a_scope_that_is_no_organisation_gives_nothing(rig: Rig, scope: str) -> None:
    group = PrivilegeGroup(scope, (PLAIN,))
    outcome = translated(rig, giving(RoleAssignment(READER)), PrivilegeList((group,)))
    assert (rights(outcome), codes(outcome)) == ([], ["priv.scope"])


def test_a_lent_right_with_a_value_from_login_leaves_the_others_of_its_role(rig: Rig) -> None:
    rig.registry.system_roles = [SystemRole(READER, "Læseadgang", SYSTEM), SystemRole(WRITER, "Skriver", SYSTEM)]
    role = lent(Delegation(KORSBAEK), assignments=(RoleAssignment(READER, (TAKES_UNIT,)), RoleAssignment(WRITER)))
    outcome = translated(rig, role, asserted())
    assert (rights(outcome), codes(outcome)) == ([WRITER], ["priv.scope"])
