"""What ends a session's usefulness: its IdP changed, or the system, the request or the IdP itself rules the other out."""

from dataclasses import replace
from typing import Any

import pytest

from context_handler.asking import PostTo
from context_handler.discovery import NO_WISHES, AskForHomeIdp, Wishes
from federation.activation_period import ActivationPeriod
from federation.model import Profile
from oiosaml.ids import EntityId
from oiosaml.messages.assertion import ProxyRestriction
from oiosaml.messages.authn_request import Scoping
from oiosaml.nsis import AssuranceLevel
from tests.builders import NOW, SKOVRUP, SYSTEM
from tests.conftest import make_member
from tests.context_handler.rig import OTHER_IDP, Rig, registered_system
from tests.context_handler.session_rig import (
    answered,
    ask,
    change_idp,
    change_system,
    level,
    log_in,
    sent_to_idp,
)

pytestmark = pytest.mark.anyio

OTHER_SYSTEM = EntityId("https://saml.other.sim.test")


# --- a registration that changed


@pytest.mark.parametrize(
    "change",
    [
        {"enabled": False},
        {"has_federation_agreement": False},
        {"maximum_level": AssuranceLevel.LOW},
        {"cvrs": (SKOVRUP,)},
        {"profile": Profile.OIOSAML2},
        {"active": ActivationPeriod(end=NOW)},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_changed_idp_ends_the_sessions_usefulness_at_once(rig: Rig, change: dict[str, Any]) -> None:
    await log_in(rig)
    change_idp(rig, **change)
    assert not isinstance(ask(rig, **level("Low")), PostTo)


async def test_a_withdrawn_key_ends_what_rests_on_it(rig: Rig) -> None:
    await log_in(rig)
    idp = rig.registry.idp_list[0]
    rig.registry.idp_list[0] = replace(idp, keys=(make_member("another").verification,))
    assert isinstance(ask(rig), AskForHomeIdp)


async def test_a_key_beside_the_old_one_ends_nothing(rig: Rig) -> None:
    await log_in(rig)
    idp = rig.registry.idp_list[0]
    rig.registry.idp_list[0] = replace(idp, keys=(make_member("another").verification, *idp.keys))
    answered(rig, ask(rig))


# --- a system or a request that wants another IdP


async def test_a_system_limited_to_other_idps_gets_nothing_of_this_session(rig: Rig) -> None:
    await log_in(rig)
    change_system(rig, idps=(OTHER_IDP,))
    assert sent_to_idp(rig, ask(rig)).destination == "https://idp.skovrup.test/sso"


async def test_a_request_limited_to_another_idp_gets_nothing_of_this_session(rig: Rig) -> None:
    await log_in(rig)
    assert (
        sent_to_idp(rig, ask(rig, scoping=Scoping(idp_list=(OTHER_IDP,)))).destination == "https://idp.skovrup.test/sso"
    )


async def test_a_hint_at_another_idp_leads_there(rig: Rig) -> None:
    await log_in(rig)
    assert sent_to_idp(rig, ask(rig, wishes=Wishes(hint=OTHER_IDP))).destination == "https://idp.skovrup.test/sso"


# --- an IdP that says to whom it may be passed on (attack PRO-21)


@pytest.mark.parametrize(
    ("said", "passed_on"),
    [
        (ProxyRestriction(2), ProxyRestriction(1)),
        (ProxyRestriction(None, (OTHER_SYSTEM, SYSTEM)), ProxyRestriction(None, (OTHER_SYSTEM, SYSTEM))),
    ],
)
async def test_what_the_idp_says_of_passing_on_is_passed_on_pro_21(
    rig: Rig, said: ProxyRestriction, passed_on: ProxyRestriction
) -> None:
    for token in (answered(rig, await log_in(rig, proxies=(said,))), answered(rig, ask(rig))):
        assert token.proxy_restrictions == (passed_on,)


async def test_a_session_answers_no_system_that_its_idp_leaves_out_pro_21(rig: Rig) -> None:
    other = make_member("other-system")
    rig.registry.system_list.append(registered_system(other, entity_id=OTHER_SYSTEM))
    query = rig.query_of(rig.request(issuer=OTHER_SYSTEM), signer=other)
    answered(rig, await log_in(rig, proxies=(ProxyRestriction(None, (SYSTEM,)),)))
    sent_to_idp(rig, rig.begin_with(query, wishes=NO_WISHES))
    answered(rig, ask(rig))
