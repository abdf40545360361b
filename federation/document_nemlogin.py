"""NemLog-in's own part of federation.yaml as documents."""

from typing import Literal

from pydantic import Field

from federation.document_fields import (
    CprNumber,
    CvrNumber,
    Document,
    Email,
    Filled,
    Level,
    Name,
    PartyEntityId,
    PartyId,
    Purpose,
    Uuid,
)
from federation.nemlogin import LocalIdp, NemLogIn, NemLogInClient, NemLogInIdentity
from oiosaml.eid import CredentialType, IdType
from oiosaml.nsis import AssuranceLevel


class NemLogInIdentityDocument(Document):
    """An invented identity at NemLog-in. Never a real name or CPR number."""

    id: PartyId
    """The name in small letters with hyphens."""
    id_type: Literal["Person", "Professional"]
    """A citizen, or somebody who acts for an organisation."""
    credential_type: Literal["mitid", "local", "test"] = "mitid"
    """The means of identification."""
    level: Level
    """The NSIS level at which the identity logs in."""
    uuid: Uuid
    """The persistent UUID that NemLog-in has given the identity."""
    first_name: Name
    """First name."""
    last_name: Name
    """Last name."""
    cpr: CprNumber
    """An artificial CPR number: its day is 61 to 91."""
    purpose_da: Purpose
    """What the identity is there to show, in Danish."""
    purpose_en: Purpose
    """What the identity is there to show, in English."""
    cvr: CvrNumber | None = None
    """The organisation; left out for a citizen."""
    email: Email | None = None
    """E-mail address, under .test."""
    tells_full_name: bool = True
    """Whether the token has fullName; otherwise only first and last name."""
    local_user_ids: tuple[Filled, ...] = ()
    """The NameIDs by which local IdPs name this user, as provisioned to MitID Erhverv."""

    def to_model(self) -> NemLogInIdentity:
        """Give the value."""
        return NemLogInIdentity(
            id=self.id,
            id_type=IdType[self.id_type.upper()],
            credential_type=CredentialType[self.credential_type.upper()],
            level=AssuranceLevel.from_attribute(self.level),
            uuid=self.uuid,
            first_name=self.first_name,
            last_name=self.last_name,
            cpr=self.cpr,
            purpose_da=self.purpose_da,
            purpose_en=self.purpose_en,
            cvr=self.cvr,
            email=self.email,
            tells_full_name=self.tells_full_name,
            local_user_ids=self.local_user_ids,
        )


class NemLogInClientDocument(Document):
    """A service connected to NemLog-in."""

    entity_id: PartyEntityId
    """entityID, compared character by character."""
    id: PartyId
    """Short name."""
    name: Name
    """The name that people see."""
    cvr: CvrNumber
    """The organisation that runs it."""
    metadata: str | None = None
    """Its SAML metadata as text. Left out, the simulator plays the service itself and writes its metadata."""
    metadata_file: str | None = None
    """A file with the metadata, relative to this one, in place of `metadata`."""
    private: bool = False
    """Whether it is a private service, which is never told rights and CPR numbers."""

    def to_model(self) -> NemLogInClient:
        """Give the value."""
        return NemLogInClient(
            entity_id=self.entity_id,
            id=self.id,
            name=self.name,
            cvr=self.cvr,
            metadata=(self.metadata or "").encode(),
            private=self.private,
            simulated=self.metadata is None,
        )


class LocalIdpDocument(Document):
    """An IdP whose users may log in at NemLog-in."""

    entity_id: PartyEntityId
    """entityID in its connection to NemLog-in; the Context Handler's towards systems makes it the broker of local IdPs."""
    id: PartyId
    """Short name."""
    name: Name
    """The name that people see."""
    cvrs: tuple[CvrNumber, ...] = Field(min_length=1)
    """The organisations it may speak for."""
    suffix: str = ""
    """What stands behind the user names in its NameIDs, for one that the simulator plays."""
    metadata: str | None = None
    """Its SAML metadata as text. Left out, the simulator plays the IdP itself and writes its metadata."""
    metadata_file: str | None = None
    """A file with the metadata, relative to this one, in place of `metadata`."""

    def to_model(self) -> LocalIdp:
        """Give the value."""
        return LocalIdp(
            entity_id=self.entity_id,
            id=self.id,
            name=self.name,
            cvrs=self.cvrs,
            suffix=self.suffix,
            metadata=(self.metadata or "").encode(),
            simulated=self.metadata is None,
        )


class NemLogInDocument(Document):
    """NemLog-in, played by the simulator: users, clients and local IdPs of its own."""

    name: Name
    """Its name on pages and in its certificate."""
    organisation: Name
    """Who runs it."""
    cvr: CvrNumber
    """The CVR number of the organisation that runs it."""
    entity_id: PartyEntityId
    """entityID towards its clients; the IdP among `idps` with the profile NEMLOGIN3 has the same."""
    entity_id_towards_idps: PartyEntityId
    """entityID towards local IdPs."""
    contact: Email
    """Whom its metadata points people to."""
    identities: tuple[NemLogInIdentityDocument, ...] = ()
    """Who can log in."""
    clients: tuple[NemLogInClientDocument, ...] = ()
    """Services connected to it, besides the Context Handler, which always is."""
    local_idps: tuple[LocalIdpDocument, ...] = ()
    """IdPs of organisations that issue their own identifiers."""

    def to_model(self) -> NemLogIn:
        """Give the value."""
        return NemLogIn(
            name=self.name,
            organisation=self.organisation,
            cvr=self.cvr,
            entity_id=self.entity_id,
            entity_id_towards_idps=self.entity_id_towards_idps,
            contact=self.contact,
            identities=tuple(each.to_model() for each in self.identities),
            clients=tuple(each.to_model() for each in self.clients),
            local_idps=tuple(each.to_model() for each in self.local_idps),
        )
