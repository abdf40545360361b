"""NemLog-in's own doors: what it refuses of its clients and in which words, attribute queries, and what the broker passes on to it.

One fault in each message; nothing is ever sent to a client that was not vouched for.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from federation.model import World
from federation.nemlogin import NemLogInClient
from federation.nemlogin_parties import context_handler_as_client
from federation.signed_metadata import public_key
from nemlogin_mock.clients import Clients
from nsis_sim.browser import Page, _read_page
from oiosaml.attributes import CPR_NUMBER, CVR, FULL_NAME, PRIVILEGES_INTERMEDIATE
from oiosaml.bindings.redirect import read_redirect, write_redirect
from oiosaml.bindings.soap import wrap
from oiosaml.errors import REFUSALS, SamlError
from oiosaml.ids import EntityId, MessageId
from oiosaml.messages.app_switch import AppSwitch, Platform
from oiosaml.messages.attribute_query import AttributeQuery, write_attribute_query
from oiosaml.messages.authn_request import (
    AuthnRequest,
    NameIdPolicy,
    RequestedAuthnContext,
    Scoping,
    read_authn_request,
    write_authn_request,
)
from oiosaml.messages.element import serialise
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.messages.response import Answer
from oiosaml.name_id import NameId
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.openings import (
    open_attribute_response,
    open_response,
    unseal_attribute_response,
    unseal_response,
)
from oiosaml.uris import (
    BINDING_SOAP,
    ID_TYPE_PERSON,
    ID_TYPE_PROFESSIONAL,
    NAMEID_TRANSIENT,
    STATUS_PROXY_COUNT_EXCEEDED,
    STATUS_REQUEST_DENIED,
    STATUS_UNKNOWN_PRINCIPAL,
)
from oiosaml.xml.parse import parse_message
from oiosaml.xml.sign import sign_enveloped
from saml_web.ids import SystemIds
from tests.flows import forging
from tests.flows.street import Street, heading, press, start, text_of
from tests.flows.test_local_idp import CONTEXT_HANDLER, KORSBAEK_LOCAL, LOCAL_FACE, NEMLOGIN, SERVICE

IDS = SystemIds()
SUBSTANTIAL = AssuranceLevel.SUBSTANTIAL
MITID = "https://nemlogin.dk/internal/credential/type/mitid"
TEST = "https://nemlogin.dk/internal/credential/type/test"


def ask(street: Street, **changes: Any) -> AuthnRequest:
    """Selvbetjening asks NemLog-in for somebody at Substantial."""
    valid = AuthnRequest(
        id=IDS.message_id(),
        issue_instant=street.clock(),
        issuer=EntityId(SERVICE),
        destination=street.topology.nemlogin.sso_url,
        assertion_consumer_service_url=street.topology.system("selvbetjening").acs_url,
        requested_authn_context=RequestedAuthnContext(Comparison.MINIMUM, (SUBSTANTIAL.uri,)),
    )
    return replace(valid, **changes)


def url_of(street: Street, request: AuthnRequest, *, signer: str = "selvbetjening") -> str:
    octets = serialise(write_authn_request(request))
    key = street.keys.system(signer).signing
    return write_redirect(street.topology.nemlogin.sso_url, octets, relay_state="state", key=key)


def classes(*uris: str) -> RequestedAuthnContext:
    return RequestedAuthnContext(Comparison.MINIMUM, uris)


@dataclass(frozen=True)
class Case:
    name: str
    key: str
    changes: Callable[[Street], dict[str, Any]]
    signer: str = "selvbetjening"
    cut: str | None = None
    more: str = ""
    params: dict[str, str] = field(default_factory=dict)


def fixed(**changes: Any) -> Callable[[Street], dict[str, Any]]:
    return lambda _: changes


CASES = (
    Case("a-stranger-req-01", "req.unknown-sp:nemlogin", fixed(issuer=EntityId("https://saml.evil.test"))),
    Case("unsigned-req-02", "req.signature:nemlogin", fixed(), cut="&SigAlg"),
    Case("signed-by-another-req-09", "req.signature:nemlogin", fixed(), signer="byggesag"),
    Case("another-acs-req-03", "req.acs:nemlogin", fixed(assertion_consumer_service_url="https://evil.test/acs")),
    Case("another-destination-req-10", "proto.destination", fixed(destination="https://evil.test/sso")),
    Case("an-hour-old-req-10", "req.stale:nemlogin", lambda s: {"issue_instant": s.clock() - timedelta(hours=1)}),
    Case("forced-and-passive-req-12", "req.conflict:nemlogin", fixed(force_authn=True, is_passive=True)),
    Case(
        "two ID types",
        "req.authn-context:nemlogin",
        fixed(requested_authn_context=classes(ID_TYPE_PERSON, ID_TYPE_PROFESSIONAL)),
    ),
    Case(
        "another NameID", "req.name-id-policy:nemlogin", fixed(name_id_policy=NameIdPolicy("urn:x", allow_create=True))
    ),
    Case("an answer by SOAP", "req.binding:nemlogin", fixed(protocol_binding=BINDING_SOAP)),
    Case("ourselves in the chain", "req.loop", fixed(scoping=Scoping(requester_ids=(EntityId(NEMLOGIN),)))),
    Case("our other face in the chain", "req.loop", fixed(scoping=Scoping(requester_ids=(EntityId(LOCAL_FACE),)))),
    Case("a script to switch to", "req.app-switch", fixed(app_switch=AppSwitch(Platform.IOS, "javascript:x()"))),
    Case(
        "an unknown identity",
        "web.form:unknown-identity",
        fixed(),
        more="&persona=nobody",
        params={"person": "nobody"},
    ),
    Case("an unknown test case", "web.form", fixed(), more="&persona=gry-soe&scenario=IT-NOTHING-1"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_client_is_refused_in_nemlogins_own_words(street: Street, case: Case) -> None:
    url = url_of(street, ask(street, **case.changes(street)), signer=case.signer)
    url = (url.partition(case.cut)[0] if case.cut else url) + case.more
    refusal = REFUSALS[case.key]
    for language in ("da", "en"):
        page = street.get(url, headers={"Accept-Language": language})
        assert page.status_code == refusal.http_status
        sentence = (refusal.da if language == "da" else refusal.en).format_map(case.params)
        assert sentence in page.text.replace("&#39;", "'")
        assert refusal.code in page.text
        assert "SAMLResponse" not in page.text


def test_the_honest_twin_gets_the_login_page(street: Street) -> None:
    assert "gry-soe" in street.get(url_of(street, ask(street))).text


def test_nemlogin_takes_no_request_by_post(street: Street) -> None:
    assert street.post("/nemlogin/sso", data={"SAMLRequest": "x"}).status_code == 405


def test_a_passive_request_is_answered_with_a_signed_refusal(street: Street) -> None:
    answer = answer_in(street, street.get(url_of(street, ask(street, is_passive=True))))
    assert answer.envelope.status.second_code == "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
    assert answer.envelope_signer is not None


def answer_in(street: Street, page: httpx.Response | Page) -> Answer:
    """What NemLog-in is about to send to Selvbetjening, verified and opened."""
    form = (page if isinstance(page, Page) else _read_page(page)).forms[0]
    body = urlencode(form.fields).encode()
    keys = street.keys
    return unseal_response(
        open_response(body), (public_key(keys.nemlogin),), (keys.system("selvbetjening").decryption,)
    )


def test_proxy_count_0_closes_the_way_to_local_idps_and_no_other(street: Street) -> None:
    url = url_of(street, ask(street, scoping=Scoping(proxy_count=0)))
    with street.browser() as browser:
        browser.hold = "SAMLResponse"
        page = browser.visit(url)
        assert "ProxyCount 0" in text_of(page)
        answer = answer_in(street, press(browser, page, "local", KORSBAEK_LOCAL))
        assert answer.envelope.status.second_code == STATUS_PROXY_COUNT_EXCEEDED
        assert answer_in(street, press(browser, page, "persona", "gry-soe")).envelope.status.is_success


def test_proxy_count_goes_down_on_the_way(street: Street) -> None:
    with street.browser() as browser:
        page = browser.visit(url_of(street, ask(street, scoping=Scoping(proxy_count=1))))
        login = press(browser, page, "local", KORSBAEK_LOCAL)
        # the last in the chain may still log somebody in
        assert login.url.startswith(street.topology.idp("korsbaek-lokal").sso_url)
        browser.hold = "SAMLResponse"
        again = browser.visit(url_of(street, ask(street, scoping=Scoping(proxy_count=1))))
        refused = press(browser, again, "local", CONTEXT_HANDLER)
        assert "Kodereq.loop" in text_of(refused), "the broker would have to ask a second one"


def test_a_local_idp_that_is_not_connected(street: Street) -> None:
    with street.browser() as browser:
        page = browser.visit(url_of(street, ask(street)))
        form = next(form for form in page.forms if ("local", KORSBAEK_LOCAL) in form.buttons)
        refused = browser.submit(form, press=("local", "https://saml.evil.test"))
        assert (refused.status, REFUSALS["fed.no-idp:nemlogin"].da in text_of(refused)) == (403, True)


def test_a_transient_name_is_new_at_every_login(street: Street) -> None:
    policy = NameIdPolicy(NAMEID_TRANSIENT, allow_create=True)
    names = set()
    for _ in range(2):
        url = url_of(street, ask(street, name_id_policy=policy)) + "&persona=gry-soe"
        assertion = answer_in(street, street.get(url)).assertion
        assert assertion is not None
        assert assertion.value.subject is not None
        assert assertion.value.subject.name_id is not None
        assert assertion.value.subject.name_id.format == NAMEID_TRANSIENT
        names.add(assertion.value.subject.name_id.value)
    assert len(names) == 2


def test_the_means_of_identification_is_named_to_a_client_that_asks_for_one(street: Street) -> None:
    url = (
        url_of(street, ask(street, requested_authn_context=classes(SUBSTANTIAL.uri, MITID))) + "&persona=asta-lavgaard"
    )
    assertion = answer_in(street, street.get(url)).assertion
    assert assertion is not None
    assert assertion.value.authn_statements[0].authn_context_class_ref == TEST


# --- attribute queries


def logged_in(street: Street, persona: str) -> NameId:
    assertion = answer_in(street, street.get(url_of(street, ask(street)) + f"&persona={persona}")).assertion
    assert assertion is not None
    assert assertion.value.subject is not None
    assert assertion.value.subject.name_id is not None
    return assertion.value.subject.name_id


def query(street: Street, subject: NameId, *names: str, **changes: Any) -> bytes:
    valid = AttributeQuery(
        id=MessageId(IDS.message_id()),
        issue_instant=street.clock(),
        issuer=EntityId(SERVICE),
        destination=street.topology.nemlogin.attribute_query_url,
        subject=subject,
        attribute_names=names,
    )
    signer = changes.pop("signer", street.keys.system("selvbetjening"))
    element = write_attribute_query(replace(valid, **changes))
    if signer is not None:
        sign_enveloped(element, signer.signing)
    return wrap(serialise(element))


def told(street: Street, envelope: bytes, asker: Any = None) -> Answer:
    answer = street.post("/nemlogin/attributequery", content=envelope, headers={"Content-Type": "text/xml"})
    assert answer.status_code == 200
    own = asker or street.keys.system("selvbetjening")
    return unseal_attribute_response(
        open_attribute_response(answer.content), (public_key(street.keys.nemlogin),), (own.decryption,)
    )


def test_a_client_asks_and_is_told_what_it_is_registered_for_aq_10(street: Street) -> None:
    subject = logged_in(street, "sif-oernhoej")
    answer = told(street, query(street, subject, CVR, FULL_NAME, CPR_NUMBER))
    assert answer.assertion is not None
    assert answer.envelope_signer is not None
    said = answer.assertion.value
    assert said.subject is not None
    assert said.subject.name_id == subject
    assert said.authn_statements == ()
    # the CPR number is asked for here, but not in its metadata (attack AQ-10)
    assert {each.name: each.values for each in said.attributes} == {CVR: ("97100015",), FULL_NAME: ("Sif Ørnhøj",)}


def test_nobody_in_particular_asked_for_means_all_that_the_client_may_know(street: Street) -> None:
    answer = told(street, query(street, logged_in(street, "sif-oernhoej")))
    assert answer.assertion is not None
    names = {each.name for each in answer.assertion.value.attributes}
    assert FULL_NAME in names
    assert CPR_NUMBER not in names
    assert PRIVILEGES_INTERMEDIATE not in names


@pytest.mark.parametrize("subject", [NameId("https://data.gov.dk/model/core/eid/person/uuid/x"), None])
def test_who_is_not_logged_in_at_the_client_is_unknown_aq_09(street: Street, subject: NameId | None) -> None:
    if subject is None:  # logged in, but at the Context Handler, which knows them by another name
        with street.browser() as browser:
            press(browser, browser.visit(start(street, "byggesag", "nemlogin")), "persona", "tage-vindelev")
        subject = NameId("https://data.gov.dk/model/core/eid/professional/uuid/2e608ca4-7b3d-4f91-8c25-81d3e5f70902")
    answer = told(street, query(street, subject, CVR))
    assert answer.envelope.status.second_code == STATUS_UNKNOWN_PRINCIPAL
    assert answer.assertion is None


def test_another_clients_login_is_not_told_aq_08(street: Street) -> None:
    """Attack AQ-08: the Context Handler asks with Selvbetjening's name for the person."""
    subject = logged_in(street, "sif-oernhoej")
    keys = street.keys.context_handler
    envelope = query(street, subject, CVR, issuer=EntityId("https://saml.ch.sim.test/runtime"), signer=keys)
    assert told(street, envelope, keys).envelope.status.second_code == STATUS_UNKNOWN_PRINCIPAL


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signer": None}, "aq.denied"),
        ({"issuer": EntityId("https://saml.evil.test")}, "aq.denied"),
        ({"destination": "https://evil.test"}, "proto.destination"),
    ],
    ids=["unsigned-aq-08", "a-stranger-aq-08", "misaddressed"],
)
def test_a_query_that_is_wrong_is_answered_with_a_signed_refusal(
    street: Street, changes: dict[str, Any], code: str
) -> None:
    answer = told(street, query(street, logged_in(street, "gry-soe"), CVR, **changes))
    assert answer.envelope.status.second_code == STATUS_REQUEST_DENIED
    assert (answer.envelope.status.message or "").startswith(
        f"{code}: {REFUSALS[code + ':nemlogin' if code == 'aq.denied' else code].en}"
    )
    assert answer.assertion is None


