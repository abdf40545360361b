"""Whom NemLog-in exchanges logout messages with: a client on the one face, a local IdP on the other, with the keys and names of each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from nemlogin_mock.ports import Ports
from nemlogin_mock.sessions import Face, Party
from oiosaml.errors import Party as Sender
from oiosaml.ids import EntityId
from oiosaml.keys import VerificationKey
from oiosaml.logout_sending import logout_endpoint
from oiosaml.messages.metadata import Endpoint


@dataclass(frozen=True, slots=True)
class Counterpart:
    """One party, and who NemLog-in is towards it."""

    party: Party
    keys: tuple[VerificationKey, ...]
    single_logout_services: tuple[Endpoint, ...]
    our_name: EntityId
    our_location: str

    def endpoint(self, preferred: str) -> Endpoint:
        """Give where it takes logout messages through the browser, by the binding `preferred` if it has that.

        Raises:
            SamlError: `md.endpoint` if it takes none.
        """
        return logout_endpoint(self.single_logout_services, preferred)


SENDERS: Final = {Face.CLIENTS: Sender.SYSTEM, Face.LOCAL_IDPS: Sender.HOME_IDP}
"""Who can mend a message that comes to each face."""


def counterpart(face: Face, entity_id: EntityId | None, *, at: datetime, ports: Ports) -> Counterpart:
    """Give the party of that name on that face; one of the other face is a stranger there.

    Raises:
        SamlError: as `Clients.connected` and `LocalIdps.named`.
    """
    if face is Face.CLIENTS:
        client = ports.clients.connected(entity_id, at=at).face
        party = Party(face, client.entity_id)
        return Counterpart(
            party, client.keys, client.single_logout_services, ports.nemlogin.entity_id, ports.urls.slo_url
        )
    local = ports.local_idps.named(entity_id)
    return Counterpart(
        Party(face, local.registration.entity_id),
        local.keys,
        local.single_logout_services,
        ports.nemlogin.entity_id_towards_idps,
        ports.urls.slo_towards_idps_url,
    )
