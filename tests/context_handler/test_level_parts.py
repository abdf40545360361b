"""`ial` and `aal`, of which an NSIS level is the lowest, leave no higher than the home IdP is registered (LOA-3, LOA-2)."""

import pytest

from federation.model import Profile
from oiosaml import attributes as names
from oiosaml.nist import NistLevel
from oiosaml.nsis import AssuranceLevel
from tests import builders
from tests.context_handler.rig import Rig, registered_system, system_metadata
from tests.context_handler.session_rig import change_idp, change_system

pytestmark = pytest.mark.anyio

LOW, SUBSTANTIAL, HIGH = AssuranceLevel
PARTS = (names.LOA, names.IAL, names.AAL)


async def told(rig: Rig, registered: AssuranceLevel, **said: tuple[str, ...]) -> list[tuple[str, ...]]:
    """What a system that asks for the parts gets of what an IdP said that is registered at a level."""
    metadata = system_metadata(rig.system, requested=(names.IAL, names.AAL))
    rig.registry.system_list[0] = registered_system(rig.system, metadata)
    change_system(rig, minimum_level=LOW, minimum_assurance_level=NistLevel.THREE)
    change_idp(rig, maximum_level=registered, maximum_assurance_level=NistLevel.THREE)
    without = (names.LOA,) if "AssuranceLevel" in said else ()
    attributes = builders.attributes(
        without=without, **{getattr(names, name, names.ASSURANCE_LEVEL): values for name, values in said.items()}
    )
    token = rig.token(await rig.login({"attribute_statements": (attributes,)}, requested_authn_context=None))
    return [token.values_of(name) for name in PARTS]


@pytest.mark.parametrize(
    ("registered", "leaves"),
    [
        (LOW, [("Low",), ("Low",), ("Low",)]),
        (SUBSTANTIAL, [("Low",), ("Substantial",), ("Low",)]),
        (HIGH, [("Low",), ("High",), ("Low",)]),
    ],
)
async def test_no_part_leaves_above_the_registration(
    rig: Rig, registered: AssuranceLevel, leaves: list[tuple[str, ...]]
) -> None:
    assert await told(rig, registered, LOA=("Low",), IAL=("High",), AAL=("Low",)) == leaves


async def test_what_was_not_said_is_not_made_up(rig: Rig) -> None:
    assert await told(rig, HIGH, LOA=("Substantial",), AAL=("High",)) == [("Substantial",), (), ("High",)]


async def test_beside_an_assurance_level_alone_there_are_no_parts(rig: Rig) -> None:
    assert await told(rig, HIGH, AssuranceLevel=("3",), IAL=("High",), AAL=("High",)) == [(), (), ()]


async def test_a_level_that_was_cut_has_parts_that_are_cut(rig: Rig) -> None:
    from tests.context_handler.sessions.test_session_means import MITID, said

    metadata = system_metadata(rig.system, requested=(names.IAL, names.AAL))
    rig.registry.system_list[0] = registered_system(rig.system, metadata)
    change_idp(rig, profile=Profile.NEMLOGIN3, maximum_level=SUBSTANTIAL)
    question = rig.begun(requested_authn_context=None)
    answer = said(rig, question, MITID, "High", IAL="High", AAL="High")
    token = rig.token(await rig.finish(rig.answer_with(question, answer)))
    assert [token.values_of(name) for name in PARTS] == [("Substantial",)] * 3
