"""AQ: parser attacks in SOAP, on the way to an attribute service and on the way back. Each has its twin: the envelope without the fault."""

import socket
from collections.abc import Callable, Iterator

import pytest

from oiosaml.bindings.soap import wrap
from oiosaml.errors import SamlError
from oiosaml.messages.attribute_query import write_attribute_query
from oiosaml.messages.response import write_response
from oiosaml.openings import open_attribute_query, open_attribute_response
from tests.builders import attribute_query, unknown_principal
from tests.trees import serialise

BOMB = "".join(
    f"<!ENTITY {name} '{f'&{before};' * 10}'>" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
).encode()
QUERY = wrap(serialise(write_attribute_query(attribute_query())))
ANSWER = wrap(serialise(write_response(unknown_principal())))
ENDS = pytest.mark.parametrize(
    ("envelope", "opening"),
    [(QUERY, open_attribute_query), (ANSWER, open_attribute_response)],
    ids=["query", "answer"],
)


@pytest.fixture
def canary() -> Iterator[socket.socket]:
    """Nobody may connect to it (invariant I6)."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@ENDS
def test_aq_00_control_the_honest_envelope_opens(envelope: bytes, opening: Callable[[bytes], object]) -> None:
    opening(envelope)


@ENDS
@pytest.mark.parametrize("place", ["header", "body"])
def test_aq_06_doctype_and_entities(
    envelope: bytes, opening: Callable[[bytes], object], place: str, canary: socket.socket
) -> None:
    url = f"http://127.0.0.1:{canary.getsockname()[1]}/".encode()
    used = b"<soap:Header>&e;</soap:Header><soap:Body>" if place == "header" else b"<soap:Body>&e;"
    inside = envelope.replace(b"<soap:Body>", used, 1)
    for declaration in (
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "' + url + b'">]>',
        b'<!DOCTYPE x SYSTEM "' + url + b'">',
        b'<!DOCTYPE x [<!ENTITY % p SYSTEM "' + url + b'"> %p;]>',
        b"<!DOCTYPE x [<!ENTITY a 'x'>" + BOMB + b"<!ENTITY e '&i;'>]>",
        b"<!DOCTYPE x>",
    ):
        with pytest.raises(SamlError) as refused:
            opening(declaration + inside)
        assert refused.value.code == "xml.dtd"
    with pytest.raises(BlockingIOError):
        canary.accept()


@ENDS
def test_aq_06_comments_depth_and_broken_text(envelope: bytes, opening: Callable[[bytes], object]) -> None:
    deep = b"<x>" * 300 + b"</x>" * 300
    for broken, code in (
        (envelope.replace(b"</saml:Issuer>", b"<!-- -->.evil</saml:Issuer>", 1), "xml.text"),
        (envelope.replace(b"<soap:Body>", b"<soap:Header>" + deep + b"</soap:Header><soap:Body>", 1), "xml.limits"),
        (envelope[: len(envelope) // 2], "xml.malformed"),
        (envelope + envelope, "xml.malformed"),
        (envelope + b"tail", "xml.malformed"),
    ):
        with pytest.raises(SamlError) as refused:
            opening(broken)
        assert refused.value.code == code


@ENDS
def test_aq_07_two_bodies_and_two_messages(envelope: bytes, opening: Callable[[bytes], object]) -> None:
    start, end = envelope.index(b"<soap:Body>"), envelope.index(b"</soap:Envelope>")
    body = envelope[start:end]
    message = body.removeprefix(b"<soap:Body>").removesuffix(b"</soap:Body>")
    for twice in (
        body + body,
        body.replace(message, message + message),
        b"<soap:Header>" + message + b"</soap:Header>" + body,
    ):
        with pytest.raises(SamlError) as refused:
            opening(envelope[:start] + twice + envelope[end:])
        assert refused.value.code in {"xml.root", "xml.schema"}
