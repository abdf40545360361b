"""What is looked at before a foreign stack sees a logout message: sizes, encodings, parser attacks, and that there is a signature at all.

Both stacks let an unsigned logout pass if nobody tells them otherwise, and both inflate without a limit. Nothing is believed here.
"""

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

from lxml import etree

from oiosaml.uris import NS_SAMLP, NS_SOAP, RSA_SHA256, RSA_SHA384, RSA_SHA512
from sp_demo.front_door import SIGNATURE, parse, refuse

MAX_LOGOUT_BYTES: Final = 64 * 1024
"""Longest logout message after base64 and inflating. One with a certificate in its signature has about 5 kB."""

LOGOUT_REQUEST: Final = f"{{{NS_SAMLP}}}LogoutRequest"
LOGOUT_RESPONSE: Final = f"{{{NS_SAMLP}}}LogoutResponse"

_ROOTS: Final = MappingProxyType({"SAMLRequest": LOGOUT_REQUEST, "SAMLResponse": LOGOUT_RESPONSE})
_SIGNATURES: Final = frozenset({RSA_SHA256, RSA_SHA384, RSA_SHA512})
_BODY: Final = f"{{{NS_SOAP}}}Body"


class LogoutBinding(StrEnum):
    """How a logout message travels."""

    REDIRECT = "redirect"
    POST = "post"
    SOAP = "soap"


@dataclass(frozen=True, slots=True)
class LogoutMessage:
    """A logout message that passed the door, not verified yet.

    Attributes:
        octets: the message itself, as it came.
        fields: those of the query or form, decoded.
        raw_query: the query exactly as it came; empty for the other bindings.
    """

    binding: LogoutBinding
    octets: bytes
    root: etree._Element
    fields: Mapping[str, str] = field(default_factory=dict)
    raw_query: str = ""

    @property
    def is_response(self) -> bool:
        """Tell a LogoutResponse from a LogoutRequest."""
        return bool(self.root.tag == LOGOUT_RESPONSE)

    @property
    def relay_state(self) -> str | None:
        """What came beside the message."""
        return self.fields.get("RelayState")


def open_logout_redirect(raw_query: bytes) -> LogoutMessage:
    """Let a query in, or not.

    Raises:
        SamlError: `bind.*`, `size`, `xml.*`, `sig.missing`, `sig.algorithm` or `sig.structure`.
    """
    fields = _fields(raw_query)
    parameter = _parameter(fields)
    octets = _inflated(_decoded(fields[parameter], parameter))
    root = _message(octets, _ROOTS[parameter])
    if "Signature" not in fields or "SigAlg" not in fields:
        raise refuse("sig.missing", "got a query without Signature and SigAlg, expected both")
    if fields["SigAlg"] not in _SIGNATURES:
        raise refuse("sig.algorithm", f"got SigAlg {fields['SigAlg']!r:.100}, expected one of {sorted(_SIGNATURES)}")
    if root.find(SIGNATURE) is not None:
        raise refuse("sig.structure", "got a Signature inside a redirected message, expected it in the query alone")
    return LogoutMessage(LogoutBinding.REDIRECT, octets, root, fields, raw_query.decode("ascii"))


def open_logout_form(body: bytes) -> LogoutMessage:
    """Let a form in, or not.

    Raises:
        SamlError: `bind.*`, `size`, `xml.*` or `sig.*`.
    """
    fields = _fields(body)
    parameter = _parameter(fields)
    octets = _decoded(fields[parameter], parameter)
    return LogoutMessage(LogoutBinding.POST, octets, _signed(octets, _ROOTS[parameter]), fields)


def open_logout_envelope(envelope: bytes) -> LogoutMessage:
    """Let a LogoutRequest in its SOAP envelope in, or not.

    Raises:
        SamlError: `size`, `xml.*` or `sig.*`.
    """
    if len(envelope) > MAX_LOGOUT_BYTES:
        raise refuse("size", f"got {len(envelope)} bytes, expected at most {MAX_LOGOUT_BYTES}")
    root = parse(envelope)
    found = root.findall(f"{_BODY}/*")
    if root.tag != f"{{{NS_SOAP}}}Envelope" or len(found) != 1 or len(list(root.iter(LOGOUT_REQUEST))) != 1:
        raise refuse("xml.root", "got something else, expected one LogoutRequest in a SOAP 1.1 Body")
    octets = etree.tostring(found[0], with_tail=False)
    return LogoutMessage(LogoutBinding.SOAP, octets, _signed(octets, LOGOUT_REQUEST))


def _fields(octets: bytes) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(octets.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=16)
    except ValueError as error:
        raise refuse("bind.params", f"got {len(octets)} bytes ({error!s:.60}), expected fields") from error
    if len(dict(pairs)) != len(pairs):
        raise refuse("bind.params", "got a field twice, expected each once")
    return dict(pairs)


def _parameter(fields: Mapping[str, str]) -> str:
    found = [name for name in _ROOTS if name in fields]
    if len(found) != 1:
        raise refuse("bind.params", f"got {' and '.join(found) or 'no message'}, expected one message")
    return found[0]


def _decoded(text: str, parameter: str) -> bytes:
    try:
        octets = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise refuse("bind.base64", f"got a {parameter} that is no base64 ({error!s:.80})") from error
    if len(octets) > MAX_LOGOUT_BYTES:
        raise refuse("size", f"got {len(octets)} bytes, expected at most {MAX_LOGOUT_BYTES}")
    return octets


def _inflated(deflated: bytes) -> bytes:
    inflating = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        octets = inflating.decompress(deflated, MAX_LOGOUT_BYTES)
    except zlib.error as error:
        raise refuse("bind.deflate", f"got what does not inflate ({error!s:.80})") from error
    if not inflating.eof or inflating.unconsumed_tail or inflating.unused_data:
        raise refuse("bind.deflate", f"got more than {MAX_LOGOUT_BYTES} bytes, or a cut stream")
    return octets


def _message(octets: bytes, tag: str) -> etree._Element:
    root = parse(octets)
    if root.tag != tag:
        raise refuse("xml.root", f"got {root.tag!r:.100}, expected {tag}")
    return root


def _signed(octets: bytes, tag: str) -> etree._Element:
    root = _message(octets, tag)
    if root.find(SIGNATURE) is None:
        raise refuse("sig.missing", "got a message without Signature, expected one")
    return root
