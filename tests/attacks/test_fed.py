"""FED, MD-02 and REQ-03 while a login is on its way: what was true when it began may not be true any more when it comes back."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from context_handler.answering import RefusedLogin
from context_handler.asking import PostTo, RedirectTo
from context_handler.discovery import NO_WISHES, AskForHomeIdp
from context_handler.release import MANDATORY
from federation.model import AttributeProfile
from oiosaml import attributes as names
from oiosaml.errors import Party
from oiosaml.ids import FlowId
from oiosaml.uris import BINDING_POST
from tests import builders
from tests.builders import IDP, NOW
from tests.context_handler.rig import Rig, make_rig, minutes, system_metadata

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return make_rig(tmp_path)


def refusal(outcome: object, code: str) -> RefusedLogin:
    assert isinstance(outcome, RefusedLogin), outcome
    assert outcome.error.code == code
    return outcome


def change_system(rig: Rig, **changes: Any) -> None:
    rig.registry.system_list = [replace(system, **changes) for system in rig.registry.system_list]


def system_metadata_until(rig: Rig, end: datetime) -> None:
    change_system(rig, metadata=replace(system_metadata(rig.system), valid_until=end))


def idp_metadata_until(rig: Rig, end: datetime) -> None:
    asked, *others = rig.registry.idp_list
    rig.registry.idp_list = [replace(asked, metadata=replace(asked.metadata, valid_until=end)), *others]


async def test_fed_00_control_nothing_changed_on_the_way(rig: Rig) -> None:
    system_metadata_until(rig, NOW + minutes(1))
    idp_metadata_until(rig, NOW + minutes(1))
    assert isinstance(await rig.login(), PostTo)


async def test_md_02_metadata_of_the_system_expires(rig: Rig) -> None:
    """Expiry is the only revocation that works when the publisher is silent: nothing is sent to that address any more."""
    system_metadata_until(rig, NOW)
    assert refusal(rig.begin(), "md.expired").answer is None
    system_metadata_until(rig, NOW + minutes(1))
    question = rig.begun()
    system_metadata_until(rig, NOW)
    assert refusal(await rig.finish(rig.honest_answer(question)), "md.expired").answer is None
    assert rig.counts().refused == 2


async def test_md_02_metadata_of_the_idp_expires(rig: Rig) -> None:
    question = rig.begun()
    idp_metadata_until(rig, NOW)
    refusal(await rig.finish(rig.honest_answer(question)), "md.expired")
    assert rig.counts().pending == 1, "an answer that nobody vouches for uses nothing up"
    outcome = rig.begin_with(rig.query_of(rig.request()), wishes=NO_WISHES)
    assert isinstance(outcome, RedirectTo), "one IdP is left, so nobody is asked"
    assert rig.question_in(outcome).destination == "https://idp.skovrup.test/sso"


async def test_md_02_metadata_of_the_attribute_service_expires(tmp_path: Path) -> None:
    rig = make_rig(tmp_path, knows_roles=False)
    assert isinstance(await rig.login(), PostTo)
    service = rig.registry.service
    assert service is not None
    rig.registry.service = replace(service, metadata=replace(service.metadata, valid_until=NOW))
    refusal(await rig.login(), "md.expired")
    assert len(rig.service.asked) == 1


async def test_req_03_response_address_taken_out_while_away(rig: Rig) -> None:
    """Neither token nor refusal goes to an address that its owner has given up: somebody else may own it by now."""
    question = rig.begun()
    metadata = system_metadata(rig.system)
    assert metadata.sp is not None
    (service,) = metadata.sp.assertion_consumer_services
    for moved in (replace(service, location="https://new.sim.test/acs"), replace(service, binding=f"{BINDING_POST}-X")):
        change_system(rig, metadata=replace(metadata, sp=replace(metadata.sp, assertion_consumer_services=(moved,))))
        assert refusal(await rig.finish(rig.honest_answer(question)), "req.acs").answer is None
        assert rig.counts().pending == 0
        change_system(rig, metadata=metadata)
        question = rig.begun()


def choosing(rig: Rig) -> FlowId:
    """The person stands on the page where they choose among the IdPs."""
    page = rig.begin_with(rig.query_of(rig.request()), wishes=NO_WISHES)
    assert isinstance(page, AskForHomeIdp), page
    return page.flow


async def choosing_with_a_session(rig: Rig) -> FlowId:
    """The same in a second tab that was opened before the person logged in in the first."""
    rig.keeps_cookies = True
    flow = choosing(rig)
    assert isinstance(await rig.login(), PostTo)
    return flow


def move_response_address(rig: Rig) -> None:
    """The system takes its answers elsewhere from now on."""
    metadata = system_metadata(rig.system)
    assert metadata.sp is not None
    (service,) = metadata.sp.assertion_consumer_services
    moved = replace(service, location="https://new.sim.test/acs")
    change_system(rig, metadata=replace(metadata, sp=replace(metadata.sp, assertion_consumer_services=(moved,))))


def change_registration(rig: Rig, **changes: Any) -> None:
    (system,) = rig.registry.system_list
    change_system(rig, registration=replace(system.registration, **changes))


async def test_req_00_control_nothing_changed_while_the_person_chose(rig: Rig) -> None:
    assert isinstance(rig.choose(choosing(rig), IDP), RedirectTo)
    assert isinstance(rig.choose(await choosing_with_a_session(rig), IDP), PostTo)


async def test_req_03_response_address_taken_out_while_the_person_chooses(rig: Rig) -> None:
    """A session would answer at once, at an address that may be somebody else's by now."""
    flow = await choosing_with_a_session(rig)
    move_response_address(rig)
    assert refusal(rig.choose(flow, IDP), "req.acs").answer is None
    assert rig.counts().pending == 0


