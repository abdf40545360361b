"""Whose keys open a message: those of the party that was asked, and nobody else's; another member's key only names the mistake."""

from collections.abc import Callable

import pytest
from lxml import etree
from lxml.etree import _Element

from oiosaml.bindings.redirect import write_redirect
from oiosaml.bindings.soap import wrap
from oiosaml.errors import SamlError
from oiosaml.keys import DecryptionKey, VerificationKey
from oiosaml.messages.assertion import write_assertion
from oiosaml.messages.attribute_query import write_attribute_query
from oiosaml.messages.authn_request import write_authn_request
from oiosaml.messages.response import Response, write_encrypted_assertion, write_response
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
from oiosaml.uris import NS_DS, NS_SAMLP
from oiosaml.xml.encryption import OIOSAML_DEFAULT, encrypt
from tests.builders import (
    CH_SSO,
    assertion,
    attribute_assertion,
    attribute_query,
    attribute_response,
    authn_request,
    response,
    unknown_principal,
)
from tests.conftest import Member
from tests.oiosaml.test_openings import form, signed
from tests.trees import serialise, tree

Keys = tuple[VerificationKey, ...]
Entropy = Callable[[int], bytes]

NO_KEYS: list[DecryptionKey] = []


def anonymous(element: _Element) -> _Element:
    """The same, signed by nobody in particular: its signatures name no key."""
    parsed = tree(element)
    for key_info in list(parsed.iter(f"{{{NS_DS}}}KeyInfo")):
        parent = key_info.getparent()
        assert parent is not None
        if parent.tag == f"{{{NS_DS}}}Signature":
            parent.remove(key_info)
    return parsed


def sealed(element: _Element, to: Member, entropy: Entropy) -> _Element:
    return write_encrypted_assertion(encrypt(serialise(element), to.public_key, OIOSAML_DEFAULT, entropy=entropy))


@pytest.fixture
def told(stranger: Member, broker: Member, entropy: Entropy) -> dict[str, Callable[[Keys, Keys], object]]:
    """Each message as a stranger signs it, to be opened with keys and strangers."""

    def by(element: _Element) -> _Element:
        return anonymous(signed(element, stranger))

    def plain(envelope: Response, content: _Element) -> _Element:
        element = tree(write_response(envelope))
        element.append(by(content))
        return element

    def hidden(envelope: Response, content: _Element) -> _Element:
        return write_response(envelope, sealed(by(content), broker, entropy))

    def answer(element: _Element) -> Callable[[Keys, Keys], object]:
        return lambda keys, others: unseal_response(
            open_response(form(element)), keys, [broker.decryption], strangers=others, may_be_plain=True
        )

    def attribute_answer(element: _Element) -> Callable[[Keys, Keys], object]:
        return lambda keys, others: unseal_attribute_response(
            open_attribute_response(wrap(serialise(element))), keys, [broker.decryption], strangers=others
        )

    request = by(write_authn_request(authn_request()))
    query = by(write_attribute_query(attribute_query()))
    url = write_redirect(
        CH_SSO, serialise(write_authn_request(authn_request())), relay_state=None, key=stranger.signing
    )
    return {
        "redirected request": lambda keys, others: vouch_for_authn_request(
            open_authn_request_redirect(url.partition("?")[2].encode()), keys, strangers=others
        ),
        "posted request": lambda keys, others: vouch_for_authn_request(
            open_authn_request_post(form(request, "SAMLRequest")), keys, strangers=others
        ),
        "query": lambda keys, others: vouch_for_attribute_query(
            open_attribute_query(wrap(serialise(query))), keys, strangers=others
        ),
        "envelope": answer(by(hidden(response(), write_assertion(assertion())))),
        "encrypted assertion": answer(hidden(response(), write_assertion(assertion()))),
        "plain assertion": answer(plain(response(), write_assertion(assertion()))),
        "envelope of attributes": attribute_answer(by(write_response(unknown_principal()))),
        "encrypted attributes": attribute_answer(hidden(attribute_response(), write_assertion(attribute_assertion()))),
        "plain attributes": attribute_answer(plain(attribute_response(), write_assertion(attribute_assertion()))),
    }


