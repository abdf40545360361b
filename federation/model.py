"""The federation as KOMBIT's administration module holds it: who is registered, for whom, at which level, with which roles.

Every look-up key is a URI or a CVR number, compared octet by octet. Names are for display.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from federation.activation_period import ALWAYS, ActivationPeriod
from federation.nemlogin import NemLogIn
from federation.person import Person
from federation.roles import ConstraintType, JobFunctionRole, SystemRole
from federation.translation.table import TranslationTable
from oiosaml.ids import Cvr, EntityId
from oiosaml.nist import NistLevel, StatedLevel
from oiosaml.nsis import AssuranceLevel


class Profile(StrEnum):
    """Which profile of SAML a party speaks; chosen for each registration, so a change is a change of the registration."""

    OIOSAML3 = "OIOSAML3"
    """OIOSAML Web SSO 3.0 with KOMBIT's additions."""
    OIOSAML2 = "OIOSAML2"
    """OIOSAML 2.0.9 (DK-SAML 2.0) as KOMBIT used it before NSIS."""
    NEMLOGIN3 = "NEMLOGIN3"
    """OIOSAML 3 as NemLog-in3 speaks it; for IdPs only."""
    LOCAL_IDP = "LOCAL_IDP"
    """The OIOSAML Local IdP profile, which NemLog-in3 reads when the broker is the source of local identifiers; for systems only."""


class OnAttributeFailure(StrEnum):
    """What becomes of a login whose rights could not be fetched. Never more rights (design D13)."""

    REFUSE = "refuse"
    WITHOUT_RIGHTS = "without-rights"


class OnNoRoles(StrEnum):
    """What a system gets for a user who has none of its roles: an empty list, no attribute, or no login."""

    EMPTY = "empty"
    OMIT = "omit"
    DENY = "deny"


class AttributeProfile(StrEnum):
    """Which attributes a system without RequestedAttribute in its metadata gets (context-handler section 9)."""

    KOMBIT = "KOMBIT"
    KOMBIT_WITHOUT_PERSONAL_DATA = "KOMBIT_WITHOUT_PERSONAL_DATA"


class GetsRights(StrEnum):
    """How a system gets its users' rights: in the token, or by asking the Context Handler's own attribute service afterwards."""

    TOKEN = "token"  # noqa: S105 - a word of the registration
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class Authority:
    """A municipality or another organisation with a CVR number."""

    id: str
    name: str
    cvr: Cvr


@dataclass(frozen=True, slots=True)
class MetadataSource:
    """Where a party publishes its metadata, and what makes a newer copy its own word (attack MD-01)."""

    url: str
    certificate: str | None = None
    """Of the key that signs the metadata: base64 of DER. None means: a signing key of the party that is known already."""
    allow_unsigned: bool = False
    """Whether a copy without a signature may change anything, keys included. A broken signature never may."""


@dataclass(frozen=True, slots=True)
class LinkedUser:
    """That a user of NemLog-in is somebody whom the municipality's organisation system knows by another UUID."""

    cvr: Cvr
    professional_uuid: str
    """What NemLog-in sends in `professional/uuid/persistent`."""
    organisation_uuid: str


@dataclass(frozen=True, slots=True)
class HomeIdp:
    """A registered municipal IdP."""

    entity_id: EntityId
    id: str
    name: str
    """Presentation name on the discovery page."""
    cvrs: tuple[Cvr, ...]
    """The organisations it may speak for (CH-CVR-01)."""
    maximum_level: AssuranceLevel | None
    """The NSIS level it is registered at ("with NSIS", handler generation 2); it cannot raise itself (LOA-3). None: no NSIS."""
    knows_roles: bool
    """KenderRoller: job function roles come in the token. Otherwise they come from the attribute service."""
    metadata: bytes = field(repr=False)
    """The SAML metadata document as it was registered."""
    profile: Profile = Profile.OIOSAML3
    maximum_assurance_level: NistLevel | None = None
    """The NIST level it is registered at ("without NSIS", handler generation 1). None: it may state none."""
    encryption_optional: bool = False
    """Whether its assertions are taken unencrypted too. OIOSAML 2 only; they are signed in any case."""
    supports_scoping: bool = True
    enabled: bool = True
    has_federation_agreement: bool = True
    sends_cpr: bool = False
    """Whether the mock IdP puts the CPR number into its token, as an IdP must whose people use a system that needs it."""
    on_attribute_failure: OnAttributeFailure = OnAttributeFailure.REFUSE
    supports_app_switch: bool = False
    """Whether it is told which app the person comes from; NemLog-in always is."""
    linked_users: tuple[LinkedUser, ...] = ()
    """For NemLog-in: who is known by another UUID in the organisation system, and so to the attribute service."""
    local_user_suffix: str | None = None
    """What NemLog-in has given this IdP to put behind its local user ids; None: it is no local IdP of NemLog-in."""
    active: ActivationPeriod = ALWAYS
    metadata_source: MetadataSource | None = None
    """Where newer metadata is fetched from; None keeps the registered copy."""
    withdrawn: bool = False
    """Emergency withdrawal: out of everything at once, whatever its owner registers, until it is restored."""
    withdrawn_keys: tuple[str, ...] = ()
    """Fingerprints of keys that count no longer, whatever the metadata says."""
    simulated: bool = False
    """The simulator plays this party itself and writes its metadata anew at every start, from its own URLs and keys."""

    @property
    def nsis_reach(self) -> AssuranceLevel | None:
        """The highest NSIS level it may state; None in OIOSAML 2, which has no word for one."""
        return None if self.profile is Profile.OIOSAML2 else self.maximum_level

    def may_state(self, level: StatedLevel) -> bool:
        """Tell whether the IdP is registered at that level, on the ladder it stands on."""
        if isinstance(level, NistLevel):
            return self.maximum_assurance_level is not None and self.maximum_assurance_level.meets(level)
        return self.nsis_reach is not None and self.nsis_reach.meets(level)

    @property
    def reach(self) -> tuple[StatedLevel, ...]:
        """The highest level that it may state on each ladder: NSIS first."""
        both = (self.nsis_reach, self.maximum_assurance_level)
        return tuple(level for level in both if level is not None)


