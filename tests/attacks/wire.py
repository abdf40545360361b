"""The words of a recipe that change a message once it is octets, and the fields that carry it."""

import base64
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1

from oiosaml.keys import SigningKey
from oiosaml.uris import RSA_SHA256
from oiosaml.xml.sign import sign_octets

RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"


@dataclass
class Octets:
    """A serialised message."""

    value: bytes


@dataclass
class Fields:
    """What is sent: the fields of a form or a query, each value as it stands on the wire; or a body that is no form."""

    pairs: list[tuple[str, str]]
    key: SigningKey | None = None
    """Signs the query; None for a form, or to leave it unsigned."""
    keys: dict[str, SigningKey] = field(default_factory=dict)
    body: bytes | None = None

    def octets(self) -> bytes:
        return (
            self.body if self.body is not None else "&".join(f"{name}={value}" for name, value in self.pairs).encode()
        )

    def sign(self) -> None:
        if self.key is not None:
            old = unquote(self.value_of("SigAlg")) == RSA_SHA1
            signed = (
                self.key.private_key.sign(self.octets(), PKCS1v15(), SHA1())
                if old
                else sign_octets(self.octets(), self.key)
            )
            value = base64.b64encode(signed).decode()
            self.pairs.append(("Signature", quote(value, safe="")))

    def value_of(self, name: str) -> str:
        return next(value for key, value in self.pairs if key == name)


OCTET_CHANGES: dict[str, Callable[..., None]] = {}
FIELD_CHANGES: dict[str, Callable[..., None]] = {}


