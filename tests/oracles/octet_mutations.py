"""What a meddler does to octets without parsing them: to XML as text, and to queries and forms as fields."""

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

OctetMutation = Callable[[bytes, Random], bytes]

_PREFIX: Final = re.compile(rb'xmlns:([A-Za-z][\w.-]*)="')
_ATTRIBUTE: Final = re.compile(rb' ([A-Za-z][\w:.-]*)="([^"<]*)"')
_TEXT: Final = re.compile(rb">([^<]+)<")
_TAG: Final = re.compile(rb"<[A-Za-z][^<>]*>")
_BYTES: Final = (
    b"\x00",
    b"\xff",
    b"<",
    b">",
    b"&",
    b'"',
    b"'",
    b"=",
    b"+",
    b"%",
    b" ",
    b"\n",
    b"\r",
    b"A",
    b"\xc3",
    b"\xef\xbb\xbf",
)
_ENTITIES: Final = (b"&lt;", b"&#x41;", b"&evil;", b"&#0;", b"&#xD;", b"&#60;")


def flip_bit(octets: bytes, random: Random) -> bytes:
    """Change one bit."""
    if not octets:
        return octets
    place = random.randrange(len(octets))
    return octets[:place] + bytes([octets[place] ^ (1 << random.randrange(8))]) + octets[place + 1 :]


def insert_byte(octets: bytes, random: Random) -> bytes:
    """Put an awkward byte somewhere."""
    place = random.randint(0, len(octets))
    return octets[:place] + random.choice(_BYTES) + octets[place:]


def cut_off(octets: bytes, random: Random) -> bytes:
    """Lose the end, or what stands in the middle."""
    start = random.randint(0, len(octets))
    return octets[:start] + (octets[start + random.randint(1, 40) :] if random.random() < 0.6 else b"")


def duplicate_attribute(octets: bytes, random: Random) -> bytes:
    """Write an attribute twice in one tag."""
    return _at_a_match(_ATTRIBUTE, octets, random, lambda match: match.group() * 2)


def rename_prefix(octets: bytes, random: Random) -> bytes:
    """Write a namespace by another prefix: the same document, unless a signature covers its names."""
    prefixes = sorted(set(_PREFIX.findall(octets)))
    if not prefixes:
        return octets
    prefix = random.choice(prefixes)
    new = b"q%d" % random.randrange(100)
    return re.sub(rb"(</?|xmlns:| )%b(?=[:=])" % re.escape(prefix), lambda match: match.group(1) + new, octets)


def rebind_prefix(octets: bytes, random: Random) -> bytes:
    """Let a prefix mean another namespace within one element."""
    prefixes = sorted(set(_PREFIX.findall(octets))) or [b"saml"]
    declaration = b' xmlns:%b="urn:evil"' % random.choice(prefixes)
    return _at_a_match(_TAG, octets, random, lambda match: _in_tag(match.group(), declaration))


def declare_namespace(octets: bytes, random: Random) -> bytes:
    """Declare a namespace that nobody uses, or another default."""
    declaration = random.choice(
        (b' xmlns:evil="urn:evil"', b' xmlns:evil="evil"', b' xmlns="urn:evil"', b' xmlns=""', b' xmlns:ID="urn:evil"')
    )
    return _at_a_match(_TAG, octets, random, lambda match: _in_tag(match.group(), declaration))


def change_quotes(octets: bytes, random: Random) -> bytes:
    """Write an attribute with the other quotes."""
    return _at_a_match(
        _ATTRIBUTE,
        octets,
        random,
        lambda match: match.group() if b"'" in match.group(2) else b" %b='%b'" % (match.group(1), match.group(2)),
    )


def space_in_tag(octets: bytes, random: Random) -> bytes:
    """Put white space where a tag allows it."""
    return _at_a_match(_TAG, octets, random, lambda match: _in_tag(match.group(), random.choice((b" ", b"\n", b"\t"))))


def refer_to_character(octets: bytes, random: Random) -> bytes:
    """Write a character of a text by its number."""

    def referred(match: re.Match[bytes]) -> bytes:
        text = match.group(1)
        place = random.randrange(len(text))
        if text[place] >= 0x80 or b"&" in text:
            return match.group()
        return b">%b&#%d;%b<" % (text[:place], text[place], text[place + 1 :])

    return _at_a_match(_TEXT, octets, random, referred)


def quote_text(octets: bytes, random: Random) -> bytes:
    """Write a text as a CDATA section."""
    return _at_a_match(_TEXT, octets, random, lambda match: b"><![CDATA[%b]]><" % match.group(1))


