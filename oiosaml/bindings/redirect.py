"""HTTP-Redirect (SAML Bindings 3.4): DEFLATE, base64, and a signature over the query's own octets.

The signature covers what was on the wire. Decoding and encoding again would give other octets for the same values, so the raw text of
each field is kept until the signature was checked.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Final, Literal, TypeVar
from urllib.parse import quote

from lxml.etree import _Element

from oiosaml.bindings.fields import Fields, read_fields, refuse_odd_relay_state, relay_state_of
from oiosaml.errors import SamlError
from oiosaml.keys import SigningKey, VerificationKey, registered_keys_named, require_not_barred
from oiosaml.uris import RSA_SHA256
from oiosaml.value_type import derive, value_type
from oiosaml.verified import Verified
from oiosaml.xml.algorithms import SIGNATURE_ALGORITHMS, signature_is_good
from oiosaml.xml.base64_text import NotBase64, decode, encode
from oiosaml.xml.document import read_document
from oiosaml.xml.parse import parse_message
from oiosaml.xml.sign import sign_octets
from oiosaml.xml.verify import MAXIMUM_KEYS, MAXIMUM_STRANGERS

T = TypeVar("T")
Parameter = Literal["SAMLRequest", "SAMLResponse"]

MAXIMUM_QUERY_BYTES: Final = 64 * 1024
"""Longest query read. A signed AuthnRequest needs about 2 kB; servers and browsers give up long before this."""

MAXIMUM_INFLATED_BYTES: Final = 128 * 1024
"""Most bytes inflated. DEFLATE reaches 1000 : 1, so the cap counts output, never input (attack XML-14)."""

_WINDOW_BITS: Final = -12
_MEMORY_LEVEL: Final = 5
"""DEFLATE without header over a window of 4 kB, which holds a whole request. zlib's own choice clears some 70 kB first."""

DEFLATE_ENCODING: Final = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"


@value_type
class RedirectMessage:
    """A message as a query carried it. `signature` is None if none came; whether it is good is another question."""

    octets: bytes
    relay_state: str | None
    sig_alg: str | None
    signed_octets: bytes
    signature: bytes | None
    _root: _Element | None = field(default=None, init=False, repr=False, compare=False)

    def opened(self, expected: str) -> _Element:
        """Parse and check the octets, once: what opening has checked is the tree that vouching reads. Nobody changes it.

        Raises:
            SamlError: what `read_document` raises.
        """
        derive(self, "_root", read_document(self.octets, expected))
        return self.root()

    def root(self) -> _Element:
        """Give the tree that was opened, or else parse the octets.

        Raises:
            SamlError: an `xml.…` code.
        """
        return parse_message(self.octets) if self._root is None else self._root


def read_redirect(raw_query: bytes, parameter: Parameter = "SAMLRequest") -> RedirectMessage:
    """Read a message from the query string exactly as received, without its question mark.

    Raises:
        SamlError: `size`, `bind.params`, `bind.base64`, `bind.deflate` or `req.relay-state`.
    """
    if len(raw_query) > MAXIMUM_QUERY_BYTES:
        raise SamlError("size", f"got a query of {len(raw_query)} bytes, expected at most {MAXIMUM_QUERY_BYTES}")
    fields = read_fields(raw_query, parameter)
    encoding = fields.text("SAMLEncoding")
    if encoding not in (None, DEFLATE_ENCODING):
        raise SamlError("bind.params", f"got SAMLEncoding {encoding!r:.120}, expected {DEFLATE_ENCODING} or none")
    return RedirectMessage(
        octets=_inflate(_base64(fields, parameter) or b""),
        relay_state=relay_state_of(fields),
        sig_alg=fields.text("SigAlg"),
        signed_octets=_signed_octets(fields, parameter),
        signature=_base64(fields, "Signature"),
    )


