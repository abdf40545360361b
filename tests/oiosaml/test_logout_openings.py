"""Logout messages by every binding: opened, vouched for, or refused with the catalogue's code."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from lxml.etree import _Element

from oiosaml.bindings.redirect import write_redirect
from oiosaml.bindings.soap import wrap
from oiosaml.errors import SamlError
from oiosaml.keys import SigningKey
from oiosaml.logout_openings import (
    open_logout_request_post,
    open_logout_request_redirect,
    open_logout_request_soap,
    open_logout_response_post,
    open_logout_response_redirect,
    open_logout_response_soap,
    vouch_for_logout_request,
    vouch_for_logout_response,
)
from oiosaml.logout_sending import logout_envelope, logout_form, logout_redirect
from oiosaml.messages.logout import write_logout_request, write_logout_response
from oiosaml.messages.response import write_response
from oiosaml.sealed import relay_state_of
from oiosaml.uris import NS_DS, NS_SAML
from tests.builders import CH_SSO, LOGOUT_REQUEST_ID, SYSTEM, logout_request, logout_response, response
from tests.conftest import Member
from tests.trees import serialise, sign_enveloped, tree

REQUEST, RESPONSE = "SAMLRequest", "SAMLResponse"


def query_of(element: _Element, parameter: Any, key: SigningKey | None) -> bytes:
    url = write_redirect(CH_SSO, serialise(element), relay_state="r", key=key, parameter=parameter)
    return url.partition("?")[2].encode()


def form_of(element: _Element, parameter: str, key: SigningKey | None) -> bytes:
    if key is not None:
        sign_enveloped(element, key)
    return urlencode({parameter: base64.b64encode(serialise(element)).decode(), "RelayState": "r"}).encode()


def envelope_of(element: _Element, _: str, key: SigningKey | None) -> bytes:
    if key is not None:
        sign_enveloped(element, key)
    return wrap(serialise(element))


BINDINGS = (
    pytest.param(query_of, open_logout_request_redirect, open_logout_response_redirect, id="redirect"),
    pytest.param(form_of, open_logout_request_post, open_logout_response_post, id="post"),
    pytest.param(envelope_of, open_logout_request_soap, open_logout_response_soap, id="soap"),
)
by_every_binding = pytest.mark.parametrize(("pack", "open_request", "open_response"), BINDINGS)


def refuses(code: str, call: Callable[[], Any]) -> None:
    with pytest.raises(SamlError) as refused:
        call()
    assert refused.value.code == code


@by_every_binding
def test_request_is_opened_and_vouched_for(pack: Any, open_request: Any, open_response: Any, idp: Member) -> None:
    opened = open_request(pack(write_logout_request(logout_request()), REQUEST, idp.signing))
    assert (opened.claimed_issuer, opened.claimed_id) == (SYSTEM, LOGOUT_REQUEST_ID)
    assert relay_state_of(opened) == (None if pack is envelope_of else "r")
    verified = vouch_for_logout_request(opened, [idp.verification])
    assert (verified.value, verified.signer) == (logout_request(), idp.verification.fingerprint)


@by_every_binding
def test_response_is_opened_and_vouched_for(pack: Any, open_request: Any, open_response: Any, idp: Member) -> None:
    opened = open_response(pack(write_logout_response(logout_response()), RESPONSE, idp.signing))
    assert opened.claimed_in_response_to == LOGOUT_REQUEST_ID
    assert relay_state_of(opened) == (None if pack is envelope_of else "r")
    assert vouch_for_logout_response(opened, [idp.verification]).value == logout_response()


@by_every_binding
def test_slo_01_unsigned_is_refused(pack: Any, open_request: Any, open_response: Any, idp: Member) -> None:
    request = open_request(pack(write_logout_request(logout_request()), REQUEST, None))
    answer = open_response(pack(write_logout_response(logout_response()), RESPONSE, None))
    refuses("sig.missing", lambda: vouch_for_logout_request(request, [idp.verification]))
    refuses("sig.missing", lambda: vouch_for_logout_response(answer, [idp.verification]))


@by_every_binding
def test_sig_06_signed_by_another_member_is_refused(
    pack: Any, open_request: Any, open_response: Any, idp: Member, stranger: Member
) -> None:
    opened = open_request(pack(write_logout_request(logout_request()), REQUEST, stranger.signing))
    refuses(
        "sig.key",
        lambda: vouch_for_logout_request(opened, [idp.verification], strangers=[stranger.verification]),
    )


@pytest.mark.parametrize(("pack", "open_request", "open_response"), BINDINGS[1:])
def test_sig_06_another_member_is_told_by_its_key_where_no_certificate_is_named(
    pack: Any, open_request: Any, open_response: Any, idp: Member, stranger: Member
) -> None:
    element = tree(write_logout_request(logout_request()))
    sign_enveloped(element, stranger.signing)
    key_info = next(element.iter(f"{{{NS_DS}}}KeyInfo"))
    key_info.getparent().remove(key_info)  # type: ignore[union-attr]
    octets = pack(element, REQUEST, None)
    known, strangers = [idp.verification], [stranger.verification]
    refuses("sig.key", lambda: vouch_for_logout_request(open_request(octets), known, strangers=strangers))
    refuses("sig.value", lambda: vouch_for_logout_request(open_request(octets), known))


@pytest.mark.parametrize("left_out", ["SigAlg", "Signature"])
def test_slo_01_half_a_signature_is_none(idp: Member, left_out: str) -> None:
    query = query_of(write_logout_request(logout_request()), REQUEST, idp.signing)
    half = b"&".join(field for field in query.split(b"&") if not field.startswith(left_out.encode() + b"="))
    opened = open_logout_request_redirect(half)
    refuses("sig.missing", lambda: vouch_for_logout_request(opened, [idp.verification]))


@by_every_binding
def test_sig_03_changed_after_signing_is_refused(pack: Any, open_request: Any, open_response: Any, idp: Member) -> None:
    def changed(element: _Element, key: SigningKey | None) -> bytes:
        if pack is query_of:
            return pack(element, REQUEST, key).replace(b"RelayState=r", b"RelayState=s")  # type: ignore[no-any-return]
        element = tree(element)
        sign_enveloped(element, idp.signing)
        element.find(f"{{{NS_SAML}}}NameID").text += "x"  # type: ignore[union-attr, operator]
        return pack(element, REQUEST, None)  # type: ignore[no-any-return]

    opened = open_request(changed(write_logout_request(logout_request()), idp.signing))
    refuses("sig.value", lambda: vouch_for_logout_request(opened, [idp.verification]))


@by_every_binding
def test_xml_12_other_message_is_refused(pack: Any, open_request: Any, open_response: Any, idp: Member) -> None:
    refuses("xml.root", lambda: open_request(pack(write_response(response()), REQUEST, idp.signing)))
    refuses("xml.root", lambda: open_response(pack(write_response(response()), RESPONSE, idp.signing)))


def test_signature_inside_a_redirected_message_is_refused(idp: Member) -> None:
    element = write_logout_request(logout_request())
    sign_enveloped(element, idp.signing)
    refuses("sig.structure", lambda: open_logout_request_redirect(query_of(element, REQUEST, idp.signing)))


@pytest.mark.parametrize("message", [logout_request(), logout_response()], ids=["request", "response"])
def test_what_is_sent_is_signed_and_can_be_opened(message: Any, idp: Member) -> None:
    is_request = message == logout_request()
    url = logout_redirect(message, idp.signing, relay_state="r")
    form = logout_form(message, idp.signing, relay_state="r")
    assert url.startswith(f"{message.destination}?SAML{'Request' if is_request else 'Response'}=")
    assert form.action == message.destination
    envelope = logout_envelope(message, idp.signing)
    query, body = url.partition("?")[2].encode(), urlencode(form.fields).encode()
    if is_request:
        opened: Any = (
            open_logout_request_redirect(query),
            open_logout_request_post(body),
            open_logout_request_soap(envelope),
        )
        assert [vouch_for_logout_request(each, [idp.verification]).value for each in opened] == [message] * 3
    else:
        opened = (
            open_logout_response_redirect(query),
            open_logout_response_post(body),
            open_logout_response_soap(envelope),
        )
        assert [vouch_for_logout_response(each, [idp.verification]).value for each in opened] == [message] * 3


def test_nothing_is_sent_nowhere(idp: Member) -> None:
    nowhere = logout_response(destination=None)
    for send in (logout_redirect, logout_form):
        with pytest.raises(ValueError, match="without a destination"):
            send(nowhere, idp.signing)
    assert logout_envelope(nowhere, idp.signing)
