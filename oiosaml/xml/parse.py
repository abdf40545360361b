"""The one hardened parser: octets in, a tree out that holds elements, attributes and text, and nothing that can hide something.

Nothing is repaired, expanded or fetched. Each limit is far above an honest message and far below what costs anything.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from lxml import etree
from lxml.etree import _Element

from oiosaml.errors import SamlError


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a document may be. Sizes are bytes of UTF-8, depths count the root as 1."""

    octets: int
    elements: int
    depth: int
    attributes: int
    """Of one element, namespace declarations not counted."""
    attribute_characters: int
    declarations: int
    """Namespace declarations in the whole document: canonicalisation walks those in scope for every element."""


MESSAGE_LIMITS: Final = Limits(
    octets=384 * 1024,  # what a POST body of 512 kB can carry; the largest honest answer seen is below 100 kB
    elements=5_000,  # an assertion with 200 attributes has about 500
    depth=32,  # a signed assertion's KeyInfo stands at 8; Extensions may go somewhat deeper
    attributes=32,  # AuthnRequest, the richest, has 14
    attribute_characters=8_192,  # four times the longest URL that browsers and servers agree on
    declarations=2_000,  # stacks that declare xs and xsi on each of several hundred values
)

METADATA_LIMITS: Final = Limits(
    octets=1024 * 1024,  # one entity with several certificates, logos and translations
    elements=10_000,
    depth=32,
    attributes=32,
    attribute_characters=65_536,  # logos come as data URLs
    declarations=4_000,
)

_DECLARED: Final = (b"<?xml ", b"<?xml\t", b"<?xml\r", b"<?xml\n")
_BOM: Final = b"\xef\xbb\xbf"

# The encoding is decided here and not by the document: two readers that disagree about it read two documents.
_DECLARATION = re.compile(
    rb"<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:\"1\.0\"|'1\.0')"
    rb"(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:\"utf-8\"|'utf-8'))?"
    rb"(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:\"(?:yes|no)\"|'(?:yes|no)'))?[ \t\r\n]*\?>",
    re.IGNORECASE,
)


def _hardened_parser(*, remove_comments: bool) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        collect_ids=False,
        remove_comments=remove_comments,
        remove_pis=remove_comments,
        strip_cdata=True,
    )


_MESSAGE_PARSER: Final = _hardened_parser(remove_comments=False)
_METADATA_PARSER: Final = _hardened_parser(remove_comments=True)

_XML_ID: Final = etree.XPath("boolean(//@xml:id)", namespaces={"xml": "http://www.w3.org/XML/1998/namespace"})
_HIDES_TEXT: Final = etree.XPath("boolean(//comment() | //processing-instruction())")


def parse_message(octets: bytes, limits: Limits = MESSAGE_LIMITS) -> _Element:
    """Parse a protocol message and give its root.

    A UTF-8 byte order mark is accepted, since it says nothing new; any other encoding, declared or used, is not.

    Raises:
        SamlError: `size`, `xml.dtd`, `xml.malformed`, `xml.limits`, `xml.text` for a comment or processing instruction, or `xml.schema` for
            an xml:id.
    """
    root = _parse(octets, limits, _MESSAGE_PARSER)
    # Canonicalisation drops comments, so a signature stays good while readers see another text (attacks XML-07, XML-08).
    if _HIDES_TEXT(root.getroottree()):
        raise SamlError("xml.text", "got a comment or processing instruction, expected only elements and text")
    # Parsers that collect IDs refuse a document for it, others pass over it; SAML's identifiers are called ID. No prefix but xml means xml.
    if b"xml:id" in octets and _XML_ID(root.getroottree()):
        raise SamlError("xml.schema", "got an xml:id, expected identifiers in attributes called ID alone")
    return root


def parse_metadata(octets: bytes, limits: Limits = METADATA_LIMITS) -> _Element:
    """Parse metadata and give its root. Comments and processing instructions are dropped: people write licences into metadata.

    Raises:
        SamlError: `size`, `xml.dtd`, `xml.malformed` or `xml.limits`.
    """
    return _parse(octets, limits, _METADATA_PARSER)


