"""A login at each demo system: what a foreign stack makes of our tokens, and that everything else is refused under the right code."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from oiosaml.attributes import FULL_NAME, LOA, SPEC_VERSION
from oiosaml.bindings.redirect import read_redirect, verify_redirect
from oiosaml.ids import AssertionId, EntityId, MessageId
from oiosaml.messages.assertion import Conditions, write_assertion
from oiosaml.messages.authn_request import read_authn_request
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.uris import (
    NS_DS,
)
from oiosaml.validity import Window
from sp_demo.system import StackName
from tests.sp_demo.houses import refused, refused_assertion, result_of
from tests.trees import serialise, sign_enveloped, tree


def test_a_good_token_logs_the_person_in(house):
    page = result_of(house, house.logged_in())
    assert page.status_code == 200
    assert "Ane Holm" in page.text
    assert "Substantial" in page.text
    assert "Sagsbehandler – behandler byggesager" in page.text
    assert "02.34.02" in page.text


def test_the_page_speaks_danish(house):
    page = result_of(house, house.logged_in("da"))
    assert "Du er logget ind" in page.text
    assert "Betydelig" in page.text


def test_the_octets_can_be_downloaded(house):
    visitor = house.visitor()
    visitor.begin(house.login)
    octets = house.issuer.answer(visitor.request_id)
    visitor.post(house.acs, octets)
    assert visitor.get(f"{house.system.urls.base_url}/result/response.xml").content == octets
    assert b"Ane Holm" in visitor.get(f"{house.system.urls.base_url}/result/assertion.xml").content
    assert visitor.get(f"{house.system.urls.base_url}/result/other.xml").status_code == 404


def test_the_request_is_what_the_context_handler_reads(house, member):
    visitor = house.visitor()
    response = visitor.get(f"{house.login}?level=High&force=1&passive=0")
    raw = urlsplit(response.headers["location"]).query.encode()
    verified = verify_redirect(read_redirect(raw), [member(house.system.id).verification], read_authn_request)
    request = verified.value
    assert request.issuer == house.system.entity_id
    assert request.assertion_consumer_service_url == house.acs
    assert request.force_authn
    assert not request.is_passive
    assert request.requested_authn_context.comparison is Comparison.MINIMUM
    assert request.requested_authn_context.class_refs == (AssuranceLevel.HIGH.uri,)


def test_a_plain_login_asks_for_the_registered_level(house):
    request = house.visitor().begin(house.login)
    assert b"nsis/loa/Substantial" in serialise(request)


def test_a_chosen_idp_travels_as_the_stack_can(house):
    visitor = house.visitor()
    location = visitor.get(f"{house.login}?idp=https%3A%2F%2Fsaml.idp.korsbaek.test").headers["location"]
    query = parse_qs(urlsplit(location).query)
    if house.system.stack is StackName.PYTHON3_SAML:
        assert query["idp"] == ["https://saml.idp.korsbaek.test"]
    else:
        request = house.visitor().begin(f"{house.login}?idp=https%3A%2F%2Fsaml.idp.korsbaek.test")
        (entry,) = request.iter("{*}IDPEntry")
        assert entry.get("ProviderID") == "https://saml.idp.korsbaek.test"


@pytest.mark.parametrize("query", ["level=high", "force=yes", "binding=soap", "idp=korsbaek", f"idp=a:{'x' * 1100}"])
def test_refuses_a_wish_it_does_not_know(house, query):
    assert house.visitor().get(f"{house.login}?{query}").status_code == 400


def test_refuses_a_changed_assertion(house):
    visitor = house.visitor()
    visitor.begin(house.login)
    element = house.issuer.signed(house.issuer.assertion(visitor.request_id))
    octets = serialise(element).replace(b"Ane Holm", b"Bo Lindg")
    assert refused(house, visitor, house.issuer.wrap(visitor.request_id, house.issuer.sealed(octets))) == "sig.value"


def test_a_forgery_does_not_use_up_the_login(house, stranger):
    visitor = house.visitor()
    visitor.begin(house.login)
    forged = house.issuer.signed(house.issuer.assertion(visitor.request_id), key=stranger)
    octets = house.issuer.wrap(visitor.request_id, house.issuer.sealed(serialise(forged)))
    assert refused(house, visitor, octets) == "sig.value"
    assert visitor.post(house.acs, house.issuer.answer(visitor.request_id)).status_code == 303


def test_refuses_an_unsigned_assertion(house):
    visitor = house.visitor()
    visitor.begin(house.login)
    octets = serialise(write_assertion(house.issuer.assertion(visitor.request_id)))
    assert refused(house, visitor, house.issuer.wrap(visitor.request_id, house.issuer.sealed(octets))) == "sig.missing"


def test_refuses_an_assertion_signed_only_on_the_response(house):
    visitor = house.visitor()
    visitor.begin(house.login)
    octets = serialise(write_assertion(house.issuer.assertion(visitor.request_id)))
    root = etree.fromstring(house.issuer.wrap(visitor.request_id, house.issuer.sealed(octets)))
    sign_enveloped(root, house.issuer.broker.signing)
    assert refused(house, visitor, serialise(root)) == "sig.missing"


def test_refuses_an_unencrypted_assertion(house):
    visitor = house.visitor()
    visitor.begin(house.login)
    plain = house.issuer.signed(house.issuer.assertion(visitor.request_id))
    assert refused(house, visitor, house.issuer.wrap(visitor.request_id, plain)) == "proto.assertion-count"


def test_refuses_a_second_assertion(house):
    visitor = house.visitor()
    visitor.begin(house.login)
    sealed = [
        house.issuer.sealed(serialise(house.issuer.signed(house.issuer.assertion(visitor.request_id))))
        for _ in range(2)
    ]
    assert refused(house, visitor, house.issuer.wrap(visitor.request_id, *sealed)) == "proto.assertion-count"


def test_refuses_ciphertext_for_another(house, stranger):
    visitor = house.visitor()
    visitor.begin(house.login)
    element = house.issuer.signed(house.issuer.assertion(visitor.request_id))
    other = replace(house.issuer, recipient=stranger)
    assert (
        refused(house, visitor, house.issuer.wrap(visitor.request_id, other.sealed(serialise(element)))) == "enc.failed"
    )


def test_refuses_another_audience_fed_13(house):
    window = Window(datetime.now(UTC), datetime.now(UTC) + timedelta(minutes=5))
    other = Conditions(window, ((EntityId("https://saml.arkiv.sim.test"),),))
    assert refused_assertion(house, conditions=other) == "proto.audience"


def test_refuses_no_audience(house):
    window = Window(datetime.now(UTC), datetime.now(UTC) + timedelta(minutes=5))
    assert refused_assertion(house, conditions=Conditions(window, ())) == "proto.audience"


def test_refuses_a_second_audience_restriction_without_us(house):
    window = Window(datetime.now(UTC), datetime.now(UTC) + timedelta(minutes=5))
    both = Conditions(window, ((house.system.entity_id,), (EntityId("https://saml.arkiv.sim.test"),)))
    assert refused_assertion(house, conditions=both) == "proto.audience"


def test_refuses_an_expired_assertion(house):
    past = datetime.now(UTC) - timedelta(minutes=20)
    old = Conditions(Window(past - timedelta(minutes=5), past), ((house.system.entity_id,),))
    assert refused_assertion(house, conditions=old) == "proto.expired"


def test_refuses_an_assertion_that_never_ends(house):
    endless = Conditions(Window(None, None), ((house.system.entity_id,),))
    assert refused_assertion(house, conditions=endless) == "proto.statement"


def test_refuses_an_assertion_of_another_issuer(house):
    assert refused_assertion(house, issuer=EntityId("https://saml.evil.test")) in {"fed.issuer-mismatch", "sig.value"}


def test_refuses_a_level_too_low(house):
    assert refused_assertion(house, attribute_statements=(house.issuer.attributes(**{LOA: ("Low",)}),)) == "fed.loa"


@pytest.mark.parametrize("values", [(), ("substantial",), ("High", "High")])
def test_refuses_no_clear_level(house, values):
    assert refused_assertion(house, attribute_statements=(house.issuer.attributes(**{LOA: values}),)) == "fed.loa"


def test_refuses_another_profile(house):
    changed = house.issuer.attributes(**{SPEC_VERSION: ("DK-SAML-2.0",)})
    assert refused_assertion(house, attribute_statements=(changed,)) == "fed.profile"


def test_refuses_an_attribute_named_twice(house):
    twice = (*house.issuer.attributes(), *house.issuer.attributes()[:1])
    assert refused_assertion(house, attribute_statements=(twice,)) == "fed.attribute"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"recipient": None}, "proto.recipient"),
        ({"recipient": "{acs}.evil.example/"}, "proto.recipient"),
        ({"in_response_to": None}, "proto.in-response-to"),
        ({"window": Window(None, None)}, "proto.confirmation"),
    ],
)
def test_refuses_a_confirmation_that_leaves_a_door_open(house, changes, code):
    visitor = house.visitor()
    visitor.begin(house.login)
    changes = {
        name: value.format(acs=house.acs) if isinstance(value, str) else value for name, value in changes.items()
    }
    subject = house.issuer.subject(visitor.request_id, **changes)
    got = refused(house, visitor, house.issuer.answer(visitor.request_id, subject=subject))
    # A stack that looks itself says it in its own, vaguer way.
    assert got in {code, "proto.confirmation", "xml.schema"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"destination": None}, "proto.destination"),
        ({"destination": "{acs}.evil.example/"}, "proto.destination"),
        ({"issuer": None}, "fed.issuer-mismatch"),
        ({"in_response_to": None}, "proto.unsolicited"),
        ({"in_response_to": MessageId("_0")}, "proto.in-response-to"),
    ],
)
def test_refuses_an_envelope_that_leaves_a_door_open(house, changes, code):
    visitor = house.visitor()
    visitor.begin(house.login)
    changes = {
        name: value.format(acs=house.acs) if isinstance(value, str) else value for name, value in changes.items()
    }
    sealed = house.issuer.sealed(serialise(house.issuer.signed(house.issuer.assertion(visitor.request_id))))
    assert refused(house, visitor, house.issuer.wrap(visitor.request_id, sealed, **changes)) == code


def test_refuses_the_same_answer_again(house):
    visitor = house.visitor()
    visitor.begin(house.login)
    octets = house.issuer.answer(visitor.request_id)
    assert visitor.post(house.acs, octets).status_code == 303
    again = visitor.post(house.acs, octets)
    assert again.status_code == 403
    assert "proto.in-response-to" in again.text


def test_refuses_an_assertion_used_in_another_login(house):
    visitor = house.visitor()
    visitor.begin(house.login)
    assert visitor.post(house.acs, house.issuer.answer(visitor.request_id, id=AssertionId("_used"))).status_code == 303
    visitor.begin(house.login)
    again = visitor.post(house.acs, house.issuer.answer(visitor.request_id, id=AssertionId("_used")))
    assert "proto.replay" in again.text


def test_refuses_an_honest_answer_in_another_browser(house):
    victim, attacker = house.visitor(), house.visitor()
    attacker.begin(house.login)
    victim.begin(house.login)
    stolen = house.issuer.answer(attacker.request_id)
    assert refused(house, victim, stolen, RelayState=attacker.relay_state) == "proto.in-response-to"


def test_a_browser_that_held_its_cookie_back_is_asked_to_post_again(house):
    visitor = house.visitor()
    visitor.begin(house.login)
    octets = house.issuer.answer(visitor.request_id)
    held, visitor.cookies = visitor.cookies, type(visitor.cookies)()
    page = visitor.post(house.acs, octets)
    assert page.status_code == 200
    assert base64.b64encode(octets).decode() in page.text
    visitor.cookies = held
    assert visitor.post(house.acs, octets, nsis_repost="1").status_code == 303


def test_refuses_another_relay_state(house):
    visitor = house.visitor()
    visitor.begin(house.login)
    octets = house.issuer.answer(visitor.request_id)
    assert refused(house, visitor, octets, RelayState="https://evil.example/") == "bind.params"


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"<a", "xml.malformed"),
        (b"<!DOCTYPE a><a/>", "xml.dtd"),
        (b"<a><!-- --></a>", "xml.text"),
        (b"<a/>", "xml.root"),
    ],
)
def test_refuses_what_is_no_response(house, octets, code):
    visitor = house.visitor()
    visitor.begin(house.login)
    assert refused(house, visitor, octets) == code


def test_refuses_an_xslt_transform_before_libxmlsec_sees_it(house):
    visitor = house.visitor()
    visitor.begin(house.login)
    element = tree(house.issuer.signed(house.issuer.assertion(visitor.request_id)))
    next(element.iter(f"{{{NS_DS}}}Transform")).set("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")
    octets = house.issuer.wrap(visitor.request_id, house.issuer.sealed(serialise(element)))
    assert refused(house, visitor, octets) == "sig.structure"


@pytest.mark.parametrize("wrap", ["evil round the signed one", "evil with the signed one in its signature"])
def test_refuses_wrapped_signatures_inside_the_ciphertext(house, wrap):
    """Attacks XSW-04 and XSW-06 inside EncryptedAssertion: the evil assertion is the one a naive reader reads."""
    visitor = house.visitor()
    visitor.begin(house.login)
    honest = tree(house.issuer.signed(house.issuer.assertion(visitor.request_id)))
    evil_attributes = (house.issuer.attributes(**{FULL_NAME: ("Evil",)}),)
    evil = tree(write_assertion(house.issuer.assertion(visitor.request_id, attribute_statements=evil_attributes)))
    if wrap == "evil round the signed one":
        evil.append(honest)
    else:
        signature = honest.find(f"{{{NS_DS}}}Signature")
        evil.insert(1, signature)
        signature.append(honest)
    octets = house.issuer.wrap(visitor.request_id, house.issuer.sealed(serialise(evil)))
    assert refused(house, visitor, octets) in {
        "sig.coverage",
        "sig.missing",
        "sig.structure",
        "xml.schema",
        "proto.assertion-count",
    }


def test_refuses_a_message_that_is_too_large(house):
    visitor = house.visitor()
    visitor.begin(house.login)
    assert refused(house, visitor, b"<a>" + b"a" * 400_000 + b"</a>") == "size"


@pytest.mark.parametrize("encoded", ["PGEvPg", "PGEv*Pg==", "é"])
def test_refuses_what_is_no_base64(house, encoded):
    visitor = house.visitor()
    visitor.begin(house.login)
    assert refused(house, visitor, b"", SAMLResponse=encoded) == "bind.base64"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (
            b"http://www.w3.org/2009/xmlenc11#aes256-gcm",
            b"http://www.w3.org/2001/04/xmlenc#aes256-cbc",
            "enc.algorithm",
        ),
        (b"<xenc:CipherData>", b'<xenc:CipherReference URI="file:///etc/hostname"/><xenc:CipherData>', "enc.structure"),
    ],
)
def test_refuses_dangerous_encryption_before_the_stack_sees_it(house, old, new, code):
    visitor = house.visitor()
    visitor.begin(house.login)
    octets = house.issuer.answer(visitor.request_id)
    assert old in octets
    assert refused(house, visitor, octets.replace(old, new)) == code
