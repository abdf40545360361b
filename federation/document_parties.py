"""Organisations and parties as documents: the keys that federation.yaml, the registration API and the store have in common."""

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from federation.document_fields import (
    Certificate,
    CvrNumber,
    Document,
    Email,
    Filled,
    IdpProfile,
    KeyFingerprint,
    Level,
    Name,
    NistLevelText,
    PartyEntityId,
    PartyId,
    PeriodDocument,
    SystemProfile,
    Uri,
    Uuid,
    period,
)
from federation.model import (
    AttributeProfile,
    AttributeService,
    Authority,
    ContextHandler,
    EncryptionChoice,
    GetsRights,
    HomeIdp,
    LinkedUser,
    MetadataSource,
    OnAttributeFailure,
    OnNoRoles,
    Profile,
    RoleCatalogue,
    UserFacingSystem,
)
from oiosaml.nist import NistLevel
from oiosaml.nsis import AssuranceLevel

NameIdFormat = Literal[
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName",
]


class ContextHandlerDocument(Document):
    """The broker itself."""

    name: Name
    """Its name on pages and in its certificate."""
    organisation: Name
    """Who runs it."""
    cvr: CvrNumber
    """The CVR number of the organisation that runs it."""
    entity_id_towards_systems: PartyEntityId
    """entityID of the IdP face, the one that systems see."""
    entity_id_towards_idps: PartyEntityId
    """entityID of the SP face, the one that municipal IdPs and attribute services see."""
    contact: Email
    """Whom its metadata points people to."""
    session_idle_minutes: int = Field(60, ge=1, le=24 * 60)
    """How many minutes an unused session answers logins without a visit to the home IdP."""
    session_hours: int = Field(8, ge=1, le=24)
    """How many hours a session answers logins, counted from the person's login at the home IdP."""

    def to_model(self) -> ContextHandler:
        """Give the value."""
        return ContextHandler(
            name=self.name,
            organisation=self.organisation,
            cvr=self.cvr,
            entity_id_towards_systems=self.entity_id_towards_systems,
            entity_id_towards_idps=self.entity_id_towards_idps,
            contact=self.contact,
            session_idle_minutes=self.session_idle_minutes,
            session_hours=self.session_hours,
        )


class AuthorityDocument(Document):
    """A municipality or another organisation with a CVR number (myndighed)."""

    id: PartyId
    """Short name."""
    name: Name
    """Full name, such as Korsbæk Kommune."""
    cvr: CvrNumber
    """Eight digits. Test organisations begin with 9."""

    def to_model(self) -> Authority:
        """Give the value."""
        return Authority(self.id, self.name, self.cvr)


class MetadataSourceDocument(Document):
    """Where a party publishes its metadata, and what makes a newer copy its own word."""

    url: Uri
    """http or https address, fetched again and again."""
    certificate: Certificate | None = None
    """Certificate of the key that signs the metadata, as base64 of DER; left out, a signing key of the party that is known already."""
    allow_unsigned: bool = False
    """Whether a copy without a signature may change anything, keys included."""

    def to_model(self) -> MetadataSource:
        """Give the value."""
        return MetadataSource(self.url, self.certificate, self.allow_unsigned)


class PartyDocument(Document):
    """What every party has."""

    id: PartyId
    """Short name, used in URLs and on the command line."""
    name: Name
    """The name that people see."""
    entity_id: PartyEntityId
    """entityID, compared character by character: a slash at the end counts."""
    enabled: bool = True
    """Whether it is switched on."""
    active: PeriodDocument | None = None
    """When the registration exists; always, if left out."""
    metadata: str | None = None
    """The party's SAML metadata as text. Left out, the simulator plays the party itself and writes its metadata."""
    metadata_file: str | None = None
    """A file with the metadata, relative to this one, in place of `metadata`."""
    metadata_source: MetadataSourceDocument | None = None
    """Where newer metadata is fetched from; left out, the registered copy stays."""
    withdrawn: bool = False
    """Emergency withdrawal: out of everything at once, until it is restored."""
    withdrawn_keys: tuple[KeyFingerprint, ...] = ()
    """Fingerprints of keys that count no longer: SHA-256 of the public key, in hexadecimal."""
    simulated: SkipJsonSchema[bool] = False
    """Only in the store: the simulator plays the party, and its metadata is written at every start."""

    @model_validator(mode="after")
    def _without_file(self) -> Self:
        # Whoever reads a YAML file has put the file's text into `metadata` by now.
        if self.metadata_file is not None:
            raise ValueError("metadata_file only works in a YAML file; put the text of the file under metadata")
        return self

    @property
    def metadata_octets(self) -> bytes:
        """The metadata as octets; none if the simulator is to write it."""
        return (self.metadata or "").encode()

    @property
    def is_simulated(self) -> bool:
        """Whether the simulator plays the party: said so, or without metadata of its own."""
        return self.simulated or self.metadata is None


