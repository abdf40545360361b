"""Signing and verifying by libxmlsec, as a stack that knows nothing of our rules does it: find the signature, resolve its ID, verify."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any, Final

import xmlsec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from lxml.etree import _Element

from oiosaml.keys import VerificationKey, read_verification_key
from oiosaml.uris import C14N_EXCLUSIVE, NS_DS, NS_SAML
from tests.conftest import PrivateKey, certificate_of, make_member

SIGNATURE: Final = f"{{{NS_DS}}}Signature"
ISSUER: Final = f"{{{NS_SAML}}}Issuer"

_TRANSFORMS: Final = xmlsec.constants
_DIGESTS: Final = (_TRANSFORMS.TransformSha256, _TRANSFORMS.TransformSha384, _TRANSFORMS.TransformSha512)
_RSA: Final = (_TRANSFORMS.TransformRsaSha256, _TRANSFORMS.TransformRsaSha384, _TRANSFORMS.TransformRsaSha512)
_ECDSA: Final = (_TRANSFORMS.TransformEcdsaSha256, _TRANSFORMS.TransformEcdsaSha384, _TRANSFORMS.TransformEcdsaSha512)
_PREFIX_LISTS: Final = ("", "", "", "xs", "xs xsi", "saml", "evil xs saml samlp")


@dataclass(frozen=True)
class Signer:
    """One key as either library wants it, and the algorithms it signs by."""

    verification: VerificationKey
    foreign: Any
    algorithms: Sequence[Any]


@cache
def signers() -> tuple[Signer, ...]:
    """An RSA key and one on a curve; made once."""
    return (
        _signer(make_member("idp").private_key, _RSA),
        _signer(ec.generate_private_key(ec.SECP256R1()), _ECDSA),
    )


def sign(root: _Element, signer: Signer, random: Random) -> bytes:
    """Sign the root where it stands, by an algorithm at random; give the octets that the signature says were signed.

    Raises:
        xmlsec.Error: if libxmlsec cannot, such as for want of an ID.
    """
    signature = xmlsec.template.create(root, _TRANSFORMS.TransformExclC14N, random.choice(signer.algorithms), ns="ds")
    reference = xmlsec.template.add_reference(signature, random.choice(_DIGESTS), uri=f"#{root.get('ID')}")
    xmlsec.template.add_transform(reference, _TRANSFORMS.TransformEnveloped)
    transform = xmlsec.template.add_transform(reference, _TRANSFORMS.TransformExclC14N)
    prefixes = random.choice(_PREFIX_LISTS)
    if prefixes:
        etree.SubElement(transform, f"{{{C14N_EXCLUSIVE}}}InclusiveNamespaces", PrefixList=prefixes)
    content = etree.tostring(
        root, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=prefixes.split() or None
    )
    issued = len(root) > 0 and root[0].tag == ISSUER
    root.insert(1 if issued and random.random() < 0.95 else 0, signature)
    context = xmlsec.SignatureContext()
    context.key = signer.foreign
    context.register_id(root, "ID")
    context.sign(signature)
    return content


def verifies(octets: bytes, signer: Signer) -> bool:
    """What libxmlsec says of the root's own signature."""
    try:
        root = etree.fromstring(octets, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return False
    signature = root.find(SIGNATURE)
    if signature is None:
        return False
    context = xmlsec.SignatureContext()
    context.key = signer.foreign
    for element in root.iter(etree.Element):
        if element.get("ID") is not None:
            try:
                context.register_id(element, "ID")
            except xmlsec.Error:
                continue  # a second element with that ID: the first one keeps it
    try:
        context.verify(signature)
    except xmlsec.Error:
        return False
    return True


def _signer(private_key: PrivateKey, algorithms: Sequence[Any]) -> Signer:
    key = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Signer(
        read_verification_key(certificate_of(private_key)),
        xmlsec.Key.from_memory(key, xmlsec.constants.KeyDataFormatPem),
        algorithms,
    )
