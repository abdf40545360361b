"""AttributeQuery (SAML Core 3.3.2.3) from the Context Handler to an attribute service (our choice, AS-01 to AS-07)."""

from datetime import datetime
from functools import lru_cache

from lxml.etree import _Element

from oiosaml.ids import EntityId, MessageId
from oiosaml.messages.element import (
    add,
    build,
    child,
    child_text,
    children,
    refuse_other_version,
    required,
    required_child,
    required_instant,
)
from oiosaml.messages.name_id import SAML, SAML_DECLARED, read_name_id, write_issuer, write_name_id
from oiosaml.name_id import NameId
from oiosaml.uris import NAME_FORMAT_URI, NS_SAML, NS_SAMLP, NS_SIM_EXTENSIONS
from oiosaml.validity import format_instant
from oiosaml.value_type import value_type
from oiosaml.xml.escaping import attribute
from oiosaml.xml.parse import text_of
from oiosaml.xml.writing import NewElement


@value_type
class AttributeQuery:
    """A question about one subject. No names means: everything you have (AS-06)."""

    id: MessageId
    issue_instant: datetime
    issuer: EntityId
    destination: str
    """Empty if the query that came had none; a rule refuses it."""
    subject: NameId
    attribute_names: tuple[str, ...]
    target_user_system: EntityId | None = None
    version: str = "2.0"


def read_attribute_query(element: _Element) -> AttributeQuery:
    """Read a samlp:AttributeQuery whose structure was checked. Unknown extensions are passed over (AS-07).

    Raises:
        SamlError: `proto.version`, `proto.time-format`, `xml.text`, or `xml.schema`.
    """
    refuse_other_version(element)
    subject = required_child(element, NS_SAML, "Subject")
    return AttributeQuery(
        id=MessageId(required(element, "ID")),
        issue_instant=required_instant(element, "IssueInstant"),
        issuer=EntityId(text_of(required_child(element, NS_SAML, "Issuer"))),
        destination=element.get("Destination", ""),
        subject=read_name_id(required_child(subject, NS_SAML, "NameID")),
        attribute_names=tuple(required(each, "Name") for each in children(element, NS_SAML, "Attribute")),
        target_user_system=_read_target_user_system(child(element, NS_SAMLP, "Extensions")),
    )


def write_attribute_query(query: AttributeQuery) -> NewElement:
    """Write the query, unsigned.

    Raises:
        UnwritableText: if a value holds what XML cannot.
    """
    element = build(
        NS_SAMLP,
        "AttributeQuery",
        {
            "ID": query.id,
            "Version": query.version,
            "IssueInstant": format_instant(query.issue_instant),
            "Destination": query.destination,
        },
        prefixes=("samlp", "saml", "chx"),
    )
    element.write(write_issuer(query.issuer), declares=SAML)
    if query.target_user_system is not None:
        _write_target_user_system(element, query.target_user_system)
    element.write(
        f"<saml:Subject{SAML_DECLARED}>{write_name_id(query.subject)}</saml:Subject>",
        *map(_write_attribute, query.attribute_names),
    )
    return element


def _read_target_user_system(extensions: _Element | None) -> EntityId | None:
    if extensions is None:
        return None
    text = child_text(extensions, NS_SIM_EXTENSIONS, "TargetUserSystem")
    return None if text is None else EntityId(text)


def _write_target_user_system(query: NewElement, system: EntityId) -> None:
    extensions = add(query, NS_SAMLP, "Extensions")
    add(extensions, NS_SIM_EXTENSIONS, "TargetUserSystem", text=system)


@lru_cache(maxsize=1024)
def _write_attribute(name: str) -> str:
    """Write an attribute that is asked for: the same ones for each system."""
    return f"<saml:Attribute{SAML_DECLARED}{attribute('Name', name)}{attribute('NameFormat', NAME_FORMAT_URI)}></saml:Attribute>"
