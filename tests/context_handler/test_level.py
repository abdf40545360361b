"""Which levels a demand accepts: NSIS by NSIS, NIST by NIST, and an NSIS level by its counterpart where a system knows only NIST's."""

from typing import Any

import pytest

from context_handler.level import LevelDemand, is_step_up
from context_handler.profiles import oiosaml2, oiosaml3
from federation.model import Profile
from oiosaml.messages.authn_request import RequestedAuthnContext
from oiosaml.nist import NistLevel, StatedLevel, beside
from oiosaml.nsis import AssuranceLevel, Comparison
from tests.context_handler.rig import home_idp, user_facing_system

LOW, SUBSTANTIAL, HIGH = AssuranceLevel
ONE, TWO, THREE, FOUR = NistLevel
OLD = {"profile": Profile.OIOSAML2, "minimum_assurance_level": THREE}
STAND_IN = {"minimum_assurance_level": THREE}


def asking(level: StatedLevel, comparison: Comparison = Comparison.MINIMUM) -> RequestedAuthnContext:
    return RequestedAuthnContext(comparison, (level.uri,))


@pytest.mark.parametrize(
    ("asked", "system", "nsis", "nist"),
    [
        (None, {}, (SUBSTANTIAL, HIGH), ()),
        (asking(HIGH), {}, (HIGH,), ()),
        # a new system accepts a NIST level only by registration, and never where its request names an NSIS level
        (None, STAND_IN, (SUBSTANTIAL, HIGH), (THREE, FOUR)),
        (asking(SUBSTANTIAL), STAND_IN, (SUBSTANTIAL, HIGH), ()),
        (asking(THREE), {}, (SUBSTANTIAL, HIGH), ()),
        # an old system: both floors count, and an NSIS level by its counterpart
        (None, OLD, (SUBSTANTIAL, HIGH), (THREE, FOUR)),
        (None, OLD | {"minimum_level": LOW}, (SUBSTANTIAL, HIGH), (THREE, FOUR)),
        (None, OLD | {"minimum_assurance_level": FOUR}, (), (FOUR,)),
        (asking(TWO), OLD, (SUBSTANTIAL, HIGH), (THREE, FOUR)),
        (asking(FOUR), OLD, (), (FOUR,)),
        (asking(THREE, Comparison.EXACT), OLD, (SUBSTANTIAL, HIGH), (THREE,)),
        (asking(THREE, Comparison.BETTER), OLD, (), (FOUR,)),
        (asking(TWO, Comparison.MAXIMUM), OLD, (), ()),
        (asking(HIGH), OLD, (HIGH,), ()),
    ],
)
def test_the_levels_that_would_do(
    asked: RequestedAuthnContext | None,
    system: dict[str, Any],
    nsis: tuple[AssuranceLevel, ...],
    nist: tuple[NistLevel, ...],
) -> None:
    demand = LevelDemand.of(asked, user_facing_system(**system))
    assert (demand.acceptable, demand.acceptable_assurance_levels) == (nsis, nist)
    assert demand.is_possible is bool(nsis or nist)
    assert tuple(level for level in (*AssuranceLevel, *NistLevel) if demand.met_by(level)) == (*nsis, *nist)
    assert [demand.rejects_ladder_of(level) for level in (HIGH, FOUR)] == [False, not nist]


def test_a_comparison_without_a_level_compares_nothing() -> None:
    """A request that names something else than a level still wants what its system is registered with, at least."""
    asked = RequestedAuthnContext(Comparison.MAXIMUM, ("https://data.gov.dk/concept/core/nsis",))
    demand = LevelDemand.of(asked, user_facing_system())
    assert (demand.comparison, demand.requested, demand.acceptable) == (Comparison.MINIMUM, None, (SUBSTANTIAL, HIGH))


@pytest.mark.parametrize(
    ("system", "named"),
    [({}, "Substantial"), (STAND_IN, "Substantial"), (OLD, "AssuranceLevel 3")],
)
def test_a_person_is_told_in_the_systems_own_words(system: dict[str, Any], named: str) -> None:
    assert LevelDemand.of(None, user_facing_system(**system)).named == named


@pytest.mark.parametrize(
    ("system", "idp", "reachable"),
    [
        ({}, {}, True),
        ({}, {"maximum_level": LOW}, False),
        ({}, {"profile": Profile.OIOSAML2, "maximum_assurance_level": FOUR}, False),
        (STAND_IN, {"profile": Profile.OIOSAML2, "maximum_assurance_level": THREE}, True),
        (OLD, {"profile": Profile.OIOSAML2, "maximum_assurance_level": THREE}, True),
        (OLD, {"profile": Profile.OIOSAML2, "maximum_assurance_level": TWO}, False),
        (OLD, {}, True),
    ],
)
def test_an_idp_is_asked_only_if_it_can_state_what_is_demanded(
    system: dict[str, Any], idp: dict[str, Any], *, reachable: bool
) -> None:
    assert LevelDemand.of(None, user_facing_system(**system)).reachable_with(home_idp(**idp)) is reachable


def test_each_profile_asks_in_its_own_words() -> None:
    idp = home_idp(maximum_level=HIGH, maximum_assurance_level=FOUR)
    demand = LevelDemand.of(asking(THREE), user_facing_system(**OLD))
    assert oiosaml2.ask(demand, idp) == asking(THREE)
    assert oiosaml3.ask(demand, idp) == asking(SUBSTANTIAL)
    exactly = LevelDemand.of(asking(THREE, Comparison.EXACT), user_facing_system(**OLD))
    assert oiosaml2.ask(exactly, idp) == asking(THREE, Comparison.EXACT)
    assert oiosaml3.ask(exactly, idp) == asking(SUBSTANTIAL)  # Substantial or High: both are 3
    four = LevelDemand.of(asking(FOUR), user_facing_system(**OLD))
    assert oiosaml3.ask(four, idp) == asking(FOUR)


