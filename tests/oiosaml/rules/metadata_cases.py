"""Metadata for the rules' tests: keys, documents that are good but for one thing, and the cases made of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from oiosaml import attributes as names
from oiosaml import oiosaml2
from oiosaml.keys import VerificationKey, fingerprint_of
from oiosaml.messages.element import serialise
from oiosaml.messages.metadata import (
    Endpoint,
    EntityDescriptor,
    KeyDescriptor,
    MetadataDocument,
    MetadataEncryptionMethod,
    RequestedAttribute,
)
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.messages.metadata_writing import write_entity_descriptor
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.uris import AES256_GCM, BINDING_POST, NAME_FORMAT_BASIC, RSA_OAEP
from tests.builders import KORSBAEK, NOW, attribute_authority_metadata, idp_metadata, sp_metadata
from tests.oiosaml.rules.cases import Case

Build = Callable[..., EntityDescriptor]
DAY = timedelta(days=1)
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def key(
    organisation: str = f"NTRDK-{KORSBAEK}", *, days: int = 365, private: Any = RSA_KEY, begins: timedelta = -400 * DAY
) -> VerificationKey:
    """A key in a certificate that looks like OCES3, valid for so many days from now."""
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, organisation)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(NOW + begins)
        .not_valid_after(NOW + days * DAY)
        .sign(private, SHA256())
    )
    der = certificate.public_bytes(Encoding.DER)
    return VerificationKey(private.public_key(), fingerprint_of(private.public_key()), der)


GOOD, OLD, SOON, OTHER = key(), key(days=-1), key(days=10), key("NTRDK-92000017")
NEXT = key(begins=DAY)
EXPECTED = MetadataExpectations(NOW, KORSBAEK)
UNREADABLE = read_metadata(b"<md:EntityDescriptor>\n")
HTTP = "http://system.example.test/acs"


def document(entity: EntityDescriptor) -> MetadataDocument:
    return MetadataDocument(entity, entity.problems)


def case(
    build: Build,
    rule_id: str,
    name: str,
    broken: Any,
    expected: MetadataExpectations = EXPECTED,
    key_: str | None = None,
) -> Case:
    given = broken if isinstance(broken, MetadataDocument) else document(broken)
    return Case(rule_id, name, (document(build(GOOD)), EXPECTED), (given, expected), key_)


def sp(rule_id: str, name: str, *, key_: str | None = None, **role_changes: Any) -> Case:
    return case(sp_metadata, rule_id, name, sp_metadata(GOOD, **role_changes), EXPECTED, key_)


def idp(rule_id: str, name: str, **role_changes: Any) -> Case:
    return case(idp_metadata, rule_id, name, idp_metadata(GOOD, **role_changes))


def authority(rule_id: str, name: str, **role_changes: Any) -> Case:
    return case(attribute_authority_metadata, rule_id, name, attribute_authority_metadata(GOOD, **role_changes))


def of_entity(build: Build, rule_id: str, name: str, **changes: Any) -> Case:
    return case(build, rule_id, name, replace(build(GOOD), **changes))


def with_problem(build: Build) -> EntityDescriptor:
    xml = serialise(write_entity_descriptor(build(GOOD)))
    broken = read_metadata(xml.replace(b"entityID=", b'validUntil="tomorrow" entityID=', 1)).entity
    assert broken is not None
    return broken


def acs(location: str, binding: str = BINDING_POST) -> tuple[Endpoint, ...]:
    return (Endpoint(binding, location, index=0, is_default=True),)


WEAK = (KeyDescriptor("signing", None, problem="got an RSA key of 1024 bits, expected 2048 to 8192"),)
ENCRYPTION_ONLY = (KeyDescriptor("encryption", GOOD),)
CBC = (MetadataEncryptionMethod("http://www.w3.org/2001/04/xmlenc#aes256-cbc"),)

CHOSEN = replace(EXPECTED, chosen_encryption=frozenset({AES256_GCM, RSA_OAEP}))

OLD_NAMES = tuple(
    RequestedAttribute(name, NAME_FORMAT_BASIC, is_required=True) for name in (names.ASSURANCE_LEVEL, oiosaml2.MAIL)
)


def old_sp(rule_id: str, name: str, *, key_: str | None = None, **role_changes: Any) -> Case:
    valid = sp_metadata(GOOD, requested_attributes=OLD_NAMES)
    broken = sp_metadata(GOOD, **({"requested_attributes": OLD_NAMES} | role_changes))
    return Case(rule_id, name, (document(valid), EXPECTED), (document(broken), EXPECTED), key_)


def logout_services(build: Build, role: str, rule_id: str, *services: Endpoint) -> Case:
    entity = build(GOOD)
    changed = replace(getattr(entity, role), single_logout_services=services)
    return case(build, rule_id, f"{len(services)}-logout-services", replace(entity, **{role: changed}))


def reread(entity: EntityDescriptor, before: bytes, after: bytes) -> MetadataDocument:
    written = serialise(write_entity_descriptor(entity)).replace(b"><", b">\n<")
    assert before in written
    return read_metadata(written.replace(before, after))