def verify_redirect(
    message: RedirectMessage,
    keys: Sequence[VerificationKey],
    read: Callable[[_Element], T],
    *,
    strangers: Sequence[VerificationKey] = (),
) -> Verified[T]:
    """Verify the query's signature, then read the message it covers.

    A query carries no certificate, so a wrong key and a changed text look alike. `strangers` are other members' keys, tried only to tell
    a vendor which of the two it is.

    Raises:
        SamlError: `req.signature` if the signature is missing or wrong, `sig.algorithm`, or `sig.key` if no key is registered or a
            stranger's key made it.
    """
    if message.signature is None or message.sig_alg is None:
        raise SamlError("req.signature", "got a query without SigAlg and Signature, expected both")
    if message.sig_alg not in SIGNATURE_ALGORITHMS:
        allowed = ", ".join(sorted(SIGNATURE_ALGORITHMS))
        raise SamlError("sig.algorithm", f"got SigAlg {message.sig_alg!r:.120}, expected one of {allowed}")
    if not keys:
        raise SamlError("sig.key", "got a signature, but no signing key is registered for the sender")
    key = _key_that_signed(message, keys[:MAXIMUM_KEYS])
    if key is None:
        stranger = _key_that_signed(message, strangers[:MAXIMUM_STRANGERS])
        if stranger is not None:
            raise SamlError(
                "sig.key",
                f"got a signature by another member's key {stranger.fingerprint}, expected {registered_keys_named(keys)}",
            )
        raise SamlError(
            "req.signature",
            f"got a signature that no registered key verifies, expected one over this query by {registered_keys_named(keys)}",
        )
    require_not_barred(key)
    return Verified(read(message.root()), key.fingerprint, message.octets)


def write_redirect(
    location: str,
    octets: bytes,
    *,
    relay_state: str | None,
    key: SigningKey | None,
    parameter: Parameter = "SAMLRequest",
) -> str:
    """Give the URL that carries the message to `location`, signed unless `key` is None, which only tests and faults want.

    Raises:
        SamlError: `req.relay-state` if the RelayState cannot be carried.
    """
    deflated = zlib.compressobj(wbits=_WINDOW_BITS, memLevel=_MEMORY_LEVEL)
    query = f"{parameter}={_escaped_base64(deflated.compress(octets) + deflated.flush())}"
    if relay_state is not None:
        refuse_odd_relay_state(relay_state)
        query += f"&RelayState={_escaped(relay_state)}"
    if key is not None:
        query += _SIG_ALG
        query += f"&Signature={_escaped_base64(sign_octets(query.encode(), key))}"
    return location + ("&" if "?" in location else "?") + query


def _key_that_signed(message: RedirectMessage, keys: Sequence[VerificationKey]) -> VerificationKey | None:
    algorithm, signature = message.sig_alg or "", message.signature or b""
    for key in keys:
        if signature_is_good(key.public_key, algorithm, signature=signature, signed=message.signed_octets):
            return key
    return None


def _signed_octets(fields: Fields, parameter: Parameter) -> bytes:
    """Put the raw fields in the order that SAML signs; an empty RelayState counts, an absent one does not (attack REQ-06)."""
    names = (parameter, "RelayState", "SigAlg")
    return b"&".join([b"%b=%b" % (name.encode(), fields.raw[name]) for name in names if name in fields.raw])


def _base64(fields: Fields, name: str) -> bytes | None:
    octets = fields.octets(name)
    if octets is None:
        return None
    try:
        return decode(octets)
    except NotBase64 as error:
        fields.text(name)  # what is not even text is called so
        raise SamlError("bind.base64", f"{error} in {name}, expected base64 on one line") from error


def _inflate(deflated: bytes) -> bytes:
    inflating = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        octets = inflating.decompress(deflated, MAXIMUM_INFLATED_BYTES)
    except zlib.error as error:
        raise SamlError("bind.deflate", f"got what does not inflate ({error!s:.80}), expected raw DEFLATE") from error
    if not inflating.eof or inflating.unconsumed_tail or inflating.unused_data:
        raise SamlError(
            "bind.deflate",
            f"got more than {MAXIMUM_INFLATED_BYTES} bytes, a cut stream or bytes behind it, expected one",
        )
    return octets


def _escaped(text: str) -> str:
    return quote(text, safe="")


def _escaped_base64(octets: bytes) -> str:
    # Only three characters of base64 need escaping; `quote` would look at every one, in Python.
    return encode(octets).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


_SIG_ALG: Final = f"&SigAlg={_escaped(RSA_SHA256)}"
