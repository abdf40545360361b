"""The rights in a token, read by the system itself: a small reader of OIOBPP, as a vendor would write one.

Not `oiosaml`'s reader on purpose: that one wrote the token, so it proves nothing about it (design D5). Only its value types are shared.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from lxml import etree

from oiosaml.privileges import Constraint, PrivilegeGroup
from oiosaml.uris import NS_BPP, NS_BPP_LEGACY

MAX_DOCUMENT_BYTES: Final = 256 * 1024
"""Longest privilege document (BPP-15)."""

_ROOTS: Final = frozenset({f"{{{NS_BPP}}}PrivilegeList", f"{{{NS_BPP_LEGACY}}}PrivilegeList"})


@dataclass(frozen=True, slots=True)
class Rights:
    """What the token grants. `problem` says why a document could not be read; then there are no rights (design D13)."""

    groups: tuple[PrivilegeGroup, ...]
    present: bool = True
    problem: str | None = None


def read_rights(values: tuple[str, ...]) -> Rights:
    """Read the values of privilegesIntermediate. Anything unclear gives no rights at all, never more."""
    if not values:
        return Rights((), present=False)
    if len(values) > 1:
        return Rights((), problem=f"got {len(values)} values, expected 1")
    try:
        octets = base64.b64decode("".join(values[0].split()), validate=True)
        if len(octets) > MAX_DOCUMENT_BYTES:
            return Rights((), problem=f"got {len(octets)} bytes, expected at most {MAX_DOCUMENT_BYTES}")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        root = etree.fromstring(octets, parser)
        return Rights(tuple(_group(element) for element in _groups(root)))
    except (binascii.Error, etree.XMLSyntaxError, ValueError) as error:
        return Rights((), problem=f"{error!s:.200}")


def _groups(root: etree._Element) -> list[etree._Element]:
    if root.tag not in _ROOTS or root.getroottree().docinfo.doctype:
        raise ValueError(f"got {root.tag!r:.100}, expected a PrivilegeList without DOCTYPE")
    return list(root)


def _group(element: etree._Element) -> PrivilegeGroup:
    scope = element.get("Scope")
    if _name(element) != "PrivilegeGroup" or not scope:
        raise ValueError(f"got {element.tag!r:.100}, expected a PrivilegeGroup with a Scope")
    privileges = tuple(_text(child) for child in element if _name(child) == "Privilege")
    constraints = tuple(
        Constraint(child.get("Name", ""), _text(child)) for child in element if _name(child) == "Constraint"
    )
    # An element not understood may be a restriction: skipping it would widen the right.
    if len(privileges) + len(constraints) != len(element) or not privileges:
        raise ValueError("got a PrivilegeGroup with something else than Privilege and Constraint, or without Privilege")
    if not all(constraint.name and constraint.value for constraint in constraints):
        raise ValueError("got a Constraint without name or value")
    return PrivilegeGroup(scope, privileges, constraints)


def _name(element: etree._Element) -> str:
    # Local name only: some emitters qualify the children (BPP-11).
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _text(element: etree._Element) -> str:
    if len(element):
        raise ValueError(f"got children in {element.tag!r:.100}, expected text")
    return (element.text or "").strip()
