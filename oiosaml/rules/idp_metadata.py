"""What a municipal IdP's metadata must say (IDM-01 to IDM-33)."""

from collections.abc import Iterator
from typing import Final

from oiosaml import attributes as names
from oiosaml.messages.metadata import IdpRole, MetadataDocument
from oiosaml.rules import metadata as common
from oiosaml.rules import metadata_keys as keys
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.rule import Breach, Requirement, rule
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT, NAMEID_X509_SUBJECT_NAME

CORE_ATTRIBUTES: Final = (names.SPEC_VERSION, names.PRIVILEGES_INTERMEDIATE, names.LOA, names.CVR, names.ORG_NAME)
"""What a municipal IdP's metadata usually lists (R3-MD-24)."""


def _role(document: MetadataDocument) -> Iterator[IdpRole]:
    if document.entity is not None and document.entity.idp is not None:
        yield document.entity.idp


document_is_readable = rule("IDM-20", code="md.rule", source="OIOSAML 3, R3-G-02")(common.unreadable_document)
entity_id_is_a_uri = rule("IDM-21", code="md.rule", source="OIOSAML 3, R3-G-03")(common.bad_entity_id)
metadata_is_valid = rule("IDM-22", code="md.expired", source="SAML Metadata 2.3.2")(common.expired_metadata)
values_are_readable = rule("IDM-23", code="md.rule", source="SAML Metadata, schema")(common.unreadable_values)
cache_duration_is_read = rule("IDM-33", code="md.rule", source="SAML Metadata 2.3.2", requirement=Requirement.SHOULD)(
    common.unread_cache_duration
)
contact_is_named = rule("IDM-24", code="md.rule", source="OIOSAML 3, R3-MD-08", requirement=Requirement.SHOULD)(
    common.no_contact
)


