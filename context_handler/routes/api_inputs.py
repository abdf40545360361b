"""What the registration API takes: a party in few words. What is left out is read from its metadata or has a sensible default."""

import re
import unicodedata
from datetime import datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from federation.document_fields import (
    Certificate,
    CvrNumber,
    Level,
    Name,
    NistLevelText,
    PartyEntityId,
    PartyId,
    PeriodDocument,
    SystemProfile,
)
from federation.document_parties import EncryptionDocument, MetadataSourceDocument, NameIdFormat, RoleCatalogueDocument
from federation.documents import Kind
from federation.model import AttributeProfile, GetsRights, OnAttributeFailure, OnNoRoles, Profile
from oiosaml.ids import Cvr
from oiosaml.messages.metadata import EntityDescriptor
from oiosaml.rules.metadata import MetadataExpectations

_NOT_IN_ID: Final = re.compile(r"[^a-z0-9]+")
_DANISH_LETTERS: Final = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa"})

_ABOUT_THE_SOURCE: Final = {"metadata_url", "metadata_certificate", "allow_unsigned_metadata"}


class PartyInput(BaseModel):
    """What every party brings. Give its metadata as text, or say where it lies."""

    kind: ClassVar[Kind]

    model_config = ConfigDict(extra="forbid", frozen=True)

    metadata: str | None = Field(None, description="SAML metadata as text.", examples=["<md:EntityDescriptor …>"])
    metadata_url: str | None = Field(
        None,
        description="Where to fetch the metadata, in place of `metadata`: http or https, without redirects.",
        examples=["http://localhost:9000/saml/metadata"],
    )
    metadata_source: MetadataSourceDocument | None = Field(
        None, description="Where newer metadata is fetched from; `metadata_url`, if left out."
    )
    metadata_certificate: Certificate | None = Field(
        None, description="Certificate of the key that signs the metadata, as base64 of DER."
    )
    allow_unsigned_metadata: bool = Field(
        False, description="Whether newer metadata may come without a signature, with keys of its own."
    )
    entity_id: PartyEntityId | None = Field(
        None, description="entityID; left out, the metadata's. It must be the metadata's."
    )
    id: PartyId | None = Field(None, description="Short name for URLs; made from the entityID if left out.")
    name: Name | None = Field(
        None,
        description="The name that people see; if left out the metadata's organisation, or a system's ServiceName.",
    )
    enabled: bool = Field(True, description="Whether it is switched on.")
    active: PeriodDocument | None = Field(None, description="When the registration exists; always, if left out.")

    @property
    def needs_metadata(self) -> bool:
        """Tell whether it can be registered by its metadata only."""
        return True

    @property
    def owner(self) -> Cvr:
        """Give the organisation that its certificates shall name."""
        raise NotImplementedError

    def expectations(self, at: datetime) -> MetadataExpectations:
        """Give what its metadata is held against before anything is registered."""
        return MetadataExpectations(at, self.owner)

    @property
    def spoken_profile(self) -> Profile | None:
        """Give the profile that decides what its metadata must keep."""
        return None

    @property
    def address(self) -> str:
        """Give what it goes by if neither the caller nor any metadata says its entityID; only a role catalogue goes by anything then."""
        return ""

    def document(self, entity: EntityDescriptor | None, metadata: str) -> dict[str, Any]:
        """Give the document as the store keeps it, completed from the metadata."""
        entity_id = self.entity_id or (entity.entity_id if entity else self.address)
        host = _host_of(entity_id) or entity_id
        given = self.model_dump(mode="json", exclude_none=True, exclude_unset=True, exclude=_ABOUT_THE_SOURCE)
        if self.metadata_url is not None:
            # What was registered by its address is fetched from there again (docs/members.md).
            given.setdefault("metadata_source", self._source(self.metadata_url))
        completed = {
            "id": short_name(host),
            "name": (self.name_in(entity) if entity else None) or host,
            "entity_id": entity_id,
        }
        return completed | self.defaults() | given | {"metadata": metadata}

    def name_in(self, entity: EntityDescriptor) -> str | None:
        """Give the name that metadata has for the party."""
        return entity.organization_name

    def _source(self, url: str) -> dict[str, Any]:
        certificate = {"certificate": self.metadata_certificate} if self.metadata_certificate else {}
        unsigned = {"allow_unsigned": True} if self.allow_unsigned_metadata else {}
        return {"url": url, **certificate, **unsigned}

    def defaults(self) -> dict[str, Any]:
        """Give what the store wants to be said, where the caller need not say it."""
        return {}


