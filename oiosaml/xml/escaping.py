"""Values written into XML, escaped as Canonical XML 1.0, chapter 2.3, prescribes: any text arrives as that text (attack FED-14).

What a message always writes alike is written as text in canonical form, with its values escaped here: attributes in the order of their
names, no tag that closes itself.
"""

import re
from typing import Final

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class UnwritableText(ValueError):
    """A text that no XML document can hold, such as one with a control character (XML 1.0, production 2)."""


def writable(text: str, place: str) -> str:
    """Give `text` back if XML can hold it.

    Raises:
        UnwritableText: names the character and the place.
    """
    # Whatever Python calls printable, XML can hold; and asking that is much faster.
    found = None if text.isprintable() else _NOT_XML.search(text)
    if found is not None:
        raise UnwritableText(f"got U+{ord(found[0]):04X} in {place}, expected only characters that XML can hold")
    return text


def escaped_text(text: str, place: str) -> str:
    """Escape the text of an element. `place` is what is called so where XML cannot hold it.

    Raises:
        UnwritableText: names the character and the place.
    """
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text or ">" in text:
        text = text.replace("<", "&lt;").replace(">", "&gt;")
    return text if text.isprintable() else writable(text, place).replace("\r", "&#xD;")


def escaped_value(value: str, place: str) -> str:
    """Escape the value of an attribute. A reader turns white space into blanks unless it is written as references.

    Raises:
        UnwritableText: names the character and the place.
    """
    if "&" in value:
        value = value.replace("&", "&amp;")
    if "<" in value or '"' in value:
        value = value.replace("<", "&lt;").replace('"', "&quot;")
    if value.isprintable():
        return value
    return writable(value, place).replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")


def tagged(name: str, text: str, attributes: str = "") -> str:
    """Write an element that holds nothing but text; `attributes` are written already.

    Raises:
        UnwritableText: names the character and the element.
    """
    return f"<{name}{attributes}>{escaped_text(text, name)}</{name}>"


def attribute(name: str, value: str | None) -> str:
    """Write an attribute with the space before it; one whose value is None is left out.

    Raises:
        UnwritableText: names the character and the attribute.
    """
    return "" if value is None else f' {name}="{escaped_value(value, name)}"'