def test_what_is_no_soap_is_a_fault(street: Street) -> None:
    answer = street.post("/nemlogin/attributequery", content=b"<x/>", headers={"Content-Type": "text/xml"})
    assert answer.status_code == 400
    assert "Fault" in answer.text


# --- terms of connection


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'contactType="technical"', b'contactType="administrative"'),
        (b'AuthnRequestsSigned="true"', b'AuthnRequestsSigned="false"'),
        (b"nameid-format:persistent", b"nameid-format:transient"),
        (b"https://saml.ch.sim.test/runtime", b"https://saml.ch.sim.test/another"),
    ],
)
def test_a_client_that_breaks_the_terms_is_not_served(street: Street, old: bytes, new: bytes) -> None:
    client: NemLogInClient = context_handler_as_client(street.world, street.topology, street.keys)
    assert Clients((client,)).connected(client.entity_id, at=street.clock()).face.entity_id == client.entity_id
    broken = replace(client, metadata=client.metadata.replace(old, new))
    with pytest.raises(SamlError) as refused:
        Clients((broken,)).connected(client.entity_id, at=street.clock())
    assert refused.value.refusal.key == "md.rule:nemlogin"


def test_a_private_service_is_told_neither_rights_nor_cpr_number(street: Street) -> None:
    world: World = street.world
    assert world.nemlogin is not None
    client = replace(context_handler_as_client(world, street.topology, street.keys), private=True)
    wished = client.metadata.replace(b"model/core/eid/email", b"model/core/eid/cprNumber")
    private = Clients((replace(client, metadata=wished),)).connected(client.entity_id, at=street.clock())
    public = Clients((replace(client, metadata=wished, private=False),)).connected(client.entity_id, at=street.clock())
    assert CPR_NUMBER in public.attribute_names
    assert CPR_NUMBER not in private.attribute_names
    assert read_metadata(wished).entity is not None


