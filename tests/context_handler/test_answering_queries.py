"""A system that queries gets what it would get in a token, of those who are logged in at it, and nobody else gets anything."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import context_handler.answering_queries
from context_handler.answering import RefusedLogin
from context_handler.answering_queries import answer_query
from context_handler.asking import PostTo
from context_handler.events import Event, EventOutcome
from context_handler.ports import KnownSubject, RegisteredSystem
from federation.activation_period import ActivationPeriod
from federation.model import EncryptionChoice, GetsRights, OnAttributeFailure, OnNoRoles, Profile
from oiosaml import attributes as names
from oiosaml.bindings.soap import wrap, write_fault
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId, MessageId, WorkspaceId
from oiosaml.messages.assertion import Assertion, ProxyRestriction
from oiosaml.messages.attribute_query import AttributeQuery, write_attribute_query
from oiosaml.messages.element import serialise
from oiosaml.messages.response import Answer
from oiosaml.name_id import NameId
from oiosaml.nsis import AssuranceLevel
from oiosaml.openings import open_attribute_response, unseal_attribute_response
from oiosaml.privileges import read_privileges
from oiosaml.refusals import REFUSALS
from oiosaml.rules.attribute_response import ATTRIBUTE_RESPONSE_RULES, AttributeResponseExpectations
from oiosaml.rules.rule import examine
from oiosaml.uris import (
    AES256_GCM,
    DIGEST_SHA1,
    MGF1_SHA1,
    NAMEID_PERSISTENT,
    RSA_OAEP_MGF1P,
    STATUS_REQUEST_DENIED,
    STATUS_REQUESTER,
    STATUS_RESPONDER,
    STATUS_UNKNOWN_PRINCIPAL,
)
from oiosaml.xml.sign import sign_enveloped
from scripts.generate_login_flow import steps_of
from tests import builders
from tests.builders import CH_IDP_FACE, IDP, NOW, SYSTEM
from tests.conftest import Member, make_member
from tests.context_handler.rig import (
    CASE_WORKER,
    IDP_SSO,
    READER,
    Rig,
    home_idp,
    make_rig,
    read_by,
    registered_idp,
    registered_system,
    system_metadata,
    with_encryption_keys,
)

pytestmark = pytest.mark.anyio

GIVEN = NameId("https://data.gov.dk/model/core/eid/professional/uuid/x", NAMEID_PERSISTENT, CH_IDP_FACE, SYSTEM)


@dataclass(slots=True)
class KnownSubjects:
    """Live sessions as a test says them: what each system was told of whom."""

    told: dict[tuple[EntityId, NameId], KnownSubject] = field(default_factory=dict)

    def find(self, _: WorkspaceId, system: EntityId, name_id: NameId, at: object) -> KnownSubject | None:
        return self.told.get((system, name_id))

    def is_named_elsewhere(self, _: WorkspaceId, name_id: NameId, at: object, __: object = ()) -> bool:
        return any(name == name_id for _, name in self.told)


@dataclass(slots=True)
class Asker:
    """A system that queries, and somebody who is logged in at it."""

    rig: Rig
    subjects: KnownSubjects

    def querying(self, **changes: Any) -> None:
        """Register the system anew with something changed."""
        wanted = {"gets_rights": GetsRights.QUERY} | changes
        self.rig.registry.system_list[0] = registered_system(
            self.rig.system, system_metadata(self.rig.system), **wanted
        )

    def query(self, **changes: Any) -> AttributeQuery:
        valid = AttributeQuery(
            id=MessageId(self.rig.ports.ids.message_id()),
            issue_instant=NOW,
            issuer=SYSTEM,
            destination=self.rig.ports.urls.attribute_service_url,
            subject=GIVEN,
            attribute_names=(names.PRIVILEGES_INTERMEDIATE,),
        )
        return replace(valid, **changes)

    def envelope(self, query: AttributeQuery, *, signer: Member | None = None, signed: bool = True) -> bytes:
        element = write_attribute_query(query)
        if signed:
            sign_enveloped(element, (signer or self.rig.system).signing)
        return wrap(serialise(element))

    async def ask(self, query: AttributeQuery | None = None, **options: Any) -> Answer:
        envelope = self.envelope(query or self.query(), **options)
        return self.read(await answer_query(envelope, NOW, self.rig.ports))

    def read(self, octets: bytes) -> Answer:
        answer = unseal_attribute_response(
            open_attribute_response(octets), (self.rig.broker.verification,), (self.rig.system.decryption,)
        )
        assert answer.envelope_signer is not None, "whatever is said is signed"
        return answer

    def events(self, query: AttributeQuery) -> Sequence[Event]:
        """What the record tells of the flow that the query belonged to last."""
        flow = self.rig.record.flow_of(self.rig.ports.workspace, query.id)
        return () if flow is None else self.rig.record.events_of(self.rig.ports.workspace, flow)


def rights_in(assertion: Assertion) -> list[tuple[str, ...]]:
    (value,) = assertion.values_of(names.PRIVILEGES_INTERMEDIATE)
    return [group.privileges for group in read_privileges(value).groups]


@pytest.fixture
def asker(tmp_path: Path) -> Iterator[Asker]:
    rig = make_rig(tmp_path)
    subjects = KnownSubjects(
        {(SYSTEM, GIVEN): KnownSubject(IDP, Profile.OIOSAML3, rig.idp.verification.fingerprint, builders.assertion())}
    )
    rig.ports = replace(rig.ports, subjects=subjects)
    made = Asker(rig, subjects)
    made.querying()
    yield made


async def test_the_system_gets_its_own_rights(asker: Asker) -> None:
    query = asker.query()
    answer = await asker.ask(query)
    assert answer.assertion is not None
    assert rights_in(answer.assertion.value) == [(CASE_WORKER,), (READER,)]
    expected = AttributeResponseExpectations(query=query, service_entity_id=CH_IDP_FACE, at=NOW)
    assert examine(ATTRIBUTE_RESPONSE_RULES, answer, expected) == ()


async def test_each_step_is_one_event(asker: Asker) -> None:
    query = asker.query()
    await asker.ask(query)
    assert [event.step for event in asker.events(query)] == [
        each.name for each in steps_of(context_handler.answering_queries, "answer_query")
    ]
    assert asker.rig.counts().conserved


async def test_the_same_attributes_as_in_a_token(asker: Asker) -> None:
    answer = await asker.ask(asker.query(attribute_names=()))
    asker.querying(gets_rights=GetsRights.TOKEN)
    token = asker.rig.token(await asker.rig.login())
    assert answer.assertion is not None
    assert tuple(answer.assertion.value.attributes) == tuple(token.attributes)


async def test_only_what_is_asked_for_and_allowed(asker: Asker) -> None:
    answer = await asker.ask(asker.query(attribute_names=(names.CVR, names.CPR_NUMBER)))
    assert answer.assertion is not None
    assert [attribute.name for attribute in answer.assertion.value.attributes] == [names.CVR]


async def test_its_token_holds_no_rights(asker: Asker) -> None:
    token = asker.rig.token(await asker.rig.login())
    assert token.values_of(names.PRIVILEGES_INTERMEDIATE) == ()
    assert token.values_of(names.CVR) == ("91000013",)


async def test_its_login_asks_no_attribute_service_and_the_query_does(asker: Asker) -> None:
    asker.rig.registry.idp_list[0] = registered_idp(asker.rig.idp, home_idp(knows_roles=False), IDP_SSO)
    assert isinstance(await asker.rig.login(), PostTo)
    assert asker.rig.service.asked == []
    answer = await asker.ask()
    assert answer.assertion is not None and rights_in(answer.assertion.value) == [(CASE_WORKER,), (READER,)]
    assert len(asker.rig.service.asked) == 1


async def test_rights_are_current(asker: Asker) -> None:
    (role,) = asker.rig.registry.job_function_roles
    asker.rig.registry.job_function_roles[0] = replace(role, active=ActivationPeriod(end=NOW))
    answer = await asker.ask()
    assert answer.assertion is not None and rights_in(answer.assertion.value) == []


async def test_plain_where_the_system_has_no_encryption_key(asker: Asker) -> None:
    asker.rig.registry.system_list[0] = with_encryption_keys(asker.rig.registry.system_list[0])
    octets = await answer_query(asker.envelope(asker.query()), NOW, asker.rig.ports)
    assert b"EncryptedAssertion" not in octets
    assert asker.read(octets).assertion is not None


# --- refusals: one thing wrong in each


async def refused(asker: Asker, query: AttributeQuery | None = None, **options: Any) -> tuple[str | None, Answer]:
    query = query or asker.query()
    answer = await asker.ask(query, **options)
    assert answer.assertion is None
    (event,) = [each for each in asker.events(query) if each.outcome is EventOutcome.REFUSED]
    return event.code, answer


@pytest.mark.parametrize("barred", ["key.withdrawn", "key.revoked"])
async def test_enc_07_rights_are_not_told_in_clear_where_the_encryption_key_is_barred(
    asker: Asker, barred: str
) -> None:
    rig = asker.rig
    rig.registry.system_list[0] = with_encryption_keys(rig.registry.system_list[0], read_by(rig.system))
    octets = await answer_query(asker.envelope(asker.query()), NOW, rig.ports)
    assert b"EncryptedAssertion" in octets and asker.read(octets).assertion is not None, "the twin: the key counts"
    stolen = read_by(make_member("encryption"), barred=barred)
    rig.registry.system_list[0] = with_encryption_keys(rig.registry.system_list[0], stolen)
    code, answer = await refused(asker)
    assert code == barred
    assert (answer.envelope.status.code, answer.envelope.status.second_code) == (
        STATUS_REQUESTER,
        STATUS_REQUEST_DENIED,
    )


async def test_a_system_registered_to_be_written_to_in_one_way_is_told_nothing_in_clear(asker: Asker) -> None:
    asker.querying(encryption=EncryptionChoice(AES256_GCM, RSA_OAEP_MGF1P, DIGEST_SHA1, MGF1_SHA1))
    assert (await asker.ask()).assertion is not None
    asker.rig.registry.system_list[0] = with_encryption_keys(asker.rig.registry.system_list[0])
    assert (await refused(asker))[0] == "md.key"


async def test_aq_09_nobody_by_that_name(asker: Asker) -> None:
    code, answer = await refused(asker, asker.query(subject=replace(GIVEN, value="nobody")))
    assert code == "aq.unknown-user"
    assert (answer.envelope.status.code, answer.envelope.status.second_code) == (
        STATUS_REQUESTER,
        STATUS_UNKNOWN_PRINCIPAL,
    )


async def test_aq_09_another_systems_name_looks_the_same_from_outside(asker: Asker) -> None:
    foreign = replace(GIVEN, value="foreign", sp_name_qualifier="https://saml.ydelser.sim.test")
    asker.subjects.told[EntityId("https://saml.ydelser.sim.test"), foreign] = asker.subjects.told[SYSTEM, GIVEN]
    code, answer = await refused(asker, asker.query(subject=foreign))
    _, unknown = await refused(asker, asker.query(subject=replace(GIVEN, value="nobody")))
    assert code == "aq.subject"
    assert answer.envelope.status == unknown.envelope.status


async def test_a_session_that_ended_is_nobody(asker: Asker) -> None:
    asker.subjects.told.clear()
    assert (await refused(asker))[0] == "aq.unknown-user"


async def test_aq_08_unsigned(asker: Asker) -> None:
    code, answer = await refused(asker, signed=False)
    assert code == "sig.missing"
    assert answer.envelope.status.code == STATUS_REQUESTER


@pytest.mark.parametrize("stranger", ["stranger", "idp"])
async def test_aq_08_signed_by_somebody_else(asker: Asker, stranger: str) -> None:
    assert (await refused(asker, signer=make_member(stranger)))[0] == "sig.key"


async def test_aq_08_unknown_asker(asker: Asker) -> None:
    code, answer = await refused(asker, asker.query(issuer=EntityId("https://saml.stranger.test")))
    assert code == "aq.denied"
    assert answer.envelope.status.second_code == STATUS_REQUEST_DENIED


async def test_aq_08_a_system_that_gets_its_rights_in_the_token(asker: Asker) -> None:
    asker.querying(gets_rights=GetsRights.TOKEN)
    assert (await refused(asker))[0] == "aq.denied"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"destination": "https://ch.sim.test/elsewhere"}, "proto.destination"),
        ({"destination": ""}, "proto.destination"),
        ({"issue_instant": NOW - timedelta(minutes=11)}, "proto.stale"),
        ({"issue_instant": NOW + timedelta(minutes=6)}, "proto.not-yet-valid"),
        ({"subject": replace(GIVEN, value=" ")}, "proto.subject"),
        ({"subject": replace(GIVEN, format=None)}, "proto.subject"),
        ({"version": "2.1"}, "proto.version"),
    ],
)
async def test_a_query_that_breaks_a_rule(asker: Asker, changes: dict[str, Any], code: str) -> None:
    assert (await refused(asker, asker.query(**changes)))[0] == code


async def test_the_same_query_a_second_time(asker: Asker) -> None:
    query = asker.query()
    assert (await asker.ask(query)).assertion is not None
    assert (await refused(asker, query))[0] == "proto.replay"
    assert (await asker.ask()).assertion is not None, "another query is answered"


async def test_a_stranger_uses_no_id_up(asker: Asker) -> None:
    query = asker.query()
    await refused(asker, query, signer=make_member("stranger"))
    assert (await asker.ask(query)).assertion is not None


@pytest.mark.parametrize("change", [{"enabled": False}, {"active": ActivationPeriod(end=NOW)}])
async def test_a_system_that_is_off(asker: Asker, change: dict[str, Any]) -> None:
    asker.querying(**change)
    assert (await refused(asker))[0] == "fed.disabled"


@pytest.mark.parametrize("change", [{"enabled": False}, {"active": ActivationPeriod(end=NOW)}])
async def test_the_idp_of_the_session_is_off(asker: Asker, change: dict[str, Any]) -> None:
    asker.rig.registry.idp_list[0] = registered_idp(asker.rig.idp, home_idp(**change), IDP_SSO)
    assert (await refused(asker))[0] == "fed.disabled"


@pytest.mark.parametrize("barred", ["key.withdrawn", "key.revoked"])
async def test_the_key_that_vouched_counts_no_longer(asker: Asker, barred: str) -> None:
    idp = asker.rig.registry.idp_list[0]
    asker.rig.registry.idp_list[0] = replace(idp, keys=tuple(replace(key, barred=barred) for key in idp.keys))
    assert (await refused(asker))[0] == "aq.unknown-user"


async def test_the_idp_speaks_another_profile_by_now(asker: Asker) -> None:
    asker.rig.registry.idp_list[0] = registered_idp(asker.rig.idp, home_idp(profile=Profile.OIOSAML2), IDP_SSO)
    assert (await refused(asker))[0] == "aq.unknown-user"


async def test_the_idp_speaks_for_the_organisation_no_longer(asker: Asker) -> None:
    asker.rig.registry.idp_list[0] = registered_idp(asker.rig.idp, home_idp(cvrs=(builders.SKOVRUP,)), IDP_SSO)
    assert (await refused(asker))[0] == "fed.scope"


async def test_the_idp_is_registered_at_a_lower_level_by_now(asker: Asker) -> None:
    idp = home_idp(maximum_level=AssuranceLevel.LOW)
    asker.rig.registry.idp_list[0] = registered_idp(asker.rig.idp, idp, IDP_SSO)
    assert (await refused(asker))[0] == "fed.loa"


async def test_the_system_wants_a_higher_level_by_now(asker: Asker) -> None:
    asker.querying(minimum_level=AssuranceLevel.HIGH)
    assert (await refused(asker))[0] == "fed.loa"


async def test_the_system_takes_no_users_of_that_idp_any_more(asker: Asker) -> None:
    asker.querying(idps=(EntityId("https://saml.idp.other.test"),))
    assert (await refused(asker))[0] == "fed.no-idp"


async def test_no_rights_where_the_system_refuses_such_users(asker: Asker) -> None:
    asker.querying(on_no_roles=OnNoRoles.DENY)
    asker.rig.registry.job_function_roles.clear()
    assert (await refused(asker))[0] == "fed.no-roles"
    assert not isinstance(await asker.rig.login(), RefusedLogin), "its login does not know the rights yet"


async def test_the_municipalitys_service_fails(asker: Asker) -> None:
    asker.rig.registry.idp_list[0] = registered_idp(asker.rig.idp, home_idp(knows_roles=False), IDP_SSO)

    async def broken(_: AttributeQuery, __: bytes) -> bytes:
        raise SamlError("aq.transport", "got nothing, expected an answer")

    asker.rig.service.answer = broken
    code, answer = await refused(asker)
    assert (code, answer.envelope.status.code) == ("aq.transport", STATUS_RESPONDER)
    without = home_idp(knows_roles=False, on_attribute_failure=OnAttributeFailure.WITHOUT_RIGHTS)
    asker.rig.registry.idp_list[0] = registered_idp(asker.rig.idp, without, IDP_SSO)
    allowed = await asker.ask()
    assert allowed.assertion is not None and rights_in(allowed.assertion.value) == []


def changed_while_asked(asker: Asker, changed: RegisteredSystem) -> None:
    """The asker is registered anew while the municipality's service is asked: the next view is another one."""
    rig = asker.rig
    rig.registry.idp_list[0] = registered_idp(rig.idp, home_idp(knows_roles=False), IDP_SSO)
    views = [rig.registry]
    object.__setattr__(rig.ports, "registry", lambda: views[-1])

    async def change_and_answer(query: AttributeQuery, _: bytes) -> bytes:
        views.append(replace(rig.registry, system_list=[changed]))
        return rig.service.say(query)

    rig.service.answer = change_and_answer


