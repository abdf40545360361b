"""The IdPs whose users may log in at NemLog-in with a local identifier."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from federation.nemlogin import LocalIdp
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId
from oiosaml.keys import VerificationKey
from oiosaml.messages.metadata import Endpoint, signing_keys
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.uris import BINDING_REDIRECT


@dataclass(frozen=True, slots=True)
class ConnectedIdp:
    """A local IdP with its metadata read once."""

    registration: LocalIdp
    keys: tuple[VerificationKey, ...]
    sso_location: str
    single_logout_services: tuple[Endpoint, ...] = ()
    """None: it cannot be told that the person logs out."""


class LocalIdps:
    """Who is connected, in the order of federation.yaml."""

    def __init__(self, idps: Iterable[LocalIdp]) -> None:
        """Read their metadata.

        Raises:
            SamlError: `md.endpoint` or `md.key` if one cannot be asked or not be verified.
        """
        self._by_entity_id = {each.entity_id: _connected(each) for each in idps}

    def __iter__(self) -> Iterator[LocalIdp]:
        return (each.registration for each in self._by_entity_id.values())

    def named(self, entity_id: EntityId | None) -> ConnectedIdp:
        """Give the IdP of that entityID.

        Raises:
            SamlError: `fed.no-idp:nemlogin` if there is none.
        """
        idp = None if entity_id is None else self._by_entity_id.get(entity_id)
        if idp is None:
            raise SamlError("fed.no-idp:nemlogin", f"got {entity_id!r:.200}, expected a connected local IdP")
        return idp


def _connected(registration: LocalIdp) -> ConnectedIdp:
    entity = read_metadata(registration.metadata).entity
    if entity is None or entity.idp is None or entity.entity_id != registration.entity_id:
        raise SamlError("md.rule", f"got metadata that is not an IdP's called {registration.entity_id}")
    locations = [each.location for each in entity.idp.single_sign_on_services if each.binding == BINDING_REDIRECT]
    keys = signing_keys(entity.idp.keys)
    if not locations:
        raise SamlError("md.endpoint", f"got metadata of {registration.entity_id} without HTTP-Redirect, expected it")
    if not keys:
        raise SamlError("md.key", f"got metadata of {registration.entity_id} without a signing key, expected one")
    return ConnectedIdp(registration, keys, locations[0], entity.idp.single_logout_services)
