"""What the metadata of a party that is registered for OIOSAML 2 must say, where that differs from OIOSAML 3 (findings O2M-…)."""

from collections.abc import Iterator
from typing import Final

from oiosaml import attributes as names
from oiosaml import oiosaml2 as old
from oiosaml.messages.metadata import MetadataDocument, encryption_keys
from oiosaml.rules import metadata_keys as keys
from oiosaml.rules.idp_metadata import IDP_METADATA_RULES, core_attributes_are_listed
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.rule import Breach, Requirement, rule
from oiosaml.rules.sp_metadata import (
    SP_METADATA_RULES,
    kombit_profile_is_requested,
    requested_attributes_are_known,
)
from oiosaml.rules.sp_metadata_keys import has_an_encryption_key
from oiosaml.uris import NAME_FORMAT_BASIC

CORE_ATTRIBUTES: Final = (
    old.SPEC_VERSION,
    names.KOMBIT_SPEC_VERSION,
    names.ASSURANCE_LEVEL,
    old.CVR_NUMBER_IDENTIFIER,
    old.PRIVILEGES_INTERMEDIATE,
)
"""What KOMBIT's profile of OIOSAML 2 carries, from an IdP and to a system."""


@rule("O2M-01", code="md.key", source="OIOSAML 2.0.9; our choice: no CBC")
def an_encryption_key_can_be_used(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """A key to encrypt to, if OIOSAML 2 metadata has one, is an RSA key with an allowed method, or the registration chooses one."""
    role = document.entity.sp if document.entity is not None else None
    if role is None:
        return
    if not encryption_keys(role.keys):
        if expected.chosen_encryption and not keys.is_unusable(role.keys, "encryption"):
            yield Breach(
                "got no key for encryption, expected one: the registration says how to encrypt",
                line=role.line,
                mend='Add <md:KeyDescriptor use="encryption"> with an RSA certificate, or register the system without a choice.',
            )
        return
    # an encryptor that chose CBC would have a padding oracle of every system it writes to (attack ENC-02)
    key = "Give it an RSA certificate; or leave the encryption key out, and the token comes signed and readable."
    yield from keys.unusable_encryption(role, expected, without_key=key)


@rule("O2M-02", code="md.key", source="OIOSAML 2.0.9, encryption is optional", requirement=Requirement.SHOULD)
def there_is_an_encryption_key(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is a key to encrypt to: OIOSAML 2 does not demand one, and without one the token passes the browser readable."""
    role = document.entity.sp if document.entity is not None else None
    if role is not None and not encryption_keys(role.keys) and not keys.is_unusable(role.keys, "encryption"):
        yield Breach(
            "got no key for encryption, expected one",
            line=role.line,
            mend='Add <md:KeyDescriptor use="encryption"> with an RSA certificate; OIOSAML 3 demands it.',
        )


@rule("O2M-03", code="md.rule", source="OIOSAML 2.0.9", requirement=Requirement.SHOULD)
def requested_attributes_are_old(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """The attributes asked for have names of OIOSAML 2 and NameFormat basic; others are passed over."""
    role = document.entity.sp if document.entity is not None else None
    for requested in role.requested_attributes if role is not None else ():
        if requested.name not in old.FRIENDLY_NAMES:
            yield Breach(
                f"got {requested.name!r:.120}, expected a name of OIOSAML 2",
                line=requested.line,
                mend="A system that reads OIOSAML 2 is told nothing under other names.",
            )
        elif requested.name_format != NAME_FORMAT_BASIC:
            yield Breach(
                f"got NameFormat {requested.name_format!r:.120}, expected {NAME_FORMAT_BASIC}", line=requested.line
            )


@rule("O2M-04", code="md.rule", source="KOMBIT Context Handler, without NSIS", requirement=Requirement.SHOULD)
def old_core_attributes_are_listed(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """An OIOSAML 2 IdP lists the attributes of KOMBIT's profile that it delivers."""
    role = document.entity.idp if document.entity is not None else None
    missing = [name for name in CORE_ATTRIBUTES if role is not None and name not in role.attribute_names]
    if role is not None and missing:
        yield Breach(f"got none of {', '.join(missing)}, expected them all", line=role.line, mend="List them.")


_ONLY_IN_OIOSAML_3: Final = (
    has_an_encryption_key,
    requested_attributes_are_known,
    kombit_profile_is_requested,
    core_attributes_are_listed,
)

SP_METADATA_RULES_OIOSAML2: Final = (
    *(each for each in SP_METADATA_RULES if each not in _ONLY_IN_OIOSAML_3),
    an_encryption_key_can_be_used,
    there_is_an_encryption_key,
    requested_attributes_are_old,
)
"""The rules for the metadata of a system that reads OIOSAML 2."""

IDP_METADATA_RULES_OIOSAML2: Final = (
    *(each for each in IDP_METADATA_RULES if each not in _ONLY_IN_OIOSAML_3),
    old_core_attributes_are_listed,
)
"""The rules for the metadata of an IdP that speaks OIOSAML 2."""