# --- what the broker passes on


def question_of_broker(street: Street, idp: str, **changes: Any) -> AuthnRequest:
    """What the broker asks an IdP when Byggesag's request is changed."""
    message = forging.request(street, scoping=Scoping(idp_list=(EntityId(idp),)), **changes)
    answer = street.get(f"{forging.SSO}?{forging.query(street, message)}", follow_redirects=False)
    assert answer.status_code == 303, answer.text
    octets = read_redirect(urlsplit(answer.headers["location"]).query.encode(), "SAMLRequest").octets
    return read_authn_request(parse_message(octets))


APP = AppSwitch(Platform.ANDROID, "https://app.byggesag.sim.test/return")


def test_app_switch_is_forwarded_to_nemlogin_and_not_to_others(street: Street) -> None:
    assert question_of_broker(street, NEMLOGIN, app_switch=APP).app_switch == APP
    assert question_of_broker(street, "https://saml.idp.korsbaek.test", app_switch=APP).app_switch is None


def test_credential_types_are_forwarded_to_nemlogin_and_not_to_others(street: Street) -> None:
    context = classes(SUBSTANTIAL.uri, MITID)
    at_nemlogin = question_of_broker(street, NEMLOGIN, requested_authn_context=context).requested_authn_context
    assert at_nemlogin is not None
    assert at_nemlogin.class_refs == (SUBSTANTIAL.uri, ID_TYPE_PROFESSIONAL, MITID)
    korsbaek = question_of_broker(street, "https://saml.idp.korsbaek.test", requested_authn_context=context)
    assert korsbaek.requested_authn_context is not None
    assert korsbaek.requested_authn_context.class_refs == (SUBSTANTIAL.uri,)


