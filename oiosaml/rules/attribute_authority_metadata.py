"""What a municipal attribute service's metadata must say (IDM-10, AS-16)."""

from collections.abc import Iterator
from typing import Final

from oiosaml.attributes import PRIVILEGES_INTERMEDIATE
from oiosaml.messages.metadata import AttributeAuthorityRole, MetadataDocument
from oiosaml.rules import metadata as common
from oiosaml.rules import metadata_keys as keys
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.rule import Breach, Requirement, rule
from oiosaml.uris import BINDING_SOAP, NAMEID_X509_SUBJECT_NAME


def _role(document: MetadataDocument) -> Iterator[AttributeAuthorityRole]:
    if document.entity is not None and document.entity.attribute_authority is not None:
        yield document.entity.attribute_authority


document_is_readable = rule("AAM-01", code="md.rule", source="OIOSAML 3, R3-G-02")(common.unreadable_document)
entity_id_is_a_uri = rule("AAM-02", code="md.rule", source="OIOSAML 3, R3-G-03")(common.bad_entity_id)
metadata_is_valid = rule("AAM-03", code="md.expired", source="SAML Metadata 2.3.2")(common.expired_metadata)
values_are_readable = rule("AAM-04", code="md.rule", source="SAML Metadata, schema")(common.unreadable_values)
cache_duration_is_read = rule("AAM-12", code="md.rule", source="SAML Metadata 2.3.2", requirement=Requirement.SHOULD)(
    common.unread_cache_duration
)


@rule("AAM-05", code="md.rule", source="OIOSAML 3, R3-MD-25")
def is_an_attribute_authority(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is an AttributeAuthorityDescriptor for SAML 2.0."""
    if document.entity is not None and document.entity.attribute_authority is None:
        mend = "Send the metadata of an attribute service."
        yield from common.missing_role(document.entity, "AttributeAuthorityDescriptor", mend)


@rule("AAM-06", code="md.key", source="our choice, AS-16")
def has_a_signing_key(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is a key to verify the service's answers with."""
    for role in _role(document):
        yield from keys.missing_signing_key(role.keys, role.line)


@rule("AAM-07", code="md.key", source="OIOSAML 3, R3-MD-09")
def keys_are_usable(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """Every key can be read and is strong enough: RSA of 2048 bits or more, or a listed curve."""
    for role in _role(document):
        yield from keys.unusable_keys(role.keys)


@rule("AAM-08", code="md.key", source="OIOSAML 3, R3-MD-09")
def certificates_are_valid(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """No certificate has expired."""
    for role in _role(document):
        yield from keys.expired_certificates(role.keys, expected.at)


@rule("AAM-11", code="md.key", source="OIOSAML 3, R3-MD-09", requirement=Requirement.SHOULD)
def certificates_have_begun(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """Every certificate is valid already."""
    for role in _role(document):
        yield from keys.certificates_ahead_of_their_time(role.keys, expected.at)


@rule("IDM-10", code="md.endpoint", source="OIOSAML 3, R3-MD-25; our choice, AS-16")
def can_be_asked(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is an AttributeService with SOAP."""
    for role in _role(document):
        if not any(each.binding == BINDING_SOAP for each in role.attribute_services):
            yield Breach(
                "got no AttributeService with SOAP, expected one",
                line=role.line,
                mend=f'Add <md:AttributeService Binding="{BINDING_SOAP}" Location="…"/>.',
            )


@rule("AAM-09", code="md.endpoint", source="SAML Metadata 2.2.2; SAML Bindings")
def endpoints_are_safe(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """Every endpoint is an https URL; http only for localhost, or in a simulator started with --lan."""
    for role in _role(document):
        yield from common.bad_endpoints(role.attribute_services, expected)


@rule("AAM-10", code="md.rule", source="our choice, AS-16", requirement=Requirement.SHOULD)
def offers_privileges(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """The service says that it knows users by X509SubjectName and delivers privileges."""
    for role in _role(document):
        if NAMEID_X509_SUBJECT_NAME not in role.name_id_formats or PRIVILEGES_INTERMEDIATE not in role.attribute_names:
            yield Breach(
                f"got NameIDFormat {', '.join(role.name_id_formats)[:120] or 'none'} and "
                f"{len(role.attribute_names)} attributes, expected {NAMEID_X509_SUBJECT_NAME} and {PRIVILEGES_INTERMEDIATE}",
                line=role.line,
            )


ATTRIBUTE_AUTHORITY_METADATA_RULES: Final = (
    document_is_readable,
    entity_id_is_a_uri,
    is_an_attribute_authority,
    values_are_readable,
    metadata_is_valid,
    keys_are_usable,
    has_a_signing_key,
    certificates_are_valid,
    can_be_asked,
    endpoints_are_safe,
    certificates_have_begun,
    cache_duration_is_read,
    offers_privileges,
)
