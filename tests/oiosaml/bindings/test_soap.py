"""AQ-07 and what else an envelope may not do."""

import pytest

from oiosaml.bindings.soap import unwrap, wrap, write_fault
from oiosaml.errors import SamlError
from oiosaml.messages.assertion import read_assertion, write_assertion
from oiosaml.messages.element import serialise
from oiosaml.uris import NS_SAML, NS_SAMLP, NS_SOAP
from oiosaml.xml.parse import parse_message
from oiosaml.xml.sign import sign_enveloped
from oiosaml.xml.verify import verify_enveloped
from tests.builders import assertion
from tests.conftest import Member

RESPONSE = f"{{{NS_SAMLP}}}Response"
QUERY = f"{{{NS_SAMLP}}}AttributeQuery"
MESSAGE = f'<p:Response xmlns:p="{NS_SAMLP}"/>'


def envelope(content: str, *, namespace: str = NS_SOAP) -> bytes:
    return f'<s:Envelope xmlns:s="{namespace}">{content}</s:Envelope>'.encode()


def code(octets: bytes, expected: str = RESPONSE) -> str:
    with pytest.raises(SamlError) as caught:
        unwrap(octets, expected)
    return caught.value.code


def test_what_is_wrapped_keeps_its_signature(idp: Member) -> None:
    element = write_assertion(assertion())
    sign_enveloped(element, idp.signing)
    inside = unwrap(wrap(serialise(element)), f"{{{NS_SAML}}}Assertion")
    assert verify_enveloped(inside, [idp.verification], read_assertion).value == assertion()


@pytest.mark.parametrize(
    "content",
    [
        f"<s:Body>{MESSAGE}</s:Body>",
        f"\n <s:Header/>\n <s:Body>\n{MESSAGE}\n</s:Body>\n",
        f'<s:Header><w:To xmlns:w="urn:wsa">x</w:To></s:Header><s:Body>{MESSAGE}</s:Body>',
        f'<s:Header><w:To xmlns:w="urn:wsa" s:mustUnderstand="0">x</w:To></s:Header><s:Body>{MESSAGE}</s:Body>',
    ],
)
def test_accepts(content: str) -> None:
    assert unwrap(envelope(content), RESPONSE).tag == RESPONSE


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<s:Body/>", "xml.schema"),
        ("", "xml.schema"),
        (f"<s:Body>{MESSAGE}{MESSAGE}</s:Body>", "xml.schema"),
        (f"<s:Body>{MESSAGE}</s:Body><s:Body>{MESSAGE}</s:Body>", "xml.schema"),
        (f"<s:Header>{MESSAGE}</s:Header><s:Body>{MESSAGE}</s:Body>", "xml.schema"),
        (f"<s:Header><a>{MESSAGE}</a></s:Header><s:Body>{MESSAGE}</s:Body>", "xml.schema"),
        (f'<s:Header><a s:mustUnderstand="1"/></s:Header><s:Body>{MESSAGE}</s:Body>', "xml.schema"),
        (f"<s:Body>{MESSAGE}</s:Body><s:Header/>", "xml.schema"),
        (f"<s:Body>text{MESSAGE}</s:Body>", "xml.schema"),
        (f"<s:Body>{MESSAGE}text</s:Body>", "xml.schema"),
        ("<s:Body><a/></s:Body>", "xml.root"),
        ("<s:Body><Response/></s:Body>", "xml.root"),
    ],
)
def test_aq_07_two_bodies_two_messages(content: str, expected: str) -> None:
    """SOAP wrapping, McIntosh/Austel 2005."""
    assert code(envelope(content)) == expected


def test_other_envelopes() -> None:
    assert (
        code(envelope(f"<s:Body>{MESSAGE}</s:Body>", namespace="http://www.w3.org/2003/05/soap-envelope")) == "xml.root"
    )
    assert code(MESSAGE.encode()) == "xml.root"
    assert code(b"<!DOCTYPE a>" + envelope(f"<s:Body>{MESSAGE}</s:Body>")) == "xml.dtd"


def test_fault() -> None:
    """A Fault answers a question; where a question is expected it is merely the wrong message. Its text is escaped."""
    fault = write_fault("Client", "<b>no</b>")
    assert parse_message(fault).findtext(".//faultstring") == "<b>no</b>"
    assert code(fault) == "aq.fault"
    assert code(fault, QUERY) == "xml.root"
    assert code(fault, f"{{{NS_SAMLP}}}LogoutResponse") == "slo.fault"
