"""MD: metadata is where keys and addresses come from."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from context_handler.encryption_choice import encryption_for
from federation.model import EncryptionChoice
from oiosaml.errors import SamlError
from oiosaml.keys import read_verification_key
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.rule import Requirement, examine
from oiosaml.rules.sp_metadata import SP_METADATA_RULES
from oiosaml.uris import AES256_GCM, DIGEST_SHA256, MGF1_SHA256, RSA_OAEP
from tests.builders import NOW
from tests.conftest import make_member
from tests.context_handler.federation_rig import a_system, a_world, make_federation_rig, system_metadata
from tests.context_handler.rig import registered_system

ENDED = b'validUntil="2020-01-01T00:00:00Z"'
MD = b'xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
COLLECTION = b"<md:EntitiesDescriptor " + MD + b' %s Name="https://x.test">%s</md:EntitiesDescriptor>'


def codes(octets: bytes) -> set[str]:
    findings = examine(SP_METADATA_RULES, read_metadata(octets), MetadataExpectations(NOW))
    return {finding.refusal_key for finding in findings if finding.requirement is Requirement.MUST}


def collection(attribute: bytes) -> bytes:
    entity = system_metadata()
    return COLLECTION % (attribute, entity[entity.index(b"<md:EntityDescriptor") :])


def test_md_02_control_metadata_without_an_end() -> None:
    assert codes(system_metadata()) | codes(collection(b"")) == set()


@pytest.mark.parametrize("element", [b"<md:EntityDescriptor ", b"<md:SPSSODescriptor "])
def test_md_02_end_of_the_entity_or_of_its_role(element: bytes) -> None:
    assert "md.expired" in codes(system_metadata().replace(element, element + ENDED + b" "))


def test_md_02_end_of_the_collection_round_the_entity() -> None:
    assert "md.expired" in codes(collection(ENDED))
    assert "md.expired" in codes(collection(b'validUntil="some day"'))


def test_md_02_whatever_ends_first_ends_the_entity() -> None:
    octets = collection(b'validUntil="2030-01-01T00:00:00Z"')
    octets = octets.replace(b"<md:SPSSODescriptor ", b'<md:SPSSODescriptor validUntil="2028-01-01T00:00:00Z" ')
    octets = octets.replace(b"<md:EntityDescriptor ", b'<md:EntityDescriptor validUntil="2029-01-01T00:00:00Z" ')
    entity = read_metadata(octets).entity
    assert entity is not None
    assert entity.valid_until == datetime(2028, 1, 1, tzinfo=UTC)


SAFE = ("https://own.test/acs", "https://own.test:8443/acs?a=b", "http://localhost:9000/acs", "https://192.0.2.1/acs")
UNSAFE = (
    "javascript:alert(1)//https://own.test/",
    "data:text/html,x",
    "ftp://own.test/",
    "http://own.test/",
    "//own.test/",
    "/acs",
    "https://own.test@evil.test/",
    "https://own.test/acs#x",
    "https://own.test/ acs",
    "https:\\\\own.test/acs",
    "https://own.test:99999/",
    "https://own.test/\u2603",
    "https://\u2603.test/",
    "https://\u212aelvin.test/",
    "https://own..test/",
    "https://*.test/",
    "https://own;script-src.test/",
    "https://own'test/",
    "https://%6fwn.test/",
    "https://[v1.x]/",
)
"""A browser, a header and our own client each made something else of these, or failed on them."""


@pytest.mark.parametrize("location", SAFE)
def test_md_10_control_endpoint_is_accepted(location: str) -> None:
    assert "md.endpoint" not in codes(system_metadata(acs=location))


@pytest.mark.parametrize("location", UNSAFE)
def test_md_10_req_04_endpoint_is_no_web_address(location: str) -> None:
    assert "md.endpoint" in codes(system_metadata(acs=location))


@pytest.mark.parametrize("exponent", [3, 2**33 + 1], ids=["3", "long"])
def test_md_08_rsa_key_with_an_odd_exponent(exponent: int) -> None:
    """With 1 a signature is the padded digest itself; only 65537 and its neighbours are anybody's honest choice."""
    numbers = make_member("system").public_key.public_numbers()
    assert read_verification_key(make_member("system").signing.certificate_der).fingerprint
    odd = rsa.RSAPublicNumbers(exponent, numbers.n).public_key()
    certificate = certificate_for(odd, signed_by=make_member("system").private_key)
    with pytest.raises(SamlError) as refused:
        read_verification_key(certificate)
    assert refused.value.code == "md.key"


def certificate_for(public_key: rsa.RSAPublicKey, *, signed_by: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TEST ONLY")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(public_key).serial_number(1)
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2099, 1, 1, tzinfo=UTC)
    )
    return builder.sign(signed_by, SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("part", "uri"),
    [
        ("block", "http://www.w3.org/2001/04/xmlenc#aes256-cbc"),
        ("key_transport", "http://www.w3.org/2001/04/xmlenc#rsa-1_5"),
        ("digest", "urn:x-none"),
        ("mgf", "urn:x-none"),
    ],
)
def test_md_08_enc_02_encryption_that_a_system_is_registered_with(tmp_path: Path, part: str, uri: str) -> None:
    """Refused at registration; a login ended as a failure at its last step."""
    usable = EncryptionChoice(AES256_GCM, RSA_OAEP, DIGEST_SHA256, MGF1_SHA256)
    registrar = make_federation_rig(tmp_path).registrar
    registrar.register(a_world(systems=(a_system(encryption=usable),)), NOW, replacing=True)
    broken = a_system(encryption=replace(usable, **{part: uri}))
    with pytest.raises(SamlError) as refused:
        registrar.register(a_world(systems=(broken,)), NOW, replacing=True)
    assert refused.value.code == "md.rule"
    member = make_member("system")
    with pytest.raises(SamlError) as late:
        encryption_for(registered_system(member, encryption=broken.encryption))
    assert late.value.code == "enc.algorithm"