class SystemInput(PartyInput):
    """A user-facing system (brugervendt system)."""

    kind = Kind.SYSTEM
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "metadata_url": "http://localhost:9000/saml/metadata",
                    "cvr": "91000013",
                    "minimum_level": "Substantial",
                }
            ]
        }
    )

    cvr: CvrNumber = Field(description="The supplier or authority that owns it. A new CVR number becomes an authority.")
    minimum_level: Level = Field("Substantial", description="The lowest NSIS level that its users must have.")
    profile: SystemProfile = Field(Profile.OIOSAML3, description="Which profile of SAML it reads.")
    minimum_assurance_level: NistLevelText | None = Field(
        None,
        description="The lowest NIST level (AssuranceLevel) of users without an NSIS level; left out: none, 3 with OIOSAML 2.",
    )
    name_id_format: NameIdFormat | None = Field(None, description="Overrides the NameIDFormat in its metadata.")
    attribute_profile: AttributeProfile = Field(
        AttributeProfile.KOMBIT, description="Which attributes it gets if its metadata asks for none."
    )
    on_no_roles: OnNoRoles = Field(OnNoRoles.EMPTY, description="What it gets for a user without any of its roles.")
    encryption: EncryptionDocument | None = Field(
        None, description="Overrides what its metadata says about encryption."
    )
    idps: tuple[PartyEntityId, ...] = Field(
        (), description="entityIDs of the only IdPs that it takes users from; with one, nobody is asked to choose."
    )
    translation: PartyId | None = Field(
        None, description="The table that puts its roles into the words of the authority behind it; `apply` brings one."
    )

    gets_rights: GetsRights = Field(
        GetsRights.TOKEN,
        description="Whether its users' rights come in the token, or by query to our attribute service.",
    )

    @property
    def owner(self) -> Cvr:
        """Give the organisation that its certificates shall name."""
        return self.cvr

    def expectations(self, at: datetime) -> MetadataExpectations:
        """Give what its metadata is held against before anything is registered."""
        chosen = () if self.encryption is None else (self.encryption.block, self.encryption.key_transport)
        return MetadataExpectations(at, self.owner, chosen_encryption=frozenset(chosen))

    def name_in(self, entity: EntityDescriptor) -> str | None:
        """Give the organisation's name, else the service's."""
        return entity.organization_name or (entity.sp.service_name if entity.sp else None)

    @property
    def spoken_profile(self) -> Profile:
        """Give the profile that decides what its metadata must keep."""
        return self.profile

    def defaults(self) -> dict[str, Any]:
        """Give the levels. KOMBIT's own sample of an OIOSAML 2 system demands AssuranceLevel 3."""
        assurance = {"minimum_assurance_level": "3"} if self.profile is Profile.OIOSAML2 else {}
        return {"minimum_level": self.minimum_level, **assurance}


class AttributeServiceInput(PartyInput):
    """A municipality's attribute service, or its role catalogue, which has no metadata."""

    kind = Kind.ATTRIBUTE_SERVICE
    cvrs: tuple[CvrNumber, ...] = Field(
        min_length=1, description="The organisations whose users it may speak of.", examples=[["94000018"]]
    )
    role_catalogue: RoleCatalogueDocument | None = Field(
        None,
        description="A role catalogue, asked by REST instead of by SAML: without metadata, its entityID its address if left out.",
        examples=[{"url": "https://rollekatalog.example.test"}],
    )

    @property
    def needs_metadata(self) -> bool:
        """Tell whether it is asked by SAML."""
        return self.role_catalogue is None

    @property
    def owner(self) -> Cvr:
        """Give the organisation that its certificates shall name."""
        return self.cvrs[0]

    @property
    def address(self) -> str:
        """Give a role catalogue's address."""
        return self.role_catalogue.url.rstrip("/") if self.role_catalogue else super().address


class IdpInput(PartyInput):
    """A municipal IdP."""

    kind = Kind.IDP
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "metadata_url": "http://localhost:9001/idp/metadata",
                    "cvrs": ["91000013"],
                    "name": "Vores egen IdP",
                    "maximum_level": "Substantial",
                    "knows_roles": True,
                }
            ]
        }
    )

    cvrs: tuple[CvrNumber, ...] = Field(min_length=1, description="The organisations whose users it may speak for.")
    maximum_level: Level | None = Field(
        None,
        description="The NSIS level that it is registered at. A token above it is refused; an IdP without NSIS has none.",
    )
    maximum_assurance_level: NistLevelText | None = Field(
        None, description="The NIST level (AssuranceLevel) that it is registered at; OIOSAML 2 has no other."
    )
    encryption_optional: bool = Field(
        False, description="Whether it may leave its assertions unencrypted; OIOSAML 2 only."
    )
    knows_roles: bool = Field(
        description="Whether job function roles come in its token; if not, the attribute service is asked."
    )
    profile: Profile = Field(Profile.OIOSAML3, description="Which profile of SAML it speaks.")
    supports_scoping: bool = Field(True, description="Whether it is told which system asks (Scoping/RequesterID).")
    has_federation_agreement: bool = Field(True, description="Without an agreement it cannot be chosen.")
    on_attribute_failure: OnAttributeFailure = Field(
        OnAttributeFailure.REFUSE, description="What becomes of a login whose rights could not be fetched."
    )
    attribute_service: AttributeServiceInput | None = Field(
        None, description="Its attribute service, registered in the same step; for an IdP that does not know roles."
    )

    @property
    def owner(self) -> Cvr:
        """Give the organisation that its certificates shall name."""
        return self.cvrs[0]

    @property
    def spoken_profile(self) -> Profile:
        """Give the profile that decides what its metadata must keep."""
        return self.profile


KINDS: Final = {"/systems": Kind.SYSTEM, "/idps": Kind.IDP, "/attribute-services": Kind.ATTRIBUTE_SERVICE}
"""The paths of the kinds of party."""


def _host_of(uri: str) -> str | None:
    try:
        return urlsplit(uri).hostname
    except ValueError:
        return None  # the rules say what is wrong with it


def short_name(text: str) -> str:
    """Give a short name made of a host: letters, digits and hyphens, at most 60. Danish letters are written as in e-mail addresses."""
    composed = unicodedata.normalize("NFC", text.lower().removeprefix("saml.")).translate(_DANISH_LETTERS)
    plain = "".join(each for each in unicodedata.normalize("NFD", composed) if not unicodedata.combining(each))
    return _NOT_IN_ID.sub("-", plain)[:60].strip("-") or "party"