@dataclass(frozen=True, slots=True)
class EncryptionChoice:
    """How to encrypt for one system, overriding its metadata: algorithm URIs."""

    block: str
    key_transport: str
    digest: str
    mgf: str


@dataclass(frozen=True, slots=True)
class UserFacingSystem:
    """A registered user-facing system (brugervendt system)."""

    entity_id: EntityId
    id: str
    name: str
    cvr: Cvr
    """The supplier or authority that owns it."""
    minimum_level: AssuranceLevel
    metadata: bytes = field(repr=False)
    profile: Profile = Profile.OIOSAML3
    """Never NEMLOGIN3: NemLog-in is no user-facing system, but may ask for local identifiers, with LOCAL_IDP."""
    minimum_assurance_level: NistLevel | None = None
    """The lowest NIST level that its users may have in place of an NSIS level. None: it demands an NSIS level of everybody."""
    name_id_format: str | None = None
    """Overrides the metadata's NameIDFormat; None follows the metadata, and without one persistent."""
    attribute_profile: AttributeProfile = AttributeProfile.KOMBIT
    on_no_roles: OnNoRoles = OnNoRoles.EMPTY
    encryption: EncryptionChoice | None = None
    idps: tuple[EntityId, ...] = ()
    """The only IdPs it takes users from; empty means all with a federation agreement."""
    gets_rights: GetsRights = GetsRights.TOKEN
    translation: str | None = None
    """The `target` of the table that puts its roles into the words of the authority behind it; None leaves them as they are."""
    requested_attributes: tuple[str, ...] = ()
    """What the metadata asks for beside KOMBIT's profile, where the simulator plays the party and writes it."""
    enabled: bool = True
    active: ActivationPeriod = ALWAYS
    metadata_source: MetadataSource | None = None
    """Where newer metadata is fetched from; None keeps the registered copy."""
    withdrawn: bool = False
    """Emergency withdrawal: out of everything at once, whatever its owner registers, until it is restored."""
    withdrawn_keys: tuple[str, ...] = ()
    """Fingerprints of keys that count no longer, whatever the metadata says."""
    simulated: bool = False
    """The simulator plays this party itself and writes its metadata anew at every start, from its own URLs and keys."""


@dataclass(frozen=True, slots=True)
class RoleCatalogue:
    """A municipal role catalogue, asked by REST. Its API key is no part of the registration."""

    url: str
    """What stands before /api/user/…"""
    domain: str = "KOMBIT"


@dataclass(frozen=True, slots=True)
class AttributeService:
    """A registered municipal attribute service, bound to CVR numbers just like an IdP (AS-11)."""

    entity_id: EntityId
    id: str
    name: str
    cvrs: tuple[Cvr, ...]
    metadata: bytes = field(repr=False)
    enabled: bool = True
    active: ActivationPeriod = ALWAYS
    role_catalogue: RoleCatalogue | None = None
    """Asked by REST instead of by SAML, and then without metadata."""
    metadata_source: MetadataSource | None = None
    """Where newer metadata is fetched from; None keeps the registered copy."""
    withdrawn: bool = False
    """Emergency withdrawal: out of everything at once, whatever its owner registers, until it is restored."""
    withdrawn_keys: tuple[str, ...] = ()
    """Fingerprints of keys that count no longer, whatever the metadata says."""
    simulated: bool = False
    """The simulator plays this party itself and writes its metadata anew at every start, from its own URLs and keys."""


@dataclass(frozen=True, slots=True)
class ContextHandler:
    """The broker itself: one entityID for each of its two faces, and the organisation that its certificate names."""

    name: str
    organisation: str
    cvr: Cvr
    entity_id_towards_systems: EntityId
    entity_id_towards_idps: EntityId
    contact: str
    """Where its metadata sends people who need help; an e-mail address."""
    session_idle_minutes: int = 60
    """How long an unused session answers logins."""
    session_hours: int = 8
    """How long a session answers logins, counted from the login at the home IdP."""


SIMULATED_CONTEXT_HANDLER = ContextHandler(
    name="Simuleret Context Handler",
    organisation="Simuleret Infrastruktur",
    cvr=Cvr("96000014"),
    entity_id_towards_systems=EntityId("https://saml.ch.sim.test"),
    entity_id_towards_idps=EntityId("https://saml.ch.sim.test/runtime"),
    contact="drift@ch.sim.test",
)


@dataclass(frozen=True, slots=True)
class World:
    """Everything federation.yaml says. Ids are short names for URLs and people; entity ids and URIs are the keys."""

    authorities: tuple[Authority, ...] = ()
    idps: tuple[HomeIdp, ...] = ()
    systems: tuple[UserFacingSystem, ...] = ()
    attribute_services: tuple[AttributeService, ...] = ()
    constraint_types: tuple[ConstraintType, ...] = ()
    system_roles: tuple[SystemRole, ...] = ()
    job_function_roles: tuple[JobFunctionRole, ...] = ()
    translations: tuple[TranslationTable, ...] = ()
    people: tuple[Person, ...] = ()
    context_handler: ContextHandler = SIMULATED_CONTEXT_HANDLER
    nemlogin: NemLogIn | None = None
    """NemLog-in with its own users and clients, if the simulator plays it."""