def test_nemlogins_page_shows_the_app_and_the_means_asked_for(street: Street) -> None:
    message = forging.request(
        street,
        scoping=Scoping(idp_list=(EntityId(NEMLOGIN),)),
        app_switch=APP,
        requested_authn_context=classes(SUBSTANTIAL.uri, MITID),
    )
    with street.browser() as browser:
        page = browser.visit(f"{forging.BASE_URL}{forging.SSO}?{forging.query(street, message)}")
        shown = text_of(page)
        assert heading(page) == "Log ind med NemLog-in"
        assert "Android" in shown
        assert "https://app.byggesag.sim.test/return" in shown
        assert "Ikke det identifikationsmiddel, der bedes om." in shown


def test_another_credential_than_the_one_demanded_is_refused(street: Street) -> None:
    message = forging.request(
        street,
        scoping=Scoping(idp_list=(EntityId(NEMLOGIN),)),
        requested_authn_context=classes(SUBSTANTIAL.uri, TEST),
    )
    with street.browser() as browser:
        browser.hold = "SAMLResponse"
        page = browser.visit(f"{forging.BASE_URL}{forging.SSO}?{forging.query(street, message)}")
        refused = browser.submit(press(browser, page, "persona", "sif-oernhoej").forms[0])
        assert REFUSALS["fed.profile:credential-type"].da in text_of(refused)


@pytest.mark.parametrize("face", ["https://saml.ch.sim.test", "https://saml.ch.sim.test/runtime"])
def test_the_broker_refuses_a_chain_that_names_either_of_its_faces(street: Street, face: str) -> None:
    message = forging.request(street, scoping=Scoping(requester_ids=(EntityId(face),)))
    answer = street.get(f"{forging.SSO}?{forging.query(street, message)}")
    assert answer.status_code == REFUSALS["req.loop"].http_status
    assert "req.loop" in answer.text