MESSAGES = (
    "redirected request", "posted request", "query", "envelope", "encrypted assertion", "plain assertion",
    "envelope of attributes", "encrypted attributes", "plain attributes",
)  # fmt: skip


@pytest.mark.parametrize("message", MESSAGES)
def test_a_strangers_key_names_the_mistake_and_opens_nothing(
    message: str, told: dict[str, Callable[[Keys, Keys], object]], idp: Member, stranger: Member
) -> None:
    unknown = "req.signature" if message == "redirected request" else "sig.value"
    for others, code in (((), unknown), ((stranger.verification,), "sig.key")):
        with pytest.raises(SamlError) as refused:
            told[message]((idp.verification,), others)
        assert refused.value.code == code
        assert ("another member's key" in refused.value.detail) is bool(others)
    told[message]((stranger.verification,), ())


def test_attributes_in_a_signed_envelope_keep_both_signers(idp: Member, broker: Member, entropy: Entropy) -> None:
    for inside in (
        signed(write_assertion(attribute_assertion()), broker),
        sealed(signed(write_assertion(attribute_assertion()), broker), broker, entropy),
    ):
        octets = wrap(serialise(signed(write_response(attribute_response(), inside), idp)))
        keys = [idp.verification, broker.verification]
        answer = unseal_attribute_response(open_attribute_response(octets), keys, [broker.decryption])
        assert answer.envelope == attribute_response()
        assert answer.envelope_signer == idp.verification.fingerprint
        assert answer.assertion is not None
        assert answer.assertion.signer == broker.verification.fingerprint
        assert answer.assertion.value == attribute_assertion()


def test_a_plain_answer_that_may_be_one_is_read_whole(idp: Member) -> None:
    element = signed(write_response(response(), signed(write_assertion(assertion()), idp)), idp)
    answer = unseal_response(open_response(form(element)), [idp.verification], [], may_be_plain=True)
    assert (answer.envelope, answer.envelope_signer) == (response(), idp.verification.fingerprint)
    assert answer.assertion is not None
    assert (answer.assertion.value, answer.assertion.signer) == (assertion(), idp.verification.fingerprint)


def test_a_signed_refusal_of_an_attribute_service_says_who_signed(idp: Member) -> None:
    octets = wrap(serialise(signed(write_response(unknown_principal()), idp)))
    answer = unseal_attribute_response(open_attribute_response(octets), [idp.verification], [])
    assert (answer.envelope, answer.envelope_signer, answer.assertion) == (
        unknown_principal(),
        idp.verification.fingerprint,
        None,
    )


def test_pro_14_a_refusal_with_attributes_is_refused(idp: Member) -> None:
    element = write_response(unknown_principal(), signed(write_assertion(attribute_assertion()), idp))
    with pytest.raises(SamlError, match="with 1 assertions") as refused:
        opened = open_attribute_response(wrap(serialise(element)))
        unseal_attribute_response(opened, [idp.verification], NO_KEYS)
    assert refused.value.code == "proto.status"


@pytest.mark.parametrize("signs_envelope", [False, True])
def test_xsw_an_assertion_that_stands_only_in_extensions_is_no_answer(idp: Member, *, signs_envelope: bool) -> None:
    for envelope, said, opening in (
        (
            response(),
            assertion(),
            lambda each: unseal_response(open_response(form(each)), [idp.verification], NO_KEYS),
        ),
        (
            attribute_response(),
            attribute_assertion(),
            lambda each: unseal_attribute_response(
                open_attribute_response(wrap(serialise(each))), [idp.verification], NO_KEYS
            ),
        ),
    ):
        element = tree(write_response(envelope))
        extensions = etree.Element(f"{{{NS_SAMLP}}}Extensions")
        extensions.append(tree(signed(write_assertion(said), idp)))
        element.insert(1, extensions)
        if signs_envelope:
            signed(element, idp)
        with pytest.raises(SamlError) as refused:
            opening(element)
        assert refused.value.code == "proto.assertion-count"


def test_xml_12_another_message_in_the_envelope_is_refused(idp: Member) -> None:
    for opening, body in (
        (open_attribute_query, write_response(attribute_response())),
        (open_attribute_response, write_attribute_query(attribute_query())),
    ):
        with pytest.raises(SamlError) as refused:
            opening(wrap(serialise(body)))
        assert refused.value.code == "xml.root"
