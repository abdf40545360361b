"""Who reads the record sees what an assertion said that came in encrypted, whoever wrote it."""

import os

import pytest

from context_handler.inspection import encrypted_assertion_in
from oiosaml.bindings.soap import wrap
from oiosaml.messages.assertion import write_assertion
from oiosaml.messages.element import serialise
from oiosaml.messages.response import write_encrypted_assertion, write_response
from oiosaml.xml.encryption import OIOSAML_DEFAULT, encrypt
from tests.builders import assertion, response
from tests.conftest import Member
from tests.context_handler.rig import form_body

PLAIN = serialise(write_assertion(assertion()))


def response_to(member: Member, plain: bytes = PLAIN) -> bytes:
    encrypted = encrypt(plain, member.public_key, OIOSAML_DEFAULT, entropy=os.urandom)
    return serialise(write_response(response(), write_encrypted_assertion(encrypted)))


@pytest.mark.parametrize("carried", [form_body, wrap], ids=["form", "soap"])
def test_what_was_made_for_us_is_shown_though_nobody_signed_it(broker: Member, carried: object) -> None:
    octets = carried(response_to(broker))  # type: ignore[operator]
    assert encrypted_assertion_in(octets, [broker.decryption]) == PLAIN


def test_it_need_not_even_be_an_assertion(broker: Member) -> None:
    """A vendor's mistake is shown as it is; nothing of it is read."""
    octets = form_body(response_to(broker, b"\x00 no XML"))
    assert encrypted_assertion_in(octets, [broker.decryption]) == b"\x00 no XML"


def test_what_was_made_for_the_next_key_is_shown_during_a_rollover(broker: Member, stranger: Member) -> None:
    octets = form_body(response_to(stranger))
    assert encrypted_assertion_in(octets, [broker.decryption, stranger.decryption]) == PLAIN


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x00",
        b"SAMLRequest=PHg%2BPC94Pg%3D%3D",
        b"SAMLResponse=%%%",
        b"<broken",
        wrap(b"<x/>"),
        form_body(serialise(write_response(response(), write_assertion(assertion())))),
    ],
    ids=["nothing", "octets", "a request", "no base64", "no XML", "soap", "a plain assertion"],
)
def test_there_is_nothing_to_be_shown_elsewhere(broker: Member, octets: bytes) -> None:
    assert encrypted_assertion_in(octets, [broker.decryption]) is None


def test_nothing_is_shown_of_what_another_should_read_or_was_cut_off(broker: Member, stranger: Member) -> None:
    assert encrypted_assertion_in(form_body(response_to(stranger)), [broker.decryption]) is None
    assert encrypted_assertion_in(form_body(response_to(broker))[:-400], [broker.decryption]) is None
