"""Members' metadata fetched again from where they publish it: the last good copy stays until a newer one proves itself (MD-01).

A newer copy must be signed by a key of the member that is known already, or by the one registered for it; a registration may allow copies
without a signature, never one whose signature is broken. Whatever goes wrong is one event when it begins and one when it ends.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from context_handler.events import Event, EventOutcome
from context_handler.merging import PartyRegistration
from context_handler.ports import Ports
from context_handler.registration import Registrar
from context_handler.registry import RegisteredParty, RegistrySnapshot
from federation.documents import kind_of
from federation.model import MetadataSource
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId, FlowId, WorkspaceId
from oiosaml.keys import VerificationKey, read_verification_key
from oiosaml.messages.element import children
from oiosaml.messages.metadata import EntityDescriptor
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.uris import NS_DS
from oiosaml.xml.base64_text import decode_in_xml
from oiosaml.xml.parse import parse_metadata
from oiosaml.xml.verify import verify_enveloped

SHORTEST_INTERVAL: Final = timedelta(minutes=5)
"""However short-lived metadata says it is, nobody is asked more often."""

LONGEST_INTERVAL: Final = timedelta(hours=24)
"""However long it lasts, a new key is seen within a day."""

RETRY_INTERVAL: Final = timedelta(minutes=5)
"""After a fetch that came to nothing."""

JITTER: Final = 0.1
"""Up to this part of an interval earlier, so that members registered together are not asked together."""

REFRESH_STEP: Final = "refresh_metadata"


@dataclass(frozen=True, slots=True)
class RefreshState:
    """How a member's metadata stands. `fault` is the code of what is wrong since the last good fetch."""

    entity_id: EntityId
    next_at: datetime
    good_at: datetime | None = None
    fault: str | None = None
    detail: str = ""


class RefreshStates(Protocol):
    """The durable states of one broker's members."""

    def all(self, workspace: WorkspaceId) -> Mapping[EntityId, RefreshState]:
        """Give every state."""
        ...

    def put(self, workspace: WorkspaceId, state: RefreshState) -> None:
        """Write one state."""
        ...


@dataclass(frozen=True, slots=True)
class Refresher:
    """What refreshing needs. `jitter` gives a number from 0 to 1."""

    ports: Ports
    registry: Callable[[], RegistrySnapshot]
    registrar: Registrar
    states: RefreshStates
    fetch: Callable[[str], Awaitable[bytes]]
    jitter: Callable[[], float]

    async def refresh_due(self, at: datetime) -> int:
        """Fetch the metadata of every member that is due, one after the other; give how many were tried.

        Raises:
            SamlError: `web.unavailable` if the store cannot be used.
        """
        known = self.states.all(self.ports.workspace)
        tried = 0
        for listed in [party.registration for party in _parties(self.registry())]:
            # Others were fetched meanwhile, each for as long as it took: this one may have changed, or gone.
            party = self._as_registered_now(listed)
            source = None if party is None else party.registration.metadata_source
            state = known.get(listed.entity_id)
            if source is not None and (state is None or at >= state.next_at):
                tried += 1
                await self._refresh(listed, source, state, at)
        return tried

    async def _refresh(
        self, party: PartyRegistration, source: MetadataSource, before: RefreshState | None, at: datetime
    ) -> None:
        entity_id, good_at = party.entity_id, before.good_at if before else None
        try:
            octets = await self.fetch(source.url)
            changed = self.registrar.renew(party, lambda present: _newer(present, source, octets), at)
        except SamlError as error:
            if error.code == "web.unavailable":
                raise
            state = RefreshState(entity_id, at + self._soon(RETRY_INTERVAL), good_at, error.code, error.detail[:600])
        else:
            state = RefreshState(entity_id, at + self._soon(interval_for(octets, at)), at)
            if changed:
                self._tell(state, "got a newer copy, which is in use from now on", at)
        now = self._as_registered_now(party)
        if now is None or now.registration.metadata_source != source:
            return  # what came is nobody's any more, or another address is to be asked
        if state.fault != (before.fault if before else None):
            self._tell(state, state.detail or "the metadata can be fetched again", at)
        self.states.put(self.ports.workspace, state)

    def _as_registered_now(self, party: PartyRegistration) -> RegisteredParty | None:
        return self.registry().party(kind_of(party), party.entity_id)

    def _soon(self, interval: timedelta) -> timedelta:
        return interval * (1 - JITTER * self.jitter())

    def _tell(self, state: RefreshState, detail: str, at: datetime) -> None:
        event = Event(
            flow=FlowId(self.ports.ids.uuid()),
            at=at,
            step=REFRESH_STEP,
            outcome=EventOutcome.REFUSED if state.fault else EventOutcome.PASSED,
            code=state.fault,
            detail=detail,
            party=state.entity_id,
        )
        self.ports.store.record(self.ports.workspace, (event,))


