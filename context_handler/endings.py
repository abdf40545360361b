"""What of the members ends soon: certificates, metadata and activation periods within 30, 7 or 1 days, or already."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.x509 import load_der_x509_certificate

from context_handler.registry import RegisteredParty, RegistrySnapshot
from oiosaml.ids import EntityId
from oiosaml.messages.metadata import KeyDescriptor

WARNED_AHEAD: Final = (timedelta(days=1), timedelta(days=7), timedelta(days=30))
"""The nearest first: each is a louder word."""


@dataclass(frozen=True, slots=True)
class Ending:
    """One thing that ends, and within which of the warnings; none once it has ended."""

    entity_id: EntityId
    name: str
    what: str
    """`certificate`, `metadata` or `activation`."""
    ends_at: datetime
    within: timedelta | None


@dataclass(frozen=True, slots=True)
class MemberKey:
    """One key of a member, by the name that a withdrawal calls it."""

    entity_id: EntityId
    use: str
    fingerprint: str
    barred: str | None


def keys_of_members(registry: RegistrySnapshot) -> tuple[MemberKey, ...]:
    """Give every key of every member, each once for each use."""
    found = (
        MemberKey(party.registration.entity_id, each.use or "both", each.key.fingerprint, each.key.barred)
        for party in every_member(registry)
        for each in _descriptors(party)
        if each.key is not None
    )
    return tuple(dict.fromkeys(found))


def endings(registry: RegistrySnapshot, at: datetime) -> tuple[Ending, ...]:
    """Give everything that ends within 30 days or has ended, the most urgent first."""
    found = (ending for party in every_member(registry) for ending in _of(party, at))
    return tuple(sorted(found, key=lambda ending: ending.ends_at))


def _of(party: RegisteredParty, at: datetime) -> Iterator[Ending]:
    ends = [("certificate", load_der_x509_certificate(der).not_valid_after_utc) for der in _certificates(party)]
    if party.metadata.valid_until is not None:
        ends.append(("metadata", party.metadata.valid_until))
    if party.registration.active.end is not None:
        ends.append(("activation", party.registration.active.end))
    for what, ends_at in dict.fromkeys(ends):
        within = next((days for days in WARNED_AHEAD if ends_at <= at + days), None)
        if within is not None:
            soon = None if ends_at <= at else within
            yield Ending(party.registration.entity_id, party.registration.name, what, ends_at, soon)


def _certificates(party: RegisteredParty) -> Iterator[bytes]:
    for descriptor in _descriptors(party):
        if descriptor.key is not None and descriptor.key.certificate_der is not None and descriptor.key.barred is None:
            yield descriptor.key.certificate_der


def _descriptors(party: RegisteredParty) -> Iterator[KeyDescriptor]:
    for role in (party.metadata.sp, party.metadata.idp, party.metadata.attribute_authority):
        yield from role.keys if role is not None else ()


def every_member(registry: RegistrySnapshot) -> Iterator[RegisteredParty]:
    """Give the IdPs, the systems and the attribute services."""
    yield from registry.idps()
    yield from registry.systems()
    yield from registry.attribute_services()
