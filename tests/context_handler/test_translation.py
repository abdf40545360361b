"""A system whose rights go out in the words of the authority behind it: what it gets, and every way its table refuses a login."""

from dataclasses import replace
from typing import Any

import pytest

from context_handler.answering import RefusedLogin
from federation.model import UserFacingSystem
from federation.translation.table import (
    AttributeRule,
    ConstraintRule,
    OnUnmappedConstraint,
    OnUnmappedRole,
    Requirement,
    RoleRule,
    TranslationTable,
)
from oiosaml import attributes as names
from oiosaml.errors import Party
from oiosaml.privileges import Constraint, PrivilegeGroup, cvr_scope, read_privileges
from oiosaml.refusals import REFUSALS
from oiosaml.uris import CONSTRAINT_KLE, CONSTRAINT_ORGANISATION_UNIT, STATUS_AUTHN_FAILED, STATUS_RESPONDER
from tests import builders
from tests.builders import KORSBAEK
from tests.context_handler.rig import CASE_WORKER, READER, UNIT, Rig, system_metadata

pytestmark = pytest.mark.anyio

TABLE = TranslationTable(
    "there",
    roles=(RoleRule("urn:there:case-worker", from_=CASE_WORKER), RoleRule("urn:there:reader", from_=READER)),
    constraints=(
        ConstraintRule(CONSTRAINT_KLE, "urn:there:subject"),
        ConstraintRule(CONSTRAINT_ORGANISATION_UNIT, "urn:there:unit", ","),
    ),
)
CPR_THERE = names.CPR_NUMBER_IDENTIFIER


def use(rig: Rig, *, requested: tuple[str, ...] = (), **changes: Any) -> None:
    """Give Byggesag a table, and metadata that asks for `requested`."""
    rig.registry.translations = {"there": replace(TABLE, **changes)}
    (system,) = rig.registry.system_list
    registration: UserFacingSystem = replace(system.registration, translation="there")
    metadata = system_metadata(rig.system, requested=requested)
    rig.registry.system_list = [replace(system, registration=registration, metadata=metadata)]


def said(**attributes: tuple[str, ...]) -> dict[str, Any]:
    return {"attribute_statements": (builders.attributes(**attributes),)}


async def test_system_gets_its_rights_in_the_words_of_its_table(rig: Rig) -> None:
    use(rig)
    token = rig.token(await rig.login())
    limits = (Constraint("urn:there:subject", "02.34.02"), Constraint("urn:there:unit", UNIT))
    assert read_privileges(token.values_of(names.PRIVILEGES_INTERMEDIATE)[0]).groups == (
        PrivilegeGroup(cvr_scope(KORSBAEK), ("urn:there:case-worker",), limits),
        PrivilegeGroup(cvr_scope(KORSBAEK), ("urn:there:reader",)),
    )


async def test_what_the_table_drops_stands_in_the_event(rig: Rig) -> None:
    use(rig, roles=TABLE.roles[:1])
    token = rig.token(await rig.login())
    (group,) = read_privileges(token.values_of(names.PRIVILEGES_INTERMEDIATE)[0]).groups
    assert group.privileges == ("urn:there:case-worker",)
    (event,) = [event for event in events_of(rig) if event.step == "translate_roles"]
    assert f"{READER}: priv.unknown: by table there: no line under roles names {READER}" in (event.detail or "")


def events_of(rig: Rig) -> Any:
    (summary,) = rig.record.flows(rig.ports.workspace, limit=10)
    return rig.record.events_of(rig.ports.workspace, summary.flow)


