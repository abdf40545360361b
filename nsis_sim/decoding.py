"""What is this? Turns whatever a person copied from a browser or a log into XML, and says what it is. Nothing here is verified."""

import base64
import binascii
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from lxml import etree

from oiosaml.redaction import visible
from oiosaml.uris import NS_SOAP

MAX_INPUT_CHARACTERS: Final = 2_000_000
"""Characters that `nsis decode` takes: a message that was pasted, with room for whole metadata."""

MAX_INFLATED_BYTES: Final = 4_000_000
"""Guards against a bomb that inflates a thousandfold."""

_MESSAGE_FIELDS: Final = ("SAMLRequest", "SAMLResponse", "SAMLart")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]+={0,2}", re.ASCII)


class UndecodableError(Exception):
    """The text is nothing that can be decoded; the message says what was tried."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What was found."""

    what: str
    """A line for people, such as `Response by POST from https://…`."""
    notes: tuple[str, ...]
    """More lines: identifiers, times, RelayState, how it is signed."""
    xml: str
    """The document, indented. The octets that were signed are not these."""

    def text(self) -> str:
        """Give all of it for people; what strangers wrote in it moves no cursor."""
        notes = ("  " + note.replace("\n", "\n  ") for note in self.notes)
        told = "\n".join([self.what, *notes, "", self.xml.rstrip()])
        return "\n".join(map(visible, told.split("\n")))


def decode(text: str) -> Decoded:
    """Find the SAML message, metadata or privilege list in `text`: a URL, a query, a form, base64 of one, with or without DEFLATE, or XML.

    Raises:
        UndecodableError: if nothing of that fits.
    """
    text = text.strip()
    if not text or len(text) > MAX_INPUT_CHARACTERS:
        raise UndecodableError(f"got {len(text)} characters, expected between 1 and {MAX_INPUT_CHARACTERS}")
    if text.startswith("<"):
        return _describe(text.encode("utf-8"), "as XML", ())
    fields = _fields_of(text)
    if _message_in(fields) is not None:
        return _decode_fields(fields, "")
    octets = _of_base64(text)
    fields = _fields_of(octets.decode("ascii")) if octets.isascii() else {}
    if _message_in(fields) is not None:
        return _decode_fields(fields, "in base64 of a query or form, ")
    return _describe(*_inflated(octets), ())


def decode_octets(octets: bytes) -> Decoded:
    """Do the same for what went over the wire, as the record of a flow keeps it.

    Raises:
        UndecodableError: if it holds no XML.
    """
    if octets.lstrip().startswith(b"<"):
        return _describe(octets, "as XML", ())
    return decode(octets.decode("utf-8", "replace"))


def _fields_of(text: str) -> dict[str, str]:
    query = urlsplit(text).query if "://" in text[:12] else text.lstrip("?&")
    return dict(parse_qsl(query, keep_blank_values=True)) if "=" in query else {}


def _message_in(fields: Mapping[str, str]) -> str | None:
    return next((name for name in _MESSAGE_FIELDS if name in fields), None)


def _decode_fields(fields: Mapping[str, str], where: str) -> Decoded:
    name = _message_in(fields) or ""
    octets, how = unpack(fields[name])
    others = tuple(f"{key}: {value:.300}" for key, value in fields.items() if key != name)
    return _describe(octets, f"{where}in {name}, {how}", others)


def unpack(text: str) -> tuple[bytes, str]:
    """Give the XML inside base64, inflated if it was deflated, and how it was packed.

    Raises:
        UndecodableError: if there is none.
    """
    return _inflated(_of_base64(text))


def _of_base64(text: str) -> bytes:
    compact = "".join((unquote_plus(text) if "%" in text else text).split())
    if not _BASE64.fullmatch(compact):
        raise UndecodableError("it is neither XML, nor base64, nor a URL or form with SAMLRequest or SAMLResponse")
    padded = compact.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
    except binascii.Error as error:
        raise UndecodableError(f"it looks like base64, but is cut or damaged ({error})") from error


def _inflated(octets: bytes) -> tuple[bytes, str]:
    if octets.lstrip().startswith(b"<"):
        return octets, "base64"
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(octets, MAX_INFLATED_BYTES)
    except zlib.error as error:
        raise UndecodableError(
            f"it is base64 of {len(octets)} bytes that are neither XML, nor DEFLATE ({error}),"
            " nor a query or form with SAMLRequest or SAMLResponse"
        ) from error
    if not inflated.lstrip().startswith(b"<"):
        raise UndecodableError(f"it is DEFLATE in base64, but what comes out is no XML: {inflated[:40]!r}")
    return inflated, "DEFLATE in base64"


def _describe(octets: bytes, how: str, notes: tuple[str, ...]) -> Decoded:
    # No DTD, no entities, no network: people decode what strangers sent them.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_blank_text=True)
    try:
        root = etree.fromstring(octets, parser)
    except etree.XMLSyntaxError as error:
        raise UndecodableError(f"it is XML that cannot be read: {error}") from error
    if root.getroottree().docinfo.doctype:
        raise UndecodableError("it has a document type declaration, which no SAML message may have")
    message = _in_envelope(root)
    name = etree.QName(message)
    issuer = message.findtext("{*}Issuer")
    packed = how if message is root else f"in SOAP, {how}"
    what = f"{name.localname} ({packed})" + (f" from {issuer.strip()}" if issuer else "")
    facts = tuple(
        f"{key}: {message.get(key)}"
        for key in ("ID", "entityID", "InResponseTo", "IssueInstant", "Destination")
        if message.get(key)
    )
    etree.indent(root)
    return Decoded(
        what, (f"namespace: {name.namespace}", *facts, *notes, *_inside(root)), etree.tostring(root, encoding="unicode")
    )


def _in_envelope(root: etree._Element) -> etree._Element:
    """Give the message that a SOAP envelope holds; anything else is its own message."""
    inside = root.find(f"{{{NS_SOAP}}}Body/*") if root.tag == f"{{{NS_SOAP}}}Envelope" else None
    return root if inside is None else inside


def _inside(root: etree._Element) -> tuple[str, ...]:
    found: list[str] = []
    signed = [
        etree.QName(parent).localname for sig in root.iter("{*}Signature") if (parent := sig.getparent()) is not None
    ]
    found += [f"signature on: {name}" for name in signed]
    found += [f"status: {code.get('Value')}" for code in root.iter("{*}StatusCode")]
    found += [f"encrypted with: {method.get('Algorithm')}" for method in root.iter("{*}EncryptionMethod")]
    for value in root.iter("{*}AttributeValue"):
        privileges = _privileges(value.text or "")
        if privileges is not None:
            found.append("privilege list inside:\n" + privileges)
    return tuple(found)


def _privileges(text: str) -> str | None:
    try:
        document = etree.fromstring(
            base64.b64decode(text, validate=True),
            etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_blank_text=True),
        )
    except (binascii.Error, ValueError, etree.XMLSyntaxError):
        return None  # an ordinary value
    if etree.QName(document).localname != "PrivilegeList":
        return None
    etree.indent(document)
    return etree.tostring(document, encoding="unicode")
