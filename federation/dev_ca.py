"""The keys of everybody that the simulator plays: made at the first start, kept in one directory, never in the repository (design D14).

One directory may be shared by several processes that start at once. Whatever is missing, unreadable or expired is made anew; a key
that is there is kept.
"""

import os
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from federation.dev_ca_certificates import (
    CertificateAuthority,
    KeyHolder,
    issue_certificate,
    make_ca_certificate,
    make_revocation_list,
)
from federation.dev_ca_files import certificate_path, key_path, only_one_process, read_if_there, write_whole
from federation.model import World
from federation.played import local_idps_played, played_by_idp_mock, played_by_sp_demo
from federation.urls import ContextHandlerUrls
from oiosaml.keys import MINIMUM_RSA_BITS, DecryptionKey, SigningKey, fingerprint_of

CONTEXT_HANDLER: Final = "context-handler"
NEXT_CONTEXT_HANDLER: Final = "context-handler.next"
NEMLOGIN: Final = "nemlogin"
OCES3_RSA_BITS: Final = 3072

_CA: Final = "ca"
CRL_FILE: Final = "ca.crl"
"""The CA's revocation list, in DER."""
_PAIRWISE_SECRET: Final = "pairwise.secret"  # noqa: S105 - the name of a file
_SECRET_OCTETS: Final = 32
_RENEWED_BEFORE_EXPIRY: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class KeySet:
    """One party's key and certificate, for signing and for encryption alike."""

    private_key_pem: bytes = field(repr=False)
    certificate_pem: bytes = field(repr=False)
    signing: SigningKey
    decryption: DecryptionKey

    @property
    def certificate_der(self) -> bytes:
        """The certificate as metadata and KeyInfo carry it."""
        return self.signing.certificate_der


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Every key of the simulator. A party that the simulator does not play has none here."""

    key_sets: Mapping[str, KeySet]
    ca_certificate_der: bytes = field(repr=False)
    crl_der: bytes = field(repr=False)
    pairwise_secret: bytes = field(repr=False)
    """Makes persistent NameIDs different for each system yet stable; 32 octets."""

    @property
    def context_handler(self) -> KeySet:
        """The broker's key in use, the same towards systems and towards IdPs (our choice)."""
        return self.key_sets[CONTEXT_HANDLER]

    @property
    def next_context_handler(self) -> KeySet | None:
        """The broker's next key during a rollover: already published, not yet in use."""
        return self.key_sets.get(NEXT_CONTEXT_HANDLER)

    def idp(self, party_id: str) -> KeySet:
        """The key of a mock IdP; KeyError if the simulator does not play it."""
        return self.key_sets[f"idp-{party_id}"]

    def system(self, party_id: str) -> KeySet:
        """The key of a demo system; KeyError if the simulator does not play it."""
        return self.key_sets[f"sp-{party_id}"]

    def attribute_service(self, party_id: str) -> KeySet:
        """The key of an attribute service; KeyError if the simulator does not play it."""
        return self.key_sets[f"attributes-{party_id}"]

    @property
    def nemlogin(self) -> KeySet:
        """The key of NemLog-in, the same towards clients and local IdPs; KeyError if the simulator does not play it."""
        return self.key_sets[NEMLOGIN]


def key_holders(world: World) -> tuple[KeyHolder, ...]:
    """Give everybody who needs a key: the broker and each party that the simulator plays."""
    names = {authority.cvr: authority.name for authority in world.authorities}
    broker = world.context_handler
    own = KeyHolder(CONTEXT_HANDLER, broker.name, broker.organisation, broker.cvr, broker.entity_id_towards_systems)
    idps = (
        KeyHolder(f"idp-{p.id}", f"IdP {p.name}", names[p.cvrs[0]], p.cvrs[0], p.entity_id)
        for p in played_by_idp_mock(world)
    )
    local_idps = (
        KeyHolder(f"idp-{p.id}", f"Lokal IdP {p.name}", names[p.cvrs[0]], p.cvrs[0], p.entity_id)
        for p in local_idps_played(world)
    )
    systems = (KeyHolder(f"sp-{p.id}", p.name, names[p.cvr], p.cvr, p.entity_id) for p in played_by_sp_demo(world))
    nemlogin = world.nemlogin
    clients = (
        KeyHolder(f"sp-{p.id}", p.name, names[p.cvr], p.cvr, p.entity_id)
        for p in (nemlogin.clients if nemlogin else ())
        if p.simulated
    )
    services = (
        KeyHolder(f"attributes-{p.id}", p.name, names[p.cvrs[0]], p.cvrs[0], p.entity_id)
        for p in world.attribute_services
        if p.simulated
    )
    own_nemlogin = (
        (KeyHolder(NEMLOGIN, nemlogin.name, nemlogin.organisation, nemlogin.cvr, nemlogin.entity_id),)
        if nemlogin
        else ()
    )
    return (own, *idps, *local_idps, *systems, *clients, *services, *own_nemlogin)


