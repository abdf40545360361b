"""The broker between the generations, with peers that say what a test tells them to."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from context_handler.answering import RefusedLogin
from context_handler.asking import PostTo
from federation.model import Profile
from oiosaml import attributes as names
from oiosaml import oiosaml2 as old
from oiosaml.errors import Party
from oiosaml.messages.assertion import Assertion, write_assertion
from oiosaml.messages.authn_request import AuthnRequest, RequestedAuthnContext
from oiosaml.messages.element import serialise
from oiosaml.messages.metadata import KeyDescriptor
from oiosaml.messages.response import write_response
from oiosaml.nist import NistLevel
from oiosaml.nsis import Comparison
from oiosaml.openings import open_response, unseal_response
from oiosaml.privileges import read_privileges
from oiosaml.uris import NAME_FORMAT_BASIC, NAMEID_X509_SUBJECT_NAME, NS_BPP_LEGACY, STATUS_REQUESTER
from oiosaml.xml.sign import sign_enveloped
from tests import builders
from tests.builders_oiosaml2 import old_attributes
from tests.conftest import make_member
from tests.context_handler.rig import CASE_WORKER, READER, Rig, form_body, read_by, with_encryption_keys

pytestmark = pytest.mark.anyio

OLD_IDP = {"profile": Profile.OIOSAML2, "maximum_assurance_level": NistLevel.THREE}
OLD_SYSTEM = {"profile": Profile.OIOSAML2, "minimum_assurance_level": NistLevel.THREE}
NO_LEVEL: dict[str, Any] = {"requested_authn_context": None}
THREE_OR_MORE = {"requested_authn_context": RequestedAuthnContext(Comparison.MINIMUM, (NistLevel.THREE.uri,))}


def register(rig: Rig, *, idp: dict[str, Any] | None = None, system: dict[str, Any] | None = None) -> None:
    first_idp, first_system = rig.registry.idp_list[0], rig.registry.system_list[0]
    rig.registry.idp_list[0] = replace(first_idp, registration=replace(first_idp.registration, **(idp or {})))
    changed = replace(first_system.registration, **({"idps": (builders.IDP,)} | (system or {})))
    face = first_system.metadata
    assert face.sp is not None
    # whatever it asks for by metadata is another test's matter
    face = replace(face, sp=replace(face.sp, name_id_formats=(), requested_attributes=()))
    rig.registry.system_list[0] = replace(first_system, registration=changed, metadata=face)


def without_encryption_key(rig: Rig) -> None:
    rig.registry.system_list[0] = with_encryption_keys(rig.registry.system_list[0])


def said(**values: tuple[str, ...]) -> dict[str, Any]:
    return {"attribute_statements": (old_attributes(**values),)}


def code_of(outcome: object) -> str:
    assert isinstance(outcome, RefusedLogin), outcome
    return outcome.error.code


def value(token: Assertion, name: str) -> str:
    (only,) = token.values_of(name)
    return only


async def test_old_idp_and_old_system(rig: Rig) -> None:
    register(rig, idp=OLD_IDP, system=OLD_SYSTEM)
    token = rig.token(await rig.login(said(), **THREE_OR_MORE))
    assert value(token, old.SPEC_VERSION) == "DK-SAML-2.0"
    assert value(token, names.KOMBIT_SPEC_VERSION) == "1.0"
    assert value(token, names.ASSURANCE_LEVEL) == "3"
    assert {attribute.name_format for attribute in token.attributes} == {NAME_FORMAT_BASIC}
    assert token.authn_statements[0].authn_context_class_ref == NistLevel.THREE.uri
    assert token.subject is not None and token.subject.name_id is not None
    assert token.subject.name_id.format == NAMEID_X509_SUBJECT_NAME
    rights = read_privileges(value(token, old.PRIVILEGES_INTERMEDIATE))
    assert rights.namespace == NS_BPP_LEGACY
    assert [group.privileges for group in rights.groups] == [(CASE_WORKER,), (READER,)]


async def test_new_idp_and_old_system(rig: Rig) -> None:
    register(rig, system=OLD_SYSTEM)
    token = rig.token(await rig.login(**NO_LEVEL))
    assert value(token, names.ASSURANCE_LEVEL) == "3"
    assert not any(attribute.name.startswith(old.OIOSAML3_PREFIX) for attribute in token.attributes)


async def test_fed_24_old_idp_and_new_system(rig: Rig) -> None:
    register(rig, idp=OLD_IDP)
    outcome = rig.begin()
    assert code_of(outcome) == "fed.no-nsis"


async def test_a_nist_level_stands_in_only_where_it_is_registered_and_no_nsis_level_is_named(rig: Rig) -> None:
    register(rig, idp=OLD_IDP, system={"minimum_assurance_level": NistLevel.THREE})
    token = rig.token(await rig.login(said(), **NO_LEVEL))
    assert value(token, names.ASSURANCE_LEVEL) == "3"
    assert token.values_of(names.LOA) == ()
    assert value(token, names.SPEC_VERSION) == "OIO-SAML-3.0"
    assert code_of(rig.begin()) == "fed.no-nsis"  # the request names Substantial


def test_an_old_idp_is_asked_in_its_own_words(rig: Rig) -> None:
    register(rig, idp=OLD_IDP, system=OLD_SYSTEM)
    asked = rig.begun(**NO_LEVEL).requested_authn_context
    assert asked == RequestedAuthnContext(Comparison.MINIMUM, (NistLevel.THREE.uri,))


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({names.LOA: ("High",)}, "fed.profile"),
        ({names.KOMBIT_SPEC_VERSION: ("2.0",)}, "fed.profile"),
        ({names.CVR: (builders.RAVNKAER,)}, "fed.profile"),
        ({old.CVR_NUMBER_IDENTIFIER: (builders.RAVNKAER,)}, "fed.scope"),
        ({names.ASSURANCE_LEVEL: ("4",)}, "fed.loa"),
        ({names.ASSURANCE_LEVEL: ("2",)}, "fed.loa"),
        ({names.ASSURANCE_LEVEL: ("Substantial",)}, "fed.loa"),
    ],
    ids=["FED-21", "FED-22", "FED-23", "FED-01", "FED-05", "FED-04", "FED-06"],
)
async def test_an_old_token_that_says_too_much_is_refused(rig: Rig, values: dict[str, Any], code: str) -> None:
    register(rig, idp=OLD_IDP, system=OLD_SYSTEM)
    assert code_of(await rig.login(said(**values), **NO_LEVEL)) == code


async def test_where_both_levels_contradict_each_other_the_nsis_level_counts(rig: Rig) -> None:
    register(rig, system=OLD_SYSTEM)
    both = builders.attributes(**{names.LOA: ("Low",), names.ASSURANCE_LEVEL: ("3",)})
    assert code_of(await rig.login({"attribute_statements": (both,)}, **NO_LEVEL)) == "fed.loa"


async def test_a_token_in_the_other_profile_is_refused(rig: Rig) -> None:
    register(rig, system=OLD_SYSTEM)
    assert code_of(await rig.login(said(), **NO_LEVEL)) == "fed.profile"


def plain_answer(rig: Rig, question: AuthnRequest, *, signed: bool = True) -> bytes:
    element = write_assertion(rig.assertion_for(question, **said()))
    if signed:
        sign_enveloped(element, rig.idp.signing)
    return form_body(serialise(write_response(builders.response(in_response_to=question.id), element)))


@pytest.mark.parametrize(
    ("optional", "signed", "code"),
    [(True, True, None), (False, True, "enc.structure"), (True, False, "sig.missing")],
    ids=["as-registered", "ENC-07-not-registered", "SIG-01-unsigned"],
)
async def test_an_unencrypted_assertion_is_taken_only_by_registration_and_signed(
    rig: Rig, code: str | None, *, optional: bool, signed: bool
) -> None:
    register(rig, idp=OLD_IDP | {"encryption_optional": optional}, system=OLD_SYSTEM)
    outcome = await rig.finish(plain_answer(rig, rig.begun(**NO_LEVEL), signed=signed))
    if code is None:
        assert value(rig.token(outcome), names.ASSURANCE_LEVEL) == "3"
    else:
        assert code_of(outcome) == code


async def test_an_unencrypted_assertion_of_an_oiosaml_3_idp_is_never_taken(rig: Rig) -> None:
    # registration refuses this; a store that somebody wrote to by hand must not widen anything
    register(rig, idp={"encryption_optional": True})
    question = rig.begun()
    element = write_assertion(rig.assertion_for(question))
    sign_enveloped(element, rig.idp.signing)
    body = form_body(serialise(write_response(builders.response(in_response_to=question.id), element)))
    assert code_of(await rig.finish(body)) == "enc.structure"


async def test_an_old_system_without_a_key_gets_its_token_signed_and_readable(rig: Rig) -> None:
    register(rig, system=OLD_SYSTEM)
    without_encryption_key(rig)
    outcome = await rig.login(**NO_LEVEL)
    assert isinstance(outcome, PostTo)
    body = urlencode(outcome.form.fields).encode()
    answer = unseal_response(open_response(body), (rig.broker.verification,), (), may_be_plain=True)
    assert answer.assertion is not None
    assert value(answer.assertion.value, names.ASSURANCE_LEVEL) == "3"
    (flow,) = rig.record.flows(rig.ports.workspace, limit=10)
    details = {event.step: event.detail for event in rig.record.events_of(rig.ports.workspace, flow.flow)}
    assert details["answer_system"].startswith("not encrypted: ")


@pytest.mark.parametrize("barred", ["key.withdrawn", "key.revoked"])
@pytest.mark.parametrize("profile", [Profile.OIOSAML2, Profile.OIOSAML3])
async def test_enc_07_a_system_whose_encryption_key_is_barred_gets_no_token_in_clear(
    rig: Rig, profile: Profile, barred: str
) -> None:
    """The key is withdrawn because somebody else may read with it; that must not let everybody read."""
    register(rig, system=OLD_SYSTEM | {"profile": profile})
    rig.registry.system_list[0] = with_encryption_keys(rig.registry.system_list[0], read_by(rig.system))
    assert rig.token(await rig.login(**NO_LEVEL)).values_of(names.KOMBIT_SPEC_VERSION), "the twin: the key counts"
    stolen = read_by(make_member("encryption"), barred=barred)
    rig.registry.system_list[0] = with_encryption_keys(rig.registry.system_list[0], stolen)
    outcome = await rig.login(**NO_LEVEL)
    assert isinstance(outcome, RefusedLogin), outcome
    assert (outcome.error.code, outcome.error.party) == (barred, Party.SYSTEM)
    answer = rig.answer(outcome)
    assert answer.assertion is None
    assert answer.envelope.status.code == STATUS_REQUESTER


async def test_the_next_encryption_key_is_written_to_when_the_first_is_barred(rig: Rig) -> None:
    register(rig, system=OLD_SYSTEM)
    stolen = read_by(make_member("encryption"), barred="key.withdrawn")
    system = with_encryption_keys(rig.registry.system_list[0], stolen, read_by(rig.system))
    rig.registry.system_list[0] = system
    assert value(rig.token(await rig.login(**NO_LEVEL)), names.ASSURANCE_LEVEL) == "3"


async def test_enc_07_an_encryption_key_that_cannot_be_read_is_no_leave_to_write_in_clear(rig: Rig) -> None:
    register(rig, system=OLD_SYSTEM)
    unread = KeyDescriptor("encryption", None, problem="got no certificate, expected one")
    rig.registry.system_list[0] = with_encryption_keys(rig.registry.system_list[0], unread)
    assert code_of(await rig.login(**NO_LEVEL)) == "md.key"


async def test_a_session_of_an_old_idp_answers_an_old_system_and_no_new_one(rig: Rig) -> None:
    register(rig, idp=OLD_IDP, system=OLD_SYSTEM)
    rig.keeps_cookies = True
    await rig.login(said(), **NO_LEVEL)
    token = rig.token(rig.begin(**NO_LEVEL))
    assert value(token, names.ASSURANCE_LEVEL) == "3"
    register(rig, system={"profile": Profile.OIOSAML3, "minimum_assurance_level": None})
    assert code_of(rig.begin(**NO_LEVEL)) == "fed.no-nsis"
