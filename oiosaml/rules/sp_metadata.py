"""What a user-facing system's metadata must say (SPM-01 to SPM-34); its keys in `sp_metadata_keys`."""

from collections.abc import Iterator
from typing import Final

from oiosaml import attributes as names
from oiosaml.messages.metadata import MetadataDocument, SpRole
from oiosaml.rules import metadata as common
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.rule import Breach, Requirement, rule
from oiosaml.rules.sp_metadata_keys import (
    certificates_are_valid,
    certificates_have_begun,
    certificates_last,
    certificates_look_like_oces3,
    chosen_encryption_is_listed,
    has_a_signing_key,
    has_an_encryption_key,
    key_transport_is_listed,
    keys_are_its_own,
    keys_are_usable,
)
from oiosaml.uris import (
    BINDING_POST,
    BINDING_REDIRECT,
    NAME_FORMAT_BASIC,
    NAME_FORMAT_URI,
    NAMEID_PERSISTENT,
    NAMEID_TRANSIENT,
    NAMEID_X509_SUBJECT_NAME,
)

KOMBIT_PROFILE: Final = (
    names.SPEC_VERSION,
    names.KOMBIT_SPEC_VERSION,
    names.LOA,
    names.CVR,
    names.ORG_NAME,
    names.PRIVILEGES_INTERMEDIATE,
)
"""What KOMBIT's profile delivers to every system; e-mail only in the variant with personal data."""

_KNOWN_ATTRIBUTES: Final = frozenset(names.FRIENDLY_NAMES) | {
    names.ASSURANCE_LEVEL,
    names.CPR_NUMBER_IDENTIFIER,
    names.COMMON_NAME,
    names.UID,
}
_NAME_ID_FORMATS: Final = frozenset({NAMEID_PERSISTENT, NAMEID_TRANSIENT, NAMEID_X509_SUBJECT_NAME})


def _role(document: MetadataDocument) -> Iterator[SpRole]:
    if document.entity is not None and document.entity.sp is not None:
        yield document.entity.sp


document_is_readable = rule("SPM-01", code="md.rule", source="OIOSAML 3, R3-G-02")(common.unreadable_document)
entity_id_is_a_uri = rule("SPM-02", code="md.rule", source="OIOSAML 3, R3-G-03")(common.bad_entity_id)
entity_id_follows_the_habit = rule("SPM-03", code="md.rule", source="OIOSAML 3, R3-G-03", requirement=Requirement.MAY)(
    common.unusual_entity_id
)
contact_is_named = rule("SPM-21", code="md.rule", source="OIOSAML 3, R3-MD-08", requirement=Requirement.SHOULD)(
    common.no_contact
)
metadata_is_valid = rule("SPM-23", code="md.expired", source="SAML Metadata 2.3.2")(common.expired_metadata)
values_are_readable = rule("SPM-24", code="md.rule", source="SAML Metadata, schema")(common.unreadable_values)
cache_duration_is_read = rule("SPM-32", code="md.rule", source="SAML Metadata 2.3.2", requirement=Requirement.SHOULD)(
    common.unread_cache_duration
)


