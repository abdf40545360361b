"""Does a message have the structure that SAML prescribes? Content models as data, and one walk that compares.

An XSD would say the same and need every schema of the family for it; this says it in the words of the person who must mend the message:
which element, what stood there, what was expected. Values are not examined here, except that an ID must be one.
"""

from typing import Final

from lxml import etree
from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.value_type import value_type
from oiosaml.xml.content_model import Model, Slot
from oiosaml.xml.models import MODELS
from oiosaml.xml.names import is_ncname, local_name

_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"

MOST_REMEMBERED: Final = 256
"""So many shapes are remembered, so that no number of messages fills the memory."""

LONGEST_REMEMBERED: Final = 8192
"""In characters; an assertion with twenty attributes takes some 4000."""

_IDENTIFIERS: Final = etree.XPath(
    "//@ID | //@Id | //@id | //@xml:id", namespaces={"xml": "http://www.w3.org/XML/1998/namespace"}, smart_strings=False
)

_MIXED: Final = etree.XPath("boolean(descendant-or-self::*[*]/text()[normalize-space()])")
"""Whether any element holds text beside elements. Asked once: looking at each piece of white space in Python costs as much as a parse."""


def check(element: _Element) -> None:
    """Compare the element and everything in it with SAML's content models; what stands under no model is somebody else's and passes.

    Raises:
        SamlError: `xml.schema`, naming the path, what was got and what was expected.
    """
    if _MIXED(element):
        _compare_all(element, mixed=True)
        return
    elements = list(element.iter())
    shape = _shape_of(elements)
    depends = _fitting.get(shape)
    if depends is None:
        depends = _open_places(_compare_all(element, mixed=False), elements)
        _remember(shape, depends)
    for place in depends.without_text:
        _check_text(elements[place], [])
    for place in depends.with_id:
        _check_id(elements[place])


@value_type
class _Depends:
    """What the shape of a tree leaves open: which elements, counted in document order, may hold no text, and which have an ID."""

    without_text: tuple[int, ...]
    with_id: tuple[int, ...]


_fitting: Final[dict[str, _Depends]] = {}
"""Shapes that fit the models. Honest messages repeat the same few; a shape that does not fit is compared, and refused, each time."""


def _shape_of(elements: list[_Element]) -> str:
    """Give every element's name, the names of its attributes and the number of its children, in document order: all that models speak of.

    Nothing that XML can hold reads as the separator, and no name as a number, so two trees of one shape are built alike.
    """
    names: list[str] = []
    for each in elements:
        names.append(str(each.tag))
        names += each.keys()
        names.append(str(len(each)))
    return "\x01".join(names)


def _remember(shape: str, depends: _Depends) -> None:
    if len(shape) > LONGEST_REMEMBERED:
        return
    if len(_fitting) >= MOST_REMEMBERED:
        _fitting.clear()
    _fitting[shape] = depends


def _open_places(modelled: list[_Element], elements: list[_Element]) -> _Depends:
    number = {each: at for at, each in enumerate(elements)}
    return _Depends(
        tuple([number[each] for each in modelled if len(each) == 0 and _may_hold_no_text(each)]),
        tuple([number[each] for each in modelled if each.get("ID") is not None]),
    )


def _may_hold_no_text(element: _Element) -> bool:
    model = MODELS[str(element.tag)]
    return model.sequence is not None and not model.text


def _compare_all(element: _Element, *, mixed: bool) -> list[_Element]:
    """Compare with the models, and give every element that stands under one."""
    waiting, modelled = [element], []
    while waiting:
        current = waiting.pop()
        model = MODELS.get(current.tag)  # type: ignore[arg-type]  # the tag of a comment is a function, and stands under no model
        if model is None:
            continue
        modelled.append(current)
        _check_attributes(current, model, current.keys())
        if model.sequence is None:
            continue
        children = list(current)
        if not model.text and (mixed or not children):
            _check_text(current, children)
        _check_sequence(current, children, model.sequence)
        waiting += children
    return modelled


def refuse_duplicate_ids(root: _Element) -> None:
    """Refuse a document in which one value names two elements, in whatever spelling of `ID` (attack XSW-12).

    Raises:
        SamlError: `xml.schema`.
    """
    identifiers = _IDENTIFIERS(root.getroottree())
    if len(set(identifiers)) != len(identifiers):
        twice = next(each for index, each in enumerate(identifiers) if each in identifiers[:index])
        raise SamlError("xml.schema", f"got the ID {twice!r:.120} twice, expected every ID once")


def _check_attributes(element: _Element, model: Model, names: list[str]) -> None:
    if not model.attributes.issuperset(names):
        odd = [name for name in names if name not in model.attributes and not _is_foreign(str(name), model)]
        if odd:
            raise _error(element, f"the attribute {odd[0]}", ", ".join(sorted(model.attributes)) or "none")
    if not model.required.issubset(names):
        missing = min(model.required.difference(names))
        raise _error(element, f"no {missing}", f"the attribute {missing}")
    _check_id(element)


def _check_id(element: _Element) -> None:
    identifier = element.get("ID")
    if identifier is not None and not is_ncname(identifier):
        raise _error(element, f"ID={identifier!r:.80}", "a name that starts with a letter or underscore")


def _is_foreign(name: str, model: Model) -> bool:
    # xsi:type and its like may stand on every element (XML Schema Structures 2.6).
    return name.startswith(_XSI) or (model.foreign_attributes and name.startswith("{"))


def _check_text(element: _Element, children: list[_Element]) -> None:
    pieces = [element.text, *[child.tail for child in children]]
    for piece in pieces:
        if piece and piece.strip():
            raise _error(element, "text", "only elements")


def _check_sequence(element: _Element, children: list[_Element], sequence: tuple[Slot, ...]) -> None:
    at, missed = _compare(str(element.tag), [str(child.tag) for child in children], sequence)
    if missed is not None:
        raise _error(element, _shown(children, at), str(missed))
    if at < len(children):
        allowed = ", ".join(str(slot) for slot in sequence) or "no elements"
        raise _error(element, f"{_shown(children, at)} as child {at + 1}", f"in this order {allowed}")


def _compare(parent: str, tags: list[str], sequence: tuple[Slot, ...]) -> tuple[int, Slot | None]:
    """Give how many children fit, and the place that was left too empty, if any."""
    at = 0
    for slot in sequence:
        start = at
        limit = len(tags) if slot.maximum is None else min(len(tags), start + slot.maximum)
        while at < limit and (tags[at] in slot.names or slot.takes_foreign(tags[at], parent)):
            at += 1
        if at - start < slot.minimum:
            return at, slot
    return at, None


def _shown(children: list[_Element], at: int) -> str:
    return local_name(children[at]) if at < len(children) else "nothing more"


def _error(element: _Element, got: str, expected: str) -> SamlError:
    names = [local_name(each) for each in element.iterancestors()][::-1]
    path = "/".join([*names, local_name(element)])
    return SamlError("xml.schema", f"/{path} (line {element.sourceline}): got {got}, expected {expected}")
