"""The query's signature covers octets, not values."""

import re
from base64 import b64decode, b64encode
from dataclasses import replace
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from oiosaml.bindings.redirect import (
    MAXIMUM_QUERY_BYTES,
    RedirectMessage,
    read_redirect,
    verify_redirect,
    write_redirect,
)
from oiosaml.errors import SamlError
from oiosaml.keys import VerificationKey
from oiosaml.messages.authn_request import read_authn_request, write_authn_request
from oiosaml.messages.element import serialise
from oiosaml.openings import open_authn_request_redirect
from oiosaml.uris import NS_SAMLP, RSA_SHA256
from oiosaml.xml.sign import sign_enveloped, sign_octets
from saml_web.error_pages import shown
from tests.builders import SYSTEM, authn_request
from tests.conftest import Member, make_member

RELAY_STATES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=200)


def code(action: object) -> str:
    with pytest.raises(SamlError) as caught:
        action()  # type: ignore[operator]
    return caught.value.code


def query_of(signer: Member, relay_state: str | None = "token") -> str:
    url = write_redirect(
        "https://ch.test/sso",
        serialise(write_authn_request(authn_request())),
        relay_state=relay_state,
        key=signer.signing,
    )
    return url.partition("?")[2]


def check(query: str, *signers: Member, strangers: tuple[Member, ...] = ()) -> str:
    """The code of the refusal, or `accepted`."""
    keys = [each.verification for each in signers]
    try:
        verified = verify_redirect(
            read_redirect(query.encode()),
            keys,
            read_authn_request,
            strangers=[each.verification for each in strangers],
        )
    except SamlError as error:
        return error.code
    assert verified.value == authn_request()
    return "accepted"


def part(query: str, name: str) -> str:
    found = re.search(rf"(?:^|&){name}=([^&]*)", query)
    assert found is not None
    return found[1]


@settings(max_examples=40, deadline=None)
@given(relay_state=st.none() | RELAY_STATES, octets=st.binary(max_size=300))
def test_what_is_written_is_read(relay_state: str | None, octets: bytes) -> None:
    signer = make_member("system")
    url = write_redirect("https://ch.test/sso?a=b", octets, relay_state=relay_state, key=signer.signing)
    assert url.startswith("https://ch.test/sso?a=b&SAMLRequest=")
    message = read_redirect(url.partition("?")[2].encode())
    assert (message.octets, message.relay_state, message.sig_alg) == (octets, relay_state, RSA_SHA256)
    assert message.signature is not None


def test_control_and_what_is_shown_before_it(idp: Member, stranger: Member) -> None:
    query = query_of(idp)
    assert check(query, idp) == check(query, stranger, idp) == "accepted"
    unverified = open_authn_request_redirect(query.encode())
    assert (unverified.claimed_issuer, unverified.claimed_id) == (SYSTEM, authn_request().id)


def test_other_spellings_of_the_same_query_are_signed_as_they_came(idp: Member) -> None:
    """Lower-case escapes, another order on the wire, a plus for a space, foreign parameters: all are one signature."""
    fields = {
        "SAMLRequest": part(query_of(idp), "SAMLRequest").lower().replace("%2b", "%2B"),
        "RelayState": "a+b%c3%a6",
    }
    fields["SAMLRequest"] = (
        quote(unquote(part(query_of(idp), "SAMLRequest")), safe="+/=").replace("+", "%2b").replace("/", "%2f")
    )
    fields["SigAlg"] = quote(RSA_SHA256, safe=":/").replace("#", "%23")
    signed = "&".join(f"{name}={value}" for name, value in fields.items())
    signature = quote(b64encode(sign_octets(signed.encode(), idp.signing)).decode(), safe="")
    others = f"SigAlg={fields['SigAlg']}&RelayState={fields['RelayState']}&SAMLRequest={fields['SAMLRequest']}"
    shuffled = f"idp=x&Signature={signature}&{others}"
    assert check(shuffled, idp) == "accepted"
    assert read_redirect(shuffled.encode()).relay_state == "a bæ"
    assert check(shuffled.replace("a+b", "a%20b"), idp) == "req.signature"


def test_req_02_unsigned(idp: Member) -> None:
    query = query_of(idp)
    assert check(query.partition("&Signature=")[0], idp) == "req.signature"
    assert check(query.partition("&SigAlg=")[0], idp) == "req.signature"
    assert check(re.sub("&SigAlg=[^&]*", "", query), idp) == "req.signature"


def test_req_05_tampered(idp: Member, stranger: Member) -> None:
    query = query_of(idp)
    other = write_redirect(
        "x", serialise(write_authn_request(authn_request(force_authn=True))), relay_state=None, key=None
    ).partition("?")[2]
    signature = bytearray(b64decode(unquote(part(query, "Signature"))))
    signature[7] ^= 1
    for old, new in (
        (part(query, "SAMLRequest"), part(other, "SAMLRequest")),
        ("RelayState=token", "RelayState=tokem"),
        ("SigAlg=http%3A", "SigAlg=http%3a"),
        (part(query, "Signature"), quote(b64encode(signature).decode(), safe="")),
    ):
        assert check(query.replace(old, new), idp, strangers=(stranger,)) == "req.signature"


def test_req_06_relay_state_added_or_taken_away(idp: Member) -> None:
    with_it, without = query_of(idp), query_of(idp, None)
    assert check(without, idp) == "accepted"
    assert check(with_it.replace("&RelayState=token", ""), idp) == "req.signature"
    assert check(with_it.replace("=token", "="), idp) == "req.signature"
    assert check(without + "&RelayState=token", idp) == "req.signature"
    assert check(without + "&RelayState=", idp) == "req.signature"
    assert check(query_of(idp, ""), idp) == "accepted"


