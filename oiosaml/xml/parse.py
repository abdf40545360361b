"""The one hardened parser: octets in, a tree out that holds elements, attributes and text, and nothing that can hide something.

Nothing is repaired, expanded or fetched. Each limit is far above an honest message and far below what costs anything.
"""

import re
from dataclasses import dataclass
from typing import Final, NoReturn

from lxml import etree
from lxml.etree import _Element

from oiosaml.errors import SamlError


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a document may be. Sizes are bytes of UTF-8, depths count the root as 1."""

    octets: int
    """Of the whole document, as UTF-8."""
    elements: int
    """In the whole document, each with two tags; an empty one has one tag and counts half."""
    depth: int
    """Of elements in elements, the root counted."""
    attributes: int
    """Of one element, namespace declarations not counted."""
    attribute_characters: int
    """Of one attribute's value."""
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
"""A protocol message, wherever it comes from."""

METADATA_LIMITS: Final = Limits(
    octets=1024 * 1024,  # one entity with several certificates, logos and translations
    elements=10_000,  # twice a message's: one entity with some hundred attributes asked for, in two languages, has about 1 000
    depth=32,  # an entity's certificates stand at 7; Extensions may go somewhat deeper
    attributes=32,  # an EntityDescriptor has four
    attribute_characters=65_536,  # logos come as data URLs
    declarations=4_000,  # as a message's, for twice the elements
)
"""Metadata of one member, registered or fetched."""

_DECLARED: Final = (b"<?xml ", b"<?xml\t", b"<?xml\r", b"<?xml\n")
_BOM: Final = b"\xef\xbb\xbf"

# The encoding is decided here and not by the document: two readers that disagree about it read two documents.
_DECLARATION = re.compile(
    rb"<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:\"1\.0\"|'1\.0')"
    rb"(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:\"utf-8\"|'utf-8'))?"
    rb"(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:\"(?:yes|no)\"|'(?:yes|no)'))?[ \t\r\n]*\?>",
    re.IGNORECASE,
)


# What may declare a relative namespace name; text may look like it, so the tree is asked before anything is refused. No prefix holds a
# colon or a quotation mark: each "xmlns:" of a text full of them ends the search of the one before, which else sees the rest (XML-10).
_PERHAPS_RELATIVE: Final = re.compile(rb"xmlns(?::[^\s=:\"'<>&/]+)?\s*=\s*([\"'])(?!\1)(?![A-Za-z][A-Za-z0-9+.-]*:)")
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class _NothingOutside(etree.Resolver):
    """Refuses whatever would be fetched: with `collect_ids=False` libxml2 reads an external DTD, though `load_dtd` says it should not."""

    def resolve(self, system_url: str | None, _: str | None, __: object) -> NoReturn:
        raise SamlError("xml.dtd", f"got a reference to {system_url!r:.120}, expected nothing outside the document")


