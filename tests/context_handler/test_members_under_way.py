"""A login under way when a member changes: keys roll over without a lost login, and an activation period counts at each step."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from context_handler.answering import RefusedLogin
from context_handler.asking import PostTo, RedirectTo
from federation.activation_period import ActivationPeriod
from oiosaml import attributes as names
from oiosaml.errors import Party, SamlError
from oiosaml.keys import read_verification_key
from oiosaml.messages.attribute_query import AttributeQuery
from oiosaml.privileges import read_privileges
from tests.builders import NOW
from tests.conftest import certificate_of, make_member
from tests.context_handler.rig import (
    IDP_SSO,
    OTHER_IDP,
    OTHER_IDP_SSO,
    READER,
    MemoryRegistry,
    Rig,
    home_idp,
    minutes,
    read_by,
    registered_idp,
    registered_system,
    system_metadata,
    with_encryption_keys,
)

pytestmark = pytest.mark.anyio

OVER = ActivationPeriod(end=NOW)


def idp_keys(rig: Rig, *members: str) -> None:
    """Korsbæk's IdP as registered with these keys."""
    registered = registered_idp(rig.idp, home_idp(), IDP_SSO)
    rig.registry.idp_list[0] = replace(registered, keys=tuple(make_member(each).verification for each in members))


@pytest.mark.parametrize("signer", ["idp", "new"])
async def test_both_keys_of_an_idp_count_during_its_rollover(rig: Rig, signer: str) -> None:
    question = rig.begun()
    idp_keys(rig, "idp", "new")
    answer = rig.answer_with(question, rig.assertion_for(question), signer=make_member(signer))
    assert isinstance(await rig.finish(answer), PostTo)


async def test_sig_21_the_old_key_is_refused_after_it_also_for_a_login_under_way(rig: Rig) -> None:
    question = rig.begun()
    idp_keys(rig, "new")
    refused = await rig.finish(rig.honest_answer(question))
    assert isinstance(refused, RefusedLogin) and refused.error.code == "sig.key"
    answer = rig.answer_with(question, rig.assertion_for(question), signer=make_member("new"))
    assert isinstance(await rig.finish(answer), PostTo), "the honest answer still comes through"


async def test_sig_21_a_listed_key_counts_after_the_end_of_its_certificate(rig: Rig) -> None:
    """The written policy of docs/members.md: the certificate in metadata carries a key, and its end is told, not enforced."""
    certificate = certificate_of(rig.idp.private_key, until=NOW - minutes(1))
    registered = registered_idp(rig.idp, home_idp(), IDP_SSO)
    rig.registry.idp_list[0] = replace(registered, keys=(read_verification_key(certificate),))
    assert isinstance(await rig.finish(rig.honest_answer(rig.begun())), PostTo)


def test_sig_21_a_request_by_a_listed_key_counts_after_the_end_of_its_certificate(rig: Rig) -> None:
    certificate = certificate_of(rig.system.private_key, until=NOW - minutes(1))
    rig.registry.system_list[0] = replace(rig.registry.system_list[0], keys=(read_verification_key(certificate),))
    assert isinstance(rig.begin(), RedirectTo)


@pytest.mark.parametrize("signer", ["system", "new"])
async def test_both_keys_of_a_system_count_during_its_rollover(rig: Rig, signer: str) -> None:
    registered = rig.registry.system_list[0]
    keys = (rig.system.verification, make_member("new").verification)
    rig.registry.system_list[0] = replace(registered, keys=keys)
    question = rig.question_in(rig.begin_with(rig.query_of(rig.request(), signer=make_member(signer))))  # type: ignore[arg-type]
    assert isinstance(await rig.finish(rig.honest_answer(question)), PostTo)


async def test_the_new_encryption_key_is_used_for_a_login_under_way(rig: Rig) -> None:
    question = rig.begun()
    new = make_member("new")
    rig.registry.system_list[0] = registered_system(rig.system, system_metadata(new))
    outcome = await rig.finish(rig.honest_answer(question))
    assert isinstance(outcome, PostTo)
    rig.system = replace(rig.system, decryption=new.decryption)
    assert rig.token(outcome).values_of(names.LOA) == ("Substantial",)


@pytest.mark.parametrize("party", ["idp", "system"])
async def test_an_activation_period_that_ends_under_way(rig: Rig, party: str) -> None:
    question = rig.begun()
    if party == "idp":
        rig.registry.idp_list[0] = registered_idp(rig.idp, home_idp(active=OVER), IDP_SSO)
    else:
        rig.registry.system_list[0] = registered_system(rig.system, active=OVER)
    refused = await rig.finish(rig.honest_answer(question))
    assert isinstance(refused, RefusedLogin) and refused.error.code == "fed.disabled"