@rule("SPM-04", code="md.rule", source="OIOSAML 3, R3-MD-01")
def is_a_service_provider(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is an SPSSODescriptor for SAML 2.0."""
    if document.entity is not None and document.entity.sp is None:
        mend = "Send the metadata of a service provider; an IdP is registered elsewhere."
        yield from common.missing_role(document.entity, "SPSSODescriptor", mend)


@rule("SPM-05", code="md.rule", source="OIOSAML 3, R3-MD-02", requirement=Requirement.SHOULD)
def signs_its_requests(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """AuthnRequestsSigned is true; unsigned requests are refused whatever it says."""
    for role in _role(document):
        if not role.authn_requests_signed:
            yield Breach(
                "got AuthnRequestsSigned false or none, expected true",
                line=role.line,
                mend=_set_true("AuthnRequestsSigned"),
            )


@rule("SPM-06", code="md.rule", source="OIOSAML 3, R3-MD-02", requirement=Requirement.SHOULD)
def wants_signed_assertions(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """WantAssertionsSigned is true; assertions are signed whatever it says."""
    for role in _role(document):
        if not role.want_assertions_signed:
            yield Breach(
                "got WantAssertionsSigned false or none, expected true",
                line=role.line,
                mend=_set_true("WantAssertionsSigned"),
            )


@rule("SPM-14", code="md.endpoint", source="OIOSAML 3, R3-MD-05")
def answers_can_be_posted(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is an AssertionConsumerService with HTTP-POST."""
    for role in _role(document):
        if not any(each.binding == BINDING_POST for each in role.assertion_consumer_services):
            yield Breach(
                f"got {len(role.assertion_consumer_services)} AssertionConsumerService, none with HTTP-POST, expected one",
                line=role.line,
                mend=f'Add <md:AssertionConsumerService Binding="{BINDING_POST}" index="0" isDefault="true" Location="…"/>.',
            )


@rule("SPM-26", code="md.endpoint", source="SAML Metadata 2.2.2; SAML Bindings")
def endpoints_are_safe(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """Every endpoint is an https URL; http only for localhost, or in a simulator started with --lan."""
    for role in _role(document):
        yield from common.bad_endpoints(role.assertion_consumer_services + role.single_logout_services, expected)


@rule("SPM-27", code="md.endpoint", source="OIOSAML 3, R3-MD-05", requirement=Requirement.SHOULD)
def default_endpoint_is_marked(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """The default AssertionConsumerService says so and has index 0."""
    for role in _role(document):
        if not any(each.is_default and each.index == 0 for each in role.assertion_consumer_services):
            yield Breach(
                "got no default endpoint with index 0, expected one",
                line=role.line,
                mend='Set isDefault="true" index="0" on one.',
            )


@rule("SPM-33", code="md.endpoint", source="SAML Metadata 2.2.3", requirement=Requirement.SHOULD)
def endpoints_have_indexes_of_their_own(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """No two AssertionConsumerServices have the same index; of two a request by index means the default, else the first."""
    for role in _role(document):
        yield from common.repeated_indexes(role.assertion_consumer_services)


@rule("SPM-15", code="md.endpoint", source="OIOSAML 3, R3-IDP-01", requirement=Requirement.SHOULD)
def only_post_endpoints(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """No AssertionConsumerService has another binding than HTTP-POST; others are passed over."""
    for role in _role(document):
        for endpoint in role.assertion_consumer_services:
            if endpoint.binding != BINDING_POST:
                yield Breach(
                    f"got {endpoint.binding!r:.120}, expected {BINDING_POST}", line=endpoint.line, mend="Leave it out."
                )


@rule("SPM-16", code="md.endpoint", source="OIOSAML 3, R3-MD-06", requirement=Requirement.SHOULD)
def logout_by_redirect(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is a SingleLogoutService with HTTP-Redirect."""
    for role in _role(document):
        if not any(each.binding == BINDING_REDIRECT for each in role.single_logout_services):
            yield Breach("got no SingleLogoutService with HTTP-Redirect, expected one", line=role.line, mend="Add one.")


@rule("SPM-17", code="md.endpoint", source="NemLog-in practice, R3-MD-10", requirement=Requirement.MAY)
def one_logout_binding(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """One SingleLogoutService is listed; of several NemLog-in uses the first."""
    for role in _role(document):
        if len(role.single_logout_services) > 1:
            yield Breach(
                f"got {len(role.single_logout_services)}, expected one", line=role.single_logout_services[1].line
            )


@rule("SPM-28", code="md.endpoint", source="SAML Profiles 4.4.4", requirement=Requirement.SHOULD)
def logout_bindings_are_known(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """Every SingleLogoutService is by HTTP-Redirect, HTTP-POST or SOAP; others are passed over."""
    for role in _role(document):
        yield from common.unknown_logout_bindings(role.single_logout_services)


@rule("SPM-29", code="md.endpoint", source="SAML Metadata 2.2.2; SAML Bindings 3.2", requirement=Requirement.SHOULD)
def soap_answers_on_its_connection(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """A SingleLogoutService by SOAP has no ResponseLocation: its answer comes back on the connection."""
    for role in _role(document):
        yield from common.response_locations_of_soap(role.single_logout_services)


@rule("SPM-18", code="md.rule", source="OIOSAML 3, R3-MD-04", requirement=Requirement.SHOULD)
def name_id_format_is_known(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """The preferred NameIDFormat is persistent, transient or X509SubjectName."""
    for role in _role(document):
        if not role.name_id_formats or role.name_id_formats[0] not in _NAME_ID_FORMATS:
            got = role.name_id_formats[0] if role.name_id_formats else "none"
            yield Breach(
                f"got {got!r:.120}, expected {NAMEID_PERSISTENT}",
                line=role.line,
                mend="Put the wanted NameIDFormat first.",
            )


@rule("SPM-19", code="md.rule", source="OIOSAML 3, R3-MD-07", requirement=Requirement.SHOULD)
def requested_attributes_are_known(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """The attributes asked for are known and have NameFormat uri."""
    for role in _role(document):
        if not role.has_attribute_consuming_service:
            yield Breach(
                "got no AttributeConsumingService, expected one", line=role.line, mend="List the attributes you need."
            )
        for requested in role.requested_attributes:
            if requested.name not in _KNOWN_ATTRIBUTES:
                yield Breach(
                    f"got {requested.name!r:.120}, expected a name of OIOSAML 3",
                    line=requested.line,
                    mend="Check its spelling.",
                )
            elif requested.name_format not in (NAME_FORMAT_URI, NAME_FORMAT_BASIC):
                yield Breach(
                    f"got NameFormat {requested.name_format!r:.120}, expected {NAME_FORMAT_URI}", line=requested.line
                )


@rule("SPM-20", code="md.rule", source="KOMBIT profile", requirement=Requirement.SHOULD)
def kombit_profile_is_requested(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """The attributes of KOMBIT's profile are asked for."""
    for role in _role(document):
        missing = set(KOMBIT_PROFILE) - {requested.name for requested in role.requested_attributes}
        if role.has_attribute_consuming_service and missing:
            yield Breach(
                f"got none of {', '.join(sorted(missing))}, expected them all",
                line=role.line,
                mend="Add the missing ones.",
            )


def _set_true(attribute: str) -> str:
    return f'Set {attribute}="true" on SPSSODescriptor.'


SP_METADATA_RULES: Final = (
    document_is_readable,
    entity_id_is_a_uri,
    is_a_service_provider,
    values_are_readable,
    metadata_is_valid,
    keys_are_usable,
    has_a_signing_key,
    has_an_encryption_key,
    certificates_are_valid,
    answers_can_be_posted,
    endpoints_are_safe,
    entity_id_follows_the_habit,
    signs_its_requests,
    wants_signed_assertions,
    chosen_encryption_is_listed,
    key_transport_is_listed,
    certificates_have_begun,
    certificates_last,
    certificates_look_like_oces3,
    keys_are_its_own,
    default_endpoint_is_marked,
    endpoints_have_indexes_of_their_own,
    only_post_endpoints,
    logout_by_redirect,
    one_logout_binding,
    logout_bindings_are_known,
    soap_answers_on_its_connection,
    name_id_format_is_known,
    requested_attributes_are_known,
    kombit_profile_is_requested,
    cache_duration_is_read,
    contact_is_named,
)