def ensure_keys(
    directory: Path, holders: Sequence[KeyHolder], *, rsa_bits: int, at: datetime, urls: ContextHandlerUrls
) -> KeyRing:
    """Give the keys in `directory`, made where they are missing.

    Safe when several processes start at once: all end with the same keys. Certificates are valid for three years from `at`; one that
    has less than 30 days left at `at` is renewed for the same key. `urls` say where the certificates point for CA and revocation list.

    Raises:
        ValueError: if `rsa_bits` is below what any party may use.
    """
    if rsa_bits < MINIMUM_RSA_BITS:
        raise ValueError(f"got keys of {rsa_bits} bits, expected at least {MINIMUM_RSA_BITS}")
    everybody = _with_begun_rollover(directory, holders)
    ring = _read_ring(directory, everybody, at)
    if ring is not None:
        return ring  # also where the directory is mounted read-only
    with only_one_process(directory):
        _make_missing(directory, everybody, rsa_bits=rsa_bits, at=at, urls=urls)
        ring = _read_ring(directory, everybody, at)
    if ring is None:
        raise ValueError(f"the keys in {directory} changed while they were read; start again")
    return ring


def begin_rollover(directory: Path, world: World, *, rsa_bits: int, at: datetime, urls: ContextHandlerUrls) -> KeyRing:
    """Make the broker's next key beside the one in use, so that both are published."""
    holders = key_holders(world)
    following = tuple(replace(holder, id=NEXT_CONTEXT_HANDLER) for holder in holders if holder.id == CONTEXT_HANDLER)
    return ensure_keys(directory, (*holders, *following), rsa_bits=rsa_bits, at=at, urls=urls)


def complete_rollover(directory: Path) -> None:
    """Put the broker's next key into use; the old one is gone.

    Raises:
        FileNotFoundError: if no rollover has begun.
    """
    with only_one_process(directory):
        # Should we die between the two, the certificate no longer fits its key and the next start issues it anew.
        key_path(directory, NEXT_CONTEXT_HANDLER).replace(key_path(directory, CONTEXT_HANDLER))
        certificate_path(directory, NEXT_CONTEXT_HANDLER).replace(certificate_path(directory, CONTEXT_HANDLER))


def revoke(directory: Path, certificate: x509.Certificate, *, at: datetime) -> None:
    """Put a certificate of the CA on a new revocation list. There is no way back: a new certificate is needed.

    Raises:
        ValueError: if the CA did not issue it, or has no key here.
    """
    with only_one_process(directory):
        authority = _read_authority(directory, at)
        if authority is None or not _is_issued_by(certificate, authority.certificate):
            raise ValueError(
                "the simulated CA did not issue that certificate, so it cannot revoke it; withdraw the key"
            )
        revoked = _revoked(directory)
        if any(each.serial_number == certificate.serial_number for each in revoked):
            return
        builder = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(at)
        write_whole(directory / CRL_FILE, _new_crl(authority, (*revoked, builder.build()), at), mode=0o644)


def _with_begun_rollover(directory: Path, holders: Sequence[KeyHolder]) -> tuple[KeyHolder, ...]:
    """Add the broker's next key if it is there: a rollover outlives the process that began it."""
    ids = {holder.id for holder in holders}
    if NEXT_CONTEXT_HANDLER in ids or not key_path(directory, NEXT_CONTEXT_HANDLER).exists():
        return tuple(holders)
    following = (replace(holder, id=NEXT_CONTEXT_HANDLER) for holder in holders if holder.id == CONTEXT_HANDLER)
    return (*holders, *following)


def certificate_authority_der(directory: Path) -> bytes | None:
    """Give the certificate of the CA whose keys lie there; None if there is none that can be read. Makes nothing."""
    octets = read_if_there(certificate_path(directory, _CA))
    try:
        return None if octets is None else x509.load_pem_x509_certificate(octets).public_bytes(Encoding.DER)
    except ValueError:
        return None


def _read_ring(directory: Path, holders: Sequence[KeyHolder], at: datetime) -> KeyRing | None:
    """Read what is there; None if anything is missing, broken or about to expire."""
    authority = _read_authority(directory, at)
    crl = _read_crl(directory, at)
    secret = read_if_there(directory / _PAIRWISE_SECRET)
    if authority is None or crl is None or secret is None or len(secret) != _SECRET_OCTETS:
        return None
    key_sets: dict[str, KeySet] = {}
    for holder in holders:
        key_set = _read_key_set(directory, holder.id, issuer=authority.certificate, at=at)
        if key_set is None:
            return None
        key_sets[holder.id] = key_set
    return KeyRing(key_sets, authority.certificate.public_bytes(Encoding.DER), crl, secret)


def _read_key_set(directory: Path, holder_id: str, *, issuer: x509.Certificate, at: datetime) -> KeySet | None:
    private_key = _read_private_key(directory, holder_id)
    if private_key is None:
        return None
    certificate = _read_certificate(directory, holder_id, private_key=private_key, at=at)
    if certificate is None or not _is_issued_by(certificate, issuer):
        return None
    return KeySet(
        private_key_pem=_private_key_pem(private_key),
        certificate_pem=certificate.public_bytes(Encoding.PEM),
        signing=SigningKey(private_key, certificate.public_bytes(Encoding.DER)),
        decryption=DecryptionKey(private_key, fingerprint_of(private_key.public_key())),
    )


