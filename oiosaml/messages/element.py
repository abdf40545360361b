"""Reading the elements of a message, and building new ones: exact values in, escaped text out, no string put together by hand.

What is read is lxml's `_Element`, what is built a `NewElement`: neither can stand for the other.

Readers here expect an element whose structure was checked; what is left to go wrong is the form of a single value.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Final

from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.validity import parse_instant
from oiosaml.xml.names import local_name
from oiosaml.xml.parse import text_of
from oiosaml.xml.writing import PREFIXES, NewElement

SAML_VERSION: Final = "2.0"

_BOOLEANS: Final[Mapping[str, bool]] = MappingProxyType({"true": True, "1": True, "false": False, "0": False})
_NUMBER = re.compile(r"[0-9]{1,5}", re.ASCII)
_MAXIMUM_NUMBER: Final = 65535
"""xs:unsignedShort, which SAML prescribes for an index; a ProxyCount above it is nobody's honest wish."""

_NO_ATTRIBUTES: Final[Mapping[str, str | None]] = MappingProxyType({})


def qname(namespace: str, tag: str) -> str:
    """Give the name as lxml writes it."""
    return f"{{{namespace}}}{tag}"


def children(element: _Element, namespace: str, tag: str) -> Iterator[_Element]:
    """Give the direct children of that name; a grandchild never counts (attack XSW-04)."""
    name = f"{{{namespace}}}{tag}"
    return iter([each for each in element if each.tag == name])


def child(element: _Element, namespace: str, tag: str) -> _Element | None:
    """Give the one direct child of that name, or None.

    Raises:
        SamlError: `xml.schema` if there are several: neither the first nor the last may win.
    """
    name = f"{{{namespace}}}{tag}"
    found = [each for each in element if each.tag == name]
    if len(found) > 1:
        raise SamlError("xml.schema", f"got {len(found)} {tag} in {local_name(element)}, expected at most one")
    return found[0] if found else None


def required_child(element: _Element, namespace: str, tag: str) -> _Element:
    """Give the one direct child of that name.

    Raises:
        SamlError: `xml.schema` if there is none, or several.
    """
    found = child(element, namespace, tag)
    if found is None:
        raise SamlError("xml.schema", f"got no {tag} in {local_name(element)}, expected one")
    return found


def child_text(element: _Element, namespace: str, tag: str) -> str | None:
    """Give the text of the one direct child of that name, or None if there is no such child."""
    found = child(element, namespace, tag)
    return None if found is None else text_of(found)


class Parts:
    """The direct children of an element by name, as lxml writes it; a grandchild never counts (attack XSW-04)."""

    __slots__ = ("_element", "_found")

    def __init__(self, element: _Element) -> None:
        """Look at each child once."""
        self._element = element
        self._found: dict[str, list[_Element]] = {}
        for each in element:
            self._found.setdefault(str(each.tag), []).append(each)

    def all(self, name: str) -> list[_Element]:
        """Give the children of that name."""
        return self._found.get(name, [])

    def one(self, name: str) -> _Element | None:
        """Give the one child of that name, or None.

        Raises:
            SamlError: `xml.schema` if there are several: neither the first nor the last may win.
        """
        found = self._found.get(name)
        if found is None:
            return None
        if len(found) > 1:
            tag = name.partition("}")[2]
            raise SamlError(
                "xml.schema", f"got {len(found)} {tag} in {local_name(self._element)}, expected at most one"
            )
        return found[0]

    def required(self, name: str) -> _Element:
        """Give the one child of that name.

        Raises:
            SamlError: `xml.schema` if there is none, or several.
        """
        found = self.one(name)
        if found is None:
            raise SamlError(
                "xml.schema", f"got no {name.partition('}')[2]} in {local_name(self._element)}, expected one"
            )
        return found


def required(element: _Element, attribute: str) -> str:
    """Give an attribute that must be there.

    Raises:
        SamlError: `xml.schema` if it is not.
    """
    value = element.get(attribute)
    if value is None:
        raise SamlError("xml.schema", f"got no {attribute} on {local_name(element)}, expected one")
    return value


def boolean(element: _Element, attribute: str) -> bool:
    """Read an xs:boolean attribute; absent is false.

    Raises:
        SamlError: `xml.schema` for any text but true, false, 1 and 0.
    """
    text = element.get(attribute, "false")
    if text not in _BOOLEANS:
        raise SamlError("xml.schema", f"got {attribute}={text!r:.40}, expected true or false")
    return _BOOLEANS[text]


def number(element: _Element, attribute: str) -> int | None:
    """Read a non-negative number; None if the attribute is absent.

    Raises:
        SamlError: `xml.schema` for anything but up to five digits that make at most 65535.
    """
    text = element.get(attribute)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text) or int(text) > _MAXIMUM_NUMBER:
        raise SamlError("xml.schema", f"got {attribute}={text!r:.40}, expected a number from 0 to {_MAXIMUM_NUMBER}")
    return int(text)


def instant(element: _Element, attribute: str) -> datetime | None:
    """Read an instant; None if the attribute is absent.

    Raises:
        SamlError: `proto.time-format`.
    """
    text = element.get(attribute)
    return None if text is None else parse_instant(text)


def required_instant(element: _Element, attribute: str) -> datetime:
    """Read an instant that must be there.

    Raises:
        SamlError: `proto.time-format`, or `xml.schema` if it is absent.
    """
    return parse_instant(required(element, attribute))


def refuse_other_version(element: _Element) -> None:
    """Refuse a message of another version before anything in it is interpreted (attack PRO-17).

    Raises:
        SamlError: `proto.version`.
    """
    version = element.get("Version")
    if version != SAML_VERSION:
        raise SamlError(
            "proto.version", f"got Version={version!r:.40} on {local_name(element)}, expected {SAML_VERSION}"
        )


def build(
    namespace: str, tag: str, attributes: Mapping[str, str | None] = _NO_ATTRIBUTES, *, prefixes: tuple[str, ...]
) -> NewElement:
    """Build a root in which the namespaces of `prefixes` may be used. An attribute whose value is None is left out.

    Raises:
        UnwritableText: if a value holds what XML cannot.
    """
    return NewElement(_namespaces(prefixes), namespace, tag, attributes)


add: Final = NewElement.add
"""Appends a child to a parent, in a namespace that its root was built for, and gives it."""


def xml_boolean(value: bool) -> str:  # noqa: FBT001 - the value itself, not an option
    """Write an xs:boolean."""
    return "true" if value else "false"


def serialise(element: NewElement) -> bytes:
    """Give the element in exclusive canonical form, as UTF-8 without declaration or indentation: what is signed is what is sent."""
    return element.octets()


@cache
def _namespaces(prefixes: tuple[str, ...]) -> frozenset[str]:
    return frozenset(PREFIXES[prefix] for prefix in prefixes)
