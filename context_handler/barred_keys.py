"""Which of a party's keys count no longer: those withdrawn by hand, and those whose certificate was revoked.

They stay in the view, marked: a message signed with one is then refused by its right name instead of as a stranger's.
"""

from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from context_handler.revocation import Revocations
from oiosaml.keys import VerificationKey
from oiosaml.messages.metadata import AttributeAuthorityRole, EntityDescriptor, IdpRole, KeyDescriptor, SpRole

R = TypeVar("R", SpRole, IdpRole, AttributeAuthorityRole)


def with_barred_keys(
    metadata: EntityDescriptor, withdrawn: tuple[str, ...], revocations: Revocations | None
) -> tuple[EntityDescriptor, datetime | None]:
    """Mark the keys that count no longer.

    Gives, too, until when this is known: the revocation list's end if any certificate is our CA's, None if no list speaks of this party.
    """
    checked = False

    def marked(descriptor: KeyDescriptor) -> KeyDescriptor:
        nonlocal checked
        key = descriptor.key
        if key is None:
            return descriptor
        if key.fingerprint in withdrawn:
            return replace(descriptor, key=replace(key, barred="key.withdrawn"))
        if revocations is not None and _is_covered(key, revocations):
            checked = True
            if revocations.revokes(key.certificate_der or b""):
                return replace(descriptor, key=replace(key, barred="key.revoked"))
        return descriptor

    def role(of: R | None) -> R | None:
        return None if of is None else replace(of, keys=tuple(marked(each) for each in of.keys))

    told = replace(
        metadata,
        sp=role(metadata.sp),
        idp=role(metadata.idp),
        attribute_authority=role(metadata.attribute_authority),
    )
    return told, revocations.ends if checked and revocations is not None else None


def _is_covered(key: VerificationKey, revocations: Revocations) -> bool:
    return key.certificate_der is not None and revocations.covers(key.certificate_der)
