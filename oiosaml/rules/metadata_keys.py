"""What every party's keys must be in its metadata, whatever its role: readable, strong, in time, and its own."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from oiosaml.errors import SamlError
from oiosaml.ids import Cvr
from oiosaml.messages.encryption_choice import encryption_for, encryption_key, key_transports, method_for
from oiosaml.messages.metadata import KeyDescriptor, SpRole
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.rule import Breach
from oiosaml.validity import CLOCK_SKEW, format_instant

EXPIRES_SOON: Final = timedelta(days=30)

LISTED_METHODS_MEND: Final = (
    "List AES-GCM and RSA-OAEP, or no methods. If the system decrypts what it does not list, register it with --block-cipher "
    "or --key-transport (in the API, encryption)."
)

SILENT_TRANSPORT_MEND: Final = (
    "List the key transport that the system's SAML stack decrypts. One that knows only the older rsa-oaep-mgf1p, such as "
    "node-saml, fails inside its own code: list that, or register with --key-transport rsa-oaep-mgf1p (in the API, encryption)."
)


def unusable_keys(keys: tuple[KeyDescriptor, ...]) -> Iterator[Breach]:
    """Yield a breach for each key that cannot be read or is too weak (attack MD-08)."""
    for descriptor in keys:
        if descriptor.problem is not None:
            mend = descriptor.mend or (
                "Put one certificate with an RSA key of at least 2048 bits, base64 without BEGIN and END, into it."
            )
            yield Breach(descriptor.problem, line=descriptor.line, mend=mend)


def is_unusable(keys: tuple[KeyDescriptor, ...], use: str) -> bool:
    """Tell whether there is a key for that use that cannot be used: `unusable_keys`, in every set of rules, refuses it and says why."""
    return any(each.problem is not None and each.use in (None, use) for each in keys)


def missing_signing_key(keys: tuple[KeyDescriptor, ...], line: int | None) -> Iterator[Breach]:
    """Yield a breach if no key may verify signatures: then nothing of this party could ever be believed (attack MD-07)."""
    found = any(each.key is not None and each.use in (None, "signing") for each in keys)
    if not found and not is_unusable(keys, "signing"):
        yield Breach(
            "got no usable KeyDescriptor for signing, expected one",
            line=line,
            mend='Add <md:KeyDescriptor use="signing"> with your certificate.',
        )


def unusable_encryption(role: SpRole, expected: MetadataExpectations, *, without_key: str) -> Iterator[Breach]:
    """Yield the breach of a role that nothing can be encrypted to; `without_key` is the mend if it has no RSA key.

    What the registration chooses is allowed, or the registration is refused for it; so its key alone is asked for then.
    """
    try:
        if expected.chosen_encryption:
            encryption_key(role.keys)
        else:
            encryption_for(role.keys)
    except SamlError as error:
        if error.code == "md.key" and is_unusable(role.keys, "encryption"):
            return
        mend = without_key if error.code == "md.key" else LISTED_METHODS_MEND
        yield Breach(error.detail, error.refusal.key, line=role.line, mend=mend)


def listed_encryption(keys: tuple[KeyDescriptor, ...]) -> tuple[str, ...]:
    """Give what is listed for the key that is encrypted to."""
    try:
        descriptor, _ = encryption_key(keys)
    except SamlError:
        return ()
    return tuple(method.algorithm for method in descriptor.encryption_methods)


def silent_key_transport(keys: tuple[KeyDescriptor, ...]) -> Iterator[Breach]:
    """Yield a breach if the key that is encrypted to lists no key transport, so that it is chosen for a system that was not asked."""
    try:
        descriptor, _ = encryption_key(keys)
        method = method_for(descriptor.encryption_methods)
    except SamlError:
        return  # that nothing can be encrypted is another rule's matter
    if not key_transports(descriptor.encryption_methods):
        yield Breach(
            f"got no EncryptionMethod for key transport, expected one; {method.key_transport} with {method.digest} is used",
            line=descriptor.line,
            mend=SILENT_TRANSPORT_MEND,
        )


def expired_certificates(keys: tuple[KeyDescriptor, ...], at: datetime) -> Iterator[Breach]:
    """Yield a breach for each certificate that has ended at `at`."""
    for descriptor, certificate in _certificates(keys):
        if certificate.not_valid_after_utc < at:
            yield Breach(
                f"got a certificate valid until {format_instant(certificate.not_valid_after_utc)}, "
                f"expected one valid at {format_instant(at)}",
                line=descriptor.line,
                mend="Renew the certificate and publish the metadata with the new one.",
            )


def certificates_ahead_of_their_time(keys: tuple[KeyDescriptor, ...], at: datetime) -> Iterator[Breach]:
    """Yield a breach for each certificate that is not valid yet: a next key published ahead, or made where the clock is ahead."""
    for descriptor, certificate in _certificates(keys):
        start = certificate.not_valid_before_utc
        if start > at + CLOCK_SKEW:
            yield Breach(
                f"got a certificate valid from {format_instant(start)}, expected one valid at {format_instant(at)}",
                line=descriptor.line,
                mend="Keep the certificate that is valid now before it until then; without one, look at the clock where it was made.",
            )


def certificates_that_expire_soon(keys: tuple[KeyDescriptor, ...], at: datetime) -> Iterator[Breach]:
    """Yield a breach for each certificate with less than 30 days left."""
    for descriptor, certificate in _certificates(keys):
        end = certificate.not_valid_after_utc
        if at <= end < at + EXPIRES_SOON:
            yield Breach(
                f"got a certificate that ends {format_instant(end)}, expected 30 days left",
                line=descriptor.line,
                mend="Plan the rollover: publish the new key beside the old one first.",
            )


def certificates_unlike_oces3(keys: tuple[KeyDescriptor, ...], registered_cvr: Cvr | None) -> Iterator[Breach]:
    """Yield a breach for each certificate that does not name the registered organisation as an OCES3 certificate does."""
    for descriptor, certificate in _certificates(keys):
        names = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_IDENTIFIER)
        got = str(names[0].value) if names else "no organizationIdentifier"
        expected = f"NTRDK-{registered_cvr or ''}"
        if not got.startswith("NTRDK-") or (registered_cvr is not None and got != expected):
            yield Breach(
                f"got {got!r:.80}, expected {expected}{'' if registered_cvr else '<CVR>'} in the certificate's subject",
                line=descriptor.line,
                mend="In the real federation an OCES3 certificate of the registered organisation is needed.",
            )


def keys_of_others(keys: tuple[KeyDescriptor, ...], fingerprints: frozenset[str]) -> Iterator[Breach]:
    """Yield a breach for each key that another connection uses, too."""
    for descriptor in keys:
        if descriptor.key is not None and descriptor.key.fingerprint in fingerprints:
            yield Breach(
                f"got the key {descriptor.key.fingerprint[:16]}…, which another connection uses, expected its own",
                line=descriptor.line,
                mend="Use one certificate for each connection and environment.",
            )


def _certificates(keys: tuple[KeyDescriptor, ...]) -> Iterator[tuple[KeyDescriptor, x509.Certificate]]:
    for descriptor in keys:
        if descriptor.key is not None and descriptor.key.certificate_der is not None:
            yield descriptor, x509.load_der_x509_certificate(descriptor.key.certificate_der)