@pytest.mark.parametrize("name", ["SAMLRequest", "RelayState", "SigAlg", "Signature"])
def test_req_07_parameters_twice(name: str, idp: Member) -> None:
    """CVE-2025-27773; also in disguise."""
    query = query_of(idp)
    for again in (f"{name}=x", f"%{ord(name[0]):02X}{name[1:]}=x", name):
        assert code(lambda again=again: read_redirect(f"{query}&{again}".encode())) == "bind.params"
        assert code(lambda again=again: read_redirect(f"{again}&{query}".encode())) == "bind.params"


def test_req_08_request_and_response_together(idp: Member) -> None:
    """CVE-2025-27773, CVE-2025-31335."""
    query = query_of(idp)
    assert code(lambda: read_redirect(f"{query}&SAMLResponse=QQ==".encode())) == "bind.params"
    assert code(lambda: read_redirect(query.encode(), "SAMLResponse")) == "bind.params"
    assert code(lambda: read_redirect(b"")) == "bind.params"


def test_req_09_signed_by_another_system(idp: Member, stranger: Member) -> None:
    query = query_of(stranger)
    assert check(query, idp, strangers=(idp, stranger)) == "sig.key"
    assert check(query, idp) == "req.signature"
    assert check(query) == "sig.key"


def detail(query: str, *keys: VerificationKey, strangers: tuple[Member, ...] = ()) -> str:
    with pytest.raises(SamlError) as caught:
        verify_redirect(
            read_redirect(query.encode()), keys, read_authn_request, strangers=[each.verification for each in strangers]
        )
    return caught.value.detail


def test_a_wrong_key_is_told_with_the_senders_own_and_no_other_members(idp: Member, stranger: Member) -> None:
    told = detail(query_of(stranger), idp.verification)
    assert idp.verification.fingerprint in told and "openssl" in told and "nsis parties" in told
    assert stranger.verification.fingerprint not in told
    by_another = detail(query_of(stranger), idp.verification, strangers=(stranger,))
    assert idp.verification.fingerprint in by_another and "another member's key" in by_another


def test_what_is_told_of_a_wrong_key_is_not_cut_off(idp: Member, stranger: Member) -> None:
    keys = [replace(idp.verification, fingerprint=f"{number:064x}") for number in range(12)]
    for strangers in ((), (stranger,)):
        told = detail(query_of(stranger), *keys, strangers=strangers)
        assert shown(told) == told and told.endswith("prints another number")


@pytest.mark.parametrize("uri", ["http://www.w3.org/2000/09/xmldsig#rsa-sha1", "none", "", "urn:made-up"])
def test_sig_08_and_09_algorithm(uri: str, idp: Member) -> None:
    query = query_of(idp)
    assert check(query.replace(part(query, "SigAlg"), quote(uri, safe="")), idp) == "sig.algorithm"


@pytest.mark.parametrize("relay_state", ["a\nb", "\x00", "x" * 1025, "\u0085", "\u2028", "\x1b[31m"])
def test_req_11_relay_state_as_a_weapon(relay_state: str, idp: Member) -> None:
    query = f"{query_of(idp, None)}&RelayState={quote(relay_state, safe='')}"
    assert code(lambda: read_redirect(query.encode())) == "req.relay-state"
    assert code(lambda: write_redirect("x", b"", relay_state=relay_state, key=None)) == "req.relay-state"


@pytest.mark.parametrize(
    "query",
    ["SAMLRequest=%4", "SAMLRequest=%zz", "SAMLRequest=a b", "SAMLRequest=\x01", "SAMLRequest=æ", "SAMLRequest=%ff"],
)
def test_percent_encoding_is_strict(query: str) -> None:
    assert code(lambda: read_redirect(query.encode())) == "bind.params"


def test_bounds(idp: Member) -> None:
    longest = b"SAMLRequest=" + b"a" * (MAXIMUM_QUERY_BYTES - len(b"SAMLRequest="))
    assert code(lambda: read_redirect(longest)) != "size"
    assert code(lambda: read_redirect(longest + b"a")) == "size"
    assert code(lambda: read_redirect(query_of(idp).encode() + b"&a=b" * 20)) == "bind.params"
    encoded = quote("urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE", safe="")
    assert check(f"{query_of(idp)}&SAMLEncoding={encoded}", idp) == "accepted"
    assert code(lambda: read_redirect(f"{query_of(idp)}&SAMLEncoding=urn:other".encode())) == "bind.params"


def test_signature_inside_a_redirected_message(idp: Member) -> None:
    element = write_authn_request(authn_request())
    sign_enveloped(element, idp.signing)
    query = write_redirect("x", serialise(element), relay_state=None, key=idp.signing).partition("?")[2]
    assert code(lambda: open_authn_request_redirect(query.encode())) == "sig.structure"


def test_verified_octets_are_the_message(idp: Member) -> None:
    message = read_redirect(query_of(idp).encode())
    assert isinstance(message, RedirectMessage)
    verified = verify_redirect(message, [idp.verification], etree.tostring)
    assert verified.octets == message.octets
    assert verified.signer == idp.verification.fingerprint


def test_what_is_vouched_for_is_the_tree_that_was_opened(idp: Member) -> None:
    message = read_redirect(query_of(idp).encode())
    root = message.opened(f"{{{NS_SAMLP}}}AuthnRequest")
    assert verify_redirect(message, [idp.verification], lambda element: element).value is root
