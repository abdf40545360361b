"""What every entry shares: an exchange that is opened honestly, attacked once, and then ended honestly."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from oiosaml.keys import SigningKey
from oiosaml.uris import STATUS_SUCCESS
from oiosaml.validity import format_instant
from oiosaml.xml.encryption import OIOSAML_DEFAULT, EncryptionMethod
from tests.attacks.target import FORM, SAID_BY_THE_SERVER, Answer, Browser, Target
from tests.attacks.vocabulary import Draft
from tests.attacks.watch import Canaries
from tests.attacks.wire import Fields
from tests.conftest import make_member

_NOW = re.compile(r"now([+-]\d+)?")


@dataclass
class Exchange:
    """One exchange with one entry: it knows the honest message, sends what is made of it, and can tell whether that was accepted."""

    target: Target
    canaries: Canaries
    browser: Browser = field(init=False)
    sent_before: bool = False
    """Whether the same message has been sent, and accepted, before the one that is judged."""

    base: ClassVar[str]
    path: ClassVar[str]
    encryption: ClassVar[EncryptionMethod] = OIOSAML_DEFAULT
    speaks_soap: ClassVar[bool] = False
    is_named_in_events: ClassVar[bool] = False
    """Whether the record names the ID and the claimed Issuer of each message that could be read."""
    one_shot: ClassVar[bool] = False
    """Whether whatever is sent ends the exchange, so that nothing can be sent after it."""

    def __post_init__(self) -> None:
        self.browser = self.target.browser()
        self.open()

    def open(self) -> None:
        """Do what comes before the message, honestly."""

    def draft(self) -> Draft:
        raise NotImplementedError

    def fields(self, octets: bytes) -> Fields:
        raise NotImplementedError

    def send(self, body: bytes) -> Answer:
        """Send a form."""
        return self.browser.post(self.path, body, FORM)

    def close(self) -> None:
        """End what is still open, if the message was never sent."""

    def accepted(self, answer: Answer) -> bool:
        raise NotImplementedError

    def refusing_events(self, answer: Answer, message_id: str | None) -> list[dict[str, Any]] | None:
        """What the broker has written down of a refusal; None where this house keeps no record."""
        if answer.status in SAID_BY_THE_SERVER:
            return None
        if answer.reference is None:
            return self.target.events_of_message(message_id or "")
        return self.target.events(answer.reference)

    def recipient(self) -> RSAPublicKey:
        return self.target.keys.context_handler.signing.private_key.public_key()

    def word(self, name: str) -> str:
        """Times, canaries and names; an entry adds its own."""
        found = _NOW.fullmatch(name)
        if found:
            return format_instant(self.target.now(int(found[1] or 0)))
        match name:
            case "canary-url":
                return self.canaries.url
            case "canary-file":
                return self.canaries.file.as_uri()
            case "base-url":
                return self.target.base_url
            case "fresh-id":
                return self.target.fresh_id()
        raise KeyError(name)

    def circumstance(self, do: str, **_: Any) -> None:
        """Let something happen between the opening and the message; `settle` undoes it before the twin is sent."""
        if do != "sent-before":
            raise KeyError(do)
        self.sent_before = True

    def settle(self) -> None:
        """Undo what the circumstances did to others."""


def keys_of(honest: SigningKey, **others: SigningKey) -> dict[str, SigningKey]:
    """The keys that recipes name: the honest one, a stranger's, a look-alike of the honest one, and what an entry adds."""
    return {
        "honest": honest,
        "stranger": make_member("stranger").signing,
        "look-alike": look_alike(honest),
        **others,
    }


_LOOK_ALIKES: dict[bytes, SigningKey] = {}


def look_alike(honest: SigningKey) -> SigningKey:
    """A key with a certificate that differs from the honest one in nothing but the key and the signature."""
    found = _LOOK_ALIKES.get(honest.certificate_der)
    if found is not None:
        return found
    model = x509.load_der_x509_certificate(honest.certificate_der)
    key = make_member("look-alike").private_key
    builder = x509.CertificateBuilder(
        model.issuer,
        model.subject,
        key.public_key(),
        model.serial_number,
        model.not_valid_before_utc,
        model.not_valid_after_utc,
        list(model.extensions),
    )
    made = SigningKey(key, builder.sign(key, SHA256()).public_bytes(Encoding.DER))
    _LOOK_ALIKES[honest.certificate_der] = made
    return made


def lenient(octets: bytes) -> etree._Element:
    """Parse as an attacker's tool would, keeping everything."""
    return etree.fromstring(octets, etree.XMLParser(resolve_entities=False, remove_blank_text=False))


def is_success(answer: Answer) -> bool:
    """Whether this answer carries a Response with status Success."""
    octets = answer.message
    if octets is None:
        return False
    codes = etree.fromstring(octets).iter("{*}StatusCode")
    return next((code.get("Value") for code in codes), None) == STATUS_SUCCESS


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)
