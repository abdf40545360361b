"""The honest messages that are meddled with, each with its own way in: octets on the wire to what the receiver goes on with."""

import base64
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import quote_from_bytes, urlencode, urlsplit

from oiosaml.bindings.redirect import write_redirect
from oiosaml.bindings.soap import wrap
from oiosaml.errors import SamlError
from oiosaml.logout_openings import (
    open_logout_request_post,
    open_logout_request_redirect,
    open_logout_request_soap,
    vouch_for_logout_request,
)
from oiosaml.logout_sending import logout_envelope, logout_form, logout_redirect
from oiosaml.messages.assertion import write_assertion
from oiosaml.messages.attribute_query import write_attribute_query
from oiosaml.messages.authn_request import AuthnRequest, write_authn_request
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
from oiosaml.rules.assertion import ASSERTION_RULES
from oiosaml.rules.attribute_query import ATTRIBUTE_QUERY_RULES
from oiosaml.rules.attribute_response import ATTRIBUTE_RESPONSE_RULES
from oiosaml.rules.authn_request import AUTHN_REQUEST_RULES
from oiosaml.rules.logout import LOGOUT_REQUEST_RULES
from oiosaml.rules.response import RESPONSE_RULES
from oiosaml.rules.rule import enforce
from oiosaml.sealed import relay_state_of
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT
from oiosaml.verified import Unverified, Verified
from oiosaml.xml.encryption import OIOSAML_DEFAULT, encrypt
from oiosaml.xml.sign import sign_enveloped
from tests import builders
from tests.conftest import Member, make_member

RELAY_STATE: Final = "the system's own state"


@dataclass(frozen=True)
class Message:
    """An honest message, and how its receiver reads it."""

    name: str
    octets: bytes
    """What is meddled with: XML, or the fields of a query or form."""
    is_xml: bool
    verify: Callable[[bytes], Any]
    """Open, decrypt and verify; give what was signed. Raises SamlError."""
    enforce: Callable[[Any], object]
    """Put the profile's rules to it. Raises SamlError."""


@cache
def messages() -> tuple[Message, ...]:
    """All of them; made once, since keys are dear."""
    idp, broker, system, service = (make_member(name) for name in ("idp", "broker", "system", "service"))
    return (
        *_responses(idp, broker),
        *_attribute_responses(service, broker),
        *_requests(system),
        *_logouts(system),
        _query(broker),
    )


def message(name: str) -> Message:
    """The message of that name."""
    return next(each for each in messages() if each.name == name)


def _responses(idp: Member, broker: Member) -> Iterable[Message]:
    strangers = [make_member("other-idp").verification]

    def verify(body: bytes) -> Answer:
        return _with_assertion(
            unseal_response(open_response(body), [idp.verification], [broker.decryption], strangers=strangers)
        )

    def enforce_all(answer: Answer) -> None:
        envelope_signed = answer.envelope_signer is not None
        enforce(RESPONSE_RULES, answer.envelope, builders.response_expectations(envelope_signed=envelope_signed))
        assert answer.assertion is not None
        enforce(ASSERTION_RULES, answer.assertion.value, builders.assertion_expectations())

    assertion = _signed(write_assertion(builders.assertion()), idp)
    unsigned_envelope = _sealed(assertion, broker)
    signed_envelope = _sealed(assertion, broker, envelope_signer=idp)
    yield Message(
        "response before encryption",
        assertion,
        True,
        lambda octets: _assertion_of(verify(_form(_sealed(octets, broker)))),
        lambda verified: enforce(ASSERTION_RULES, verified.value, builders.assertion_expectations()),
    )
    yield Message("response after encryption", unsigned_envelope, True, lambda o: verify(_form(o)), enforce_all)
    yield Message("response, envelope signed", signed_envelope, True, lambda o: verify(_form(o)), enforce_all)
    yield Message("response as a form", _form(unsigned_envelope), False, verify, enforce_all)


def _attribute_responses(service: Member, broker: Member) -> Iterable[Message]:
    def verify(octets: bytes) -> Answer:
        return _with_assertion(
            unseal_attribute_response(open_attribute_response(octets), [service.verification], [broker.decryption])
        )

    def enforce_all(answer: Answer) -> None:
        enforce(ATTRIBUTE_RESPONSE_RULES, answer, builders.attribute_response_expectations())

    element = write_assertion(builders.attribute_assertion())
    sign_enveloped(element, service.signing)
    plain = wrap(write_response(builders.attribute_response(), element).octets())
    encrypted = encrypt(element.octets(), broker.public_key, OIOSAML_DEFAULT, entropy=os.urandom)
    sealed = wrap(write_response(builders.attribute_response(), write_encrypted_assertion(encrypted)).octets())
    yield Message("attribute response, plain", plain, True, verify, enforce_all)
    yield Message("attribute response, encrypted", sealed, True, verify, enforce_all)