@pytest.mark.parametrize(
    ("changes", "key", "party"),
    [
        (
            {"roles": (), "on_unmapped_role": OnUnmappedRole.FAIL},
            "priv.unknown:untranslated",
            Party.CONTEXT_HANDLER,
        ),
        (
            {"constraints": (), "on_unmapped_constraint": OnUnmappedConstraint.FAIL},
            "priv.schema:untranslated",
            Party.CONTEXT_HANDLER,
        ),
        ({"require": (Requirement(("urn:there:unit",)),)}, "priv.schema:requirement", Party.HOME_IDP),
        (
            {"attributes": (AttributeRule(names.CPR_NUMBER, CPR_THERE, required=True),)},
            "fed.attribute:required",
            Party.HOME_IDP,
        ),
    ],
    ids=["role", "constraint", "requirement", "attribute"],
)
async def test_table_refuses_the_login(rig: Rig, changes: dict[str, Any], key: str, party: Party) -> None:
    use(rig, **changes)
    outcome = await rig.login()
    assert isinstance(outcome, RefusedLogin), outcome
    assert (outcome.error.refusal, outcome.error.party) == (REFUSALS[key], party)
    for language in ("da", "en"):
        assert "Byggesag" in outcome.error.sentence(language)
        assert "–" not in outcome.error.sentence(language)
    status = rig.answer(outcome).envelope.status
    assert (status.code, status.second_code) == (STATUS_RESPONDER, STATUS_AUTHN_FAILED)


async def test_list_that_explodes_when_split_refuses_the_login(rig: Rig) -> None:
    use(rig)
    units = ",".join(f"unit{number}" for number in range(1001))
    (role,) = rig.registry.job_function_roles
    (first, *others) = role.assignments
    values = tuple(
        replace(value, value=units) if value.constraint_type == CONSTRAINT_ORGANISATION_UNIT else value
        for value in first.values
    )
    rig.registry.job_function_roles = [replace(role, assignments=(replace(first, values=values), *others))]
    outcome = await rig.login()
    assert isinstance(outcome, RefusedLogin), outcome
    assert outcome.error.code == "priv.limits"


async def test_table_that_is_not_there_refuses_the_login(rig: Rig) -> None:
    """Else the system would get rights in words it takes for somebody else's."""
    use(rig)
    rig.registry.translations = {}
    outcome = await rig.login()
    assert isinstance(outcome, RefusedLogin), outcome
    assert outcome.error.refusal is REFUSALS["priv.unknown:untranslated"]


RENAMED = {
    "attributes": (AttributeRule(names.CPR_NUMBER, CPR_THERE), AttributeRule(names.FULL_NAME, names.COMMON_NAME))
}


@pytest.mark.parametrize("sent_as", [names.CPR_NUMBER, names.CPR_NUMBER_IDENTIFIER])
@pytest.mark.parametrize("asked_as", [names.CPR_NUMBER, CPR_THERE])
async def test_cpr_number_goes_out_under_the_name_of_the_table(rig: Rig, sent_as: str, asked_as: str) -> None:
    use(rig, requested=(asked_as,), **RENAMED)
    token = rig.token(await rig.login(said(**{sent_as: ("6303038886",)})))
    assert token.values_of(CPR_THERE) == ("6303038886",)
    assert token.values_of(names.CPR_NUMBER) == ()


async def test_fed_12_a_table_gives_nothing_that_the_metadata_does_not_ask_for(rig: Rig) -> None:
    use(rig, requested=(names.EMAIL,), **RENAMED)
    token = rig.token(await rig.login(said(**{names.CPR_NUMBER: ("6303038886",), names.FULL_NAME: ("Cilla",)})))
    assert b"6303038886" not in b"".join(value.encode() for each in token.attributes for value in each.values)
    assert token.values_of(names.COMMON_NAME) == ()


async def test_fed_12_a_table_opens_no_attribute_that_never_leaves(rig: Rig) -> None:
    lines = (AttributeRule(names.BOOTSTRAP_TOKEN, "urn:there:token"), AttributeRule("urn:x-own:secret", "urn:there:s"))
    use(rig, requested=("urn:there:token", "urn:there:s"), attributes=lines)
    token = rig.token(await rig.login(said(**{names.BOOTSTRAP_TOKEN: ("t",), "urn:x-own:secret": ("s",)})))
    assert not {"urn:there:token", "urn:there:s"} & {each.name for each in token.attributes}


async def test_what_every_token_carries_can_be_renamed_as_well(rig: Rig) -> None:
    there = "dk:gov:saml:attribute:CvrNumberIdentifier"
    use(rig, requested=(there,), attributes=(AttributeRule(names.CVR, there),))
    token = rig.token(await rig.login())
    assert (token.values_of(there), token.values_of(names.CVR)) == ((KORSBAEK,), (KORSBAEK,))