@pytest.mark.parametrize("party", ["idp", "system"])
async def test_an_activation_period_that_is_over_before(rig: Rig, party: str) -> None:
    if party == "idp":
        rig.registry.idp_list[0] = registered_idp(rig.idp, home_idp(active=OVER), IDP_SSO)
    else:
        rig.registry.system_list[0] = registered_system(rig.system, active=OVER)
    outcome = rig.begin()
    if party == "idp":
        assert isinstance(outcome, RedirectTo) and outcome.url.startswith(OTHER_IDP_SSO), "it does not exist"
    else:
        assert isinstance(outcome, RefusedLogin) and outcome.error.code == "fed.disabled"


def rights(rig: Rig, outcome: object) -> list[tuple[str, ...]]:
    value = rig.token(outcome).values_of(names.PRIVILEGES_INTERMEDIATE)[0]
    return [group.privileges for group in read_privileges(value).groups]


async def test_a_role_whose_period_ends_under_way_gives_nothing(rig: Rig) -> None:
    question = rig.begun()
    (role,) = rig.registry.job_function_roles
    rig.registry.job_function_roles[0] = replace(role, active=OVER)
    assert rights(rig, await rig.finish(rig.honest_answer(question))) == []


async def test_a_systems_role_whose_period_ends_under_way_gives_nothing(rig: Rig) -> None:
    question = rig.begun()
    rig.registry.system_roles = [
        replace(each, active=OVER) if each.entity_id == READER else each for each in rig.registry.system_roles
    ]
    assert (READER,) not in rights(rig, await rig.finish(rig.honest_answer(question)))


# --- while the attribute service is asked, which may take five seconds


def changed_while_asked(
    rig: Rig,
    change: Callable[[MemoryRegistry], None],
    answer: Callable[[AttributeQuery], Awaitable[bytes]] | None = None,
) -> None:
    """Another worker confirms a change while this one waits for the attribute service: the next view is another one."""
    rig.registry.idp_list[0] = registered_idp(rig.idp, home_idp(knows_roles=False), IDP_SSO)
    views = [rig.registry]
    object.__setattr__(rig.ports, "registry", lambda: views[-1])

    async def change_and_answer(query: AttributeQuery, _envelope: bytes) -> bytes:
        following = replace(
            rig.registry, idp_list=list(rig.registry.idp_list), system_list=list(rig.registry.system_list)
        )
        change(following)
        views.append(following)
        return rig.service.say(query) if answer is None else await answer(query)

    rig.service.answer = change_and_answer


def idp_withdrawn(registry: MemoryRegistry) -> None:
    party = registry.idp_list[0]
    registry.idp_list[0] = replace(party, registration=replace(party.registration, withdrawn=True))


def idp_off(registry: MemoryRegistry) -> None:
    party = registry.idp_list[0]
    registry.idp_list[0] = replace(party, registration=replace(party.registration, enabled=False))


def idp_over(registry: MemoryRegistry) -> None:
    party = registry.idp_list[0]
    registry.idp_list[0] = replace(party, registration=replace(party.registration, active=OVER))


def idp_gone(registry: MemoryRegistry) -> None:
    del registry.idp_list[0]


def key_barred(registry: MemoryRegistry) -> None:
    party = registry.idp_list[0]
    registry.idp_list[0] = replace(party, keys=tuple(replace(key, barred="key.withdrawn") for key in party.keys))


def system_off(registry: MemoryRegistry) -> None:
    party = registry.system_list[0]
    registry.system_list[0] = replace(party, registration=replace(party.registration, enabled=False))


def system_over(registry: MemoryRegistry) -> None:
    party = registry.system_list[0]
    registry.system_list[0] = replace(party, registration=replace(party.registration, active=OVER))


def system_withdrawn(registry: MemoryRegistry) -> None:
    party = registry.system_list[0]
    registry.system_list[0] = replace(party, registration=replace(party.registration, withdrawn=True))


def system_gone(registry: MemoryRegistry) -> None:
    registry.system_list.clear()


def address_moved(registry: MemoryRegistry) -> None:
    party = registry.system_list[0]
    assert party.metadata.sp is not None
    (service,) = party.metadata.sp.assertion_consumer_services
    moved = replace(service, location="https://new.sim.test/acs")
    sp = replace(party.metadata.sp, assertion_consumer_services=(moved,))
    registry.system_list[0] = replace(party, metadata=replace(party.metadata, sp=sp))


def system_off_and_moved(registry: MemoryRegistry) -> None:
    system_off(registry)
    address_moved(registry)


def idp_withdrawn_and_address_moved(registry: MemoryRegistry) -> None:
    idp_withdrawn(registry)
    address_moved(registry)


