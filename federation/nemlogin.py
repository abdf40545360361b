"""NemLog-in as the simulator plays it: its own users, its own clients, and the local IdPs it asks (nemlogin3).

None of this is registered at the Context Handler: there NemLog-in is an IdP among others, and perhaps a system.
"""

from dataclasses import dataclass, field

from oiosaml.eid import CredentialType, IdType
from oiosaml.ids import Cvr, EntityId
from oiosaml.nsis import AssuranceLevel


@dataclass(frozen=True, slots=True)
class NemLogInIdentity:
    """One invented identity: a citizen, an employee with MitID Erhverv, or one with a local identifier."""

    id: str
    id_type: IdType
    credential_type: CredentialType
    level: AssuranceLevel
    uuid: str
    """What `professional/uuid/persistent` carries; for a person the UUID of the CPR number."""
    first_name: str
    last_name: str
    cpr: str
    purpose_da: str
    purpose_en: str
    cvr: Cvr | None = None
    """The organisation; None for a citizen."""
    email: str | None = None
    tells_full_name: bool = True
    """Whether the token has fullName; otherwise only the two parts of the name."""
    local_user_ids: tuple[str, ...] = ()
    """The NameIDs by which local IdPs name this user, as provisioned to MitID Erhverv."""

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class NemLogInClient:
    """A service that has connected to NemLog-in with its metadata."""

    entity_id: EntityId
    id: str
    name: str
    cvr: Cvr
    """The organisation that runs it."""
    metadata: bytes = field(repr=False)
    private: bool = False
    """A private service is never told rights and CPR numbers."""
    simulated: bool = False
    """The simulator plays it: a demo system behind NemLog-in."""


@dataclass(frozen=True, slots=True)
class LocalIdp:
    """An IdP whose users may log in at NemLog-in: a municipality's own, or a broker's for several municipalities."""

    entity_id: EntityId
    id: str
    name: str
    cvrs: tuple[Cvr, ...]
    """The organisations it may speak for."""
    suffix: str = ""
    """What it puts behind its local user ids; only for one that the simulator plays."""
    metadata: bytes = field(default=b"", repr=False)
    """Empty for the Context Handler as a broker of local IdPs until the simulator has written it."""
    simulated: bool = False
    """The simulator plays it: a municipality's mock IdP in its connection to NemLog-in."""


@dataclass(frozen=True, slots=True)
class NemLogIn:
    """NemLog-in itself: one entityID for each of its two faces, its users, its clients and its local IdPs."""

    name: str
    organisation: str
    cvr: Cvr
    entity_id: EntityId
    """Towards its clients."""
    entity_id_towards_idps: EntityId
    """Towards local IdPs."""
    contact: str
    identities: tuple[NemLogInIdentity, ...] = ()
    clients: tuple[NemLogInClient, ...] = ()
    local_idps: tuple[LocalIdp, ...] = ()
