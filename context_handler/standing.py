"""How a member stands at this instant, for people to read: taking part, or the first reason why it does not."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

from context_handler.ports import RegisteredIdp, RegisteredSystem
from context_handler.requester import RegisteredParty, why_unusable
from oiosaml.keys import VerificationKey


class Standing(StrEnum):
    """What a list of members says of one."""

    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    SWITCHED_OFF = "switched off"
    NO_AGREEMENT = "without a federation agreement"
    NOT_NOW = "not active at this time"
    METADATA_ENDED = "with metadata that ended"
    KEYS_WITHDRAWN = "without a key that is not withdrawn or revoked"
    UNCHECKED = "with certificates that cannot be checked"


_BY_REFUSAL: Final = {"md.expired": Standing.METADATA_ENDED, "key.unchecked": Standing.UNCHECKED}


def standing_of(party: RegisteredParty, at: datetime) -> Standing:
    """Tell whether a party takes part at this instant: `why_unusable`, and what a login meets only once it is under way.

    A party without any key stands here as one with keys: what it lacks was said when it was registered.
    """
    registration = party.registration
    if registration.withdrawn:
        return Standing.WITHDRAWN
    if not registration.enabled:
        return Standing.SWITCHED_OFF
    if isinstance(party, RegisteredIdp) and not party.registration.has_federation_agreement:
        return Standing.NO_AGREEMENT
    refusal = why_unusable(party, at)
    if refusal is not None:
        return _BY_REFUSAL.get(refusal.code, Standing.NOT_NOW)
    if _are_barred(party.keys) or _are_barred(_keys_to_encrypt_to(party)):
        return Standing.KEYS_WITHDRAWN
    return Standing.ACTIVE


def _keys_to_encrypt_to(party: RegisteredParty) -> tuple[VerificationKey, ...]:
    """Only a system is encrypted for."""
    if not isinstance(party, RegisteredSystem) or party.metadata.sp is None:
        return ()
    return tuple(each.key for each in party.metadata.sp.keys if each.key is not None and each.use != "signing")


def _are_barred(keys: Iterable[VerificationKey]) -> bool:
    found = tuple(keys)
    return bool(found) and all(key.barred is not None for key in found)
