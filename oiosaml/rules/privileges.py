"""The structural rules of OIOBPP (section 6), over a document as it came. Whether a role exists and may be used is not asked here."""

import re
from collections.abc import Iterator
from typing import Final

from oiosaml.name_id import is_uuid
from oiosaml.privilege_document import DocumentGroup, PrivilegeDocument
from oiosaml.privilege_scope import Scope
from oiosaml.rules.rule import Breach, Requirement, repeated, rule
from oiosaml.uris import CONSTRAINT_KLE, CONSTRAINT_ORGANISATION_UNIT, NS_BPP, NS_BPP_LEGACY
from oiosaml.value_type import value_type

LARGE_OCTETS: Final = 32 * 1024
"""A document above this is reported: the value travels in a form field (BPP-15, our choice)."""

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x1f]+")
_ESCAPED = re.compile(r"&(amp|lt|gt|quot|apos|#\d+|#x[0-9A-Fa-f]+);")
_KLE = re.compile(r"\d{2}(\.\d{2}(\.\d{2})?)?(\.?\*)?", re.ASCII)


@value_type
class PrivilegeExpectations:
    """Where a document stands: what fits there."""

    namespace: str = NS_BPP
    """The namespace that goes with the attribute it came in (BPP-12)."""
    role_path: str | None = None
    """`/roles/jobrole/` for what an IdP sends, `/roles/usersystemrole/` for what a system is sent; None if either may be."""


def is_privilege_uri(text: str) -> bool:
    """Tell whether the text is an absolute URI or a URN, as every privilege is (BPP-08)."""
    return _URI.fullmatch(text) is not None


def _each_group(document: PrivilegeDocument) -> Iterator[tuple[DocumentGroup, str]]:
    for index, group in enumerate(document.groups, start=1):
        yield group, f"in group {index}"


