"""Which certificates the simulated CA has revoked, as its list says it: signed, current, and never exchanged for an older one.

A key whose certificate stands on the list counts no longer, for signatures and for encryption alike. Of certificates by other CAs, or by
nobody, no list is known here: there the registration alone decides, and whoever must react at once withdraws the key (docs/members.md).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import load_der_x509_certificate

from oiosaml.errors import SamlError

CRL_REFRESH: Final = timedelta(seconds=10)
"""How often the list is read anew, and so how long a revocation takes at most to count in every process (our choice)."""


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list whose signature was checked."""

    issuer: x509.Certificate = field(repr=False)
    serial_numbers: frozenset[int]
    this_update: datetime
    next_update: datetime
    octets: bytes = field(repr=False)


def read_revocation_list(octets: bytes, issuer: x509.Certificate, at: datetime) -> RevocationList:
    """Read a list in DER.

    Raises:
        SamlError: `md.crl` if it is none, not signed by `issuer`, not yet valid, or without an end or past it.
    """
    try:
        read = x509.load_der_x509_crl(octets)
        signed = read.issuer == issuer.subject and read.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # our CA has RSA
    except (ValueError, TypeError) as error:
        raise SamlError("md.crl", f"got {len(octets)} octets ({error!s:.120}), expected a revocation list") from error
    if not signed:
        raise SamlError(
            "md.crl", f"got a list said to be by {read.issuer.rfc4514_string():.120}, expected our CA's own"
        )
    begins, ends = read.last_update_utc, read.next_update_utc
    if ends is None or not begins <= at < ends:
        raise SamlError("md.crl", f"got a list for {begins} to {ends}, expected one that holds at {at}")
    return RevocationList(issuer, frozenset(each.serial_number for each in read), begins, ends, octets)


class Revocations:
    """The list in force in this process. `version` goes up when another one takes its place."""

    def __init__(self, read: Callable[[], bytes], ca_certificate_der: bytes) -> None:
        """`read` gives the octets of the newest list; it may raise OSError."""
        self._read = read
        self._issuer = load_der_x509_certificate(ca_certificate_der)
        self.version = 0
        self.current: RevocationList | None = None
        self.fault: SamlError | None = None
        """Why the newest list could not be taken; the one before stays in force until it ends."""

    def refresh(self, at: datetime) -> bool:
        """Take the newest list if it is good and newer; tell whether the state changed: another list, a fault, or its end."""
        before = self.version, self.fault and self.fault.detail
        try:
            octets = self._read()
            if self.current is None or octets != self.current.octets:
                self._take(read_revocation_list(octets, self._issuer, at))
            self.fault = None
        except OSError as error:
            self.fault = SamlError("md.crl", f"got {type(error).__name__}, expected the revocation list")
        except SamlError as error:
            self.fault = error
        return before != (self.version, self.fault and self.fault.detail)

    def _take(self, read: RevocationList) -> None:
        if self.current is not None and read.this_update < self.current.this_update:
            # An older list forgets the newest revocations: played back, it would let a revoked key in again.
            raise SamlError(
                "md.crl", f"got a list of {read.this_update}, expected none before {self.current.this_update}"
            )
        self.current = read
        self.version += 1

    def covers(self, certificate_der: bytes) -> bool:
        """Tell whether our CA issued the certificate: its signature decides, not the name that stands in it."""
        certificate = load_der_x509_certificate(certificate_der)
        if certificate.issuer != self._issuer.subject:
            return False
        try:
            certificate.verify_directly_issued_by(self._issuer)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def revokes(self, certificate_der: bytes) -> bool:
        """Tell whether a certificate of our CA stands on the list."""
        if self.current is None:
            return False
        return load_der_x509_certificate(certificate_der).serial_number in self.current.serial_numbers

    @property
    def ends(self) -> datetime | None:
        """The instant from which nothing can be told any more; None if there is no list at all."""
        return None if self.current is None else self.current.next_update