def limited_to_others(registry: MemoryRegistry) -> None:
    party = registry.system_list[0]
    registry.system_list[0] = replace(party, registration=replace(party.registration, idps=(OTHER_IDP,)))


def encryption_key_barred(registry: MemoryRegistry) -> None:
    stolen = read_by(make_member("system"), barred="key.withdrawn")
    registry.system_list[0] = with_encryption_keys(registry.system_list[0], stolen)


@pytest.mark.parametrize(
    ("change", "code", "party", "told"),
    [
        (idp_withdrawn, "fed.withdrawn", Party.HOME_IDP, True),
        (idp_off, "fed.disabled", Party.HOME_IDP, True),
        (idp_over, "fed.disabled", Party.HOME_IDP, True),
        (idp_gone, "fed.unknown-issuer", Party.HOME_IDP, True),
        (key_barred, "key.withdrawn", Party.HOME_IDP, True),
        (system_off, "fed.disabled", Party.SYSTEM, True),
        (system_over, "fed.disabled", Party.SYSTEM, True),
        (system_withdrawn, "fed.withdrawn", Party.SYSTEM, False),
        (system_gone, "req.unknown-sp", Party.SYSTEM, False),
        (address_moved, "req.acs", Party.SYSTEM, False),
        (system_off_and_moved, "fed.disabled", Party.SYSTEM, False),
        (idp_withdrawn_and_address_moved, "req.acs", Party.SYSTEM, False),
        (limited_to_others, "fed.no-idp", Party.CONTEXT_HANDLER, True),
        (encryption_key_barred, "key.withdrawn", Party.SYSTEM, True),
    ],
)
async def test_who_is_taken_out_while_the_attribute_service_is_asked_gets_no_token(
    rig: Rig, change: Callable[[MemoryRegistry], None], code: str, party: Party, *, told: bool
) -> None:
    changed_while_asked(rig, change)
    refused = await rig.finish(rig.honest_answer(rig.begun()))
    assert isinstance(refused, RefusedLogin)
    assert (refused.error.code, refused.error.party) == (code, party)
    assert (refused.answer is not None) is told
    assert rig.counts().refused == 1


@pytest.mark.parametrize(
    ("change", "code"), [(address_moved, "req.acs"), (limited_to_others, "fed.no-idp"), (idp_off, "fed.disabled")]
)
async def test_fed_07_req_03_a_session_answers_for_nobody_who_is_taken_out_while_the_service_is_asked(
    rig: Rig, change: Callable[[MemoryRegistry], None], code: str
) -> None:
    rig.keeps_cookies = True
    assert isinstance(await rig.login(), PostTo)
    changed_while_asked(rig, change)
    refused = rig.begin()
    assert isinstance(refused, RefusedLogin) and refused.error.code == code
    assert len(rig.service.asked) == 1, "the session answered"


async def failing(_query: AttributeQuery) -> bytes:
    raise SamlError("aq.transport", "got nothing, expected an answer")


@pytest.mark.parametrize(
    ("change", "code", "told"), [(address_moved, "req.acs", False), (lambda _: None, "aq.transport", True)]
)
async def test_req_03_a_service_that_fails_is_no_reason_to_tell_a_lost_address(
    rig: Rig, change: Callable[[MemoryRegistry], None], code: str, *, told: bool
) -> None:
    changed_while_asked(rig, change, answer=failing)
    refused = await rig.finish(rig.honest_answer(rig.begun()))
    assert isinstance(refused, RefusedLogin) and refused.error.code == code
    assert (refused.answer is not None) is told


async def test_a_new_encryption_key_counts_after_the_attribute_service_was_asked(rig: Rig) -> None:
    new = make_member("new")

    def renew(registry: MemoryRegistry) -> None:
        registry.system_list[0] = with_encryption_keys(registry.system_list[0], read_by(new))

    changed_while_asked(rig, renew)
    outcome = await rig.finish(rig.honest_answer(rig.begun()))
    rig.system = replace(rig.system, decryption=new.decryption)
    assert rig.token(outcome).values_of(names.LOA) == ("Substantial",)


async def test_roles_taken_away_while_the_attribute_service_is_asked_are_gone(rig: Rig) -> None:
    changed_while_asked(rig, lambda registry: setattr(registry, "job_function_roles", []))
    assert rights(rig, await rig.finish(rig.honest_answer(rig.begun()))) == []


async def test_another_change_while_the_attribute_service_is_asked_disturbs_nobody(rig: Rig) -> None:
    changed_while_asked(rig, lambda registry: registry.idp_list.pop())  # the other municipality's
    assert isinstance(await rig.finish(rig.honest_answer(rig.begun())), PostTo)