@rule("BPP-01", code="priv.encoding", source="OIOBPP 5")
def value_is_base64(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[str]:
    """The value is base64 of UTF-8."""
    if document.problem is not None and document.problem.key == "priv.encoding":
        yield document.problem.detail


@rule("BPP-15", code="priv.limits", source="our choice; OIOBPP names no limit")
def document_is_within_limits(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[str]:
    """The decoded document is at most 256 KiB and not more deeply built than any honest one."""
    if document.problem is not None and document.problem.key == "priv.limits":
        yield document.problem.detail


@rule("BPP-02", code="priv.xml", source="OIOBPP 5")
def document_is_plain_xml(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[str | Breach]:
    """The document is well-formed XML without DOCTYPE or comments."""
    if document.problem is not None and document.problem.key not in ("priv.encoding", "priv.limits"):
        yield Breach(document.problem.detail, document.problem.key)


@rule("BPP-03", code="priv.schema", source="OIOBPP 2")
def root_is_a_privilege_list(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[str]:
    """The root is PrivilegeList in one of the two namespaces of the profile."""
    allowed = [f"{{{namespace}}}PrivilegeList" for namespace in (NS_BPP, NS_BPP_LEGACY)]
    if document.root is not None and document.root not in allowed:
        yield f"got {document.root:.120}, expected {allowed[0]}"


@rule("BPP-11", code="priv.schema", source="OIOBPP 2")
def children_are_unqualified(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[Breach]:
    """The elements below the root stand in no namespace."""
    if document.qualified_children:
        # matched by local name alone, a look-alike from another namespace would count as a right (attack PRV-09)
        yield Breach(
            "got PrivilegeGroup, Privilege or Constraint in a namespace, expected them in none",
            mend='Give the root a prefix: <bpp:PrivilegeList xmlns:bpp="…">, not <PrivilegeList xmlns="…">.',
        )


@rule("BPP-30", code="priv.schema", source="OIOBPP 2")
def nothing_foreign(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[str]:
    """The document holds nothing that the profile does not define."""
    # what nobody understands may be a restriction, and dropping a restriction widens a right (attack PRV-11)
    if document.foreign:
        yield f"got {'; '.join(document.foreign)[:200]}, expected only Scope, Privilege and Constraint"


@rule("BPP-05", code="priv.schema", source="OIOBPP 2")
def group_has_scope(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[Breach]:
    """Each group says for whom it holds."""
    for group, place in _each_group(document):
        if group.scope is None:
            yield Breach(f"got no Scope {place}, expected one", line=group.line)


@rule("BPP-06", code="priv.schema", source="OIOBPP 2")
def group_has_privilege(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[Breach]:
    """Each group grants at least one privilege."""
    for group, place in _each_group(document):
        if not group.privileges:
            yield Breach(f"got no Privilege {place}, expected at least one", line=group.line)


@rule("BPP-07", code="priv.scope", source="OIOBPP 4")
def scope_is_known(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[Breach]:
    """Each scope is of a known kind with the right number of digits."""
    for group, place in _each_group(document):
        if group.scope is None:
            continue
        try:
            Scope.parse(group.scope)
        except ValueError as error:
            yield Breach(f"{error} {place}", line=group.line)


@rule("BPP-08", code="priv.schema", source="OIOBPP 7")
def privilege_is_a_uri(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[Breach]:
    """Each privilege is an absolute URI or a URN."""
    for group, place in _each_group(document):
        for privilege in group.privileges:
            if not is_privilege_uri(privilege):
                yield Breach(f"got {privilege!r:.120} {place}, expected an absolute URI or a URN", line=group.line)


@rule("BPP-09", code="priv.schema", source="OIOBPP 2")
def constraint_has_name_and_value(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[Breach]:
    """Each constraint has a name and a value."""
    for group, place in _each_group(document):
        for constraint in group.constraints:
            if not constraint.name or not constraint.value.strip():
                yield Breach(
                    f"got Name={constraint.name!r:.120} and value {constraint.value!r:.40} {place}, expected both",
                    line=group.line,
                )


@rule("BPP-04", code="priv.schema", source="OIOBPP 2; KOMBIT practice", requirement=Requirement.SHOULD)
def list_has_a_group(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[str]:
    """The list holds at least one group; an empty one, as role catalogues send it, is a user without rights."""
    if document.problem is None and not document.groups:
        yield "got no PrivilegeGroup, expected at least one"


@rule("BPP-10", code="priv.schema", source="OIOBPP 5", requirement=Requirement.SHOULD)
def special_characters_are_escaped_once(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[Breach]:
    """Special characters are escaped exactly once; not at all is not well-formed."""
    for group, place in _each_group(document):
        for text in (*group.privileges, *(each.value for each in group.constraints)):
            if _ESCAPED.search(text):
                yield Breach(f"got {text!r:.120} {place}, expected the character itself after parsing", line=group.line)


@rule("BPP-12", code="priv.schema", source="OIOBPP 1", requirement=Requirement.SHOULD)
def namespace_fits_the_generation(document: PrivilegeDocument, expected: PrivilegeExpectations) -> Iterator[str]:
    """The namespace is the one that goes with the attribute's generation."""
    if document.namespace in (NS_BPP, NS_BPP_LEGACY) and document.namespace != expected.namespace:
        yield f"got {document.namespace}, expected {expected.namespace}"


@rule("BPP-13", code="priv.schema", source="OIOBPP 3", requirement=Requirement.SHOULD)
def groups_differ(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[Breach]:
    """No two groups say the same."""
    seen: set[tuple[object, ...]] = set()
    for group, place in _each_group(document):
        key = (group.scope, frozenset(group.privileges), frozenset(group.constraints))
        if key in seen:
            yield Breach(f"got a repetition {place}, expected each group once", line=group.line)
        seen.add(key)


@rule("BPP-14", code="priv.schema", source="OIOBPP 6", requirement=Requirement.SHOULD)
def constraint_name_occurs_once(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[Breach]:
    """A constraint name occurs once in a group; several values are separated by commas."""
    for group, place in _each_group(document):
        found = [each.name for each in group.constraints]
        for name in repeated(found):
            yield Breach(f"got {name!r:.120} {found.count(name)} times {place}, expected it once", line=group.line)


@rule("BPP-31", code="priv.limits", source="our choice; OIOBPP names no limit", requirement=Requirement.SHOULD)
def document_is_small(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[str]:
    """The decoded document is at most 32 KiB, so that form limits on the way do not cut it."""
    if document.problem is None and document.size > LARGE_OCTETS:
        yield f"got {document.size} octets, expected at most {LARGE_OCTETS}"


@rule("BPP-20", code="priv.unknown", source="OIOBPP 7", requirement=Requirement.SHOULD)
def role_is_of_the_expected_kind(document: PrivilegeDocument, expected: PrivilegeExpectations) -> Iterator[Breach]:
    """An IdP sends job function roles, a system is sent user system roles."""
    if expected.role_path is None:
        return
    for group, place in _each_group(document):
        for privilege in group.privileges:
            if expected.role_path not in privilege:
                yield Breach(f"got {privilege!r:.120} {place}, expected …{expected.role_path}…", line=group.line)


@rule("BPP-28", code="priv.schema", source="KOMBIT, common data constraint types", requirement=Requirement.SHOULD)
def kle_values_are_well_formed(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[Breach]:
    """A KLE number is a main group, a group or a subject, with or without a wildcard."""
    for group, value in _constraint_values(document, CONSTRAINT_KLE):
        if not _KLE.fullmatch(value):
            yield Breach(
                f"got the KLE value {value!r:.60}, expected such as 25, 25.01, 25.01.03 or 25.*", line=group.line
            )


@rule("BPP-29", code="priv.schema", source="KOMBIT, common data constraint types", requirement=Requirement.SHOULD)
def organisation_values_are_uuids(document: PrivilegeDocument, _: PrivilegeExpectations) -> Iterator[Breach]:
    """An organisation unit is named by its UUID."""
    for group, value in _constraint_values(document, CONSTRAINT_ORGANISATION_UNIT):
        if not is_uuid(value):
            yield Breach(f"got the organisation unit {value!r:.60}, expected a UUID", line=group.line)


def _constraint_values(document: PrivilegeDocument, name: str) -> Iterator[tuple[DocumentGroup, str]]:
    for group in document.groups:
        for constraint in group.constraints:
            if constraint.name == name:
                yield from ((group, value.strip()) for value in constraint.value.split(","))


PRIVILEGE_RULES: Final = (
    value_is_base64,
    document_is_within_limits,
    document_is_plain_xml,
    root_is_a_privilege_list,
    children_are_unqualified,
    nothing_foreign,
    group_has_scope,
    group_has_privilege,
    scope_is_known,
    privilege_is_a_uri,
    constraint_has_name_and_value,
    list_has_a_group,
    special_characters_are_escaped_once,
    namespace_fits_the_generation,
    groups_differ,
    constraint_name_occurs_once,
    document_is_small,
    role_is_of_the_expected_kind,
    kle_values_are_well_formed,
    organisation_values_are_uuids,
)
"""BPP-01 to BPP-15 and the kinds of role and value; the decoding ones first, since nothing else can be said before them."""