@pytest.mark.parametrize(
    ("asked", "reach", "sent"),
    [
        (asking(LOW), HIGH, asking(LOW)),
        (asking(LOW, Comparison.BETTER), HIGH, asking(SUBSTANTIAL)),
        (asking(SUBSTANTIAL, Comparison.EXACT), HIGH, asking(SUBSTANTIAL, Comparison.EXACT)),
        # an IdP that reaches further than the maximum is asked for exactly that
        (asking(LOW, Comparison.MAXIMUM), SUBSTANTIAL, asking(LOW, Comparison.EXACT)),
        (asking(SUBSTANTIAL, Comparison.MAXIMUM), HIGH, asking(SUBSTANTIAL, Comparison.EXACT)),
        # one that does not can give nothing but what would do
        (asking(SUBSTANTIAL, Comparison.MAXIMUM), SUBSTANTIAL, asking(LOW)),
        (asking(SUBSTANTIAL, Comparison.MAXIMUM), LOW, asking(LOW)),
        (asking(HIGH, Comparison.MAXIMUM), HIGH, asking(LOW)),
        (asking(TWO, Comparison.MAXIMUM), HIGH, asking(LOW, Comparison.EXACT)),
    ],
)
def test_an_idp_is_not_asked_for_more_than_would_do(
    asked: RequestedAuthnContext, reach: AssuranceLevel, sent: RequestedAuthnContext
) -> None:
    demand = LevelDemand.of(asked, user_facing_system(minimum_level=LOW))
    assert oiosaml3.ask(demand, home_idp(maximum_level=reach)) == sent


@pytest.mark.parametrize(
    ("reach", "sent"), [(FOUR, asking(THREE, Comparison.EXACT)), (THREE, asking(TWO)), (TWO, asking(TWO))]
)
def test_an_old_idp_is_not_asked_for_more_than_would_do(reach: NistLevel, sent: RequestedAuthnContext) -> None:
    system = user_facing_system(profile=Profile.OIOSAML2, minimum_level=LOW, minimum_assurance_level=TWO)
    demand = LevelDemand.of(asking(THREE, Comparison.MAXIMUM), system)
    assert oiosaml2.ask(demand, home_idp(profile=Profile.OIOSAML2, maximum_assurance_level=reach)) == sent


def test_an_nsis_level_is_written_for_an_old_system_by_its_counterpart_and_never_back() -> None:
    told = [oiosaml2.write_level(level).values for level in AssuranceLevel]
    assert told == [("2",), ("3",), ("3",)]
    assert oiosaml2.class_ref(HIGH) == THREE.uri
    assert oiosaml3.write_level(THREE).name == "dk:gov:saml:attribute:AssuranceLevel"
    assert oiosaml3.class_ref(THREE) == THREE.uri


@pytest.mark.parametrize(
    ("asked", "system", "named"),
    [
        (asking(LOW, Comparison.BETTER), {"minimum_level": LOW}, "Substantial"),
        (asking(LOW, Comparison.MAXIMUM), {}, "Low"),
        (asking(HIGH), OLD, "High"),
        (asking(TWO, Comparison.MAXIMUM), OLD, "AssuranceLevel 2"),
        (asking(TWO, Comparison.MAXIMUM), {}, "AssuranceLevel 2"),
    ],
)
def test_what_is_named_is_the_lowest_that_would_do_or_what_was_asked_in_vain(
    asked: RequestedAuthnContext, system: dict[str, Any], named: str
) -> None:
    assert LevelDemand.of(asked, user_facing_system(**system)).named == named


def test_nist_levels_are_compared_as_nsis_levels_are() -> None:
    wanted = {
        Comparison.EXACT: [TWO],
        Comparison.MINIMUM: [TWO, THREE, FOUR],
        Comparison.MAXIMUM: [ONE, TWO],
        Comparison.BETTER: [THREE, FOUR],
    }
    for comparison, levels in wanted.items():
        assert [level for level in NistLevel if level.satisfies(TWO, comparison)] == levels


def test_only_a_higher_step_of_the_same_ladder_is_a_step_up() -> None:
    assert is_step_up(LOW, SUBSTANTIAL) and is_step_up(TWO, THREE)
    assert not is_step_up(SUBSTANTIAL, SUBSTANTIAL) and not is_step_up(THREE, THREE)
    assert not is_step_up(TWO, HIGH) and not is_step_up(LOW, FOUR)


def test_steps_of_two_ladders_are_never_equal_and_cannot_be_ordered() -> None:
    assert THREE != HIGH  # type: ignore[comparison-overlap]
    with pytest.raises(TypeError):
        assert THREE > HIGH  # type: ignore[operator]


@pytest.mark.parametrize(
    ("named", "level", "told"),
    [
        ("AssuranceLevel 4", HIGH, THREE),
        ("AssuranceLevel 3", LOW, TWO),
        ("AssuranceLevel 4", THREE, THREE),
        ("High", SUBSTANTIAL, SUBSTANTIAL),
        ("High", THREE, THREE),
    ],
)
def test_what_was_reached_is_told_on_the_ladder_of_what_was_demanded(
    named: str, level: StatedLevel, told: StatedLevel
) -> None:
    assert beside(named, level) is told