class LinkedUserDocument(Document):
    """A user of NemLog-in who has another UUID in the municipality's organisation system."""

    cvr: CvrNumber
    """The municipality."""
    professional_uuid: Uuid
    """The persistent UUID that NemLog-in sends."""
    organisation_uuid: Uuid
    """The UUID in the organisation system, by which the attribute service and the systems know the user."""

    def to_model(self) -> LinkedUser:
        """Give the value."""
        return LinkedUser(self.cvr, self.professional_uuid, self.organisation_uuid)


class IdpDocument(PartyDocument):
    """A municipal IdP."""

    cvrs: tuple[CvrNumber, ...] = Field(min_length=1)
    """The organisations whose users it may speak for."""
    maximum_level: Level | None = None
    """The NSIS level that it is registered at. A token above it is refused. Left out for an IdP without NSIS."""
    maximum_assurance_level: NistLevelText | None = None
    """The NIST level (AssuranceLevel) that it is registered at; OIOSAML 2 has no other. Left out, it may state none."""
    encryption_optional: bool = False
    """Whether it may leave its assertions unencrypted; OIOSAML 2 only."""
    knows_roles: bool
    """Whether it puts job function roles into its token (KenderRoller). Otherwise the attribute service is asked."""
    profile: IdpProfile = Profile.OIOSAML3
    """Which profile of SAML it speaks."""
    supports_scoping: bool = True
    """Whether it is told which system asks (Scoping/RequesterID)."""
    has_federation_agreement: bool = True
    """Without an agreement (føderationsaftale) it cannot be chosen."""
    sends_cpr: bool = False
    """Whether the mock IdP puts the CPR number into its token; the Context Handler passes it on only to a system that asks for it."""
    on_attribute_failure: OnAttributeFailure = OnAttributeFailure.REFUSE
    """What becomes of a login whose rights could not be fetched."""
    supports_app_switch: bool = False
    """Whether it is told which app the person comes from. NemLog-in always is."""
    linked_users: tuple[LinkedUserDocument, ...] = ()
    """For NemLog-in: users with another UUID in the organisation system."""
    local_user_suffix: Filled | None = None
    """What NemLog-in has given this IdP to put behind its local user ids. Left out, it is no local IdP of NemLog-in."""

    def to_model(self) -> HomeIdp:
        """Give the value."""
        return HomeIdp(
            entity_id=self.entity_id,
            id=self.id,
            name=self.name,
            cvrs=self.cvrs,
            maximum_level=AssuranceLevel.from_attribute(self.maximum_level) if self.maximum_level else None,
            maximum_assurance_level=NistLevel(self.maximum_assurance_level) if self.maximum_assurance_level else None,
            encryption_optional=self.encryption_optional,
            knows_roles=self.knows_roles,
            metadata=self.metadata_octets,
            profile=self.profile,
            supports_scoping=self.supports_scoping,
            enabled=self.enabled,
            has_federation_agreement=self.has_federation_agreement,
            sends_cpr=self.sends_cpr,
            on_attribute_failure=self.on_attribute_failure,
            supports_app_switch=self.supports_app_switch,
            linked_users=tuple(each.to_model() for each in self.linked_users),
            local_user_suffix=self.local_user_suffix,
            active=period(self.active),
            metadata_source=self.metadata_source.to_model() if self.metadata_source else None,
            withdrawn=self.withdrawn,
            withdrawn_keys=self.withdrawn_keys,
            simulated=self.is_simulated,
        )


class EncryptionDocument(Document):
    """How to encrypt for a system, whatever its metadata says: algorithm URIs."""

    block: Uri
    key_transport: Uri
    digest: Uri
    mgf: Uri

    def to_model(self) -> EncryptionChoice:
        """Give the value."""
        return EncryptionChoice(self.block, self.key_transport, self.digest, self.mgf)


