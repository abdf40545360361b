"""The elements saml:NameID (SAML Core 2.2.3) and saml:Issuer (2.2.5), as every message carries them."""

from typing import Final

from lxml.etree import _Element

from oiosaml.ids import EntityId
from oiosaml.name_id import NameId
from oiosaml.xml.escaping import attribute, tagged
from oiosaml.xml.parse import text_of
from oiosaml.xml.writing import DECLARATIONS

SAML: Final = frozenset({"saml"})
"""What a protocol message's own text declares: an Issuer, a Subject."""

SAML_DECLARED: Final = DECLARATIONS["saml"]


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


def write_name_id(name_id: NameId, declared: str = "") -> str:
    """Write the NameID; `declared` is the declaration of `saml`, where no element round it has made it.

    Raises:
        UnwritableText: if a value holds what XML cannot.
    """
    attributes = (
        attribute("Format", name_id.format)
        + attribute("NameQualifier", name_id.name_qualifier)
        + attribute("SPNameQualifier", name_id.sp_name_qualifier)
    )
    return tagged("saml:NameID", name_id.value, declared + attributes)


def write_issuer(issuer: EntityId, name_format: str | None = None, declared: str = SAML_DECLARED) -> str:
    """Write the saml:Issuer of a protocol message, where it declares `saml` itself, or with `declared` empty of an assertion.

    Raises:
        UnwritableText: if a value holds what XML cannot.
    """
    return tagged("saml:Issuer", issuer, declared + attribute("Format", name_format))