async def test_fed_07_the_asker_is_limited_to_other_idps_while_the_service_is_asked(asker: Asker) -> None:
    (system,) = asker.rig.registry.system_list
    limited = replace(system.registration, idps=(EntityId("https://saml.idp.other.test"),))
    changed_while_asked(asker, replace(system, registration=limited))
    assert (await refused(asker))[0] == "fed.no-idp"


async def test_the_askers_new_encryption_key_counts_after_the_service_was_asked(asker: Asker) -> None:
    new = make_member("new")
    changed_while_asked(asker, with_encryption_keys(asker.rig.registry.system_list[0], read_by(new)))
    octets = await answer_query(asker.envelope(asker.query()), NOW, asker.rig.ports)
    asker.rig.system = replace(asker.rig.system, decryption=new.decryption)
    assert asker.read(octets).assertion is not None


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"no XML", "xml.malformed"),
        (b"<!DOCTYPE x><x/>", "xml.dtd"),
        (wrap(b"<x/>"), "xml.root"),
        (write_fault("Client", "no"), "xml.root"),
        (wrap(b"<x/><x/>"), "xml.schema"),
    ],
)
async def test_aq_06_aq_07_what_is_no_query_is_a_fault(asker: Asker, octets: bytes, code: str) -> None:
    with pytest.raises(SamlError) as refusal:
        await answer_query(octets, NOW, asker.rig.ports)
    assert refusal.value.code == code


def test_the_sentences_of_a_name_that_is_not_yours() -> None:
    for key in ("aq.denied:unknown", "aq.subject:another-system", "aq.unknown-user:no-session"):
        assert REFUSALS[key].da and REFUSALS[key].en


def told_with(asker: Asker, restriction: ProxyRestriction) -> None:
    """The session of the user rests on an assertion with this restriction."""
    known = asker.subjects.told[SYSTEM, GIVEN]
    said = builders.with_conditions(proxy_restrictions=(restriction,))
    asker.subjects.told[SYSTEM, GIVEN] = replace(known, assertion=said)


async def test_pro_21_a_session_that_may_be_passed_on_to_others_only(asker: Asker) -> None:
    told_with(asker, ProxyRestriction(None, (EntityId("https://saml.ydelser.sim.test"),)))
    assert (await refused(asker))[0] == "proto.proxy"


async def test_pro_21_what_the_idp_says_of_passing_on_is_passed_on(asker: Asker) -> None:
    told_with(asker, ProxyRestriction(1, (SYSTEM,)))
    answer = await asker.ask()
    assert answer.assertion is not None
    assert answer.assertion.value.proxy_restrictions == (ProxyRestriction(0, (SYSTEM,)),)
