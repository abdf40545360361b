"""A demo system's metadata: the stack's own, with what OIOSAML 3 and the Context Handler ask for beyond it."""

from typing import Final

from lxml import etree

from oiosaml.uris import (
    AES256_GCM,
    DIGEST_SHA1,
    DIGEST_SHA256,
    MGF1_SHA256,
    NS_DS,
    NS_MD,
    NS_XENC11,
    RSA_OAEP,
    RSA_OAEP_MGF1P,
)
from sp_demo.system import DemoSystem, StackName, SystemKeys

_MD: Final = f"{{{NS_MD}}}"


def write_metadata(system: DemoSystem, keys: SystemKeys) -> bytes:
    """Give the metadata to register at the Context Handler; needs nothing of the Context Handler's.

    Neither stack writes EncryptionMethod, from which the Context Handler learns what the stack can decrypt, nor marks its endpoint as
    the default (R3-MD-05).
    """
    root = etree.fromstring(_by_stack(system, keys))
    for descriptor in root.iter(f"{_MD}KeyDescriptor"):
        if descriptor.get("use") == "encryption":
            _add_encryption_methods(descriptor, system.stack)
    for service in root.iter(f"{_MD}AssertionConsumerService"):
        service.set("index", "0")
        service.set("isDefault", "true")
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _by_stack(system: DemoSystem, keys: SystemKeys) -> bytes:
    # Imported here: a process that runs one system need not load the other's stack.
    match system.stack:
        case StackName.PYTHON3_SAML:
            from sp_demo import python3_saml

            return python3_saml.write_metadata(system, keys)
        case StackName.PYSAML2:
            from sp_demo import pysaml2_stack

            return pysaml2_stack.write_metadata(system, keys)


def _add_encryption_methods(descriptor: etree._Element, stack: StackName) -> None:
    etree.SubElement(descriptor, f"{_MD}EncryptionMethod", Algorithm=AES256_GCM)
    match stack:
        case StackName.PYTHON3_SAML:
            # Its XML schema knows no xmlenc11 key transport.
            method = etree.SubElement(descriptor, f"{_MD}EncryptionMethod", Algorithm=RSA_OAEP_MGF1P)
            etree.SubElement(method, f"{{{NS_DS}}}DigestMethod", {"Algorithm": DIGEST_SHA1}, nsmap={"ds": NS_DS})
        case StackName.PYSAML2:
            # OIOSAML 3's own choice, thanks to libxmlsec 1.3 in the back end.
            method = etree.SubElement(descriptor, f"{_MD}EncryptionMethod", Algorithm=RSA_OAEP)
            etree.SubElement(method, f"{{{NS_DS}}}DigestMethod", {"Algorithm": DIGEST_SHA256}, nsmap={"ds": NS_DS})
            etree.SubElement(method, f"{{{NS_XENC11}}}MGF", {"Algorithm": MGF1_SHA256}, nsmap={"xenc11": NS_XENC11})
