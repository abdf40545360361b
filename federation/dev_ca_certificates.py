"""Certificates shaped like OCES3, by a CA that says it is simulated. Values in, values out: files are dev_ca's business.

What is copied is the shape only: key and signature algorithms, subject layout, policies, extensions. Never a real CA's name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID, ObjectIdentifier

from federation.urls import ContextHandlerUrls
from oiosaml.ids import Cvr

CA_NAME: Final = "SIMULERET OCES CA (TEST)"
CERTIFICATE_LIFETIME: Final = timedelta(days=3 * 365)
"""As OCES3: three years."""
CA_LIFETIME: Final = timedelta(days=20 * 365)
CRL_LIFETIME: Final = timedelta(days=365)
BACKDATED: Final = timedelta(hours=1)
"""Certificates begin a little before they are made: another machine's clock may be behind ours."""

_PSS: Final = PSS(MGF1(SHA256()), salt_length=32)
_POLICIES: Final = ("0.4.0.2042.1.1", "1.2.208.169.1.1.1.3.7.1")
_SIMULATED: Final = " (SIMULERET, TEST)"
_NAME_LIMIT: Final = 64
"""Upper bound of a common and an organisation name (X.520 ub-common-name); counted in octets of UTF-8, as strict readers do."""


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """A party that gets a key and a certificate. `id` names its files."""

    id: str
    name: str
    organisation: str
    cvr: Cvr
    entity_id: str


@dataclass(frozen=True, slots=True)
class CertificateAuthority:
    """The simulated CA: its key and its own certificate."""

    private_key: rsa.RSAPrivateKey
    certificate: x509.Certificate


def make_ca_certificate(private_key: rsa.RSAPrivateKey, *, at: datetime) -> x509.Certificate:
    """Make the CA's self-signed certificate."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DK"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Simulator, ikke en rigtig myndighed"),
            x509.NameAttribute(NameOID.COMMON_NAME, CA_NAME),
        ]
    )
    public_key = private_key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - BACKDATED)
        .not_valid_after(at + CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .sign(private_key, SHA256(), rsa_padding=_PSS)
    )


def issue_certificate(
    ca: CertificateAuthority,
    holder: KeyHolder,
    *,
    public_key: rsa.RSAPublicKey,
    at: datetime,
    urls: ContextHandlerUrls,
) -> x509.Certificate:
    """Make a party's certificate: one set for signing and encryption, since KOMBIT takes only one (R3-MD-21)."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(holder))
        .issuer_name(ca.certificate.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - BACKDATED)
        .not_valid_after(at + CERTIFICATE_LIFETIME)
    )
    for extension, critical in _extensions(ca, public_key, urls):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(ca.private_key, SHA256(), rsa_padding=_PSS)


def make_revocation_list(
    ca: CertificateAuthority, revoked: Sequence[x509.RevokedCertificate] = (), *, at: datetime
) -> x509.CertificateRevocationList:
    """Make the CA's revocation list, on which `revoked` stand."""
    return (
        x509.CertificateRevocationListBuilder(revoked_certificates=list(revoked))
        .issuer_name(ca.certificate.subject)
        .last_update(at - BACKDATED)
        .next_update(at + CRL_LIFETIME)
        .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.private_key.public_key()),
            critical=False,
        )
        .sign(ca.private_key, SHA256(), rsa_padding=_PSS)
    )


def _subject(holder: KeyHolder) -> x509.Name:
    # From the entityID, so that a renewed certificate keeps its subject.
    serial = uuid5(NAMESPACE_URL, holder.entity_id)
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DK"),
            x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, f"NTRDK-{holder.cvr}"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _cut(holder.organisation, _NAME_LIMIT)),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, f"UI:DK-O:G:{serial}"),
            x509.NameAttribute(
                NameOID.COMMON_NAME,
                _cut(holder.name, _NAME_LIMIT - len(_SIMULATED)) + _SIMULATED,
            ),
        ]
    )


def _cut(name: str, octets: int) -> str:
    return name.encode()[:octets].decode(errors="ignore")


def _extensions(
    ca: CertificateAuthority, public_key: rsa.RSAPublicKey, urls: ContextHandlerUrls
) -> Sequence[tuple[x509.ExtensionType, bool]]:
    issuer_at = x509.AccessDescription(
        AuthorityInformationAccessOID.CA_ISSUERS,
        x509.UniformResourceIdentifier(urls.ca_certificate_url),
    )
    crl_at = x509.DistributionPoint([x509.UniformResourceIdentifier(urls.crl_url)], None, None, None)
    policies = [x509.PolicyInformation(ObjectIdentifier(oid), None) for oid in _POLICIES]
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(ca=False), True),
        (x509.CertificatePolicies(policies), False),
        (x509.AuthorityInformationAccess([issuer_at]), False),
        (x509.CRLDistributionPoints([crl_at]), False),
        (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.private_key.public_key()), False),
        (_qualified_certificate_statements(), False),
    )


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_encipherment=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _qualified_certificate_statements() -> x509.UnrecognizedExtension:
    """Say that the identifier in the subject is of a legal person, registered at uid.gov.dk (ETSI EN 319 412-1 section 5)."""
    semantics_for_legal_person = _der(0x06, bytes.fromhex("04008bec490102"))  # 0.4.0.194121.1.2
    registered_at = _der(0x30, _der(0x86, b"https://uid.gov.dk"))
    pkix_qc_syntax_v2 = _der(0x06, bytes.fromhex("2b06010505070b02"))  # 1.3.6.1.5.5.7.11.2
    statement = _der(0x30, pkix_qc_syntax_v2, _der(0x30, semantics_for_legal_person, registered_at))
    return x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.5.5.7.1.3"), _der(0x30, statement))


def _der(tag: int, *content: bytes) -> bytes:
    octets = b"".join(content)
    if len(octets) > 127:
        raise ValueError("only the short form of a DER length is written here")
    return bytes((tag, len(octets))) + octets
