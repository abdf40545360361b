"""Decrypted octets as a tree of their own.

They are never grafted into the message they came in: lxml would rewrite prefixes there, and the signature would break.
"""

import re
from typing import Final
from xml.sax.saxutils import quoteattr

from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.xml.document import check_document, read_document
from oiosaml.xml.parse import parse_message

_DECLARATION = re.compile(rb"\A(?:\xef\xbb\xbf)?<\?xml [^>]*\?>\s*")
_PREFIX = re.compile(r"[^\W\d][\w.\-]*")
_MAXIMUM_SCOPE: Final = 64
"""Most namespaces taken over from the message."""


def read_plaintext(octets: bytes, encrypted: _Element, *, expected: str) -> _Element:
    """Parse the one element, called `expected`, that `encrypted` was made of, and apply the rules of the whole document.

    Most stacks encrypt an element that declares its own namespaces. Some encrypt text that relies on declarations of the message around it
    (XML Encryption 4.2 has it decrypted in place): if it does not stand alone, it is parsed inside an element that declares what was in
    scope. That cannot deceive: exclusive canonicalisation makes the signature cover the names as they are read.

    Raises:
        SamlError: what `read_document` raises.
    """
    try:
        return read_document(octets, expected)
    except SamlError as error:
        # a prefix that nobody declares, or, without a prefix, another name
        if error.code not in {"xml.malformed", "xml.root"}:
            raise
        refusal = error
    inside = _in_scope(octets, encrypted)
    if inside is None or inside.tag != expected:
        raise refusal
    check_document(inside)
    return inside


def _in_scope(octets: bytes, encrypted: _Element) -> _Element | None:
    declarations = [
        f"xmlns{':' + prefix if prefix else ''}={quoteattr(namespace)}"
        for prefix, namespace in encrypted.nsmap.items()
        if prefix is None or _PREFIX.fullmatch(prefix)
    ]
    scope = " ".join(declarations[:_MAXIMUM_SCOPE]).encode()
    try:
        wrapper = parse_message(b"<scope %b>%b</scope>" % (scope, _DECLARATION.sub(b"", octets)))
    except SamlError:
        return None
    # One element and nothing beside it: a plaintext that closes the wrapper and opens another is not one element.
    if wrapper.text or len(wrapper) != 1 or wrapper[0].tail:
        return None
    return wrapper[0]
