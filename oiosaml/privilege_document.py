"""An OIOBPP value as it came, before anybody believes it: decoded, parsed by the hardened parser, nothing left out.

Reading never raises: what is wrong is kept as a problem or as a hole, so that the rules can say all of it at once.
"""

import base64
import binascii
from typing import Final

from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.uris import NS_BPP, NS_BPP_LEGACY
from oiosaml.value_type import value_type
from oiosaml.xml.names import WHITE_SPACE, local_name
from oiosaml.xml.parse import parse_message, text_of

MAXIMUM_OCTETS: Final = 256 * 1024
"""Longest accepted document, in octets after decoding (BPP-15, our choice). Guards against attack PRV-05."""

_NAMESPACES: Final = ("", "{" + NS_BPP, "{" + NS_BPP_LEGACY)
_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_PARSER_PROBLEMS: Final = {"xml.limits": "priv.limits", "size": "priv.limits", "xml.text": "xml.text"}


@value_type
class Problem:
    """Why nothing, or not all, could be read; `key` is the refusal it leads to."""

    key: str
    detail: str
    line: int | None = None


@value_type
class DocumentConstraint:
    """A Constraint element; `name` None if it has none."""

    name: str | None
    value: str


@value_type
class DocumentGroup:
    """A PrivilegeGroup element; `scope` None if it has none."""

    scope: str | None
    privileges: tuple[str, ...]
    constraints: tuple[DocumentConstraint, ...]
    line: int | None = None


@value_type
class PrivilegeDocument:
    """One decoded OIOBPP value."""

    size: int
    """Octets after decoding."""
    problem: Problem | None = None
    """Set if it could not be decoded or parsed; the rest is then empty."""
    root: str | None = None
    """The root's name as `{namespace}local`."""
    groups: tuple[DocumentGroup, ...] = ()
    qualified_children: bool = False
    """Whether an element below the root stands in the root's namespace, which the profile does not allow (BPP-11)."""
    foreign: tuple[str, ...] = ()
    """What stands there that the profile does not define: elements, attributes, loose text."""

    @property
    def namespace(self) -> str | None:
        """The root's namespace, None if it has none."""
        return None if self.root is None else self.root.rpartition("}")[0][1:] or None


def read_privilege_document(text: str) -> PrivilegeDocument:
    """Decode and parse one attribute value. White space inside the base64 is passed over (OIOBPP section 5)."""
    try:
        octets = base64.b64decode("".join(text.split()), validate=True)
        octets.decode("utf-8")
    except (binascii.Error, ValueError) as error:
        # raw XML instead of base64 ends here too: two readings of one value would be one too many (attack PRV-02)
        return PrivilegeDocument(0, Problem("priv.encoding", f"got {text!r:.40} ({error}), expected base64 of UTF-8"))
    if not octets:
        return PrivilegeDocument(
            0, Problem("priv.encoding", "got an empty value, expected base64 of an OIOBPP document")
        )
    if len(octets) > MAXIMUM_OCTETS:
        return PrivilegeDocument(
            len(octets), Problem("priv.limits", f"got {len(octets)} octets, expected at most {MAXIMUM_OCTETS}")
        )
    try:
        return _Reading().document(parse_message(octets), len(octets))
    except SamlError as error:
        key = _PARSER_PROBLEMS.get(error.refusal.key, "priv.xml")
        return PrivilegeDocument(len(octets), Problem(key, error.detail))


class _Reading:
    """Walks one document and notes on the way what should not be there."""

    def __init__(self) -> None:
        self.qualified = False
        self.foreign: list[str] = []

    def document(self, root: _Element, size: int) -> PrivilegeDocument:
        groups = tuple(self._group(each) for each in self._children(root, ("PrivilegeGroup",)))
        return PrivilegeDocument(size, None, str(root.tag), groups, self.qualified, tuple(self.foreign))

    def _group(self, element: _Element) -> DocumentGroup:
        self._note_attributes(element, ("Scope",))
        privileges: list[str] = []
        constraints: list[DocumentConstraint] = []
        for each in self._children(element, ("Privilege", "Constraint")):
            if str(each.tag).endswith("Privilege"):
                self._note_attributes(each, ())
                privileges.append(text_of(each))
            else:
                self._note_attributes(each, ("Name",))
                constraints.append(DocumentConstraint(each.get("Name"), text_of(each)))
        return DocumentGroup(element.get("Scope"), tuple(privileges), tuple(constraints), element.sourceline)

    def _children(self, parent: _Element, expected: tuple[str, ...]) -> list[_Element]:
        """Give the children that are called so, whether qualified by mistake or not; note everything else."""
        found, loose = [], [parent.text]
        for element in parent:
            namespace, _, local = str(element.tag).rpartition("}")
            if local in expected and namespace in _NAMESPACES:
                self.qualified |= namespace != ""
                found.append(element)
            else:
                self.foreign.append(f"element {element.tag!s}"[:120])
            loose.append(element.tail)
        self.foreign += [f"text {piece.strip()!r:.40}" for piece in loose if piece and piece.strip(WHITE_SPACE)]
        return found

    def _note_attributes(self, element: _Element, expected: tuple[str, ...]) -> None:
        for name in map(str, element.attrib):
            if name not in expected and not name.startswith(_XSI):
                self.foreign.append(f"attribute {name} on {local_name(element)}"[:120])