def _hardened_parser(*, remove_comments: bool) -> etree.XMLParser:
    parser = etree.XMLParser(
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
    parser.resolvers.add(_NothingOutside())
    return parser


def _is_there(expression: str) -> etree.XPath:
    return etree.XPath(f"boolean({expression})")


class _Oddities:
    """What no tree may hold, asked in one question: each evaluation costs more than what it looks for, and honest trees are not odd."""

    def __init__(self, *refusals: tuple[str, str, str]) -> None:
        """A refusal is an XPath expression, the code and the detail; the first that is found refuses."""
        self._any = _is_there(" | ".join(expression for expression, _, _ in refusals))
        self._each = [(_is_there(expression), code, detail) for expression, code, detail in refusals]

    def refuse(self, root: _Element) -> None:
        if self._any(root):
            raise next(SamlError(code, detail) for is_there, code, detail in self._each if is_there(root))


class _Kind:
    """A kind of document: how it is parsed, how large it may be, and what its tree may not hold."""

    def __init__(self, limits: Limits, *further: tuple[str, str, str], remove_comments: bool) -> None:
        """`further` stands beside the limits, as `_Oddities` takes it."""
        self.limits = limits
        self.parser = _hardened_parser(remove_comments=remove_comments)
        deep = ("/*" * (limits.depth + 1), "xml.limits", f"got elements deeper than {limits.depth}")
        many = (f"//*/@*[{limits.attributes + 1}]", "xml.limits", f"got more than {limits.attributes} attributes")
        longest = limits.attribute_characters
        long = (
            f"//@*[string-length() > {longest}]",
            "xml.limits",
            f"got an attribute longer than {longest} characters",
        )
        self._of_shape, self._of_values = _Oddities(deep, many, *further), _Oddities(long)
        self._all = _Oddities(deep, many, long, *further)

    def refuse_oddities(self, root: _Element, octets: int) -> None:
        """Refuse a tree of so many octets: in fewer than an attribute may have, none is too long."""
        (self._all if octets > self.limits.attribute_characters else self._of_shape).refuse(root)

    def refuse_long_values(self, root: _Element, octets: int) -> None:
        """Refuse an attribute that is too long: of all oddities the one that a tree's shape does not show."""
        if octets > self.limits.attribute_characters:
            self._of_values.refuse(root)


_MESSAGE: Final = _Kind(
    MESSAGE_LIMITS,
    # Canonicalisation drops comments, so a signature stays good while readers see another text (attacks XML-07, XML-08).
    (
        "//comment() | //processing-instruction()",
        "xml.text",
        "got a comment or processing instruction, expected only elements and text",
    ),
    # Parsers that collect IDs refuse a document for it, others pass over it; SAML's identifiers are called ID.
    ("//@xml:id", "xml.schema", "got an xml:id, expected identifiers in attributes called ID alone"),
    remove_comments=False,
)
_METADATA: Final = _Kind(METADATA_LIMITS, remove_comments=True)


def parse_message(octets: bytes) -> _Element:
    """Parse a protocol message and give its root.

    A UTF-8 byte order mark is accepted, since it says nothing new; any other encoding, declared or used, is not.

    Raises:
        SamlError: `size`, `xml.dtd`, `xml.malformed` (for a relative namespace name, too), `xml.limits`, `xml.text` for a comment or
            processing instruction, or `xml.schema` for an xml:id.
    """
    root = parse_unexamined(octets)
    refuse_oddities(root, len(octets))
    return root


def parse_unexamined(octets: bytes) -> _Element:
    """Do the same but for `refuse_oddities`, which the caller must ask: it is for `document`, which knows shapes that are not odd."""
    root = _parse(octets, _MESSAGE)
    # It has no canonical form (Canonical XML 1.3), so that other stacks refuse the document wherever it stands.
    if _PERHAPS_RELATIVE.search(octets) and _has_relative_namespace(root):
        raise SamlError("xml.malformed", "got a relative namespace name, expected absolute ones")
    return root


def refuse_oddities(root: _Element, octets: int, *, ordinary_shape: bool = False) -> None:
    """Refuse what no message's tree may hold. Of a tree whose shape was found ordinary before, only values are looked at.

    Raises:
        SamlError: `xml.limits`, `xml.text` or `xml.schema`, as `parse_message`.
    """
    if ordinary_shape:
        _MESSAGE.refuse_long_values(root, octets)
    else:
        _MESSAGE.refuse_oddities(root, octets)


def parse_metadata(octets: bytes) -> _Element:
    """Parse metadata and give its root. Comments and processing instructions are dropped: people write licences into metadata.

    Raises:
        SamlError: `size`, `xml.dtd`, `xml.malformed` or `xml.limits`.
    """
    root = _parse(octets, _METADATA)
    _METADATA.refuse_oddities(root, len(octets))
    return root


def parse_canonical(octets: bytes) -> _Element:
    """Parse octets that we canonicalised ourselves from a tree that `parse_message` gave; they are not examined again.

    Raises:
        SamlError: `xml.malformed`, which would be a fault of our own canonicalisation.
    """
    return _tree(octets, _MESSAGE.parser)


def _has_relative_namespace(root: _Element) -> bool:
    # Each declaration once: an element's own `nsmap` holds all that it inherits, thousands for each of thousands (XML-10).
    declared: list[tuple[str, str]] = [each for _, each in etree.iterwalk(root, events=("start-ns",))]  # type: ignore[misc]  # of this event
    return any(name and not _ABSOLUTE.match(name) for _, name in declared)


def text_of(element: _Element) -> str:
    """Give the whole text of an element, white space included; empty if there is none.

    Raises:
        SamlError: `xml.text` if the element has children of any kind: `.text` would stop at the first one.
    """
    if len(element):
        raise SamlError("xml.text", f"got children in {etree.QName(element).localname}, expected only text")
    return element.text or ""


def _parse(octets: bytes, kind: _Kind) -> _Element:
    if len(octets) > kind.limits.octets:
        raise SamlError("size", f"got {len(octets)} bytes of XML, expected at most {kind.limits.octets}")
    _refuse_other_encodings(octets)
    # Before parsing, so that no entity is ever declared (attacks XML-01 to XML-06). Text cannot hold a bare `<`.
    # Most messages hold no exclamation mark at all, and one octet is found faster than nine; `in` would first make a TypeError, since an
    # int might be meant.
    if octets.find(b"!") >= 0 and (b"<!DOCTYPE" in octets or b"<!ENTITY" in octets):
        raise SamlError("xml.dtd", "got a DOCTYPE, expected none")
    _refuse_many(octets, kind.limits)
    root = _tree(octets, kind.parser)
    document = root.getroottree().docinfo
    if document.doctype or document.internalDTD is not None:
        raise SamlError("xml.dtd", "got a DOCTYPE, expected none")
    return root


def _tree(octets: bytes, parser: etree.XMLParser) -> _Element:
    try:
        return etree.fromstring(octets, parser)
    except etree.XMLSyntaxError as error:
        code = "xml.limits" if "depth" in str(error) or "too long" in str(error) else "xml.malformed"
        raise SamlError(code, f"got text that does not parse ({str(error.msg)[:160]}), expected XML") from error


def _refuse_other_encodings(octets: bytes) -> None:
    if octets.find(b"\x00") >= 0:
        raise SamlError("xml.malformed", "got a NUL byte, as in UTF-16, expected UTF-8")
    start = octets.removeprefix(_BOM)
    if start[:6] in _DECLARED and not _DECLARATION.match(start):
        raise SamlError("xml.malformed", f"got the declaration {start[:60]!r}, expected version 1.0 and UTF-8")


def _refuse_many(octets: bytes, limits: Limits) -> None:
    """Bound the parser's work by counting bytes: every element has a `<` and every declaration says xmlns.

    What is too short to hold that many is not counted.
    """
    tags, declarations = 2 * limits.elements + 16, limits.declarations
    if len(octets) > tags and octets.count(b"<") > tags:
        raise SamlError("xml.limits", f"got more tags than {limits.elements} elements have")
    if len(octets) > len(b"xmlns") * declarations and octets.count(b"xmlns") > declarations:
        raise SamlError("xml.limits", f"got more than {limits.declarations} namespace declarations")
