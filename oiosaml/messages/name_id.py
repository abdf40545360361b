"""The saml:NameID element (SAML Core 2.2.3), as assertions, queries and logout requests carry it."""

from lxml.etree import _Element

from oiosaml.messages.element import add_text
from oiosaml.name_id import NameId
from oiosaml.uris import NS_SAML
from oiosaml.xml.parse import text_of
from oiosaml.xml.writing import NewElement


def read_name_id(element: _Element) -> NameId:
    """Read a saml:NameID, octet by octet: white space round the value is part of it.

    Raises:
        SamlError: `xml.text` if the value holds anything but text.
    """
    return NameId(
        value=text_of(element),
        format=element.get("Format"),
        name_qualifier=element.get("NameQualifier"),
        sp_name_qualifier=element.get("SPNameQualifier"),
    )


def add_name_id(parent: NewElement, name_id: NameId) -> None:
    """Append the NameID to `parent`.

    Raises:
        UnwritableText: if a value holds what XML cannot.
    """
    attributes = {
        "NameQualifier": name_id.name_qualifier,
        "SPNameQualifier": name_id.sp_name_qualifier,
        "Format": name_id.format,
    }
    add_text(parent, NS_SAML, "NameID", name_id.value, attributes)
