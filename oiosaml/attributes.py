"""The attributes of OIOSAML 3 and of KOMBIT's profile: their URIs are the keys end to end, friendly names only for display."""

from typing import Final

from oiosaml.uris import NAME_FORMAT_URI
from oiosaml.value_type import value_type

SPEC_VERSION: Final = "https://data.gov.dk/model/core/specVersion"
LOA: Final = "https://data.gov.dk/concept/core/nsis/loa"
IAL: Final = "https://data.gov.dk/concept/core/nsis/ial"
AAL: Final = "https://data.gov.dk/concept/core/nsis/aal"
FULL_NAME: Final = "https://data.gov.dk/model/core/eid/fullName"
FIRST_NAME: Final = "https://data.gov.dk/model/core/eid/firstName"
LAST_NAME: Final = "https://data.gov.dk/model/core/eid/lastName"
ALIAS: Final = "https://data.gov.dk/model/core/eid/alias"
EMAIL: Final = "https://data.gov.dk/model/core/eid/email"
AGE: Final = "https://data.gov.dk/model/core/eid/age"
DATE_OF_BIRTH: Final = "https://data.gov.dk/model/core/eid/dateOfBirth"
CPR_NUMBER: Final = "https://data.gov.dk/model/core/eid/cprNumber"
CPR_UUID: Final = "https://data.gov.dk/model/core/eid/cprUuid"
PROFESSIONAL_UUID: Final = "https://data.gov.dk/model/core/eid/professional/uuid/persistent"
RID: Final = "https://data.gov.dk/model/core/eid/professional/rid"
CVR: Final = "https://data.gov.dk/model/core/eid/professional/cvr"
ORG_NAME: Final = "https://data.gov.dk/model/core/eid/professional/orgName"
PRODUCTION_UNIT: Final = "https://data.gov.dk/model/core/eid/professional/productionUnit"
SE_NUMBER: Final = "https://data.gov.dk/model/core/eid/professional/seNumber"
AUTHORIZED_TO_REPRESENT: Final = "https://data.gov.dk/model/core/eid/professional/authorizedToRepresent"
PRIVILEGES_INTERMEDIATE: Final = "https://data.gov.dk/model/core/eid/privilegesIntermediate"
PRIVILEGES_SIMPLE: Final = "https://data.gov.dk/model/core/eid/privilegesSimple"
BOOTSTRAP_TOKEN: Final = "https://data.gov.dk/model/core/eid/bootstrapToken"  # noqa: S105 - an attribute's name

KOMBIT_SPEC_VERSION: Final = "dk:gov:saml:attribute:KombitSpecVer"
KOMBIT_SPEC_VERSION_ALTERNATIVE: Final = "https://data.gov.dk/model/core/kombitSpecVer"
"""One product guide writes it so: accepted with a warning, never written."""
ASSURANCE_LEVEL: Final = "dk:gov:saml:attribute:AssuranceLevel"
CPR_NUMBER_IDENTIFIER: Final = "dk:gov:saml:attribute:CprNumberIdentifier"

COMMON_NAME: Final = "urn:oid:2.5.4.3"
UID: Final = "urn:oid:0.9.2342.19200300.100.1.1"
"""X.500's names for a person's name and user id, which the health sector still asks for."""

PARAMETRIC_SUFFIX: Final = "/parametric"
"""An attribute whose name ends so carries the value of a dynamic data constraint."""

OIOSAML3_SPEC_VERSION: Final = "OIO-SAML-3.0"
KOMBIT_SPEC_VERSION_2: Final = "2.0"

FRIENDLY_NAMES: Final[dict[str, str]] = {
    SPEC_VERSION: "SpecVer",
    LOA: "NSISLevelOfAssurance",
    IAL: "IdentityAssuranceLevel",
    AAL: "AuthenticationAssuranceLevel",
    FULL_NAME: "FullName",
    FIRST_NAME: "FirstName",
    LAST_NAME: "LastName",
    ALIAS: "Alias",
    EMAIL: "Email",
    AGE: "Age",
    DATE_OF_BIRTH: "DateOfBirth",
    CPR_NUMBER: "CPRNumber",
    CPR_UUID: "CPRUUID",
    PROFESSIONAL_UUID: "ProfessionalPersistentUUID",
    RID: "RID",
    CVR: "CVR",
    ORG_NAME: "OrganizationName",
    PRODUCTION_UNIT: "ProductionUnit",
    SE_NUMBER: "SENumber",
    AUTHORIZED_TO_REPRESENT: "AuthorizedToRepresent",
    PRIVILEGES_INTERMEDIATE: "Privileges",
    BOOTSTRAP_TOKEN: "BootstrapToken",
    KOMBIT_SPEC_VERSION: "KombitSpecVer",
}
"""For display only; nothing is ever looked up by a friendly name (design D13)."""


@value_type
class Attribute:
    """One saml:Attribute with the texts of its values, in order (SAML Core 2.7.3.1)."""

    name: str
    values: tuple[str, ...]
    name_format: str = NAME_FORMAT_URI
    friendly_name: str | None = None
