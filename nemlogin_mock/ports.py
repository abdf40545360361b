"""What NemLog-in's stories work with beside the message and the time, all of it handed in at start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from federation.nemlogin import NemLogIn
from federation.topology import NemLogInUrls
from nemlogin_mock.clients import Clients
from nemlogin_mock.identities import Identities
from nemlogin_mock.logins import Logins
from oiosaml.ids import Cvr, EntityId, IdSource
from oiosaml.keys import SigningKey


@dataclass(frozen=True, slots=True)
class Ports:
    """NemLog-in, who can log in, and whom it serves."""

    nemlogin: NemLogIn
    metadata: bytes
    identities: Identities
    clients: Clients
    logins: Logins
    organisation_names: Mapping[Cvr, str]
    system_names: Mapping[EntityId, str]
    """What to call a system named in RequesterID."""
    signing: SigningKey
    urls: NemLogInUrls
    ids: IdSource
    entropy: Callable[[int], bytes]
    """Gives that many random octets for content keys and initialisation vectors."""

    @property
    def entity_ids(self) -> tuple[EntityId, EntityId]:
        """Both faces: a chain of requesters that names one of them is a circle."""
        return self.nemlogin.entity_id, self.nemlogin.entity_id_towards_idps
