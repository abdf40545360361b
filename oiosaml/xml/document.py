"""The rules of the whole document a message stands in: one assertion at most, the structure that SAML prescribes, every ID once.

Nearly all of that depends on the document's shape alone, and honest messages have the same few: a shape that was found good is remembered.
What depends on values is asked each time.
"""

from typing import Final

from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.uris import NS_SAML
from oiosaml.value_type import value_type
from oiosaml.xml.names import WHITE_SPACE
from oiosaml.xml.parse import parse_unexamined, refuse_oddities
from oiosaml.xml.schema import compare, forbids_text, refuse_odd_id, refuse_text

MOST_REMEMBERED: Final = 256
"""So many shapes are remembered, so that no number of messages fills the memory."""

LONGEST_REMEMBERED: Final = 8192
"""In characters; an assertion with twenty attributes takes some 4000."""

_ASSERTIONS: Final = (f"{{{NS_SAML}}}Assertion", f"{{{NS_SAML}}}EncryptedAssertion")
_IDENTIFIERS: Final = ("ID", "Id", "id", "{http://www.w3.org/XML/1998/namespace}id")


@value_type
class _GoodShape:
    """What a good shape leaves open, by the elements' numbers in document order."""

    identifiers: tuple[tuple[int, str], ...]
    """Which attributes name their element, in whatever spelling."""
    ids: tuple[int, ...]
    """Which elements of the message have an ID."""
    without_text: tuple[int, ...]
    """Which of its elements have no content, and may have no text either."""
    parents: tuple[int, ...]
    """Which elements hold elements."""


_ODD_SHAPE: Final = ""
"""Of a document that holds more than elements; it is never found good."""

_good_shapes: Final[dict[tuple[str, int], _GoodShape]] = {}
"""By shape, and by the number of the message's own element. Another shape is compared, and refused, each time."""


def read_document(octets: bytes, expected: str) -> _Element:
    """Parse a message called `expected`, and apply the rules of the whole document.

    Raises:
        SamlError: what `parse_message` raises, `xml.root` for another element, `proto.assertion-count` or `xml.schema`.
    """
    root = parse_unexamined(octets)
    elements = list(root.getroottree().iter())
    shape = _shape_of(elements)
    # what stands beside the root is no part of its shape
    alone = root.getprevious() is None and root.getnext() is None
    refuse_oddities(root, len(octets), ordinary_shape=alone and (shape, 0) in _good_shapes)
    require_name(root, expected)
    _check(root, elements, shape, 0)
    return root


def check_document(message: _Element) -> None:
    """Apply the rules of the whole document to a message that `parse_message` gave, or that stands in what it gave.

    Raises:
        SamlError: `proto.assertion-count` or `xml.schema`.
    """
    elements = list(message.getroottree().iter())
    number = 0 if elements[0] is message else elements.index(message)
    _check(message, elements, _shape_of(elements), number)


def require_name(element: _Element, expected: str) -> None:
    """Refuse an element of another name.

    Raises:
        SamlError: `xml.root`.
    """
    if element.tag != expected:
        raise SamlError("xml.root", f"got {str(element.tag)!r:.120}, expected {expected}")


def _check(message: _Element, elements: list[_Element], shape: str, number: int) -> None:
    good = _good_shapes.get((shape, number))
    if good is None or _holds_text_beside_elements(elements, good.parents):
        good = _examined(message, elements)
        _remember(shape, number, good)
    for each in good.without_text:
        refuse_text(elements[each])
    for each in good.ids:
        refuse_odd_id(elements[each])
    _refuse_doubles([elements[each].get(name) for each, name in good.identifiers])


def _shape_of(elements: list[_Element]) -> str:
    """Give every element's name, its attributes' names and the number of its children, in document order: all that structure is.

    XML holds no character like the separator, and no name is a number, so two documents of one shape are built alike.
    """
    names: list[str] = []
    add = names.append
    for each in elements:
        add(each.tag)  # type: ignore[arg-type]  # see below
        names += each.keys()
        add(str(len(each)))
    try:
        return "\x01".join(names)
    except TypeError:  # the tag of a comment or processing instruction is a function
        return _ODD_SHAPE


def _examined(message: _Element, elements: list[_Element]) -> _GoodShape:
    """Examine a document of a shape not seen before.

    Raises:
        SamlError: `proto.assertion-count` or `xml.schema`.
    """
    count = sum(each.tag in _ASSERTIONS for each in elements)
    if count > 1:
        # before anything is looked up by its ID: every wrapping needs the honest assertion and a second one
        raise SamlError("proto.assertion-count", f"got {count} assertions in one message, expected one at most")
    numbers = {each: number for number, each in enumerate(elements)}
    under_models = [(numbers[each], each) for each in compare(message)]
    return _GoodShape(
        identifiers=tuple(
            [(n, name) for n, each in enumerate(elements) for name in _IDENTIFIERS if name in each.attrib]
        ),
        ids=tuple([number for number, each in under_models if each.get("ID") is not None]),
        parents=tuple([number for number, each in enumerate(elements) if len(each)]),
        without_text=tuple([number for number, each in under_models if len(each) == 0 and forbids_text(each)]),
    )


def _remember(shape: str, number: int, good: _GoodShape) -> None:
    if len(shape) > LONGEST_REMEMBERED or shape == _ODD_SHAPE:
        return
    if len(_good_shapes) >= MOST_REMEMBERED:
        _good_shapes.clear()
    _good_shapes[shape, number] = good


def _holds_text_beside_elements(elements: list[_Element], parents: tuple[int, ...]) -> bool:
    """Tell it of any element in the document: under a model it would be refused, elsewhere it is somebody else's."""
    pieces = [piece for each in elements if (piece := each.tail)]
    pieces += [piece for each in parents if (piece := elements[each].text)]
    return bool(pieces) and "".join(pieces).strip(WHITE_SPACE) != ""


def _refuse_doubles(identifiers: list[str | None]) -> None:
    """Refuse a document in which one value names two elements (attack XSW-12)."""
    if len(set(identifiers)) != len(identifiers):
        twice = next(each for index, each in enumerate(identifiers) if each in identifiers[:index])
        raise SamlError("xml.schema", f"got the ID {twice!r:.120} twice, expected every ID once")
