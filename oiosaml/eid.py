"""Whom NemLog-in logs in and by what means: ID types and credential types, named by URI in requests (nemlogin3, section 2)."""

from enum import StrEnum

from oiosaml.uris import CREDENTIAL_TYPE_PREFIX, ID_TYPE_PERSON, ID_TYPE_PROFESSIONAL


class IdType(StrEnum):
    """A private person, or somebody who acts for an organisation."""

    PERSON = ID_TYPE_PERSON
    PROFESSIONAL = ID_TYPE_PROFESSIONAL


class CredentialType(StrEnum):
    """The means of identification: MitID, one of a Lokal IdP, or one for tests."""

    MITID = CREDENTIAL_TYPE_PREFIX + "mitid"
    LOCAL = CREDENTIAL_TYPE_PREFIX + "local"
    TEST = CREDENTIAL_TYPE_PREFIX + "test"
