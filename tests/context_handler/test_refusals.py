"""Every way a login is refused: its code, whose it is to mend, whether the system is told, and what is left behind.

Ids such as PRO-08 are those of the attack catalogue that the project follows; each case here has its control twin in test_login.py.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from context_handler.answering import RefusedLogin
from context_handler.asking import PostTo
from context_handler.choosing import show_choice
from context_handler.discovery import NO_WISHES, AskForHomeIdp, Wishes
from context_handler.inbound import browser_id
from federation.activation_period import ActivationPeriod
from federation.model import OnNoRoles
from oiosaml import attributes as names
from oiosaml.errors import Party, SamlError
from oiosaml.ids import EntityId
from oiosaml.messages.assertion import ProxyRestriction
from oiosaml.messages.authn_request import NameIdPolicy, RequestedAuthnContext, Scoping
from oiosaml.name_id import NameId
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.refusals import REFUSALS
from oiosaml.uris import (
    BINDING_SOAP,
    ID_TYPE_PERSON,
    NAMEID_X509_SUBJECT_NAME,
    STATUS_AUTHN_FAILED,
    STATUS_INVALID_NAMEID_POLICY,
    STATUS_NO_AUTHN_CONTEXT,
    STATUS_NO_AVAILABLE_IDP,
    STATUS_NO_PASSIVE,
    STATUS_REQUEST_DENIED,
    STATUS_REQUESTER,
    STATUS_RESPONDER,
)
from oiosaml.validity import Window
from tests import builders
from tests.builders import CH_SP_FACE, IDP, NOW, requested_level
from tests.conftest import make_member
from tests.context_handler.rig import BROWSER, OTHER_IDP, Rig, minutes, registered_system, user_facing_system

pytestmark = pytest.mark.anyio


def refused(outcome: object) -> RefusedLogin:
    assert isinstance(outcome, RefusedLogin), outcome
    assert outcome.error.sentence("da")
    assert outcome.error.sentence("en")
    assert "–" not in outcome.error.sentence("en"), "a placeholder of the sentence was not filled"
    assert 400 <= outcome.error.refusal.http_status < 500
    return outcome


# --- before the system is known to be who it says it is: a page of ours, and nothing is sent


def assert_nothing_sent(rig: Rig, outcome: object, code: str) -> None:
    login = refused(outcome)
    assert login.error.code == code
    assert login.error.party is Party.SYSTEM
    assert login.answer is None
    counts = rig.counts()
    assert (counts.started, counts.refused, counts.pending) == (1, 1, 0)


def test_unknown_system_req_01(rig: Rig) -> None:
    assert_nothing_sent(rig, rig.begin(issuer=EntityId("https://saml.evil.test")), "req.unknown-sp")


def test_unsigned_request_req_02(rig: Rig) -> None:
    query = rig.query_of(rig.request()).split(b"&SigAlg")[0]
    assert_nothing_sent(rig, rig.begin_with(query), "req.signature")


def test_unregistered_acs_req_03(rig: Rig) -> None:
    evil = builders.SYSTEM_ACS + ".evil"
    assert_nothing_sent(rig, rig.begin(assertion_consumer_service_url=evil), "req.acs")


def test_acs_by_url_and_index_req_03(rig: Rig) -> None:
    assert_nothing_sent(rig, rig.begin(assertion_consumer_service_index=0), "req.acs")


def test_unregistered_acs_index_req_03(rig: Rig) -> None:
    changes = {"assertion_consumer_service_url": None, "assertion_consumer_service_index": 99}
    assert_nothing_sent(rig, rig.begin(**changes), "req.acs")


def test_tampered_query_req_05(rig: Rig) -> None:
    query = rig.query_of(rig.request()).replace(b"RelayState=state", b"RelayState=other")
    assert_nothing_sent(rig, rig.begin_with(query), "req.signature")


def test_relay_state_added_req_06(rig: Rig) -> None:
    query = rig.query_of(rig.request(), relay_state=None).replace(b"&SigAlg", b"&RelayState=x&SigAlg")
    assert_nothing_sent(rig, rig.begin_with(query), "req.signature")


def test_parameters_twice_req_07(rig: Rig) -> None:
    assert_nothing_sent(rig, rig.begin_with(rig.query_of(rig.request()) + b"&RelayState=x"), "bind.params")


def test_request_and_response_together_req_08(rig: Rig) -> None:
    assert_nothing_sent(rig, rig.begin_with(rig.query_of(rig.request()) + b"&SAMLResponse=x"), "bind.params")


def test_signed_by_another_system_req_09(rig: Rig) -> None:
    rival = make_member("rival")
    rig.registry.system_list.append(registered_system(rival, entity_id=EntityId("https://saml.rival.test")))
    query = rig.query_of(rig.request(), signer=rival)
    assert_nothing_sent(rig, rig.begin_with(query), "sig.key")


def test_system_switched_off(rig: Rig) -> None:
    system = rig.registry.system_list[0]
    rig.registry.system_list[0] = replace(system, registration=user_facing_system(enabled=False))
    assert_nothing_sent(rig, rig.begin(), "fed.disabled")


def test_system_outside_its_activation_period(rig: Rig) -> None:
    system = rig.registry.system_list[0]
    later = ActivationPeriod(start=NOW + minutes(1))
    rig.registry.system_list[0] = replace(system, registration=user_facing_system(active=later))
    assert_nothing_sent(rig, rig.begin(), "fed.disabled")


# --- the system's own request is at fault: it is told so


@dataclass(frozen=True)
class RequestCase:
    id: str
    code: str
    changes: dict[str, Any]
    second: str = STATUS_REQUEST_DENIED
    top: str = STATUS_REQUESTER
    party: Party = Party.SYSTEM


REQUEST_CASES = (
    RequestCase(
        "destination-req-10", "proto.destination", {"destination": "https://other.test/runtime/saml2/issue.idp"}
    ),
    RequestCase("stale-req-10", "req.stale", {"issue_instant": NOW - minutes(11)}),
    RequestCase("in-the-future", "proto.not-yet-valid", {"issue_instant": NOW + minutes(6)}, STATUS_AUTHN_FAILED),
    RequestCase(
        "forced-and-passive-req-12",
        "req.conflict",
        {"force_authn": True, "is_passive": True},
        "urn:oasis:names:tc:SAML:2.0:status:RequestUnsupported",
    ),
    RequestCase(
        "answer-by-soap",
        "req.binding",
        {"protocol_binding": BINDING_SOAP},
        "urn:oasis:names:tc:SAML:2.0:status:UnsupportedBinding",
    ),
    RequestCase(
        "two-levels",
        "req.authn-context",
        {
            "requested_authn_context": RequestedAuthnContext(
                Comparison.MINIMUM, (AssuranceLevel.LOW.uri, AssuranceLevel.HIGH.uri)
            )
        },
        STATUS_NO_AUTHN_CONTEXT,
    ),
    RequestCase(
        "exactly-low-at-a-substantial-system",
        "req.authn-context",
        {"requested_authn_context": requested_level(AssuranceLevel.LOW, Comparison.EXACT)},
        STATUS_NO_AUTHN_CONTEXT,
    ),
    RequestCase(
        "person-asked-for",
        "req.authn-context",
        {"requested_authn_context": RequestedAuthnContext(Comparison.EXACT, (ID_TYPE_PERSON,))},
        STATUS_NO_AUTHN_CONTEXT,
    ),
    RequestCase(
        "name-id-format",
        "req.name-id-policy",
        {"name_id_policy": NameIdPolicy("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", allow_create=True)},
        STATUS_INVALID_NAMEID_POLICY,
    ),
    RequestCase(
        "proxy-count-zero",
        "req.loop",
        {"scoping": Scoping(proxy_count=0)},
        "urn:oasis:names:tc:SAML:2.0:status:ProxyCountExceeded",
    ),
    RequestCase(
        "ourselves-behind-the-system",
        "req.loop",
        {"scoping": Scoping(requester_ids=(CH_SP_FACE,))},
        "urn:oasis:names:tc:SAML:2.0:status:ProxyCountExceeded",
    ),
    RequestCase(
        "no-idp-of-the-list",
        "fed.no-idp",
        {"scoping": Scoping(idp_list=(EntityId("https://saml.nobody.test"),))},
        STATUS_NO_AVAILABLE_IDP,
        STATUS_RESPONDER,
        Party.CONTEXT_HANDLER,
    ),
    RequestCase(
        "nobody-reaches-high",
        "fed.loa",
        {"requested_authn_context": requested_level(AssuranceLevel.HIGH)},
        STATUS_NO_AUTHN_CONTEXT,
        STATUS_RESPONDER,
        Party.CONTEXT_HANDLER,
    ),
)


@pytest.mark.parametrize("case", REQUEST_CASES, ids=lambda case: case.id)
def test_request_is_refused_and_the_system_told(rig: Rig, case: RequestCase) -> None:
    outcome = refused(rig.begin(**case.changes))
    assert outcome.error.code == case.code
    assert outcome.error.party is case.party
    answer = rig.answer(outcome)
    assert answer.assertion is None
    assert answer.envelope_signer is not None
    assert (answer.envelope.status.code, answer.envelope.status.second_code) == (case.top, case.second)
    counts = rig.counts()
    assert (counts.started, counts.refused, counts.pending) == (1, 1, 0)


def test_request_twice_req_10(rig: Rig) -> None:
    query = rig.query_of(rig.request())
    rig.begin_with(query)
    outcome = refused(rig.begin_with(query))
    assert outcome.error.code == "req.replay"
    assert rig.counts().conserved


def test_passive_request_without_a_decision(rig: Rig) -> None:
    outcome = refused(rig.begin_with(rig.query_of(rig.request(is_passive=True)), wishes=NO_WISHES))
    assert outcome.error.code == "proto.no-passive"
    status = rig.answer(outcome).envelope.status
    # whom to ask is what the broker does not know; nothing is wrong with the request (context-handler section 4)
    assert (status.code, status.second_code) == (STATUS_RESPONDER, STATUS_NO_PASSIVE)
    assert outcome.at_once, "a passive request gets no page"


# --- the answer fails authentication: nothing is used up, the honest answer that follows works (invariant I3)


async def assert_ends_nothing(rig: Rig, question: Any, body: bytes, code: str, **kwargs: Any) -> None:
    outcome = refused(await rig.finish(body, **kwargs))
    assert outcome.error.code == code
    assert outcome.answer is None, "the system must not be told by a message that proves nothing"
    assert rig.counts().pending == 1
    assert isinstance(await rig.finish(rig.honest_answer(question)), PostTo)
    assert rig.counts().conserved


async def test_assertion_by_a_stranger_sig_04(rig: Rig) -> None:
    question = rig.begun()
    body = rig.answer_with(question, rig.assertion_for(question), signer=make_member("stranger"))
    await assert_ends_nothing(rig, question, body, "sig.key")


async def test_assertion_by_another_idp_sig_06(rig: Rig) -> None:
    question = rig.begun()
    body = rig.answer_with(question, rig.assertion_for(question), signer=make_member("other-idp"))
    await assert_ends_nothing(rig, question, body, "sig.key")


async def test_answer_from_an_idp_that_was_not_asked_fed_03(rig: Rig) -> None:
    question = rig.begun()
    body = rig.answer_with(
        question, rig.assertion_for(question, issuer=OTHER_IDP), signer=make_member("other-idp"), issuer=OTHER_IDP
    )
    await assert_ends_nothing(rig, question, body, "fed.wrong-idp")


async def test_unsigned_assertion_enc_05(rig: Rig) -> None:
    from oiosaml.messages.assertion import write_assertion
    from oiosaml.messages.element import serialise

    question = rig.begun()
    body = rig.body_of(question, serialise(write_assertion(rig.assertion_for(question))))
    await assert_ends_nothing(rig, question, body, "sig.missing")


async def test_other_browser_pro_02_pro_05(rig: Rig) -> None:
    question = rig.begun()
    outcome = refused(await rig.finish(rig.honest_answer(question), browser=browser_id("another")))
    assert outcome.error.code == "proto.in-response-to" and outcome.error.detail.endswith(KEEP_COOKIES)
    assert outcome.answer is None
    assert isinstance(await rig.finish(rig.honest_answer(question)), PostTo)


async def test_unsolicited_pro_03(rig: Rig) -> None:
    question = rig.begun()
    body = rig.answer_with(question, rig.assertion_for(question), in_response_to=None)
    outcome = refused(await rig.finish(body))
    assert outcome.error.code == "proto.unsolicited"
    assert rig.counts().conserved


async def test_answer_to_nothing_of_ours_pro_04(rig: Rig) -> None:
    question = rig.begun()
    body = rig.answer_with(question, rig.assertion_for(question), in_response_to=builders.REQUEST_ID)
    assert refused(await rig.finish(body)).error.code == "proto.in-response-to"


async def test_unsigned_refusal_is_hearsay(rig: Rig) -> None:
    question = rig.begun()
    body = rig.refusal_body(question, builders.refusal(STATUS_AUTHN_FAILED), signed=False)
    await assert_ends_nothing(rig, question, body, "proto.status")


async def test_too_late(rig: Rig) -> None:
    question = rig.begun()
    late = NOW + minutes(61)
    outcome = refused(await rig.finish(rig.honest_answer(question), late))
    assert outcome.error.code == "flow.expired"
    counts = rig.counts(late)
    assert (counts.started, counts.expired, counts.pending) == (1, 1, 0)


async def test_idp_switched_off_while_away_fed_07(rig: Rig) -> None:
    question = rig.begun()
    idp = rig.registry.idp_list[0]
    rig.registry.idp_list[0] = replace(idp, registration=replace(idp.registration, enabled=False))
    assert refused(await rig.finish(rig.honest_answer(question))).error.code == "fed.disabled"


# --- the answer is authentic and wrong: it is used up, and the system is told


async def test_replay_pro_01(rig: Rig) -> None:
    question = rig.begun()
    body = rig.honest_answer(question)
    assert isinstance(await rig.finish(body), PostTo)
    again = refused(await rig.finish(body))
    assert again.error.code == "proto.replay"
    assert again.answer is None
    assert rig.counts().completed == 1


async def test_assertion_in_two_answers(rig: Rig) -> None:
    """One assertion accepted for one login is not accepted for another, even if its signer vouches for both."""
    first, second = rig.begun(), rig.begun()
    assertion = rig.assertion_for(first)
    assert isinstance(await rig.finish(rig.answer_with(first, assertion)), PostTo)
    outcome = refused(await rig.finish(rig.answer_with(second, assertion)))
    assert outcome.error.code == "proto.replay"


@dataclass(frozen=True)
class AssertionCase:
    id: str
    code: str
    assertion: dict[str, Any] = field(default_factory=dict)
    envelope: dict[str, Any] = field(default_factory=dict)
    second: str = STATUS_AUTHN_FAILED


def attributes(**values: tuple[str, ...]) -> dict[str, Any]:
    return {"attribute_statements": (builders.attributes(**values),)}


PASSED = builders.conditions(window=Window(NOW - minutes(20), NOW - minutes(6)))
AHEAD = builders.conditions(window=Window(NOW + minutes(6), NOW + minutes(20)))

KEEP_COOKIES = "cookie it was given with our first answer, which a client must keep and send"
OTHER_SUBJECT = NameId(
    "C=DK,O=94000018,CN=Ib Nøhr,Serial=0d6f6c52-1d4e-4c3c-9a77-3c6c2a9b5e04", NAMEID_X509_SUBJECT_NAME
)

ASSERTION_CASES = (
    AssertionCase("audience-pro-08", "proto.audience", {"conditions": builders.conditions(audience_restrictions=((OTHER_IDP,),))}),
    AssertionCase("proxy-count-0-pro-21", "proto.proxy", {"conditions": builders.conditions(proxy_restrictions=(ProxyRestriction(0),))}),
    AssertionCase("expired-pro-09", "proto.expired", {"conditions": PASSED}),
    AssertionCase("not-yet-valid-pro-10", "proto.not-yet-valid", {"conditions": AHEAD}),
    AssertionCase("two-authn-statements-pro-15", "proto.statement", {"authn_statements": (builders.authn_statement(),) * 2}),
    AssertionCase("destination-pro-06", "proto.destination", envelope={"destination": "https://other.test/"}, second=STATUS_REQUEST_DENIED),
    AssertionCase("response-issuer-fed-02", "fed.issuer-mismatch", envelope={"issuer": OTHER_IDP}),
    AssertionCase("assertion-issuer-fed-02", "fed.issuer-mismatch", {"issuer": OTHER_IDP}),
    AssertionCase("another-municipality-fed-01", "fed.scope", attributes(**{names.CVR: ("94000018",)})),
    AssertionCase("too-low-fed-04", "fed.loa", attributes(**{names.LOA: ("Low",)}), second=STATUS_NO_AUTHN_CONTEXT),
    AssertionCase("above-registration-fed-05", "fed.loa", attributes(**{names.LOA: ("High",)})),
    AssertionCase("no-level-fed-06", "fed.loa", attributes(**{names.LOA: ("substantial",)}), second=STATUS_NO_AUTHN_CONTEXT),
    AssertionCase("two-cvrs-fed-10", "fed.attribute", attributes(**{names.CVR: ("91000013", "94000018")})),
    AssertionCase("seven-digits-fed-11", "fed.attribute", attributes(**{names.CVR: ("9100001",)})),
    AssertionCase("privileges-no-base64-prv-01", "priv.encoding", attributes(**{names.PRIVILEGES_INTERMEDIATE: ("%%%",)})),
)  # fmt: skip


@pytest.mark.parametrize("case", ASSERTION_CASES, ids=lambda case: case.id)
async def test_answer_is_refused_used_up_and_the_system_told(rig: Rig, case: AssertionCase) -> None:
    question = rig.begun()
    body = rig.answer_with(question, rig.assertion_for(question, **case.assertion), **case.envelope)
    outcome = refused(await rig.finish(body))
    assert outcome.error.code == case.code
    assert outcome.error.party is Party.HOME_IDP
    answer = rig.answer(outcome)
    assert answer.assertion is None
    assert (answer.envelope.status.code, answer.envelope.status.second_code) == (STATUS_RESPONDER, case.second)
    assert not outcome.at_once, "the person reads why before going back"
    counts = rig.counts()
    assert (counts.started, counts.refused, counts.pending) == (1, 1, 0)
    assert refused(await rig.finish(rig.honest_answer(question))).error.code == "proto.replay"


async def test_subject_of_another_organisation(rig: Rig) -> None:
    question = rig.begun()
    subject = builders.subject(name_id=OTHER_SUBJECT, confirmations=(rig.confirmation_for(question),))
    outcome = refused(await rig.finish(rig.answer_with(question, rig.assertion_for(question, subject=subject))))
    assert outcome.error.code == "fed.scope"


async def test_recipient_pro_07(rig: Rig) -> None:
    question = rig.begun()
    confirmation = replace(rig.confirmation_for(question), recipient=builders.CH_ACS + "x")
    subject = builders.subject(confirmations=(confirmation,))
    outcome = refused(await rig.finish(rig.answer_with(question, rig.assertion_for(question, subject=subject))))
    assert outcome.error.code == "proto.recipient"


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (STATUS_REQUEST_DENIED, "proto.cancelled"),
        (STATUS_NO_PASSIVE, "proto.no-passive"),
        (STATUS_NO_AUTHN_CONTEXT, "fed.loa"),
        (STATUS_AUTHN_FAILED, "proto.status"),
        (None, "proto.status"),
    ],
)
async def test_refusal_of_the_home_idp_is_passed_on(rig: Rig, second: str | None, code: str) -> None:
    question = rig.begun()
    outcome = refused(await rig.finish(rig.refusal_body(question, builders.refusal(second))))
    assert outcome.error.code == code
    status = rig.answer(outcome).envelope.status
    assert (status.code, status.second_code) == (STATUS_RESPONDER, second or STATUS_AUTHN_FAILED)
    assert outcome.at_once is (code in ("proto.cancelled", "proto.no-passive"))
    assert rig.counts().refused == 1


async def test_system_switched_off_while_away_fed_08(rig: Rig) -> None:
    question = rig.begun()
    system = rig.registry.system_list[0]
    rig.registry.system_list[0] = replace(system, registration=user_facing_system(enabled=False))
    outcome = refused(await rig.finish(rig.honest_answer(question)))
    assert outcome.error.code == "fed.disabled"
    assert rig.counts().refused == 1


async def test_user_without_roles_where_the_system_refuses_them(rig: Rig) -> None:
    system = rig.registry.system_list[0]
    rig.registry.system_list[0] = replace(system, registration=user_facing_system(on_no_roles=OnNoRoles.DENY))
    rig.registry.job_function_roles.clear()
    outcome = refused(await rig.login())
    assert outcome.error.code == "fed.no-roles"
    assert outcome.error.params["system"] == "Byggesag"


# --- the page between


def choice(rig: Rig) -> AskForHomeIdp:
    asked = rig.begin_with(rig.query_of(rig.request()), wishes=NO_WISHES)
    assert isinstance(asked, AskForHomeIdp)
    return asked


def test_choice_by_another_browser(rig: Rig) -> None:
    asked = choice(rig)
    outcome = refused(rig.choose(asked.flow, IDP, browser=browser_id("another")))
    assert outcome.error.code == "flow.unknown" and outcome.error.detail.endswith(KEEP_COOKIES)
    with pytest.raises(SamlError, match=rf"^flow\.unknown: got .*, expected .*; .*{KEEP_COOKIES}$"):
        show_choice(asked.flow, browser_id("another"), NOW, rig.ports)


def test_choice_of_what_was_not_offered(rig: Rig) -> None:
    asked = choice(rig)
    outcome = refused(rig.choose(asked.flow, EntityId("https://x.test")))
    assert outcome.error.code == "fed.no-idp"
    assert rig.counts().pending == 1, "the person may choose again"


def test_choice_when_nobody_is_left_ends_the_login(rig: Rig) -> None:
    asked = choice(rig)
    rig.registry.idp_list.clear()
    outcome = refused(rig.choose(asked.flow, IDP))
    assert (outcome.error.code, outcome.answer is not None) == ("fed.no-idp", True)
    assert (rig.counts().refused, rig.counts().pending, rig.counts().conserved) == (1, 0, True)


def test_choice_for_a_system_that_was_switched_off_ends_the_login(rig: Rig) -> None:
    asked = choice(rig)
    rig.registry.system_list.clear()
    assert refused(rig.choose(asked.flow, IDP)).error.code == "req.unknown-sp"
    assert (rig.counts().refused, rig.counts().pending, rig.counts().conserved) == (1, 0, True)
    assert refused(rig.choose(asked.flow, IDP)).error.code == "flow.unknown", "it ends once"


def test_choice_too_late(rig: Rig) -> None:
    asked = choice(rig)
    with pytest.raises(SamlError, match=r"flow\.expired"):
        show_choice(asked.flow, BROWSER, NOW + minutes(60), rig.ports)


def test_hint_and_memory_never_widen(rig: Rig) -> None:
    """A hint or a cookie that names an IdP the system does not take users from decides nothing."""
    system = rig.registry.system_list[0]
    rig.registry.system_list[0] = replace(system, registration=user_facing_system(idps=(IDP,)))
    outcome = rig.begin_with(rig.query_of(rig.request()), wishes=Wishes(hint=OTHER_IDP, remembered=OTHER_IDP))
    assert rig.question_in(outcome).destination == "https://idp.korsbaek.test/sso"  # type: ignore[arg-type]


def test_every_refusal_has_both_sentences_and_a_status() -> None:
    for key, refusal in REFUSALS.items():
        assert refusal.da.endswith("."), key
        assert refusal.en.endswith("."), key
        assert refusal.da != refusal.en, key
        assert 400 <= refusal.http_status <= 503, key
        assert refusal.second_status.startswith("urn:oasis:names:tc:SAML:2.0:status:"), key