def _requests(system: Member) -> Iterable[Message]:
    def verify(unverified: Unverified[AuthnRequest]) -> tuple[Verified[AuthnRequest], str | None]:
        return vouch_for_authn_request(unverified, [system.verification]), relay_state_of(unverified)

    def enforce_all(verified: tuple[Verified[AuthnRequest], str | None], binding: str) -> None:
        request, relay_state = verified
        expected = builders.authn_request_expectations(binding=binding, relay_state=relay_state)
        enforce(AUTHN_REQUEST_RULES, request.value, expected)

    request = builders.authn_request()
    url = write_redirect(
        builders.CH_SSO, write_authn_request(request).octets(), relay_state=RELAY_STATE, key=system.signing
    )
    yield Message(
        "request by redirect",
        urlsplit(url).query.encode(),
        False,
        lambda octets: verify(open_authn_request_redirect(octets)),
        lambda verified: enforce_all(verified, BINDING_REDIRECT),
    )
    yield Message(
        "request by post",
        _signed(write_authn_request(request), system),
        True,
        lambda octets: verify(open_authn_request_post(_form(octets, "SAMLRequest"))),
        lambda verified: enforce_all(verified, BINDING_POST),
    )


def _logouts(system: Member) -> Iterable[Message]:
    request = builders.logout_request()
    keys = [system.verification]

    def enforce_all(verified: Verified[Any]) -> object:
        return enforce(LOGOUT_REQUEST_RULES, verified.value, builders.logout_request_expectations())

    form = dict(logout_form(request, system.signing, relay_state=None).fields)
    yield Message(
        "logout by redirect",
        urlsplit(logout_redirect(request, system.signing)).query.encode(),
        False,
        lambda octets: vouch_for_logout_request(open_logout_request_redirect(octets), keys),
        enforce_all,
    )
    yield Message(
        "logout as a form",
        urlencode(form).encode(),
        False,
        lambda octets: vouch_for_logout_request(open_logout_request_post(octets), keys),
        enforce_all,
    )
    yield Message(
        "logout by soap",
        logout_envelope(request, system.signing),
        True,
        lambda octets: vouch_for_logout_request(open_logout_request_soap(octets), keys),
        enforce_all,
    )


def _query(broker: Member) -> Message:
    return Message(
        "attribute query",
        wrap(_signed(write_attribute_query(builders.attribute_query()), broker)),
        True,
        lambda octets: vouch_for_attribute_query(open_attribute_query(octets), [broker.verification]),
        lambda verified: enforce(ATTRIBUTE_QUERY_RULES, verified.value, builders.attribute_query_expectations()),
    )


def says_the_same(verified: Any, honest: Any) -> bool:
    """Whether a verified message says what the honest one says: identity, CVR, level, privileges, audience, times, and who signed.

    An unsigned envelope is hearsay that the rules alone judge; nothing in it may change what the assertion says.
    """
    if isinstance(verified, Answer):
        hearsay = verified.envelope_signer is None
        same_envelope = hearsay or (verified.envelope, verified.envelope_signer) == (
            honest.envelope,
            honest.envelope_signer,
        )
        return same_envelope and says_the_same(verified.assertion, honest.assertion)
    if isinstance(verified, Verified):
        return (verified.value, verified.signer) == (honest.value, honest.signer)
    if isinstance(verified, tuple):
        return all(says_the_same(*both) for both in zip(verified, honest, strict=True))
    return bool(verified == honest)


def _with_assertion(answer: Answer) -> Answer:
    """A status other than Success gives nobody anything."""
    if answer.assertion is None:
        raise SamlError("proto.status", f"got {answer.envelope.status.code}")
    return answer


def _assertion_of(answer: Answer) -> Any:
    return answer.assertion


def _signed(element: Any, signer: Member) -> bytes:
    sign_enveloped(element, signer.signing)
    octets: bytes = element.octets()
    return octets


def _sealed(plaintext: bytes, recipient: Member, *, envelope_signer: Member | None = None) -> bytes:
    encrypted = encrypt(plaintext, recipient.public_key, OIOSAML_DEFAULT, entropy=os.urandom)
    element = write_response(builders.response(), write_encrypted_assertion(encrypted))
    if envelope_signer is not None:
        sign_enveloped(element, envelope_signer.signing)
    return element.octets()


def _form(octets: bytes, parameter: str = "SAMLResponse") -> bytes:
    return f"{parameter}={quote_from_bytes(base64.b64encode(octets), safe='')}".encode()
