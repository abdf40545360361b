"""The attributes of OIOSAML 2.0.9 (DK-SAML 2.0) as KOMBIT uses it, and which attribute of OIOSAML 3 each one is."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from oiosaml import attributes as names

LEGACY_PREFIX: Final = "dk:gov:saml:attribute:"
OIOSAML3_PREFIX: Final = "https://data.gov.dk/"
"""Every attribute of OIOSAML 3 is named so; KOMBIT's own few are not."""

SPEC_VERSION: Final = "dk:gov:saml:attribute:SpecVer"
CVR_NUMBER_IDENTIFIER: Final = "dk:gov:saml:attribute:CvrNumberIdentifier"
PRIVILEGES_INTERMEDIATE: Final = "dk:gov:saml:attribute:Privileges_intermediate"
SE_NUMBER_IDENTIFIER: Final = "dk:gov:saml:attribute:SENumberIdentifier"
PRODUCTION_UNIT_IDENTIFIER: Final = "dk:gov:saml:attribute:ProductionUnitIdentifier"
COMMON_NAME: Final = "urn:oid:2.5.4.3"
SURNAME: Final = "urn:oid:2.5.4.4"
ORGANISATION_NAME: Final = "urn:oid:2.5.4.10"
MAIL: Final = "urn:oid:0.9.2342.19200300.100.1.3"

DK_SAML_2: Final = "DK-SAML-2.0"
KOMBIT_SPEC_VERSION_1: Final = "1.0"

NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        names.SPEC_VERSION: SPEC_VERSION,
        names.KOMBIT_SPEC_VERSION: names.KOMBIT_SPEC_VERSION,
        names.CVR: CVR_NUMBER_IDENTIFIER,
        names.ORG_NAME: ORGANISATION_NAME,
        names.PRIVILEGES_INTERMEDIATE: PRIVILEGES_INTERMEDIATE,
        names.EMAIL: MAIL,
        names.FULL_NAME: COMMON_NAME,
        names.LAST_NAME: SURNAME,
        names.CPR_NUMBER: names.CPR_NUMBER_IDENTIFIER,
        names.SE_NUMBER: SE_NUMBER_IDENTIFIER,
        names.PRODUCTION_UNIT: PRODUCTION_UNIT_IDENTIFIER,
    }
)
"""OIOSAML 3's name of an attribute to OIOSAML 2's. The level is not here: an AssuranceLevel is never an NSIS level."""

MEANINGS: Final[Mapping[str, str]] = MappingProxyType({old: new for new, old in NAMES.items()})
"""The way back."""

FRIENDLY_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        SPEC_VERSION: "SpecVer",
        names.KOMBIT_SPEC_VERSION: "KombitSpecVer",
        names.ASSURANCE_LEVEL: "AssuranceLevel",
        CVR_NUMBER_IDENTIFIER: "CvrNumberIdentifier",
        PRIVILEGES_INTERMEDIATE: "Privileges_intermediate",
        names.CPR_NUMBER_IDENTIFIER: "CprNumberIdentifier",
        SE_NUMBER_IDENTIFIER: "SENumberIdentifier",
        PRODUCTION_UNIT_IDENTIFIER: "ProductionUnitIdentifier",
        COMMON_NAME: "CN",
        SURNAME: "SN",
        ORGANISATION_NAME: "O",
        MAIL: "Mail",
    }
)
"""For display only, as in OIOSAML 3."""


def meaning_of(name: str) -> str:
    """Give OIOSAML 3's name of an OIOSAML 2 attribute; a name that both have, or neither, is its own."""
    return MEANINGS.get(name, name)