def parse_canonical(octets: bytes) -> _Element:
    """Parse octets that we canonicalised ourselves from a tree that `parse_message` gave; they are not examined again.

    Raises:
        SamlError: `xml.malformed`, which would be a fault of our own canonicalisation.
    """
    return _tree(octets, _MESSAGE_PARSER)


def text_of(element: _Element) -> str:
    """Give the whole text of an element, white space included; empty if there is none.

    Raises:
        SamlError: `xml.text` if the element has children of any kind: `.text` would stop at the first one.
    """
    if len(element):
        raise SamlError("xml.text", f"got children in {etree.QName(element).localname}, expected only text")
    return element.text or ""


def _parse(octets: bytes, limits: Limits, parser: etree.XMLParser) -> _Element:
    if len(octets) > limits.octets:
        raise SamlError("size", f"got {len(octets)} bytes of XML, expected at most {limits.octets}")
    _refuse_other_encodings(octets)
    # Before parsing, so that no entity is ever declared (attacks XML-01 to XML-06). Text cannot hold a bare `<`.
    # Most messages hold no exclamation mark at all, and one octet is found faster than nine.
    if b"!" in octets and (b"<!DOCTYPE" in octets or b"<!ENTITY" in octets):
        raise SamlError("xml.dtd", "got a DOCTYPE, expected none")
    _refuse_many(octets, limits)
    root = _tree(octets, parser)
    document = root.getroottree().docinfo
    if document.doctype or document.internalDTD is not None:
        raise SamlError("xml.dtd", "got a DOCTYPE, expected none")
    _refuse_shape(root, limits, len(octets))
    return root


def _tree(octets: bytes, parser: etree.XMLParser) -> _Element:
    try:
        return etree.fromstring(octets, parser)
    except etree.XMLSyntaxError as error:
        code = "xml.limits" if "depth" in str(error) or "too long" in str(error) else "xml.malformed"
        raise SamlError(code, f"got text that does not parse ({str(error)[:160]}), expected XML") from error


def _refuse_other_encodings(octets: bytes) -> None:
    if b"\x00" in octets:
        raise SamlError("xml.malformed", "got a NUL byte, as in UTF-16, expected UTF-8")
    start = octets.removeprefix(_BOM)
    if start[:6] in _DECLARED and not _DECLARATION.match(start):
        raise SamlError("xml.malformed", f"got the declaration {start[:60]!r}, expected version 1.0 and UTF-8")


def _refuse_many(octets: bytes, limits: Limits) -> None:
    """Bound the parser's work by counting bytes: every element has a `<` and every declaration says xmlns."""
    if octets.count(b"<") > 2 * limits.elements + 16:
        raise SamlError("xml.limits", f"got more tags than {limits.elements} elements have")
    if octets.count(b"xmlns") > limits.declarations:
        raise SamlError("xml.limits", f"got more than {limits.declarations} namespace declarations")


def _refuse_shape(root: _Element, limits: Limits, octets: int) -> None:
    document = root.getroottree()
    if not _compiled(_any_breach(limits, long_attributes=octets > limits.attribute_characters))(document):
        return
    if _compiled("boolean(" + "/*" * (limits.depth + 1) + ")")(document):
        raise SamlError("xml.limits", f"got elements deeper than {limits.depth}")
    if _compiled(f"boolean(//*/@*[{limits.attributes + 1}])")(document):
        raise SamlError("xml.limits", f"got an element with more than {limits.attributes} attributes")
    longest = limits.attribute_characters
    if octets > longest and _compiled(f"boolean(//@*[string-length() > {longest}])")(document):
        raise SamlError("xml.limits", f"got an attribute longer than {longest} characters")


@cache
def _any_breach(limits: Limits, *, long_attributes: bool) -> str:
    """Ask all at once: an honest message breaks no limit, and each evaluation costs more than what it looks for."""
    wanted = ["/*" * (limits.depth + 1), f"//*/@*[{limits.attributes + 1}]"]
    if long_attributes:
        wanted.append(f"//@*[string-length() > {limits.attribute_characters}]")
    return f"boolean({' | '.join(wanted)})"


@cache
def _compiled(expression: str) -> etree.XPath:
    """Compile once: libxml2 answers in microseconds what a walk in Python takes a signature's time for."""
    return etree.XPath(expression)
