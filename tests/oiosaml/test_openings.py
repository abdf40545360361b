"""Octets on the wire become values somebody vouched for, or are refused with the catalogue's code."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from lxml import etree
from lxml.etree import _Element

from oiosaml.bindings.redirect import write_redirect
from oiosaml.bindings.soap import wrap
from oiosaml.errors import SamlError
from oiosaml.messages.assertion import write_assertion
from oiosaml.messages.attribute_query import write_attribute_query
from oiosaml.messages.authn_request import write_authn_request
from oiosaml.messages.response import Answer, write_encrypted_assertion, write_response
from oiosaml.openings import (
    open_attribute_query,
    open_attribute_response,
    open_authn_request_post,
    open_authn_request_redirect,
    open_response,
    unseal_attribute_response,
    unseal_response,
    vouch_for_attribute_query,
    vouch_for_authn_request,
)
from oiosaml.sealed import relay_state_of
from oiosaml.uris import NS_SAML, NS_SAMLP, STATUS_AUTHN_FAILED
from oiosaml.xml.encryption import OIOSAML_DEFAULT, encrypt
from tests.builders import (
    ANE_HOLM,
    BROKER_REQUEST_ID,
    CH_SSO,
    IDP,
    REQUEST_ID,
    SYSTEM,
    assertion,
    attribute_assertion,
    attribute_query,
    attribute_response,
    authn_request,
    refusal,
    response,
    unknown_principal,
)
from tests.conftest import Member
from tests.trees import serialise, sign_enveloped, tree

Entropy = Callable[[int], bytes]


def form(element: _Element, parameter: str = "SAMLResponse", relay_state: str | None = None) -> bytes:
    fields = {parameter: base64.b64encode(serialise(element)).decode()}
    return urlencode(fields | ({} if relay_state is None else {"RelayState": relay_state})).encode()


def signed(element: _Element, by: Member) -> _Element:
    sign_enveloped(element, by.signing)
    return element


def sealed(element: _Element, to: Member, entropy: Entropy) -> _Element:
    return write_encrypted_assertion(encrypt(serialise(element), to.public_key, OIOSAML_DEFAULT, entropy=entropy))


def unseal(element: _Element, idp: Member, broker: Member) -> Answer:
    return unseal_response(open_response(form(element)), [idp.verification], [broker.decryption])


def refuses(code: str, call: Callable[..., Any], *arguments: Any) -> None:
    with pytest.raises(SamlError) as refused:
        call(*arguments)
    assert refused.value.code == code


def test_redirect_request_is_opened_and_vouched_for(member: Callable[[str], Member]) -> None:
    system = member("system")
    url = write_redirect(CH_SSO, serialise(write_authn_request(authn_request())), relay_state="r", key=system.signing)
    unverified = open_authn_request_redirect(url.partition("?")[2].encode())
    assert (unverified.claimed_issuer, unverified.claimed_id, relay_state_of(unverified)) == (SYSTEM, REQUEST_ID, "r")
    verified = vouch_for_authn_request(unverified, [system.verification])
    assert (verified.value, verified.signer) == (authn_request(), system.verification.fingerprint)


def test_posted_request_is_opened_and_vouched_for(member: Callable[[str], Member]) -> None:
    system = member("system")
    body = form(signed(write_authn_request(authn_request()), system), "SAMLRequest", "r")
    unverified = open_authn_request_post(body)
    assert relay_state_of(unverified) == "r"
    assert vouch_for_authn_request(unverified, [system.verification]).value == authn_request()


def test_req_02_unsigned_request_is_refused_by_either_binding(idp: Member) -> None:
    element = write_authn_request(authn_request())
    query = write_redirect(CH_SSO, serialise(element), relay_state=None, key=None).partition("?")[2].encode()
    refuses("req.signature", vouch_for_authn_request, open_authn_request_redirect(query), [idp.verification])
    refuses(
        "req.signature",
        vouch_for_authn_request,
        open_authn_request_post(form(element, "SAMLRequest")),
        [idp.verification],
    )


def test_req_09_request_signed_by_another_system_is_refused(idp: Member, stranger: Member) -> None:
    body = form(signed(write_authn_request(authn_request()), stranger), "SAMLRequest")
    refuses("sig.key", vouch_for_authn_request, open_authn_request_post(body), [idp.verification])


def test_answer_is_unsealed(idp: Member, broker: Member, entropy: Entropy) -> None:
    element = write_response(response(), sealed(signed(write_assertion(assertion()), idp), broker, entropy))
    unverified = open_response(form(element))
    assert (unverified.claimed_issuer, unverified.claimed_in_response_to) == (IDP, BROKER_REQUEST_ID)
    answer = unseal_response(unverified, [idp.verification], [broker.decryption])
    assert answer.envelope == response()
    assert answer.envelope_signer is None
    assert answer.assertion is not None
    assert answer.assertion.value == assertion()
    assert answer.assertion.signer == idp.verification.fingerprint


def test_signed_envelope_is_verified_too(idp: Member, broker: Member, entropy: Entropy) -> None:
    element = write_response(response(), sealed(signed(write_assertion(assertion()), idp), broker, entropy))
    answer = unseal(signed(element, idp), idp, broker)
    assert answer.envelope_signer == idp.verification.fingerprint
    assert answer.assertion is not None


def test_badly_signed_envelope_is_refused_though_the_assertion_is_good(
    idp: Member, broker: Member, stranger: Member, entropy: Entropy
) -> None:
    element = write_response(response(), sealed(signed(write_assertion(assertion()), idp), broker, entropy))
    refuses("sig.key", unseal, signed(element, stranger), idp, broker)


def test_unsigned_refusal_is_hearsay_and_a_signed_one_is_not(idp: Member, broker: Member) -> None:
    envelope = refusal(STATUS_AUTHN_FAILED, "Afbrudt")
    assert unseal(write_response(envelope), idp, broker) == Answer(envelope, None, None)
    assert unseal(signed(write_response(envelope), idp), idp, broker).envelope_signer == idp.verification.fingerprint


def test_pro_14_refusal_with_an_assertion_is_refused(idp: Member, broker: Member, entropy: Entropy) -> None:
    inside = sealed(signed(write_assertion(assertion()), idp), broker, entropy)
    refuses("proto.status", unseal, write_response(refusal(None), inside), idp, broker)


def test_pro_14_success_without_an_assertion_is_refused(idp: Member, broker: Member) -> None:
    refuses("proto.assertion-count", unseal, write_response(response()), idp, broker)


def test_enc_05_encrypted_but_unsigned_is_refused(idp: Member, broker: Member, entropy: Entropy) -> None:
    element = write_response(response(), sealed(write_assertion(assertion()), broker, entropy))
    refuses("sig.missing", unseal, element, idp, broker)


def test_enc_06_plain_beside_encrypted_is_refused(idp: Member, broker: Member, entropy: Entropy) -> None:
    inside = sealed(signed(write_assertion(assertion()), idp), broker, entropy)
    element = write_response(response(), inside, signed(write_assertion(assertion(id="_other")), idp))
    refuses("proto.assertion-count", unseal, element, idp, broker)


def test_enc_07_plain_assertion_is_refused(idp: Member, broker: Member) -> None:
    refuses("enc.structure", unseal, write_response(response(), signed(write_assertion(assertion()), idp)), idp, broker)


def test_enc_03_assertion_for_somebody_else_is_refused(
    idp: Member, broker: Member, stranger: Member, entropy: Entropy
) -> None:
    element = write_response(response(), sealed(signed(write_assertion(assertion()), idp), stranger, entropy))
    refuses("enc.failed", unseal, element, idp, broker)


def test_sig_06_assertion_by_another_idp_is_refused(
    idp: Member, broker: Member, stranger: Member, entropy: Entropy
) -> None:
    element = write_response(response(), sealed(signed(write_assertion(assertion()), stranger), broker, entropy))
    refuses("sig.key", unseal, element, idp, broker)


def test_xsw_assertion_hidden_in_extensions_is_counted(idp: Member, broker: Member, entropy: Entropy) -> None:
    good = signed(write_assertion(assertion()), idp)
    element = tree(write_response(response(), sealed(good, broker, entropy)))
    extensions = etree.Element(f"{{{NS_SAMLP}}}Extensions")
    extensions.append(tree(good))
    element.insert(1, extensions)
    refuses("proto.assertion-count", unseal, element, idp, broker)


def test_xsw_04_assertion_nested_inside_the_encrypted_one_is_refused(
    idp: Member, broker: Member, entropy: Entropy
) -> None:
    evil = tree(write_assertion(assertion(id="_evil")))
    evil.append(tree(signed(write_assertion(assertion()), idp)))
    refuses("proto.assertion-count", unseal, write_response(response(), sealed(evil, broker, entropy)), idp, broker)


def test_xsw_12_one_id_twice_is_refused(idp: Member, broker: Member) -> None:
    element = write_response(response(), signed(write_assertion(assertion(id=response().id)), idp))
    refuses("xml.schema", unseal, element, idp, broker)


def test_xml_12_other_message_is_refused(idp: Member) -> None:
    refuses("xml.root", open_response, form(write_authn_request(authn_request())))
    refuses("xml.root", open_authn_request_post, form(write_response(response()), "SAMLRequest"))


def test_xml_07_comment_in_the_name_is_refused(idp: Member, broker: Member, entropy: Entropy) -> None:
    octets = serialise(signed(write_assertion(assertion()), idp)).replace(b"CN=Ane ", b"CN=Ane <!---->")
    inside = write_encrypted_assertion(encrypt(octets, broker.public_key, OIOSAML_DEFAULT, entropy=entropy))
    refuses("xml.text", unseal, write_response(response(), inside), idp, broker)


def test_attribute_query_is_opened_and_vouched_for(broker: Member) -> None:
    octets = wrap(serialise(signed(write_attribute_query(attribute_query()), broker)))
    assert vouch_for_attribute_query(open_attribute_query(octets), [broker.verification]).value == attribute_query()
    unsigned = open_attribute_query(wrap(serialise(write_attribute_query(attribute_query()))))
    refuses("sig.missing", vouch_for_attribute_query, unsigned, [broker.verification])


@pytest.mark.parametrize("encrypted", [False, True])
def test_attribute_answer_is_unsealed_encrypted_or_not(
    idp: Member, broker: Member, entropy: Entropy, *, encrypted: bool
) -> None:
    element = signed(write_assertion(attribute_assertion()), idp)
    element = sealed(element, broker, entropy) if encrypted else element
    octets = wrap(serialise(write_response(attribute_response(), element)))
    answer = unseal_attribute_response(open_attribute_response(octets), [idp.verification], [broker.decryption])
    assert answer.assertion is not None
    assert answer.assertion.value == attribute_assertion()


def test_attribute_service_that_knows_nobody_is_an_answer(idp: Member) -> None:
    opened = open_attribute_response(wrap(serialise(write_response(unknown_principal()))))
    assert unseal_attribute_response(opened, [idp.verification], []) == Answer(unknown_principal(), None, None)


def test_nothing_of_an_unverified_message_can_be_read(idp: Member, broker: Member, entropy: Entropy) -> None:
    element = write_response(response(), sealed(signed(write_assertion(assertion()), idp), broker, entropy))
    shown = {name for name in dir(open_response(form(element))) if not name.startswith("_")}
    assert shown == {"claimed_id", "claimed_in_response_to", "claimed_issuer"}
    assert ANE_HOLM.value.encode() not in serialise(element)
    assert NS_SAML.encode() in serialise(element)
