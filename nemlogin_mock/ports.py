"""What NemLog-in's stories work with beside the message and the time, all of it handed in at start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from federation.model import World
from federation.nemlogin import NemLogIn
from federation.urls import NemLogInUrls
from nemlogin_mock.clients import Clients
from nemlogin_mock.identities import Identities
from nemlogin_mock.local_idps import LocalIdps
from nemlogin_mock.logins import Logins
from nemlogin_mock.logout_memory import Logouts
from nemlogin_mock.pending import PendingLogin
from nemlogin_mock.sessions import Sessions
from oiosaml.ids import Cvr, EntityId, IdSource, MessageId
from oiosaml.keys import DecryptionKey, SigningKey
from saml_web.expiring_memory import ExpiringMemory


@dataclass(frozen=True, slots=True)
class Names:
    """What organisations and systems are called."""

    organisations: Mapping[Cvr, str]
    systems: Mapping[EntityId, str]

    @classmethod
    def of(cls, world: World) -> "Names":
        """Give the names in a world."""
        return cls(
            organisations={authority.cvr: authority.name for authority in world.authorities},
            systems={system.entity_id: system.name for system in world.systems},
        )


@dataclass(frozen=True, slots=True)
class Ports:
    """NemLog-in, who can log in, and whom it serves."""

    nemlogin: NemLogIn
    metadata: bytes
    metadata_towards_idps: bytes
    identities: Identities
    clients: Clients
    local_idps: LocalIdps
    logins: Logins
    sessions: Sessions
    logouts: Logouts
    pending: ExpiringMemory[MessageId, PendingLogin]
    """Logins whose person is at a local IdP."""
    names: Callable[[], Names]
    """Gives what organisations and systems, such as one named in RequesterID, are called now."""
    signing: SigningKey
    decryption: DecryptionKey
    urls: NemLogInUrls
    ids: IdSource
    entropy: Callable[[int], bytes]
    """Gives that many random octets for content keys and initialisation vectors."""

    @property
    def entity_ids(self) -> tuple[EntityId, EntityId]:
        """Both faces: a chain of requesters that names one of them is a circle."""
        return self.nemlogin.entity_id, self.nemlogin.entity_id_towards_idps