def insert_entity(octets: bytes, random: Random) -> bytes:
    """Put an entity into a text."""
    return _at_a_match(_TEXT, octets, random, lambda match: b">%b%b<" % (random.choice(_ENTITIES), match.group(1)))


def declare_document(octets: bytes, random: Random) -> bytes:
    """Put something before the document, or behind it."""
    before, after = random.choice(
        (
            (b'<?xml version="1.0" encoding="UTF-8"?>', b""),
            (b'<?xml version="1.0" encoding="ISO-8859-1"?>', b""),
            (b'<?xml version="1.1"?>', b""),
            (b"\xef\xbb\xbf", b""),
            (b"\n", b"\n"),
            (b'<!DOCTYPE r [<!ENTITY evil "x">]>', b""),
            (b"", b"<evil/>"),
            (b"<!-- evil -->", b""),
            (b"", b" \n "),
        )
    )
    return before + octets + after


XML_MUTATIONS: Final[Sequence[OctetMutation]] = (
    flip_bit, insert_byte, cut_off, duplicate_attribute, rename_prefix, rebind_prefix, declare_namespace, change_quotes, space_in_tag,
    refer_to_character, quote_text, insert_entity, declare_document,
)  # fmt: skip


def swap_fields(octets: bytes, random: Random) -> bytes:
    """Write the fields in another order."""
    fields = octets.split(b"&")
    random.shuffle(fields)
    return b"&".join(fields)


def repeat_field(octets: bytes, random: Random) -> bytes:
    """Write a field twice, perhaps with another value."""
    fields = octets.split(b"&")
    again = random.choice(fields)
    if random.random() < 0.5:
        again = again.partition(b"=")[0] + b"=evil"
    fields.insert(random.randint(0, len(fields)), again)
    return b"&".join(fields)


def drop_field(octets: bytes, random: Random) -> bytes:
    """Leave a field out."""
    fields = octets.split(b"&")
    del fields[random.randrange(len(fields))]
    return b"&".join(fields)


def add_field(octets: bytes, random: Random) -> bytes:
    """Add a field that nobody asked for."""
    field = random.choice(
        (b"evil=1", b"SAMLart=x", b"SAMLResponse=PGE+", b"RelayState=evil", b"SAMLEncoding=evil", b"", b"=", b"evil")
    )
    fields = octets.split(b"&")
    fields.insert(random.randint(0, len(fields)), field)
    return b"&".join(fields)


def rename_field(octets: bytes, random: Random) -> bytes:
    """Write a field's name otherwise."""
    fields = octets.split(b"&")
    place = random.randrange(len(fields))
    name, equals, value = fields[place].partition(b"=")
    other = random.choice((name.lower(), name.upper(), b"%%%02X%b" % (name[0], name[1:]) if name else b"evil", b"evil"))
    fields[place] = other + equals + value
    return b"&".join(fields)


def change_field(octets: bytes, random: Random) -> bytes:
    """Set a field to another value, or to another field's."""
    fields = octets.split(b"&")
    place = random.randrange(len(fields))
    name = fields[place].partition(b"=")[0]
    others = [field.partition(b"=")[2] for field in fields]
    fields[place] = name + b"=" + random.choice((*others, b"", b"evil", b"%00", b"%C3", b"a%20b"))
    return b"&".join(fields)


def escape_otherwise(octets: bytes, random: Random) -> bytes:
    """Escape what need not be, or write an escape in the other case: the same value by other octets."""
    if random.random() < 0.5:
        return re.sub(rb"%[0-9A-F]{2}", lambda match: match.group().lower(), octets, count=random.randint(0, 3))
    place = random.randrange(len(octets)) if octets else 0
    if octets[place : place + 1] in (b"&", b"=", b"%", b""):
        return octets
    return octets[:place] + b"%%%02X" % octets[place] + octets[place + 1 :]


FIELD_MUTATIONS: Final[Sequence[OctetMutation]] = (
    flip_bit, insert_byte, cut_off, swap_fields, repeat_field, drop_field, add_field, rename_field, change_field, escape_otherwise,
)  # fmt: skip


def _at_a_match(
    pattern: re.Pattern[bytes], octets: bytes, random: Random, write: Callable[[re.Match[bytes]], bytes]
) -> bytes:
    found = list(pattern.finditer(octets))
    if not found:
        return octets
    match = random.choice(found)
    return octets[: match.start()] + write(match) + octets[match.end() :]


def _in_tag(tag: bytes, addition: bytes) -> bytes:
    end = -2 if tag.endswith(b"/>") else -1
    return tag[:end] + addition + tag[end:]
