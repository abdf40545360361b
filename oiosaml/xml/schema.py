"""Does a message have the structure that SAML prescribes? Content models as data, and one walk that compares.

An XSD would say the same and need every schema of the family for it; this says it in the words of the person who must mend the message:
which element, what stood there, what was expected. Values are not examined here, except that an ID must be one.
"""

from typing import Final

from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.xml.content_model import Model, Slot
from oiosaml.xml.models import MODELS
from oiosaml.xml.names import WHITE_SPACE, is_ncname, local_name

_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"


def check(element: _Element) -> None:
    """Compare the element and everything in it with SAML's content models; what stands under no model is somebody else's and passes.

    Raises:
        SamlError: `xml.schema`, naming the path, what was got and what was expected.
    """
    compare(element)


def compare(element: _Element) -> list[_Element]:
    """Do what `check` does, and give every element that stands under a model.

    Raises:
        SamlError: as `check`.
    """
    waiting, modelled = [element], []
    while waiting:
        current = waiting.pop()
        model = MODELS.get(current.tag)  # type: ignore[arg-type]  # the tag of a comment is a function, and stands under no model
        if model is None:
            continue
        modelled.append(current)
        _check_attributes(current, model)
        if model.sequence is None:
            continue
        if not model.text:
            refuse_text(current)
        children = list(current)
        _check_sequence(current, children, model.sequence)
        waiting += children
    return modelled


def forbids_text(element: _Element) -> bool:
    """Tell whether an element that stands under a model may hold no text."""
    model = MODELS[str(element.tag)]
    return model.sequence is not None and not model.text


def refuse_text(element: _Element) -> None:
    """Refuse an element that holds more than elements and white space.

    Raises:
        SamlError: `xml.schema`.
    """
    for piece in (element.text, *[child.tail for child in element]):
        if piece and piece.strip(WHITE_SPACE):
            raise _error(element, "text", "only elements")


def refuse_odd_id(element: _Element) -> None:
    """Refuse an element whose ID, if it has one, is none.

    Raises:
        SamlError: `xml.schema`.
    """
    identifier = element.get("ID")
    if identifier is not None and not is_ncname(identifier):
        raise _error(element, f"ID={identifier!r:.80}", "a name that starts with a letter or underscore")


def _check_attributes(element: _Element, model: Model) -> None:
    names = element.keys()
    if not model.attributes.issuperset(names):
        odd = [name for name in names if name not in model.attributes and not _is_foreign(str(name), model)]
        if odd:
            raise _error(element, f"the attribute {odd[0]}", ", ".join(sorted(model.attributes)) or "none")
    if not model.required.issubset(names):
        missing = min(model.required.difference(names))
        raise _error(element, f"no {missing}", f"the attribute {missing}")
    refuse_odd_id(element)


def _is_foreign(name: str, model: Model) -> bool:
    # xsi:type and its like may stand on every element (XML Schema Structures 2.6).
    return name.startswith(_XSI) or (model.foreign_attributes and name.startswith("{"))


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