class SystemDocument(PartyDocument):
    """A user-facing system (brugervendt system)."""

    cvr: CvrNumber
    """The supplier or authority that owns it."""
    minimum_level: Level
    """The lowest NSIS level that its users must have."""
    minimum_assurance_level: NistLevelText | None = None
    """The lowest NIST level (AssuranceLevel) that it accepts of users without an NSIS level. Left out, it accepts none of them."""
    profile: SystemProfile = Profile.OIOSAML3
    """Which profile of SAML it reads."""
    name_id_format: NameIdFormat | None = None
    """Overrides the NameIDFormat in its metadata."""
    attribute_profile: AttributeProfile = AttributeProfile.KOMBIT
    """Which attributes it gets if its metadata asks for none."""
    on_no_roles: OnNoRoles = OnNoRoles.EMPTY
    """What it gets for a user without any of its roles: an empty list, no attribute, or no login."""
    encryption: EncryptionDocument | None = None
    """Overrides what its metadata says about encryption."""
    idps: tuple[PartyEntityId, ...] = ()
    """entityIDs of the only IdPs that it takes users from; all, if left out."""
    gets_rights: GetsRights = GetsRights.TOKEN
    """Whether its users' rights come in the token, or by a query to the Context Handler's attribute service."""
    translation: PartyId | None = None
    """The `target` of the table, under `translations`, that puts its roles into the words of the authority behind it."""
    requested_attributes: tuple[Uri, ...] = ()
    """Names of attributes that the simulator's metadata for it asks for, beside KOMBIT's profile."""

    def to_model(self) -> UserFacingSystem:
        """Give the value."""
        return UserFacingSystem(
            entity_id=self.entity_id,
            id=self.id,
            name=self.name,
            cvr=self.cvr,
            minimum_level=AssuranceLevel.from_attribute(self.minimum_level),
            minimum_assurance_level=NistLevel(self.minimum_assurance_level) if self.minimum_assurance_level else None,
            metadata=self.metadata_octets,
            profile=self.profile,
            name_id_format=self.name_id_format,
            attribute_profile=self.attribute_profile,
            on_no_roles=self.on_no_roles,
            encryption=self.encryption.to_model() if self.encryption else None,
            idps=self.idps,
            gets_rights=self.gets_rights,
            translation=self.translation,
            requested_attributes=self.requested_attributes,
            enabled=self.enabled,
            active=period(self.active),
            metadata_source=self.metadata_source.to_model() if self.metadata_source else None,
            withdrawn=self.withdrawn,
            withdrawn_keys=self.withdrawn_keys,
            simulated=self.is_simulated,
        )


class RoleCatalogueDocument(Document):
    """A municipal role catalogue that is looked up by REST, under <url>/api/user/<user>/roles."""

    url: Uri
    """https address before /api/user."""
    domain: str = "KOMBIT"
    """The domain that is asked for."""

    def to_model(self) -> RoleCatalogue:
        """Give the value."""
        return RoleCatalogue(self.url.rstrip("/"), self.domain)


class AttributeServiceDocument(PartyDocument):
    """A municipality's attribute service, which tells the rights of users whose IdP does not know them."""

    cvrs: tuple[CvrNumber, ...] = Field(min_length=1)
    """The organisations whose users it may speak of."""
    role_catalogue: RoleCatalogueDocument | None = None
    """Asked by REST instead of by SAML; then it needs no metadata. Its API key lies in a file (docs/members.md)."""

    @property
    def is_simulated(self) -> bool:
        """Whether the simulator plays the service; a role catalogue without metadata is somebody's own."""
        return self.simulated or (self.metadata is None and self.role_catalogue is None)

    def to_model(self) -> AttributeService:
        """Give the value."""
        return AttributeService(
            entity_id=self.entity_id,
            id=self.id,
            name=self.name,
            cvrs=self.cvrs,
            metadata=self.metadata_octets,
            enabled=self.enabled,
            active=period(self.active),
            role_catalogue=self.role_catalogue.to_model() if self.role_catalogue else None,
            metadata_source=self.metadata_source.to_model() if self.metadata_source else None,
            withdrawn=self.withdrawn,
            withdrawn_keys=self.withdrawn_keys,
            simulated=self.is_simulated,
        )
