"""Does a message have the structure that SAML prescribes? Content models as data, and one walk that compares.

An XSD would say the same and need every schema of the family for it; this says it in the words of the person who must mend the message:
which element, what stood there, what was expected. Values are not examined here, except that an ID must be one.
"""

from functools import lru_cache
from typing import Final

from lxml import etree
from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.xml.content_model import Model, Slot
from oiosaml.xml.models import MODELS
from oiosaml.xml.names import is_ncname, local_name

_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"

_REMEMBERED_CHILDREN: Final = 64
_REMEMBERED_CHARACTERS: Final = 4096
"""Longest sequence of children whose outcome is remembered, and of all their names, so that no message fills the memory."""

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
    mixed = _MIXED(element)
    waiting = [element]
    while waiting:
        current = waiting.pop()
        model = MODELS.get(current.tag)  # type: ignore[arg-type]  # the tag of a comment is a function, and stands under no model
        if model is None:
            continue
        names = current.keys()
        if names or model.required:
            _check_attributes(current, model, names)
        sequence = model.sequence
        if sequence is None:
            continue
        children = list(current)
        if not model.text and (mixed or not children):
            _check_text(current, children)
        # One child in the only place there is, as in every attribute of an assertion; most elements are so.
        if len(children) == 1 == len(sequence) and children[0].tag in sequence[0].names:
            waiting.append(children[0])
        elif children or sequence:
            _check_sequence(current, children, sequence)
            waiting += children


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
    identifier = element.get("ID") if "ID" in names else None
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
    parent, tags = str(element.tag), tuple([str(child.tag) for child in children])
    short = len(tags) <= _REMEMBERED_CHILDREN and sum(map(len, tags)) <= _REMEMBERED_CHARACTERS
    at, missed = _compared(parent, tags) if short else _compare(parent, tags, sequence)
    if missed is not None:
        raise _error(element, _shown(children, at), str(missed))
    if at < len(children):
        allowed = ", ".join(str(slot) for slot in sequence) or "no elements"
        raise _error(element, f"{_shown(children, at)} as child {at + 1}", f"in this order {allowed}")


@lru_cache(maxsize=1024)
def _compared(parent: str, tags: tuple[str, ...]) -> tuple[int, Slot | None]:
    """Remember what comparing gave: honest messages repeat the same few sequences, and the outcome depends on nothing else."""
    return _compare(parent, tags, MODELS[parent].sequence or ())


def _compare(parent: str, tags: tuple[str, ...], sequence: tuple[Slot, ...]) -> tuple[int, Slot | None]:
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
