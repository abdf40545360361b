"""The md:KeyDescriptor: a certificate and what its key is for. A key that cannot be read becomes a problem, never a copy of itself."""

import base64
import binascii
from typing import Final

from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.keys import VerificationKey, read_verification_key
from oiosaml.messages.element import add, children
from oiosaml.messages.metadata import KeyDescriptor, MetadataEncryptionMethod
from oiosaml.uris import NS_DS, NS_MD, NS_XENC11
from oiosaml.xml.parse import text_of
from oiosaml.xml.writing import NewElement

_USES: Final = (None, "signing", "encryption")
# XML Signature allows a chain. Whose key counts would be a guess, and a CA's key must never verify what its customers send.
_ONE_OF_SEVERAL: Final = (
    "Of a chain keep the first certificate (the leaf) only: the registration is the trust, and no CA is asked. "
    "A second key of your own gets a KeyDescriptor of its own."
)


def read_key_descriptor(element: _Element) -> KeyDescriptor:
    """Read a KeyDescriptor; `problem` is set, and the key None, if the key is missing, broken or too weak."""
    methods = tuple(_read_encryption_method(each) for each in children(element, NS_MD, "EncryptionMethod"))
    use, certificates = element.get("use"), _certificates_in(element)
    try:
        if use not in _USES:
            raise SamlError("md.key", f"got use={use!r:.40}, expected signing, encryption or none")
        return KeyDescriptor(use, _read_key(certificates), methods, line=element.sourceline)
    except SamlError as error:
        mend = _ONE_OF_SEVERAL if len(certificates) > 1 else None
        return KeyDescriptor(use, None, methods, problem=error.detail, mend=mend, line=element.sourceline)


def add_key_descriptor(role: NewElement, descriptor: KeyDescriptor) -> None:
    """Append a KeyDescriptor with its certificate to a role.

    Raises:
        ValueError: if the descriptor has no certificate: there is nothing to write.
    """
    if descriptor.key is None or descriptor.key.certificate_der is None:
        raise ValueError("got a KeyDescriptor without a certificate, expected one")
    element = add(role, NS_MD, "KeyDescriptor", {"use": descriptor.use})
    x509_data = add(add(element, NS_DS, "KeyInfo"), NS_DS, "X509Data")
    add(x509_data, NS_DS, "X509Certificate", text=base64.b64encode(descriptor.key.certificate_der).decode("ascii"))
    for method in descriptor.encryption_methods:
        written = add(element, NS_MD, "EncryptionMethod", {"Algorithm": method.algorithm})
        if method.digest_method is not None:
            add(written, NS_DS, "DigestMethod", {"Algorithm": method.digest_method})
        if method.mgf is not None:
            add(written, NS_XENC11, "MGF", {"Algorithm": method.mgf})


def _certificates_in(element: _Element) -> list[_Element]:
    return [
        certificate
        for key_info in children(element, NS_DS, "KeyInfo")
        for x509_data in children(key_info, NS_DS, "X509Data")
        for certificate in children(x509_data, NS_DS, "X509Certificate")
    ]


def _read_key(certificates: list[_Element]) -> VerificationKey:
    if len(certificates) != 1:
        raise SamlError("md.key", f"got {len(certificates)} X509Certificate in KeyDescriptor, expected one")
    text = text_of(certificates[0])
    # what stands there is told from its label alone and never repeated: it may be somebody's secret (attack MD-08)
    if "PRIVATE KEY" in text:
        raise SamlError(
            "md.key", "got a private key, expected a certificate; treat that key as lost and make a new one"
        )
    if "-----" in text:
        raise SamlError("md.key", "got a certificate with its BEGIN and END lines, expected the base64 between them")
    try:
        der = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SamlError("md.key", f"got a certificate that is not base64 ({error}), expected base64 of DER") from error
    return read_verification_key(der)


def _read_encryption_method(element: _Element) -> MetadataEncryptionMethod:
    digest = next(children(element, NS_DS, "DigestMethod"), None)
    mgf = next(children(element, NS_XENC11, "MGF"), None)
    return MetadataEncryptionMethod(
        element.get("Algorithm", ""),
        None if digest is None else digest.get("Algorithm"),
        None if mgf is None else mgf.get("Algorithm"),
    )
