"""From a recipe to what goes over the wire: the honest message of an entry, and at each stage the changes that the recipe names."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from lxml.etree import _Element

from oiosaml.bindings.soap import wrap
from oiosaml.keys import SigningKey
from oiosaml.uris import NS_SAML
from oiosaml.xml.encryption import EncryptionMethod
from tests.attacks.cases import Message, Step
from tests.attacks.sealing import seal
from tests.attacks.vocabulary import CHANGES, Draft
from tests.attacks.wire import FIELD_CHANGES, OCTET_CHANGES, Fields, Octets
from tests.trees import serialise, sign_enveloped

ASSERTION = "/samlp:Response/saml:Assertion"


@dataclass(frozen=True)
class Base:
    """One base message: what is signed in it, and what is put round it."""

    signs: tuple[str, ...]
    seals: bool = False
    wraps: bool = False


BASES = {
    "M-A": Base((ASSERTION,)),
    "M-R": Base(("/samlp:Response",)),
    "M-AR": Base((ASSERTION, "/samlp:Response")),
    "M-E": Base((ASSERTION,), seals=True),
    "Q-R": Base(()),
    "Q-P": Base(("/*",)),
    "LQ-R": Base(()),
    "LQ-P": Base(("/*",)),
    "LR-R": Base(()),
    "AQ-Q": Base(("/*",), wraps=True),
    "AQ-R": Base((ASSERTION,), wraps=True),
    "AQ-RR": Base(("/samlp:Response",), wraps=True),
    "MDX": Base(("/*",)),
}


class Sender(Protocol):
    """What an entry knows of one exchange that it has opened."""

    base: str
    encryption: EncryptionMethod

    def draft(self) -> Draft:
        """The honest message, unsigned, with fresh ID and times."""
        ...

    def fields(self, octets: bytes) -> Fields:
        """The honest form, query or body that carries it."""
        ...

    def recipient(self) -> RSAPublicKey:
        """Whom an assertion is encrypted to."""
        ...

    def word(self, name: str) -> str:
        """What `${name}` stands for in a recipe."""
        ...


@dataclass(frozen=True)
class Forged:
    """What goes over the wire, and what it was before it was sealed."""

    body: bytes
    plain: bytes
    message_id: str | None
    issuer: str | None
    signer: SigningKey


def forge(sender: Sender, message: Message) -> Forged:
    """Make the message: without a recipe it is the honest one."""
    base = BASES[message.base or sender.base]
    draft = sender.draft()
    draft.variables["signed"] = draft.find(base.signs[0] if base.signs else "/*")
    apply(message.steps("content"), CHANGES, draft, sender.word)
    for path in base.signs:
        sign_enveloped(draft.find(path), draft.keys["honest"])
    apply(message.steps("signed"), CHANGES, draft, sender.word)
    plain = serialise(draft.root)
    message_id, issuer = draft.root.get("ID"), draft.root.findtext(f"{{{NS_SAML}}}Issuer")
    if base.seals:
        _seal(draft, sender.recipient(), sender.encryption)
    if base.wraps:
        draft.root = etree.fromstring(wrap(serialise(draft.root)))
    apply(message.steps("sealed"), CHANGES, draft, sender.word)
    octets = Octets(serialise(draft.root))
    apply(message.steps("octets"), OCTET_CHANGES, octets, sender.word)
    fields = sender.fields(octets.value)
    apply(message.steps("fields"), FIELD_CHANGES, fields, sender.word)
    fields.sign()
    apply(message.steps("wire"), FIELD_CHANGES, fields, sender.word)
    return Forged(fields.octets(), plain, message_id, issuer, draft.keys["honest"])


def apply(
    steps: tuple[Step, ...], words: Mapping[str, Callable[..., None]], subject: object, word: Callable[[str], str]
) -> None:
    """Take the steps of one stage, their `${…}` filled in."""
    for step in steps:
        arguments = {key.replace("-", "_"): _filled(value, word) for key, value in step.items() if key != "do"}
        words[step["do"]](subject, **arguments)


def naive(octets: bytes, signer: SigningKey) -> str:
    """What a bare verifier says: find the first Signature anywhere, resolve its Reference by ID, verify."""
    root = etree.fromstring(octets, etree.XMLParser(resolve_entities=False))
    node = xmlsec.tree.find_node(root, xmlsec.constants.NodeSignature)
    if node is None:
        return "fails"
    context = xmlsec.SignatureContext()
    pem = x509.load_der_x509_certificate(signer.certificate_der).public_bytes(Encoding.PEM)
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatCertPem)
    for element in root.iter():
        if isinstance(element.tag, str) and element.get("ID") is not None:
            try:
                context.register_id(element, "ID")
            except xmlsec.Error:
                continue  # a second element with that ID: the first one keeps it, as in the bare verifier
    try:
        context.verify(node)
    except xmlsec.Error:
        return "fails"
    return "verifies"


def _filled(value: Any, word: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\$\{([^}]+)\}", lambda found: word(found[1]), value)
    return [_filled(each, word) for each in value] if isinstance(value, list) else value


def _seal(draft: Draft, honest: RSAPublicKey, method: EncryptionMethod) -> None:
    """Encrypt the first assertion of the message where it stands."""
    assertion = draft.find(ASSERTION)
    options = dict(draft.sealing)
    to = options.pop("to", "honest")
    key = honest if to == "honest" else draft.keys[to].private_key.public_key()
    before, after, instead = (text.encode() for text in draft.plaintext)
    sealed = seal(instead or before + _octets_of(assertion) + after, key, method, **options)
    parent = assertion.getparent()
    assert parent is not None
    parent.replace(assertion, sealed)


def _octets_of(element: _Element) -> bytes:
    return etree.tostring(element, with_tail=False)
