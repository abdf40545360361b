"""SOAP 1.1 as SAML uses it (SAML Bindings 3.2): one message in one Body, and nothing that could be a second one (attack AQ-07)."""

from types import MappingProxyType
from typing import Final

from lxml import etree
from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.uris import NS_SAML, NS_SAMLP, NS_SOAP
from oiosaml.xml.names import WHITE_SPACE, local_name
from oiosaml.xml.parse import parse_message
from oiosaml.xml.writing import NewElement

CONTENT_TYPE: Final = "text/xml; charset=utf-8"
SOAP_ACTION: Final = "http://www.oasis-open.org/committees/security"
"""Value of the SOAPAction header (SAML Bindings 3.2.2.1)."""

_ENVELOPE: Final = f"{{{NS_SOAP}}}Envelope"
_HEADER: Final = f"{{{NS_SOAP}}}Header"
_BODY: Final = f"{{{NS_SOAP}}}Body"
_FAULT: Final = f"{{{NS_SOAP}}}Fault"
_MUST_UNDERSTAND: Final = f"{{{NS_SOAP}}}mustUnderstand"
_FAULT_CODES: Final = MappingProxyType(
    {f"{{{NS_SAMLP}}}Response": "aq.fault", f"{{{NS_SAMLP}}}LogoutResponse": "slo.fault"}
)
"""What a Fault is called where an answer was expected."""


def wrap(octets: bytes) -> bytes:
    """Put one serialised message, without XML declaration, into an envelope; its octets, and so its signature, stay as they are."""
    return b'<soap:Envelope xmlns:soap="%b"><soap:Body>%b</soap:Body></soap:Envelope>' % (NS_SOAP.encode(), octets)


def unwrap(octets: bytes, expected: str) -> _Element:
    """Parse an envelope and give the one message in its Body, where it stands. `expected` is its name as lxml writes it.

    Headers are passed over, but not one that must be understood, nor one that holds a SAML message.

    Raises:
        SamlError: what `parse_message` raises, `xml.root`, `xml.schema`, or, for a Fault, `aq.fault` where a Response was
            expected, `slo.fault` where a LogoutResponse was.
    """
    envelope = parse_message(octets)
    if envelope.tag != _ENVELOPE:
        raise SamlError(
            "xml.root", f"got {local_name(envelope)} in {_namespace(envelope)!r:.120}, expected a SOAP 1.1 Envelope"
        )
    children = list(envelope)
    _refuse_text(envelope)
    if children and children[0].tag == _HEADER:
        _refuse_headers(children.pop(0))
    if [child.tag for child in children] != [_BODY]:
        shown = ", ".join(local_name(child) for child in children[:6]) or "nothing"
        raise SamlError("xml.schema", f"got {shown} in Envelope, expected a Header at most and one Body")
    return _only_message(children[0], expected)


def write_fault(code: str, text: str) -> bytes:
    """Write a SOAP Fault; `code` is `Client` or `Server`. Only for what is no SAML message at all (AS-10)."""
    envelope = NewElement(frozenset({NS_SOAP}), NS_SOAP, "Envelope")
    fault = envelope.add(NS_SOAP, "Body").add(NS_SOAP, "Fault")
    fault.add("", "faultcode", text=f"soap:{code}")
    fault.add("", "faultstring", text=text)
    return envelope.octets()


def _only_message(body: _Element, expected: str) -> _Element:
    _refuse_text(body)
    if len(body) != 1:
        raise SamlError("xml.schema", f"got {len(body)} elements in Body, expected one")
    message = body[0]
    if message.tag == _FAULT and expected in _FAULT_CODES:
        said, wanted = message.findtext("faultstring", default=""), expected.partition("}")[2]
        raise SamlError(_FAULT_CODES[expected], f"got a SOAP Fault saying {said!r:.200}, expected a {wanted}")
    if message.tag != expected:
        raise SamlError("xml.root", f"got {local_name(message)} in Body, expected {expected.partition('}')[2]}")
    return message


def _refuse_headers(header: _Element) -> None:
    for entry in header:
        if entry.get(_MUST_UNDERSTAND) in ("1", "true"):
            raise SamlError("xml.schema", f"got the header {local_name(entry)} that must be understood, expected none")
    for entry in header.iterdescendants():
        if _namespace(entry) in (NS_SAML, NS_SAMLP):
            raise SamlError("xml.schema", f"got {local_name(entry)} in Header, expected messages only in Body")


def _refuse_text(element: _Element) -> None:
    if any(text.strip(WHITE_SPACE) for text in (element.text or "", *(child.tail or "" for child in element))):
        raise SamlError("xml.schema", f"got text in {local_name(element)}, expected only elements")


def _namespace(element: _Element) -> str:
    return etree.QName(element).namespace or ""
