"""TLS for a federation of several sites on one machine: a CA of its own that can vouch for names under `localhost` and for nothing else.

It is not the simulated OCES CA: a person is asked to trust this one in a browser, so a name constraint keeps it from being misused for
any other host, even if its key is stolen (RFC 5280 section 4.2.1.10).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from federation.dev_ca_certificates import BACKDATED
from federation.dev_ca_files import certificate_path, key_path, only_one_process, read_if_there, write_whole

WEB_CA_NAME: Final = "SIMULATOR, TLS for .localhost (TEST)"
WEB_CA_LIFETIME: Final = timedelta(days=5 * 365)
WEB_CERTIFICATE_LIFETIME: Final = timedelta(days=365)
"""Some browsers take no certificate that lasts longer than 825 days, whoever issued it."""

_WEB_CA: Final = "web-ca"
_WEB: Final = "web"
_RENEWED_BEFORE_EXPIRY: Final = timedelta(days=30)
_ANY_IPV4: Final = IPv4Network("0.0.0.0/0")
_ANY_IPV6: Final = IPv6Network("::/0")


@dataclass(frozen=True, slots=True)
class WebCertificate:
    """Files for a TLS server, and the CA that clients must trust. All PEM."""

    key: Path
    certificate: Path
    ca: Path


def web_ca_path(directory: Path) -> Path:
    """Give where the CA's certificate lies, whether it is made yet or not."""
    return certificate_path(directory, _WEB_CA)


def ensure_web_certificate(directory: Path, hosts: Sequence[str], *, at: datetime) -> WebCertificate:
    """Give a TLS certificate that names every one of `hosts`, made where it is missing, too old or names others.

    Each host is named in full: browsers take no wildcard directly under `localhost`. Safe when several processes start at once.

    Raises:
        ValueError: if a host is not under `localhost`: the CA cannot vouch for it.
    """
    for host in hosts:
        if not host.endswith(".localhost"):
            raise ValueError(f"got the host {host!r:.120}, expected a name under localhost")
    files = WebCertificate(key_path(directory, _WEB), certificate_path(directory, _WEB), web_ca_path(directory))
    names = tuple(sorted(set(hosts)))
    if not _serves(directory, names, at):
        with only_one_process(directory):
            if not _serves(directory, names, at):
                _make(directory, names, at)
    return files


def make_web_ca(private_key: ec.EllipticCurvePrivateKey, *, at: datetime) -> x509.Certificate:
    """Make the CA's certificate, which may name hosts under `localhost` and no IP address at all."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, WEB_CA_NAME)])
    constraints = x509.NameConstraints(
        permitted_subtrees=[x509.DNSName("localhost")],
        # A constraint on DNS names says nothing about addresses; without these it could vouch for any of them.
        excluded_subtrees=[x509.IPAddress(_ANY_IPV4), x509.IPAddress(_ANY_IPV6)],
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - BACKDATED)
        .not_valid_after(at + WEB_CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_ca_key_usage(), critical=True)
        .add_extension(constraints, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private_key.public_key()), critical=False)
        .sign(private_key, SHA256())
    )


def _ca_key_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        key_encipherment=False,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _make(directory: Path, names: tuple[str, ...], at: datetime) -> None:
    ca_key = _read_key(directory, _WEB_CA)
    ca = _read_certificate(directory, _WEB_CA)
    if ca_key is None or ca is None or not _lasts(ca, at) or ca.public_key() != ca_key.public_key():
        ca_key = ec.generate_private_key(ec.SECP256R1())
        ca = make_web_ca(ca_key, at=at)
        _write(directory, _WEB_CA, ca_key, ca)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SIMULATOR (TEST)")]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - BACKDATED)
        .not_valid_after(at + WEB_CERTIFICATE_LIFETIME)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, SHA256())
    )
    _write(directory, _WEB, key, certificate)


def _serves(directory: Path, names: tuple[str, ...], at: datetime) -> bool:
    key, certificate, ca = (
        _read_key(directory, _WEB),
        _read_certificate(directory, _WEB),
        _read_certificate(directory, _WEB_CA),
    )
    if key is None or certificate is None or ca is None or certificate.public_key() != key.public_key():
        return False
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, InvalidSignature):
        return False
    named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return _lasts(certificate, at) and _lasts(ca, at) and sorted(named.get_values_for_type(x509.DNSName)) == list(names)


def _lasts(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at < certificate.not_valid_after_utc - _RENEWED_BEFORE_EXPIRY


def _read_key(directory: Path, name: str) -> ec.EllipticCurvePrivateKey | None:
    octets = read_if_there(key_path(directory, name))
    try:
        key = None if octets is None else load_pem_private_key(octets, password=None)
    except ValueError:
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _read_certificate(directory: Path, name: str) -> x509.Certificate | None:
    octets = read_if_there(certificate_path(directory, name))
    try:
        return None if octets is None else x509.load_pem_x509_certificate(octets)
    except ValueError:
        return None


def _write(directory: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_whole(key_path(directory, name), pem, mode=0o600)
    write_whole(certificate_path(directory, name), certificate.public_bytes(Encoding.PEM), mode=0o644)
