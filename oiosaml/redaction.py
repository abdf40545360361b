"""What is never shown in clear: the one redactor of everything that is logged, recorded as text, or told to somebody.

Taken out are private keys, values that stand beside the name of a secret, the handles that our cookies hold, CPR numbers, and base64 that
holds one of these. Octets on the wire are no text: the record keeps them as they came, and no log line or page quotes them (docs/adr/0025).
"""

import base64
import binascii
import re
import zlib
from functools import lru_cache
from typing import Final

LONGEST_DECODED: Final = 4096
"""How many octets of a base64 value are looked into: more than a text that is shown can hold, deflated or not."""

_SHORT: Final = 200
"""Longest text whose outcome is remembered, in characters."""

_REMEMBERED: Final = 512
"""Of how many texts the outcome is remembered: what is found in the logins of one system and one IdP is the same every time."""

_NAMES: Final = (
    r"pass(?:word|wd|phrase)|adgangskode|secret|pairwise_secret|(?:x-)?api[-_ ]?key|authorization|(?:set-)?cookie"
    r"|form_token|(?-i:(?:__Host-)?nsis_\w+)"
)
"""Names whose value is a secret: fields of forms and settings, headers, and our own cookies."""

_SECRETS: Final = re.compile(
    # A key that was cut off is a key still: then everything to the end goes.
    r"(?P<key>-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z))"
    rf"|(?P<name>(?<![A-Za-z0-9_])(?:{_NAMES})[\"']?\s*[:=]\s*)"
    r"(?P<value>\[secret\]|\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z)|(?:(?:Bearer|Basic)\s+)?[^\s&;,\"'<>\])}]+)"
    # Identifiers that are public and hold runs of digits by chance: UUIDs, message IDs, digests.
    r"|(?P<public>(?<![0-9A-Z])(?:[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}|_[0-9A-F]{32}|[0-9A-F]{40}(?:[0-9A-F]{24})?)"
    r"(?![0-9A-Z]))"
    # 256 bits in base64url, as `IdSource.handle` gives them.
    r"|(?P<handle>(?<![A-Z0-9_\-])[A-Z0-9_\-]{43}(?![A-Z0-9_\-=]))"
    # Day and month of birth (replacement numbers add 60 to the day), year, four digits; an escape may end in a digit.
    r"|(?P<cpr>(?:(?<!\d)|(?<=%[0-9A-F]{2}))(?:0[1-9]|[12]\d|3[01]|6[1-9]|[78]\d|9[01])(?:0[1-9]|1[0-2])\d{2}[- ]?\d{4}(?!\d))",
    re.IGNORECASE | re.DOTALL,
)
_BASE64: Final = re.compile(
    # Looking ahead refuses what is no base64 in a fifth of the time.
    r"(?=[A-Za-z0-9+/%]{20})(?:[A-Za-z0-9+/]|%2[BbFf]){20,}(?:=|%3[Dd]){0,2}"
)
_LONG_WORD: Final = re.compile(r"[A-Za-z0-9_\-]{43}").search
_DIGITS: Final = re.compile(r"[0-9]{6}").search
_HINTS: Final = ("pass", "adgangskode", "secret", "key", "authorization", "cookie", "form_token", "nsis_")
"""One of them is in every name of a secret, and in the words round a private key."""

_ESCAPED: Final = (("%2B", "+"), ("%2b", "+"), ("%2F", "/"), ("%2f", "/"), ("%3D", "="), ("%3d", "="))
_DER_KEYS: Final = (
    b"\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x04",
    b"\x02\x01\x00\x02\x82",
)
"""How an RSA private key begins after its length: PKCS #8 and PKCS #1."""

_WORDS: Final = {
    "key": "[private key]",
    "value": "[secret]",
    "handle": "[handle]",
    "cpr": "[CPR]",
    "base64": "[base64 of a secret]",
}


def redacted(text: str) -> str:
    """Give `text` with words in the place of its secrets."""
    return _remembered(text) if len(text) <= _SHORT else _searched(text)


def _searched(text: str) -> str:
    text = _BASE64.sub(_encoded_replacement, text)
    return _SECRETS.sub(_replacement, text) if _may_hold_secret(text) else text


_remembered = lru_cache(maxsize=_REMEMBERED)(_searched)


def _may_hold_secret(text: str) -> bool:
    """Tell whether `_SECRETS` could find anything but what is public: every login writes some fifteen texts in which it cannot.

    Letters beyond ASCII may stand for ASCII's where case plays no part, so that text with any is searched in full.
    """
    if not text.isascii() or _LONG_WORD(text) or _DIGITS(text):
        return True
    lower = text.lower()
    return any(map(lower.__contains__, _HINTS))


def visible(text: str) -> str:
    """Give `text` on one line: control, format and other characters that do not print are written as Python writes them."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def fit_to_show(text: str, limit: int) -> str:
    """Give `text` redacted, on one line, and cut to `limit` characters and an ellipsis."""
    # Cut twice: an essay is not searched whole, and a secret at the first cut's edge is cut off by the second.
    clear = visible(redacted(text[: 2 * limit + LONGEST_DECODED]))
    return clear if len(clear) <= limit else f"{clear[:limit]}…"


def _replacement(found: re.Match[str]) -> str:
    kind = str(found.lastgroup)
    return found[0] if kind == "public" else f"{found['name'] or ''}{_WORDS[kind]}"


def _encoded_replacement(found: re.Match[str]) -> str:
    encoded = found[0]
    for escape, character in _ESCAPED:
        encoded = encoded.replace(escape, character)
    try:
        octets = base64.b64decode(encoded.rstrip("=")[: LONGEST_DECODED // 3 * 4] + "==")
    except binascii.Error:
        return found[0]
    return _WORDS["base64"] if _holds_secret(octets) else found[0]


def _holds_secret(octets: bytes) -> bool:
    try:
        inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(octets, LONGEST_DECODED)
    except zlib.error:
        inflated = b""
    if any(beginning in octets[:64] for beginning in _DER_KEYS):
        return True
    texts = (each.decode("latin-1") for each in (octets, inflated))
    return any(found.lastgroup != "public" for text in texts for found in _SECRETS.finditer(text))
