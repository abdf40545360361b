"""OIO Basic Privilege Profile 1.2: which rights a user has, for which organisation, within which data constraints."""

from typing import Final

from oiosaml.errors import SamlError
from oiosaml.privilege_document import PrivilegeDocument, read_privilege_document
from oiosaml.privilege_scope import CVR_SCOPE_PREFIX, Scope, ScopeKind, cvr_scope
from oiosaml.rules.privileges import PRIVILEGE_RULES, PrivilegeExpectations
from oiosaml.rules.rule import Finding, enforce, examine
from oiosaml.uris import NS_BPP
from oiosaml.value_type import value_type
from oiosaml.xml.base64_text import encode
from oiosaml.xml.escaping import escaped_text, escaped_value

__all__ = [
    "CVR_SCOPE_PREFIX",
    "Constraint",
    "PrivilegeGroup",
    "PrivilegeList",
    "Scope",
    "ScopeKind",
    "cvr_scope",
    "examine_privileges",
    "read_privileges",
    "write_privileges",
]

_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>'
_NS_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
AS_THE_PROFILE_SAYS: Final = PrivilegeExpectations()


@value_type
class Constraint:
    """A data constraint: the type's entityID and the value, several values separated by commas."""

    name: str
    value: str


@value_type
class PrivilegeGroup:
    """Every privilege here is granted within the scope, limited by all the constraints together."""

    scope: str
    privileges: tuple[str, ...]
    constraints: tuple[Constraint, ...] = ()


@value_type
class PrivilegeList:
    """The groups of one OIOBPP document; separate groups are alternatives. Empty is a user without rights."""

    groups: tuple[PrivilegeGroup, ...] = ()
    namespace: str | None = None
    """The root's namespace as it was read; None for a list that was made here."""


def read_privileges(text: str, expected: PrivilegeExpectations = AS_THE_PROFILE_SAYS) -> PrivilegeList:
    """Read one base64 attribute value that obeys every MUST of the profile.

    Raises:
        RuleViolation: `priv.encoding`, `priv.xml`, `priv.schema`, `priv.scope`, `priv.limits` or `xml.text`,
            with all findings.
    """
    document = read_privilege_document(text)
    enforce(PRIVILEGE_RULES, document, expected)
    return _believed(document)


def examine_privileges(text: str, expected: PrivilegeExpectations = AS_THE_PROFILE_SAYS) -> tuple[Finding, ...]:
    """Give every breach of the profile in one attribute value, warnings too; never raises."""
    return examine(PRIVILEGE_RULES, read_privilege_document(text), expected)


def write_privileges(privileges: PrivilegeList, namespace: str = NS_BPP) -> str:
    """Write the list as base64 of compact UTF-8 XML, one attribute value; only the root is qualified (OIOBPP 2).

    Raises:
        UnwritableText: if a value holds what XML cannot.
    """
    groups = "".join(map(_written, privileges.groups))
    root = f'<bpp:PrivilegeList xmlns:bpp="{namespace}" xmlns:xsi="{_NS_XSI}">{groups}</bpp:PrivilegeList>'
    return encode((_DECLARATION + root).encode())


def _written(group: PrivilegeGroup) -> str:
    pieces = [f'<PrivilegeGroup Scope="{escaped_value(group.scope, "Scope")}">']
    pieces += [f"<Privilege>{escaped_text(each, 'Privilege')}</Privilege>" for each in group.privileges]
    for each in group.constraints:
        name, text = escaped_value(each.name, "Name"), escaped_text(each.value, "Constraint")
        pieces.append(f'<Constraint Name="{name}">{text}</Constraint>')
    pieces.append("</PrivilegeGroup>")
    return "".join(pieces)


def _believed(document: PrivilegeDocument) -> PrivilegeList:
    """Make the list of a document that broke no MUST; a hole that a rule should have caught is an error, never a right."""
    return PrivilegeList(
        tuple(
            PrivilegeGroup(
                _present(group.scope),
                group.privileges,
                tuple(Constraint(_present(each.name), each.value) for each in group.constraints),
            )
            for group in document.groups
        ),
        document.namespace,
    )


def _present(text: str | None) -> str:
    if text is None:
        raise SamlError("priv.schema", "got a group without Scope or a Constraint without Name, expected both")
    return text
