"""Fields of a query or a form, kept as raw text until they were counted.

Two stacks that read `a=1&a=2` differently are an attack (REQ-07, REQ-08), and so is a name spelled `%53AMLRequest`: each field of a binding
comes at most once, under its plain name, or the whole is refused.
"""

import re
from binascii import a2b_qp
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from oiosaml.errors import SamlError
from oiosaml.value_type import value_type

MAXIMUM_FIELDS: Final = 16
"""Most fields of one query or form; a binding has five."""

MAXIMUM_RELAY_STATE_BYTES: Final = 1024
"""Longest RelayState carried. The 80 bytes of SAML Bindings 3.4.3 are a rule of their own, which warns; honest stacks exceed them."""

MAXIMUM_OTHER_BYTES: Final = 2048
"""Octets of all fields together that no binding has: a discovery hint, a submit button. No signature covers them, and all that comes with a
signed message is kept with it (attack WEB-13)."""

SAML_FIELDS: Final = frozenset({"SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature", "SAMLEncoding"})

_VISIBLE: Final = bytes(range(0x21, 0x7F))
"""Everything a percent-encoded field may consist of: visible ASCII, no space."""

_CUT_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@value_type
class Fields:
    """The fields that SAML knows, by name, still percent-encoded exactly as they came."""

    raw: Mapping[str, bytes]

    def octets(self, name: str) -> bytes | None:
        """Give the decoded octets of a field, None if it did not come."""
        raw = self.raw.get(name)
        return None if raw is None else unescaped(raw)

    def text(self, name: str) -> str | None:
        """Give the decoded value of a field, None if it did not come.

        Raises:
            SamlError: `bind.params` if it is not UTF-8.
        """
        raw = self.raw.get(name)
        return None if raw is None else _decoded(raw)


def read_fields(octets: bytes, parameter: str) -> Fields:
    """Split a query or form and count its fields. `parameter` is the message field expected: SAMLRequest or SAMLResponse.

    Fields of other names are passed over, as long as they are short: a discovery hint, a submit button.

    Raises:
        SamlError: `bind.params`.
    """
    odd = octets.translate(None, _VISIBLE)
    if odd:
        raise SamlError("bind.params", f"got the byte {odd[:1]!r}, expected percent-encoded fields in visible ASCII")
    parts = octets.split(b"&")
    if len(parts) > MAXIMUM_FIELDS:
        raise SamlError("bind.params", f"got {len(parts)} fields, expected at most {MAXIMUM_FIELDS}")
    raw: dict[str, bytes] = {}
    others = 0
    for part in parts:
        name, _, value = part.partition(b"=")
        if _CUT_ESCAPE.search(part):
            raise SamlError("bind.params", f"got the field {part!r:.60} with a wrong percent-encoding")
        plain = _decoded(name)
        if plain not in SAML_FIELDS:
            others += len(part)
            continue
        if name != plain.encode() or plain in raw:
            raise SamlError("bind.params", f"got {plain} twice or disguised as {name!r:.60}, expected it once")
        raw[plain] = value
    if others > MAXIMUM_OTHER_BYTES:
        raise SamlError(
            "bind.params",
            f"got {others} bytes in fields that SAML does not know, expected at most {MAXIMUM_OTHER_BYTES}",
        )
    _refuse_other_messages(raw, parameter)
    return Fields(raw)


def relay_state_of(fields: Fields) -> str | None:
    """Give the RelayState, which nobody interprets (attack REQ-11); None if it did not come.

    Raises:
        SamlError: `req.relay-state` if it is longer than `MAXIMUM_RELAY_STATE_BYTES` or holds control characters.
    """
    relay_state = fields.text("RelayState")
    if relay_state is not None:
        refuse_odd_relay_state(relay_state)
    return relay_state


def refuse_odd_relay_state(relay_state: str) -> None:
    """Refuse what no stack sends and no form carries unchanged.

    Raises:
        SamlError: `req.relay-state`.
    """
    size = len(relay_state.encode())
    if size > MAXIMUM_RELAY_STATE_BYTES or _CONTROL.search(relay_state):
        raise SamlError(
            "req.relay-state",
            f"got a RelayState of {size} bytes, expected at most {MAXIMUM_RELAY_STATE_BYTES} without control characters",
        )


def _refuse_other_messages(raw: Mapping[str, bytes], parameter: str) -> None:
    messages = sorted(raw.keys() & {"SAMLRequest", "SAMLResponse"})
    if messages != [parameter]:
        raise SamlError("bind.params", f"got {' and '.join(messages) or 'no message'}, expected {parameter}")


def unescaped(raw: bytes) -> bytes:
    """Read percent-encoding whose every escape is whole. An answer in base64 has some three hundred of them.

    Quoted-printable differs in nothing but the sign it escapes with, and Python reads it in C: a third of what the loop in urllib takes.
    """
    spaced = raw.replace(b"+", b" ")
    if b"%" not in spaced:
        return spaced
    return unquote_to_bytes(spaced) if b"=" in spaced else a2b_qp(spaced.replace(b"%", b"="))


def _decoded(raw: bytes) -> str:
    try:
        return unescaped(raw).decode()
    except UnicodeDecodeError as error:
        raise SamlError("bind.params", "got a field that is not UTF-8") from error