def _read_authority(directory: Path, at: datetime) -> CertificateAuthority | None:
    private_key = _read_private_key(directory, _CA)
    if private_key is None:
        return None
    certificate = _read_certificate(directory, _CA, private_key=private_key, at=at)
    return None if certificate is None else CertificateAuthority(private_key, certificate)


def _read_private_key(directory: Path, holder_id: str) -> rsa.RSAPrivateKey | None:
    octets = read_if_there(key_path(directory, holder_id))
    if octets is None:
        return None
    try:
        # The consistency check takes 36 ms a key and is meant for strangers' keys; these we made.
        private_key = load_pem_private_key(octets, password=None, unsafe_skip_rsa_key_validation=True)
    except ValueError:
        return None
    return private_key if isinstance(private_key, rsa.RSAPrivateKey) else None


def _read_certificate(
    directory: Path, holder_id: str, *, private_key: rsa.RSAPrivateKey, at: datetime
) -> x509.Certificate | None:
    octets = read_if_there(certificate_path(directory, holder_id))
    if octets is None:
        return None
    try:
        certificate = x509.load_pem_x509_certificate(octets)
    except ValueError:
        return None
    lasts = certificate.not_valid_before_utc <= at < certificate.not_valid_after_utc - _RENEWED_BEFORE_EXPIRY
    return certificate if lasts and certificate.public_key() == private_key.public_key() else None


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, InvalidSignature):
        return False
    return True


def _read_crl(directory: Path, at: datetime) -> bytes | None:
    octets = read_if_there(directory / CRL_FILE)
    if octets is None:
        return None
    try:
        next_update = x509.load_der_x509_crl(octets).next_update_utc
    except ValueError:
        return None
    return octets if next_update is not None and at < next_update - _RENEWED_BEFORE_EXPIRY else None


def _make_missing(
    directory: Path, holders: Sequence[KeyHolder], *, rsa_bits: int, at: datetime, urls: ContextHandlerUrls
) -> None:
    private_keys = _ensure_private_keys(directory, [_CA, *(holder.id for holder in holders)], rsa_bits)
    authority = _read_authority(directory, at)
    if authority is None:
        authority = CertificateAuthority(private_keys[_CA], make_ca_certificate(private_keys[_CA], at=at))
        _write_certificate(directory, _CA, authority.certificate)
        write_whole(directory / CRL_FILE, _new_crl(authority, (), at), mode=0o644)
    for holder in holders:
        if _read_key_set(directory, holder.id, issuer=authority.certificate, at=at) is None:
            public_key = private_keys[holder.id].public_key()
            certificate = issue_certificate(authority, holder, public_key=public_key, at=at, urls=urls)
            _write_certificate(directory, holder.id, certificate)
    if _read_crl(directory, at) is None:
        # A renewed list keeps what stood on the old one: a revocation has no end.
        write_whole(directory / CRL_FILE, _new_crl(authority, _revoked(directory), at), mode=0o644)
    if len(read_if_there(directory / _PAIRWISE_SECRET) or b"") != _SECRET_OCTETS:
        write_whole(directory / _PAIRWISE_SECRET, secrets.token_bytes(_SECRET_OCTETS), mode=0o600)


def _ensure_private_keys(directory: Path, ids: Sequence[str], rsa_bits: int) -> Mapping[str, rsa.RSAPrivateKey]:
    """Read the private keys, making the missing ones side by side: OpenSSL lets go of the interpreter while it searches primes."""
    found = {holder_id: _read_private_key(directory, holder_id) for holder_id in ids}
    missing = [holder_id for holder_id, private_key in found.items() if private_key is None]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as threads:
        made = threads.map(lambda _: rsa.generate_private_key(public_exponent=65537, key_size=rsa_bits), missing)
        for holder_id, private_key in zip(missing, made, strict=True):
            write_whole(key_path(directory, holder_id), _private_key_pem(private_key), mode=0o600)
            found[holder_id] = private_key
    return {holder_id: private_key for holder_id, private_key in found.items() if private_key is not None}


def _private_key_pem(private_key: rsa.RSAPrivateKey) -> bytes:
    return private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write_certificate(directory: Path, holder_id: str, certificate: x509.Certificate) -> None:
    write_whole(certificate_path(directory, holder_id), certificate.public_bytes(Encoding.PEM), mode=0o644)


def _new_crl(authority: CertificateAuthority, revoked: Sequence[x509.RevokedCertificate], at: datetime) -> bytes:
    return make_revocation_list(authority, revoked, at=at).public_bytes(Encoding.DER)


def _revoked(directory: Path) -> tuple[x509.RevokedCertificate, ...]:
    octets = read_if_there(directory / CRL_FILE)
    try:
        return () if octets is None else tuple(x509.load_der_x509_crl(octets))
    except ValueError:
        return ()
