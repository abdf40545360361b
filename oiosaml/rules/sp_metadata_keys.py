"""What a user-facing system's metadata must say about its keys (SPM-07 to SPM-13, SPM-25, SPM-30, SPM-31, SPM-34)."""

from collections.abc import Iterator

from oiosaml.messages.metadata import MetadataDocument, SpRole
from oiosaml.rules import metadata_keys as keys
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.rule import Breach, Requirement, rule


def _role(document: MetadataDocument) -> Iterator[SpRole]:
    if document.entity is not None and document.entity.sp is not None:
        yield document.entity.sp


@rule("SPM-07", code="md.key", source="OIOSAML 3, R3-MD-03")
def has_a_signing_key(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is a key to verify the system's requests with."""
    for role in _role(document):
        yield from keys.missing_signing_key(role.keys, role.line)


@rule("SPM-08", code="md.key", source="OIOSAML 3, R3-MD-03")
def has_an_encryption_key(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """There is an RSA key to encrypt assertions to, and a method listed for it, if any, is allowed, or the registration chooses one."""
    for role in _role(document):
        key = 'Add <md:KeyDescriptor use="encryption"> with an RSA certificate.'
        yield from keys.unusable_encryption(role, expected, without_key=key)


@rule("SPM-31", code="md.key", source="OIOSAML 3, R3-MD-03; our choice", requirement=Requirement.SHOULD)
def chosen_encryption_is_listed(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """Where the registration says how to encrypt, the metadata lists the same, or nothing."""
    for role in _role(document):
        listed = keys.listed_encryption(role.keys)
        unlisted = expected.chosen_encryption.difference(listed)
        if listed and unlisted:
            yield Breach(
                f"got metadata that lists {', '.join(listed):.300}, expected {', '.join(sorted(unlisted))} too, as registered",
                line=role.line,
                mend="List what the system decrypts. Until then what is registered holds.",
            )


@rule("SPM-34", code="md.key", source="SAML Metadata 2.4.1.1; our choice", requirement=Requirement.SHOULD)
def key_transport_is_listed(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """A key transport is listed for the encryption key, or the registration says how to encrypt; else OIOSAML 3's own is used."""
    if not expected.chosen_encryption:
        for role in _role(document):
            yield from keys.silent_key_transport(role.keys)


@rule("SPM-09", code="md.key", source="OIOSAML 3, R3-MD-09")
def keys_are_usable(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """Every key can be read and is strong enough: RSA of 2048 bits or more, or a listed curve."""
    for role in _role(document):
        yield from keys.unusable_keys(role.keys)


@rule("SPM-10", code="md.key", source="OIOSAML 3, R3-MD-09")
def certificates_are_valid(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """No certificate has expired."""
    for role in _role(document):
        yield from keys.expired_certificates(role.keys, expected.at)


@rule("SPM-30", code="md.key", source="OIOSAML 3, R3-MD-09", requirement=Requirement.SHOULD)
def certificates_have_begun(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """Every certificate is valid already."""
    for role in _role(document):
        yield from keys.certificates_ahead_of_their_time(role.keys, expected.at)


@rule("SPM-25", code="md.key", source="OIOSAML 3, R3-MD-09", requirement=Requirement.SHOULD)
def certificates_last(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """Certificates have 30 days left."""
    for role in _role(document):
        yield from keys.certificates_that_expire_soon(role.keys, expected.at)


@rule("SPM-11", code="md.key", source="KOMBIT, terms of connection", requirement=Requirement.SHOULD)
def certificates_look_like_oces3(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """Certificates name the registered organisation, as OCES3 certificates do."""
    for role in _role(document):
        yield from keys.certificates_unlike_oces3(role.keys, expected.registered_cvr)


@rule("SPM-13", code="md.key", source="KOMBIT, terms of connection", requirement=Requirement.SHOULD)
def keys_are_its_own(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """No other connection uses the same key."""
    for role in _role(document):
        yield from keys.keys_of_others(role.keys, expected.other_fingerprints)