def _newer(party: RegisteredParty, source: MetadataSource, octets: bytes) -> bytes | None:
    """Give the octets if they are a newer copy for the party as it is registered now, None if they are no news to it.

    While they were fetched a key may have been withdrawn, the party changed or taken out: none of that is undone by what was asked before.

    Raises:
        SamlError: as `require_own_word`, and `md.older`.
    """
    if party.registration.metadata_source != source or octets == party.registration.metadata:
        return None
    require_own_word(octets, _keys_that_vouch(party, source), source)
    require_not_older(octets, party.metadata)
    return octets


def _keys_that_vouch(party: RegisteredParty, source: MetadataSource) -> tuple[VerificationKey, ...]:
    """Give the keys one of which must have signed: the party's own, or the one registered for its metadata.

    That one may be a key of the party as well. Withdrawn or revoked there it counts no more here: else whoever stole it could put keys of
    their own in its place.
    """
    if source.certificate is None:
        return party.keys
    key = read_verification_key(decode_in_xml(source.certificate))
    barred = next((each.barred for each in party.keys if each.fingerprint == key.fingerprint), None)
    if key.fingerprint in party.registration.withdrawn_keys:
        barred = "key.withdrawn"
    return (replace(key, barred=barred),)


def require_own_word(octets: bytes, keys: tuple[VerificationKey, ...], source: MetadataSource) -> None:
    """Let a newer copy through if it is the member's own word: signed with one of `keys`, or not at all where that is allowed.

    Raises:
        SamlError: `md.signature` if it is not signed as the registration asks; `key.withdrawn` or `key.revoked` if the key that signed
            counts no longer; an `xml.…` code if it cannot be parsed.
    """
    root = parse_metadata(octets)
    if next(children(root, NS_DS, "Signature"), None) is None:
        if source.allow_unsigned:
            return
        raise SamlError("md.signature", "got metadata without a signature, expected one by a key known already")
    try:
        verify_enveloped(root, keys, lambda element: element.tag)
    except SamlError as error:
        if error.code.startswith("key."):
            raise
        raise SamlError("md.signature", f"{error.code}: {error.detail}") from error


def require_not_older(octets: bytes, present: EntityDescriptor) -> None:
    """Let a copy through that ends no sooner than the present one. Its end is all that tells which of two copies is the older.

    Raises:
        SamlError: `md.older` if it ends sooner, or does not say when although the present one does.
    """
    ends = (read_metadata(octets).entity or present).valid_until
    if present.valid_until is None or (ends is not None and ends >= present.valid_until):
        return
    # An older copy played back would bring a key back that has left the metadata, or take a new one away (attack SIG-21).
    got = "metadata without a validUntil that can be read" if ends is None else f"metadata until {ends}"
    raise SamlError("md.older", f"got {got}, expected at least {present.valid_until} as in the present one")


def interval_for(octets: bytes, at: datetime) -> timedelta:
    """Give how long a good copy is used before the next fetch: its cacheDuration, or half of what is left until it ends, within bounds."""
    entity = read_metadata(octets).entity
    wanted = [LONGEST_INTERVAL]
    if entity is not None and entity.cache_duration is not None:
        wanted.append(entity.cache_duration)
    if entity is not None and entity.valid_until is not None:
        wanted.append((entity.valid_until - at) / 2)
    return max(SHORTEST_INTERVAL, min(wanted))


def _parties(registry: RegistrySnapshot) -> Iterator[RegisteredParty]:
    yield from registry.idps()
    yield from registry.systems()
    yield from registry.attribute_services()