def _word(word: str, words: dict[str, Callable[..., None]]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def register(function: Callable[..., None]) -> Callable[..., None]:
        words[word] = function
        return function

    return register


@_word("replace", OCTET_CHANGES)
def replace(octets: Octets, *, replace: str, by: str, times: int = 1, last: bool = False) -> None:
    """Replace the first, or the last, occurrence of a text by another one, repeated."""
    old, new = replace.encode(), by.encode() * times
    assert old in octets.value, f"{replace!r} is not there"
    if last:
        head, _, tail = octets.value.rpartition(old)
        octets.value = head + new + tail
    else:
        octets.value = octets.value.replace(old, new, 1)


@_word("prepend", OCTET_CHANGES)
def prepend(octets: Octets, *, text: str) -> None:
    octets.value = text.encode() + octets.value


@_word("append", OCTET_CHANGES)
def append(octets: Octets, *, text: str) -> None:
    octets.value += text.encode()


@_word("cut", OCTET_CHANGES)
def cut(octets: Octets, *, keep: float) -> None:
    """Keep only this share of the message."""
    octets.value = octets.value[: int(len(octets.value) * keep)]


@_word("twice", OCTET_CHANGES)
def twice(octets: Octets) -> None:
    """Put the whole message behind itself."""
    octets.value *= 2


@_word("become", OCTET_CHANGES)
def become(octets: Octets, *, text: str = "", before: str = "", times: int = 1, after: str = "") -> None:
    """Be another text altogether: `before`, `text` so many times, `after`."""
    octets.value = before.encode() + text.encode() * times + after.encode()


@_word("number", OCTET_CHANGES)
def number(octets: Octets, *, at: str, each: str, times: int) -> None:
    """Put `each`, with its number for `#`, so many times behind the first `at`."""
    many = "".join(each.replace("#", str(n)) for n in range(times)).encode()
    assert at.encode() in octets.value
    octets.value = octets.value.replace(at.encode(), at.encode() + many, 1)


@_word("encode", OCTET_CHANGES)
def encode(octets: Octets, *, to: str) -> None:
    """Write the same text in another encoding."""
    octets.value = octets.value.decode().encode(to)


# --- fields


@_word("add-field", FIELD_CHANGES)
def add_field(fields: Fields, *, name: str, value: str, first: bool = False, times: int = 1) -> None:
    fields.pairs[0 if first else len(fields.pairs) : 0 if first else len(fields.pairs)] = [
        (name, quote(value, safe=""))
    ] * times


@_word("double-field", FIELD_CHANGES)
def double_field(fields: Fields, *, name: str, value: str = "", first: bool = False) -> None:
    """Send a field twice: with the value it has, or the second time, or first, with another."""
    other = quote(value, safe="") or fields.value_of(name)
    fields.pairs.insert(0 if first else len(fields.pairs), (name, other))


@_word("set-field", FIELD_CHANGES)
def set_field(fields: Fields, *, name: str, to: str, raw: bool = False, times: int = 1) -> None:
    """Give a field another value; `raw` if it is written for the wire already."""
    value = (to if raw else quote(to, safe="")) * times
    fields.pairs = [(key, value if key == name else old) for key, old in fields.pairs]


@_word("drop-field", FIELD_CHANGES)
def drop_field(fields: Fields, *, name: str) -> None:
    fields.pairs = [(key, value) for key, value in fields.pairs if key != name]


@_word("change-field", FIELD_CHANGES)
def change_field(fields: Fields, *, name: str, at: float = 0.5) -> None:
    """Change one character of a field; `at` says where, from 0 to 1."""
    value = fields.value_of(name)
    position = round(at * (len(value) - 1))
    # not within an escape, else the escape is the fault
    while "%" in value[max(0, position - 2) : position + 1]:
        position -= 1
    other = "B" if value[position] == "A" else "A"
    set_field(fields, name=name, to=value[:position] + other + value[position + 1 :], raw=True)


@_word("spoil-base64", FIELD_CHANGES)
def spoil_base64(fields: Fields, *, how: str) -> None:
    """Write the message in base64 as only a lenient reader takes it."""
    name, value = fields.pairs[0]
    fields.pairs[0] = (name, quote(_SPOILT[how](unquote(value)), safe=""))


_SPOILT: dict[str, Callable[[str], str]] = {
    # the first two characters stand for a "<" or a packed block, whose letters are in both alphabets
    "url-safe": lambda text: "-_" + text[2:].replace("+", "-").replace("/", "_"),
    "no padding": lambda text: text.rstrip("=") if text.endswith("=") else f"{text}QQ",
    "blanks for plus": lambda text: f"{text[:4]} {text[4:]}",
    "two blobs": lambda text: f"{text}QQ==" * 2,
    "foreign character": lambda text: f"{text[:8]}!{text[8:]}",
    "trailing bits": lambda text: f"{text[: len(text) // 4 * 4 - 4]}QR==",
}


@_word("bomb", FIELD_CHANGES)
def bomb(fields: Fields, *, octets: int) -> None:
    """Send a stream that inflates to so many octets of nothing."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = b" " * 1_000_000
    packed = b"".join(packer.compress(piece) for _ in range(octets // len(piece))) + packer.flush()
    fields.pairs[0] = (fields.pairs[0][0], in_base64(packed))


@_word("spoil-deflate", FIELD_CHANGES)
def spoil_deflate(fields: Fields, *, append: str = "", cut: int = 0) -> None:
    """Put octets behind the compressed stream, or cut it short."""
    name, value = fields.pairs[0]
    packed = base64.b64decode(unquote(value))
    packed = packed[: len(packed) - cut] + append.encode()
    fields.pairs[0] = (name, in_base64(packed))


@_word("repack", FIELD_CHANGES)
def repack(fields: Fields) -> None:
    """Compress the same message otherwise: other octets that say the same."""
    name, value = fields.pairs[0]
    octets = zlib.decompress(base64.b64decode(unquote(value)), -15)
    packer = zlib.compressobj(0, zlib.DEFLATED, -15)
    fields.pairs[0] = (name, in_base64(packer.compress(octets) + packer.flush()))


@_word("sign-query", FIELD_CHANGES)
def sign_query(fields: Fields, *, key: str) -> None:
    """Let another key sign the query, or `nobody`."""
    fields.key = None if key == "nobody" else fields.keys[key]


@_word("send-body", FIELD_CHANGES)
def send_body(fields: Fields, *, text: str, times: int = 1) -> None:
    """Send something that is no form."""
    fields.body = text.encode() * times


def in_base64(octets: bytes) -> str:
    """Write octets in base64 as a field has it: three replacements, where `quote` looks at each of some million characters."""
    return base64.b64encode(octets).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


def fields_of_post(octets: bytes, parameter: str, relay_state: str | None = None) -> Fields:
    """HTTP-POST: the message in base64."""
    pairs = [(parameter, in_base64(octets))]
    return Fields(pairs if relay_state is None else [*pairs, ("RelayState", quote(relay_state, safe=""))])


def fields_of_redirect(octets: bytes, parameter: str, relay_state: str | None, keys: dict[str, SigningKey]) -> Fields:
    """HTTP-Redirect, not signed yet: the signature is made over the fields as the recipe leaves them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    pairs = [(parameter, in_base64(packer.compress(octets) + packer.flush()))]
    if relay_state is not None:
        pairs.append(("RelayState", quote(relay_state, safe="")))
    return Fields([*pairs, ("SigAlg", quote(RSA_SHA256, safe=""))], keys["honest"], keys)