@rule("IDM-01", code="md.rule", source="OIOSAML 3, R3-MD-20")
def is_an_identity_provider(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is an IDPSSODescriptor for SAML 2.0."""
    if document.entity is not None and document.entity.idp is None:
        mend = "Send the metadata of an identity provider; a system is registered elsewhere."
        yield from common.missing_role(document.entity, "IDPSSODescriptor", mend)


@rule("IDM-02", code="md.rule", source="OIOSAML 3, R3-MD-20", requirement=Requirement.SHOULD)
def wants_signed_requests(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """WantAuthnRequestsSigned is true; our requests are signed whatever it says."""
    for role in _role(document):
        if not role.want_authn_requests_signed:
            yield Breach(
                "got WantAuthnRequestsSigned false or none, expected true",
                line=role.line,
                mend='Set WantAuthnRequestsSigned="true" on IDPSSODescriptor.',
            )


@rule("IDM-03", code="md.key", source="OIOSAML 3, R3-MD-21")
def has_a_signing_key(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is a key to verify the IdP's assertions with."""
    for role in _role(document):
        yield from keys.missing_signing_key(role.keys, role.line)


@rule("IDM-25", code="md.key", source="OIOSAML 3, R3-MD-09")
def keys_are_usable(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """Every key can be read and is strong enough: RSA of 2048 bits or more, or a listed curve."""
    for role in _role(document):
        yield from keys.unusable_keys(role.keys)


@rule("IDM-26", code="md.key", source="OIOSAML 3, R3-MD-09")
def certificates_are_valid(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """No certificate has expired."""
    for role in _role(document):
        yield from keys.expired_certificates(role.keys, expected.at)


@rule("IDM-32", code="md.key", source="OIOSAML 3, R3-MD-09", requirement=Requirement.SHOULD)
def certificates_have_begun(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """Every certificate is valid already."""
    for role in _role(document):
        yield from keys.certificates_ahead_of_their_time(role.keys, expected.at)


@rule("IDM-27", code="md.key", source="OIOSAML 3, R3-MD-09", requirement=Requirement.SHOULD)
def certificates_last(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """Certificates have 30 days left."""
    for role in _role(document):
        yield from keys.certificates_that_expire_soon(role.keys, expected.at)


@rule("IDM-04", code="md.key", source="KOMBIT, upload of metadata", requirement=Requirement.SHOULD)
def one_certificate_for_each_use(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is one signing key; KOMBIT accepts only one set of certificates when metadata is uploaded by hand."""
    for role in _role(document):
        signing = [each for each in role.keys if each.use in (None, "signing")]
        if len(signing) > 1:
            yield Breach(f"got {len(signing)} signing keys, expected one", line=signing[1].line)


@rule("IDM-05", code="md.endpoint", source="OIOSAML 3, R3-MD-22")
def can_be_asked(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is a SingleSignOnService with HTTP-Redirect, or with HTTP-POST."""
    for role in _role(document):
        if not any(each.binding in (BINDING_REDIRECT, BINDING_POST) for each in role.single_sign_on_services):
            yield Breach(
                f"got {len(role.single_sign_on_services)} SingleSignOnService, none with HTTP-Redirect, expected one",
                line=role.line,
                mend=f'Add <md:SingleSignOnService Binding="{BINDING_REDIRECT}" Location="…"/>.',
            )


@rule("IDM-28", code="md.endpoint", source="SAML Metadata 2.2.2; SAML Bindings")
def endpoints_are_safe(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """Every endpoint is an https URL; http only for localhost, or in a simulator started with --lan."""
    for role in _role(document):
        yield from common.bad_endpoints(role.single_sign_on_services + role.single_logout_services, expected)


@rule("IDM-29", code="md.endpoint", source="OIOSAML 3, R3-MD-22", requirement=Requirement.SHOULD)
def can_be_asked_by_redirect(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is a SingleSignOnService with HTTP-Redirect."""
    for role in _role(document):
        if not any(each.binding == BINDING_REDIRECT for each in role.single_sign_on_services):
            yield Breach("got no SingleSignOnService with HTTP-Redirect, expected one", line=role.line, mend="Add one.")


@rule("IDM-06", code="md.endpoint", source="OIOSAML 3, R3-MD-22", requirement=Requirement.SHOULD)
def logout_by_redirect(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is a SingleLogoutService with HTTP-Redirect."""
    for role in _role(document):
        if not any(each.binding == BINDING_REDIRECT for each in role.single_logout_services):
            yield Breach("got no SingleLogoutService with HTTP-Redirect, expected one", line=role.line, mend="Add one.")


@rule("IDM-30", code="md.endpoint", source="SAML Profiles 4.4.4", requirement=Requirement.SHOULD)
def logout_bindings_are_known(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """Every SingleLogoutService is by HTTP-Redirect, HTTP-POST or SOAP; others are passed over."""
    for role in _role(document):
        yield from common.unknown_logout_bindings(role.single_logout_services)


@rule("IDM-31", code="md.endpoint", source="SAML Metadata 2.2.2; SAML Bindings 3.2", requirement=Requirement.SHOULD)
def soap_answers_on_its_connection(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """A SingleLogoutService by SOAP has no ResponseLocation: its answer comes back on the connection."""
    for role in _role(document):
        yield from common.response_locations_of_soap(role.single_logout_services)


@rule("IDM-08", code="md.rule", source="KOMBIT, NameID layout", requirement=Requirement.SHOULD)
def name_id_format_is_listed(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """The NameIDFormat list holds X509SubjectName, which the IdP sends."""
    for role in _role(document):
        if NAMEID_X509_SUBJECT_NAME not in role.name_id_formats:
            got = ", ".join(role.name_id_formats) or "none"
            yield Breach(f"got {got:.200}, expected {NAMEID_X509_SUBJECT_NAME} among them", line=role.line)


@rule("IDM-09", code="md.rule", source="OIOSAML 3, R3-MD-24", requirement=Requirement.SHOULD)
def core_attributes_are_listed(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """The attributes listed contain the five core names."""
    for role in _role(document):
        missing = [name for name in CORE_ATTRIBUTES if name not in role.attribute_names]
        if missing:
            yield Breach(
                f"got none of {', '.join(missing)}, expected them all",
                line=role.line,
                mend="List them as saml:Attribute.",
            )


@rule("IDM-11", code="md.key", source="KOMBIT, terms of connection", requirement=Requirement.SHOULD)
def certificates_look_like_oces3(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """Certificates name the registered organisation, as OCES3 certificates do."""
    for role in _role(document):
        yield from keys.certificates_unlike_oces3(role.keys, expected.registered_cvr)


IDP_METADATA_RULES: Final = (
    document_is_readable,
    entity_id_is_a_uri,
    is_an_identity_provider,
    values_are_readable,
    metadata_is_valid,
    keys_are_usable,
    has_a_signing_key,
    certificates_are_valid,
    can_be_asked,
    endpoints_are_safe,
    wants_signed_requests,
    certificates_have_begun,
    certificates_last,
    one_certificate_for_each_use,
    can_be_asked_by_redirect,
    logout_by_redirect,
    logout_bindings_are_known,
    soap_answers_on_its_connection,
    name_id_format_is_listed,
    core_attributes_are_listed,
    certificates_look_like_oces3,
    cache_duration_is_read,
    contact_is_named,
)
