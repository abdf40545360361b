"""What holds of every token the broker makes, whatever an IdP says, a system asks and the registrations allow.

Each example is a whole login through the stories. What a token may hold is worked out here anew, from the registrations alone.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from context_handler.asking import PostTo, RedirectTo
from federation.activation_period import ALWAYS, ActivationPeriod
from federation.roles import JobFunctionRole, RoleAssignment, SystemRole
from oiosaml import attributes as names
from oiosaml.attributes import Attribute
from oiosaml.messages.assertion import Assertion
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.privileges import PrivilegeGroup, PrivilegeList, cvr_scope, read_privileges, write_privileges
from tests import builders
from tests.builders import KORSBAEK, NOW, SKOVRUP, SYSTEM, requested_level
from tests.context_handler.rig import Rig, make_rig, straight, system_metadata

EXAMPLES = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

LEVELS = ["Low", "Substantial", "High"]
LEVEL = st.sampled_from(AssuranceLevel)
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), min_size=1, max_size=30
).filter(lambda text: text.strip() == text)
MANDATORY = {
    names.SPEC_VERSION, names.KOMBIT_SPEC_VERSION, names.LOA, names.CVR, names.ORG_NAME, names.PRIVILEGES_INTERMEDIATE,
}  # fmt: skip
PASSED_ON = [names.FULL_NAME, names.FIRST_NAME, names.LAST_NAME, names.ALIAS, names.EMAIL, names.PRODUCTION_UNIT]
NEVER = ["https://evil.test/attribute", names.BOOTSTRAP_TOKEN, "urn:oid:2.5.4.20", names.PRIVILEGES_SIMPLE]
SAID = st.dictionaries(st.sampled_from([*PASSED_ON, *NEVER]), st.tuples(TEXT), max_size=8)
ASKED_FOR = st.lists(st.sampled_from([*PASSED_ON, *NEVER]), unique=True, max_size=6)

OTHER_SYSTEM = builders.EntityId("https://saml.ydelser.sim.test")
PERIOD = st.sampled_from(
    (
        ALWAYS,
        ALWAYS,
        ActivationPeriod(end=NOW),
        ActivationPeriod(start=NOW + timedelta(seconds=1)),
        ActivationPeriod(NOW),
    )
)
SYSTEM_ROLES = st.lists(
    st.builds(
        SystemRole,
        st.sampled_from([f"http://roller.test/roles/usersystemrole/{number}/1" for number in range(2)]),
        st.just("a role"),
        st.sampled_from((SYSTEM, SYSTEM, OTHER_SYSTEM)),
        active=PERIOD,
    ),
    unique_by=lambda role: role.entity_id,
    min_size=1,
    max_size=2,
)
JOB_ROLES = st.lists(
    st.builds(
        JobFunctionRole,
        st.sampled_from([f"http://roller.test/roles/jobrole/{number}/1" for number in range(2)]),
        st.just("a role"),
        st.sampled_from((KORSBAEK, KORSBAEK, SKOVRUP)),
        st.lists(
            st.integers(0, 2).map(lambda number: RoleAssignment(f"http://roller.test/roles/usersystemrole/{number}/1")),
            max_size=3,
        ).map(tuple),
        active=PERIOD,
    ),
    unique_by=lambda role: role.entity_id,
    min_size=1,
    max_size=2,
)
GROUPS = st.lists(
    st.builds(
        PrivilegeGroup,
        st.sampled_from((KORSBAEK, KORSBAEK, SKOVRUP)).map(cvr_scope),
        st.lists(
            st.integers(0, 2).map(lambda number: f"http://roller.test/roles/jobrole/{number}/1"), min_size=1, max_size=3
        ).map(tuple),
    ),
    min_size=1,
    max_size=3,
).map(tuple)


class Bench:
    """One broker for all examples, by a name short enough to be shown with each."""

    def __init__(self, directory: Path) -> None:
        self.rig = make_rig(directory)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("tokens"))
    yield made
    made.rig.database.close()


def log_in(rig: Rig, attributes: tuple[Attribute, ...], **request: object) -> Assertion | None:
    """The token of a whole login; None if it was refused."""
    begun = rig.begin(**request)
    if not isinstance(begun, RedirectTo):
        return None  # refused, or this IdP does not reach the level and another must be chosen
    question = rig.question_in(begun)
    said = rig.assertion_for(question, attribute_statements=(attributes,))
    outcome = straight(rig.finish(rig.answer_with(question, said)))
    return rig.token(outcome) if isinstance(outcome, PostTo) else None


@EXAMPLES
@given(
    asserted=st.sampled_from([*LEVELS, "low", " High", "4", ""]),
    parts=st.lists(st.sampled_from(LEVELS), max_size=2),
    registered=LEVEL,
    floor=LEVEL,
    asked=st.none() | LEVEL,
    comparison=st.sampled_from(Comparison),
)
def test_level_is_never_above_what_was_asserted_and_registered(
    bench: Bench,
    asserted: str,
    parts: list[str],
    registered: AssuranceLevel,
    floor: AssuranceLevel,
    asked: AssuranceLevel | None,
    comparison: Comparison,
) -> None:
    change(bench.rig, registered=registered, floor=floor)
    said = {names.LOA: (asserted,)} | {name: (part,) for name, part in zip((names.IAL, names.AAL), parts, strict=False)}
    context = None if asked is None else requested_level(asked, comparison)
    token = log_in(bench.rig, builders.attributes(**said), requested_authn_context=context)
    if token is None:
        return
    (told,) = token.values_of(names.LOA)
    rank = LEVELS.index(told)
    assert rank <= min(LEVELS.index(each) for each in (asserted, *parts, registered.attribute_value))
    assert rank >= LEVELS.index(floor.attribute_value)
    if asked is not None:
        wanted = LEVELS.index(asked.attribute_value)
        assert {"exact": rank == wanted, "minimum": rank >= wanted, "maximum": rank <= wanted, "better": rank > wanted}[
            comparison
        ]


@pytest.mark.parametrize("level", AssuranceLevel)
def test_control_an_honest_level_gets_through(bench: Bench, level: AssuranceLevel) -> None:
    change(bench.rig, registered=AssuranceLevel.HIGH, floor=AssuranceLevel.LOW)
    token = log_in(
        bench.rig, builders.attributes(**{names.LOA: (level.attribute_value,)}), requested_authn_context=None
    )
    assert token is not None
    assert token.values_of(names.LOA) == (level.attribute_value,)


@EXAMPLES
@given(said=SAID, asked_for=ASKED_FOR)
def test_what_is_released_is_within_the_policy_and_comes_back_as_text(
    bench: Bench, said: dict[str, tuple[str, ...]], asked_for: list[str]
) -> None:
    change(bench.rig, asked_for=asked_for)
    token = log_in(bench.rig, builders.attributes(**said))
    assert token is not None
    released = {attribute.name: attribute.values for attribute in token.attributes}
    assert len(released) == len(tuple(token.attributes))
    policy = set(asked_for or [names.EMAIL]) & set(PASSED_ON)
    assert set(released) <= MANDATORY | policy
    known = {names.EMAIL: ("ane.holm@korsbaek.test",)} | said
    assert {name: released.get(name) for name in policy} == {name: known.get(name) for name in policy}


@settings(EXAMPLES, max_examples=150)
@given(groups=GROUPS, job_roles=JOB_ROLES, system_roles=SYSTEM_ROLES)
def test_privileges_come_of_mapped_active_roles_in_scope_alone(
    bench: Bench, groups: tuple[PrivilegeGroup, ...], job_roles: list[JobFunctionRole], system_roles: list[SystemRole]
) -> None:
    change(bench.rig)
    bench.rig.registry.job_function_roles[:], bench.rig.registry.system_roles[:] = job_roles, system_roles
    sent = write_privileges(PrivilegeList(groups))
    token = log_in(bench.rig, builders.attributes(**{names.PRIVILEGES_INTERMEDIATE: (sent,)}))
    assert token is not None
    (value,) = token.values_of(names.PRIVILEGES_INTERMEDIATE)
    got = {(group.scope, right) for group in read_privileges(value).groups for right in group.privileges}
    mine = {role.entity_id for role in system_roles if role.system == SYSTEM and role.active.includes(NOW)}
    assert got == {
        (group.scope, assignment.system_role)
        for group in groups
        for role in job_roles
        if role.entity_id in group.privileges
        and role.active.includes(NOW)
        and role.cvr == KORSBAEK
        and group.scope == cvr_scope(KORSBAEK)
        for assignment in role.assignments
        if assignment.system_role in mine
    }


def change(
    rig: Rig,
    *,
    registered: AssuranceLevel = AssuranceLevel.SUBSTANTIAL,
    floor: AssuranceLevel = AssuranceLevel.SUBSTANTIAL,
    asked_for: list[str] | None = None,
) -> None:
    idp, system = rig.registry.idp_list[0], rig.registry.system_list[0]
    rig.registry.idp_list[0] = replace(idp, registration=replace(idp.registration, maximum_level=registered))
    rig.registry.system_list[0] = replace(
        system,
        registration=replace(system.registration, minimum_level=floor),
        metadata=system_metadata(rig.system, requested=asked_for or ()),
    )
