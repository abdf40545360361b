"""What NemLog-in asks of a client: of the metadata it has uploaded (NLC), and of its requests where they differ from others' (NLQ).

NemLog-in's own checks are not public beyond nemlogin3, section 3; that they are put at every use is our choice.
"""

from collections.abc import Iterator
from typing import Final

from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.messages.metadata import MetadataDocument, SpRole, encryption_keys, signing_keys
from oiosaml.rules import authn_request as requests
from oiosaml.rules import metadata as common
from oiosaml.rules.authn_request import AUTHN_REQUEST_RULES, AuthnRequestExpectations
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.rule import Breach, rule
from oiosaml.uris import BINDING_POST, NAMEID_PERSISTENT

TECHNICAL: Final = "technical"

document_is_readable = rule("NLC-20", code="md.rule", source="OIOSAML 3, R3-G-02")(common.unreadable_document)
metadata_is_valid = rule("NLC-21", code="md.expired", source="SAML Metadata 2.3.2")(common.expired_metadata)


def _role(document: MetadataDocument) -> Iterator[SpRole]:
    if document.entity is not None and document.entity.sp is not None:
        yield document.entity.sp


@rule("NLC-01", code="md.rule", source="NemLog-in, terms of connection")
def signs_its_requests(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """The client is a service provider that promises to sign its requests."""
    if not any(role.authn_requests_signed for role in _role(document)):
        yield Breach(
            "got no SPSSODescriptor with AuthnRequestsSigned, expected one",
            mend='Set AuthnRequestsSigned="true" on SPSSODescriptor.',
        )


@rule("NLC-02", code="md.rule", source="NemLog-in, uploaded metadata")
def name_id_is_persistent(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """The NameIDFormat persistent is listed."""
    for role in _role(document):
        if NAMEID_PERSISTENT not in role.name_id_formats:
            got = ", ".join(role.name_id_formats) or "none"
            yield Breach(f"got {got:.200}, expected {NAMEID_PERSISTENT} among them", line=role.line)


@rule("NLC-03", code="md.key", source="NemLog-in, uploaded metadata")
def has_both_keys(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is a key to verify requests with, and one to encrypt answers to."""
    for role in _role(document):
        if not signing_keys(role.keys) or not encryption_keys(role.keys):
            yield Breach("got no signing key or no encryption key, expected one of each", line=role.line)


@rule("NLC-04", code="md.rule", source="NemLog-in, uploaded metadata")
def lists_its_attributes(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """The attributes that the client needs are listed; it gets no others."""
    for role in _role(document):
        if not role.requested_attributes:
            yield Breach("got no RequestedAttribute, expected those that are needed", line=role.line)


@rule("NLC-05", code="md.rule", source="NemLog-in, uploaded metadata")
def has_a_technical_contact(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is a technical contact with an e-mail address."""
    contacts = document.entity.contacts if document.entity else ()
    if not any(each.contact_type == TECHNICAL and each.email_addresses for each in contacts):
        yield Breach(
            f"got {', '.join(each.contact_type for each in contacts)[:80] or 'no contact'}, expected one of type technical",
            mend='Add <md:ContactPerson contactType="technical"> with an EmailAddress.',
        )


@rule("NLC-06", code="md.endpoint", source="OIOSAML 3, R3-MD-05")
def can_be_answered(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is an AssertionConsumerService with HTTP-POST."""
    for role in _role(document):
        if not any(each.binding == BINDING_POST for each in role.assertion_consumer_services):
            yield Breach("got no AssertionConsumerService with HTTP-POST, expected one", line=role.line)


NEMLOGIN_CLIENT_RULES: Final = (
    document_is_readable,
    metadata_is_valid,
    signs_its_requests,
    name_id_is_persistent,
    has_both_keys,
    lists_its_attributes,
    has_a_technical_contact,
    can_be_answered,
)


@rule("NLQ-01", code="req.loop", source="SAML Core 3.4.1.5")
def not_in_a_circle(request: AuthnRequest, expected: AuthnRequestExpectations) -> Iterator[str]:
    """The request has not passed NemLog-in, by either of its names, or anybody twice."""
    chain = (*(request.scoping.requester_ids if request.scoping else ()), request.issuer)
    if len(set(chain)) < len(chain):
        yield f"got the chain {', '.join(chain)[:200]}, expected each once"
    for requester in set(chain) & set(expected.our_entity_ids):
        yield f"got ourselves in the chain ({requester}), expected others only"


_OF_BROKERS_ALONE: Final = (
    requests.not_a_person_login,
    # ProxyCount 0 is no obstacle here: it only closes the way to local IdPs
    requests.not_in_a_circle,
    requests.level_is_not_below_the_minimum,
    requests.listed_idps_are_registered,
)

NEMLOGIN_REQUEST_RULES: Final = (
    *(each for each in AUTHN_REQUEST_RULES if each not in _OF_BROKERS_ALONE),
    not_in_a_circle,
)
"""The rules of any request, but for those of a broker for employees, and NemLog-in's own."""