def test_req_03_response_address_taken_out_while_the_person_chooses_without_a_session(rig: Rig) -> None:
    flow = choosing(rig)
    move_response_address(rig)
    assert refusal(rig.choose(flow, IDP), "req.acs").answer is None, "nobody is sent to log in for nothing"


def test_fed_08_system_taken_out_while_the_person_chooses(rig: Rig) -> None:
    flow = choosing(rig)
    systems = list(rig.registry.system_list)
    rig.registry.system_list.clear()
    assert refusal(rig.choose(flow, IDP), "req.unknown-sp").answer is None
    rig.registry.system_list.extend(systems)
    flow = choosing(rig)
    change_registration(rig, withdrawn=True)
    assert refusal(rig.choose(flow, IDP), "fed.withdrawn").answer is None
    assert rig.counts().refused == 2


def test_fed_08_system_switched_off_while_the_person_chooses_is_told(rig: Rig) -> None:
    """The twin: the address is still its own."""
    flow = choosing(rig)
    change_registration(rig, enabled=False)
    outcome = refusal(rig.choose(flow, IDP), "fed.disabled")
    assert outcome.error.party is Party.SYSTEM
    assert rig.answer(outcome).assertion is None


async def test_req_03_a_system_that_is_off_and_has_moved_is_not_told_where_it_was(rig: Rig) -> None:
    """Whatever the refusal is, it goes to no address that was given up."""
    question, flow = rig.begun(), choosing(rig)
    move_response_address(rig)
    change_registration(rig, enabled=False)
    assert refusal(await rig.finish(rig.honest_answer(question)), "fed.disabled").answer is None
    assert refusal(rig.choose(flow, IDP), "fed.disabled").answer is None


async def test_fed_07_federation_agreement_ends_while_away(rig: Rig) -> None:
    question = rig.begun()
    asked, *others = rig.registry.idp_list
    without = replace(asked, registration=replace(asked.registration, has_federation_agreement=False))
    rig.registry.idp_list = [without, *others]
    refusal(await rig.finish(rig.honest_answer(question)), "fed.disabled")
    rig.registry.idp_list = [asked, *others]
    assert isinstance(await rig.finish(rig.honest_answer(question)), PostTo)


async def test_fed_07_system_no_longer_takes_users_from_the_idp(rig: Rig) -> None:
    """A system that was limited to other IdPs meanwhile gets nobody from this one."""
    question = rig.begun()
    (system,) = rig.registry.system_list
    other = rig.registry.idp_list[1].registration.entity_id
    change_system(rig, registration=replace(system.registration, idps=(other,)))
    outcome = refusal(await rig.finish(rig.honest_answer(question)), "fed.no-idp")
    assert rig.answer(outcome).assertion is None


async def test_fed_12_system_gets_what_it_is_registered_for_and_no_more(rig: Rig) -> None:
    """The IdP sends everything there is; the system asked for e-mail and for what nobody may pass on."""
    sent = dict.fromkeys(names.FRIENDLY_NAMES, ("x",)) | dict.fromkeys((names.IAL, names.AAL), ("Substantial",))
    sent[names.CPR_NUMBER] = ("6101018884",)
    mandatory = {name: values for name, values in sent.items() if name not in {a.name for a in builders.attributes()}}
    everything = builders.attributes(**mandatory)
    asked_for = (names.EMAIL, names.AUTHORIZED_TO_REPRESENT, names.BOOTSTRAP_TOKEN, "urn:x-own:secret")
    change_system(rig, metadata=system_metadata(rig.system, requested=asked_for))
    token = rig.token(await rig.login({"attribute_statements": (everything,)}))
    assert {attribute.name for attribute in token.attributes} == {*MANDATORY, names.EMAIL}
    (system,) = rig.registry.system_list
    without = replace(system.registration, attribute_profile=AttributeProfile.KOMBIT_WITHOUT_PERSONAL_DATA)
    change_system(rig, registration=without)
    token = rig.token(await rig.login({"attribute_statements": (everything,)}))
    assert {attribute.name for attribute in token.attributes} == set(MANDATORY)
