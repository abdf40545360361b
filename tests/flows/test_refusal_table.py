"""The refusals that can be reached at the broker's doors, one by one: status, both sentences, the code in the details, one refused event.

One fault in each message; the first two tests are the twins without a fault.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from oiosaml import attributes as names
from oiosaml.ids import EntityId
from oiosaml.messages.app_switch import AppSwitch, Platform
from oiosaml.messages.assertion import write_assertion
from oiosaml.messages.authn_request import NameIdPolicy, RequestedAuthnContext, Scoping
from oiosaml.messages.element import serialise
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.refusals import REFUSALS
from oiosaml.uris import BINDING_SOAP, NS_DS, NS_SAML
from oiosaml.validity import Window
from oiosaml.xml.encryption import RSA_OAEP_MGF1P_SHA1
from tests import builders
from tests.flows.forging import (
    ACS,
    SSO,
    Question,
    ask,
    client_of,
    form_of,
    posted,
    query,
    raw_query,
    request,
    signed_post,
    xml_of,
)
from tests.flows.street import Street

RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
B64 = quote(base64.b64encode(b"no DEFLATE at all").decode(), safe="")


@dataclass(frozen=True)
class Case:
    """A message and what becomes of it; `key` finds the sentences."""

    name: str
    key: str
    send: Callable[..., httpx.Response]
    params: dict[str, tuple[str, str]] = field(default_factory=dict)


def get(make: Callable[[Street], str]) -> Callable[[Street], httpx.Response]:
    return lambda street: street.get(f"{SSO}?{make(street)}")


def post(make: Callable[[Street], dict[str, str]], path: str = SSO) -> Callable[[Street], httpx.Response]:
    def send(street: Street) -> httpx.Response:
        with client_of(street) as client:
            return client.post(path, data=make(street))

    return send


def octets(change: Callable[[bytes], bytes]) -> Callable[[Street], httpx.Response]:
    """A request whose XML is changed before it is packed and signed."""
    return get(lambda street: raw_query(street, change(xml_of(street))))


def fields(**changes: Any) -> Callable[[Street], httpx.Response]:
    """A request one of whose fields is another."""
    return get(lambda street: query(street, request(street, **changes)))


def timed(**shift: Any) -> Callable[[Street], httpx.Response]:
    return get(lambda street: query(street, request(street, issue_instant=street.clock() + timedelta(**shift))))


def level(comparison: Comparison, *levels: AssuranceLevel) -> RequestedAuthnContext:
    return RequestedAuthnContext(comparison, tuple(each.uri for each in levels))


def drop_signature(element: Any) -> None:
    element.remove(element.find(f"{{{NS_DS}}}Signature"))


def change_text(element: Any) -> None:
    element.find(f"{{{NS_SAML}}}Issuer").text += "/"


def twice(street: Street) -> httpx.Response:
    sent = query(street, request(street))
    assert street.get(f"{SSO}?{sent}").status_code == 303
    return street.get(f"{SSO}?{sent}")


def switched_off(street: Street) -> httpx.Response:
    with street.switched_off("systems", "byggesag"):
        return street.get(f"{SSO}?{query(street, request(street))}")


LOW, SUBSTANTIAL, HIGH = AssuranceLevel.LOW, AssuranceLevel.SUBSTANTIAL, AssuranceLevel.HIGH
NOBODY = Scoping(idp_list=(EntityId("https://saml.idp.nobody.test"),))
RAVNKAER = Scoping(idp_list=(EntityId("https://saml.idp.ravnkaer.test"),))
TRANSIENT = NameIdPolicy("urn:oasis:names:tc:SAML:2.0:nameid-format:transient", allow_create=True)
NAMED = b'</saml:Issuer><saml:Subject xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><saml:NameID>ane</saml:NameID></saml:Subject>'
US = Scoping(requester_ids=(EntityId("https://saml.ch.sim.test"),))
LEVELS = {"required": ("Betydelig", "Substantial"), "actual": ("Lav", "Low")}

REQUESTS = (
    Case("nothing", "bind.params", get(lambda _: "")),
    Case("an unknown field", "bind.params", get(lambda s: query(s, request(s)) + "&SAMLResponse=x")),
    Case("a field twice", "bind.params", get(lambda s: query(s, request(s)) + "&RelayState=x")),
    Case("no base64", "bind.base64", get(lambda _: "SAMLRequest=%23%23")),
    Case("no DEFLATE", "bind.deflate", get(lambda _: f"SAMLRequest={B64}")),
    Case("no form", "bind.params", lambda s: _post_text(s, SSO, "rubbish")),
    Case("no XML", "xml.malformed", octets(lambda _: b"<AuthnRequest")),
    Case("a DOCTYPE", "xml.dtd", octets(lambda o: b"<!DOCTYPE x>" + o)),
    Case("too deep", "xml.limits", octets(lambda _: b"<a>" * 200 + b"</a>" * 200)),
    Case("another root", "xml.root", octets(lambda o: re.sub(rb"AuthnRequest(?=[ >])", b"AttributeQuery", o))),
    Case("an unknown attribute", "xml.schema", octets(lambda o: o.replace(b" ID=", b" Extra='1' ID=", 1))),
    Case(
        "a comment", "xml.text", octets(lambda o: o.replace(b"byggesag.sim.test</", b"bygge<!-- -->sag.sim.test</", 1))
    ),
    Case(
        "a time without Z", "proto.time-format", octets(lambda o: re.sub(rb'(IssueInstant="[^"]+)Z"', rb'\1+00:00"', o))
    ),
    Case("SAML 1.1", "proto.version", octets(lambda o: o.replace(b'Version="2.0"', b'Version="1.1"'))),
    Case(
        "RelayState with a newline", "req.relay-state", get(lambda s: query(s, request(s)).replace("=state", "=a%0Ab"))
    ),
    Case("an unknown system", "req.unknown-sp", fields(issuer=EntityId("https://saml.evil.test"))),
    Case("a system switched off", "fed.disabled", switched_off),
    Case("no signature", "req.signature", get(lambda s: query(s, request(s)).partition("&SigAlg")[0])),
    Case(
        "a signature over something else",
        "req.signature",
        get(lambda s: query(s, request(s)).replace("=state", "=other")),
    ),
    Case("another system's key", "sig.key", get(lambda s: query(s, request(s), signer="ydelser"))),
    Case("SHA-1", "sig.algorithm", get(lambda s: raw_query(s, xml_of(s), algorithm=RSA_SHA1))),
    Case("POST without signature", "req.signature", post(lambda s: signed_post(s, drop_signature))),
    Case("POST changed after signing", "req.unknown-sp", post(lambda s: signed_post(s, change_text))),
    Case(
        "POST with another ForceAuthn",
        "sig.value",
        post(lambda s: signed_post(s, lambda e: e.set("ForceAuthn", "true"))),
    ),
    Case("POST with another ID", "sig.coverage", post(lambda s: signed_post(s, lambda e: e.set("ID", "_" + "e" * 32)))),
    Case("an ACS of its own", "req.acs", fields(assertion_consumer_service_url="https://evil.test/acs")),
    Case("another destination", "proto.destination", fields(destination="https://evil.test/runtime/saml2/issue.idp")),
    Case("from an hour ago", "req.stale", timed(hours=-1)),
    Case("from the future", "proto.not-yet-valid", timed(minutes=20)),
    Case("sent twice", "req.replay", twice),
    Case("better than High", "req.authn-context", fields(requested_authn_context=level(Comparison.BETTER, HIGH))),
    Case("exactly Low", "req.authn-context", fields(requested_authn_context=level(Comparison.EXACT, LOW))),
    Case(
        "an unknown NameID format",
        "req.name-id-policy",
        fields(name_id_policy=NameIdPolicy("urn:x", allow_create=True)),
    ),
    Case("an answer by SOAP", "req.binding", fields(protocol_binding=BINDING_SOAP)),
    Case("another system's NameID format", "req.name-id-policy", fields(name_id_policy=TRANSIENT)),
    Case("somebody in particular", "req.subject", octets(lambda o: o.replace(b"</saml:Issuer>", NAMED, 1))),
    Case("no destination", "proto.destination:missing", fields(destination=None)),
    Case("in a circle", "req.loop", fields(scoping=US)),
    Case("nobody else to be asked", "req.loop:proxy-count", fields(scoping=Scoping(proxy_count=0))),
    Case("an app that is a script", "req.app-switch", fields(app_switch=AppSwitch(Platform.IOS, "javascript:x()"))),
    Case("only unknown IdPs", "fed.no-idp", fields(scoping=NOBODY)),
    Case("only an IdP at Low", "fed.loa:idp-too-low", fields(scoping=RAVNKAER), LEVELS),
    Case("a query of 20 kB", "size", get(lambda _: "SAMLRequest=" + "A" * 20_000)),
    Case("a body of 600 kB", "size", post(lambda _: {"SAMLRequest": "A" * 600_000})),
)


def _post_text(street: Street, path: str, text: str) -> httpx.Response:
    with client_of(street) as client:
        return client.post(path, content=text, headers=FORM)


# --- answers of the home IdP


def changed(**changes: Any) -> Callable[[Question], httpx.Response]:
    return lambda question: question.answer(**changes)


def attribute(name: str, *values: str) -> Callable[[Question], httpx.Response]:
    return changed(attribute_statements=(builders.attributes(**{name: values}),))


def envelope(**changes: Any) -> Callable[[Question], httpx.Response]:
    return lambda q: q.post(q.sealed(q.signed(q.assertion()), **changes))


def confirmed(**changes: Any) -> Callable[[Question], httpx.Response]:
    def send(question: Question) -> httpx.Response:
        honest = question.assertion().subject
        assert honest is not None
        (confirmation,) = honest.confirmations
        return question.answer(subject=replace(honest, confirmations=(replace(confirmation, **changes),)))

    return send


def conditioned(minutes: int = 0, **changes: Any) -> Callable[[Question], httpx.Response]:
    def send(question: Question) -> httpx.Response:
        begins = question.street.clock() + timedelta(minutes=minutes)
        window = Window(begins, begins + timedelta(minutes=10))
        return question.answer(conditions=builders.conditions(**({"window": window} | changes)))

    return send


def by_the_other_idp(question: Question) -> httpx.Response:
    other = question.street.keys.idp("skovrup").signing
    return question.post(question.sealed(question.signed(question.assertion(), key=other)))


def answered_twice(question: Question) -> httpx.Response:
    octets = question.sealed(question.signed(question.assertion()))
    assert question.post(octets).status_code == 200
    return question.post(octets)


def of_skovrup(question: Question) -> httpx.Response:
    skovrup, key = EntityId("https://saml.idp.skovrup.test"), question.street.keys.idp("skovrup").signing
    octets = question.signed(question.assertion(issuer=skovrup), key=key)
    return question.post(question.sealed(octets, issuer=skovrup))


ABOVE = {"actual": ("Høj", "High"), "registered": ("Betydelig", "Substantial")}
ANSWERS = (
    Case("an empty form", "bind.params", lambda q: q.post_body("")),
    Case("no base64 in an answer", "bind.base64", lambda q: q.post_body(form_of(SAMLResponse="###"))),
    Case("no XML in an answer", "xml.malformed", lambda q: q.post(b"<Response")),
    Case("an AuthnRequest as answer", "xml.root", lambda q: q.post(xml_of(q.street))),
    Case("an unsolicited answer", "proto.unsolicited", envelope(in_response_to=None)),
    Case("an answer to nobody", "proto.in-response-to", envelope(in_response_to="_" + "0" * 32)),
    Case("an assertion in plain", "enc.structure", lambda q: q.post(q.plain(q.assertion()))),
    Case("rubbish, encrypted", "xml.malformed", lambda q: q.post(q.sealed(b"rubbish"))),
    Case("an assertion without signature", "sig.missing", lambda q: q.post(q.sealed(_unsigned(q)))),
    Case("the other IdP's key", "sig.key", by_the_other_idp),
    Case("the other IdP's name and key", "fed.wrong-idp", of_skovrup),
    Case("used twice", "proto.replay", answered_twice),
    Case("addressed elsewhere", "proto.destination", envelope(destination="https://evil.test/acs")),
    Case("for another recipient", "proto.recipient", confirmed(recipient="https://evil.test/acs")),
    Case("for another audience", "proto.audience", conditioned(audience_restrictions=(("https://saml.evil.test",),))),
    Case("no longer valid", "proto.expired", conditioned(-30)),
    Case("not yet valid", "proto.not-yet-valid", conditioned(30)),
    Case(
        "another municipality's user", "fed.scope", attribute(names.CVR, "94000018"), {"cvr": ("94000018", "94000018")}
    ),
    Case("level Low", "fed.loa", attribute(names.LOA, "Low"), LEVELS),
    Case("level High", "fed.loa:above-registration", attribute(names.LOA, "High"), ABOVE),
    Case("level Enormous", "fed.loa:not-a-level", attribute(names.LOA, "Enormous")),
    Case("rights that are no base64", "priv.encoding", attribute(names.PRIVILEGES_INTERMEDIATE, "###")),
    Case("rights that are no XML", "priv.xml", attribute(names.PRIVILEGES_INTERMEDIATE, "PGE+")),
)


def _unsigned(question: Question) -> bytes:
    return serialise(write_assertion(question.assertion()))


def code_in(answer: httpx.Response) -> str | None:
    found = re.search(r"<dt>Kode</dt><dd>([^<]+)</dd>", answer.text)
    return found and found[1]


def detail_in(answer: httpx.Response) -> list[str]:
    return re.findall(r"<dd[^>]*>([^<]+)</dd>", answer.text)


def assert_refused(street: Street, case: Case, answer: httpx.Response) -> None:
    refusal = REFUSALS[case.key]
    assert (answer.status_code, code_in(answer)) == (refusal.http_status, refusal.code), detail_in(answer)
    for at, sentence in enumerate((refusal.da, refusal.en)):
        filled = sentence.format_map({name: words[at] for name, words in case.params.items()})
        if at == 0 or 'id="en"' in answer.text:
            assert f">{filled}</p>" in answer.text.replace("&#39;", "'")
    reference = re.search(r'class="sim-reference">([^<]+)<', answer.text)
    assert reference
    refused = [event["code"] for event in street.events(reference[1]) if event["outcome"] == "refused"]
    assert refused == [refusal.code]


def test_a_request_without_fault_is_passed_on(street):
    assert street.get(f"{SSO}?{query(street, request(street))}").status_code == 303
    with client_of(street) as client:
        assert client.post(SSO, data=signed_post(street, lambda _: None)).status_code == 303
    assert street.get(f"{SSO}?{raw_query(street, xml_of(street))}").status_code == 303


def test_an_answer_without_fault_is_passed_on(street):
    with client_of(street) as client:
        answer = ask(street, client).answer()
        assert (answer.status_code, "SAMLResponse" in answer.text) == (200, True)


@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: case.name)
def test_a_request_is_refused(street, case):
    before = street.audit()
    assert_refused(street, case, case.send(street))
    after = street.audit()
    assert (after["refused"] - before["refused"], after["conserved"]) == (1, True)


@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: case.name)
def test_an_answer_is_refused(street, case):
    with client_of(street) as client:
        assert_refused(street, case, case.send(ask(street, client)))
    assert street.audit()["conserved"]


def test_an_answer_with_sha1_key_transport_is_read_since_the_profile_demands_it(street):
    """RSA-OAEP with SHA-1 inside is what older products send; it is no weakness there and stays accepted."""
    with client_of(street) as client:
        question = ask(street, client)
        octets = question.sealed(question.signed(question.assertion()), method=RSA_OAEP_MGF1P_SHA1)
        assert question.post(octets).status_code == 200


def test_a_failed_forgery_leaves_the_honest_answer_good(street):
    with client_of(street) as client:
        question = ask(street, client)
        assert by_the_other_idp(question).status_code == 403
        assert question.answer().status_code == 200


def test_a_body_that_is_no_form_and_has_no_cookie_is_no_failure(street):
    answer = _post_text(street, ACS, "rubbish")
    assert (answer.status_code, "bind.params" in answer.text) == (400, True)
    assert posted(b"x") == {"SAMLRequest": "eA=="}
