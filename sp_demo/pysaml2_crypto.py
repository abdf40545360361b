"""pysaml2's crypto back end in this process: libxmlsec by its Python binding, in place of a child process and temporary files.

pysaml2 speaks to its back end in file names, because it was made for the xmlsec1 program. Here a "file name" is the key itself, in PEM.
"""

from typing import Final

import xmlsec
from lxml import etree
from saml2.sigver import CryptoBackend, DecryptError, SignatureError

from oiosaml.errors import SamlError
from oiosaml.uris import NS_SAML
from sp_demo.front_door import ENCRYPTED_ASSERTION, SIGNATURE, parse, require_plain

_ENCRYPTED_DATA: Final = "{http://www.w3.org/2001/04/xmlenc#}EncryptedData"
_ASSERTION_NODE: Final = f"{NS_SAML}:Assertion"


class InProcessXmlsec(CryptoBackend):  # type: ignore[misc]  # pysaml2 has no types
    """Signs, verifies and decrypts. Encrypting is the Context Handler's business, and so is not here."""

    def __init__(self, private_key_pem: bytes) -> None:
        """Read the system's own key once."""
        self._own_key = xmlsec.Key.from_memory(private_key_pem, xmlsec.constants.KeyDataFormatPem)

    @property
    def version(self) -> str:
        """The version pysaml2 asks for to choose its flags for the program; none apply here."""
        return "0.0.0"

    def sign_statement(self, statement: object, node_name: str, key_file: object, node_id: str | None) -> str:  # noqa: ARG002 - pysaml2 passes it by position
        """Fill in the signature template that pysaml2 put into `statement`, with the system's own key.

        Raises:
            SignatureError: if there is no template, or libxmlsec cannot sign.
        """
        # pysaml2 hands over octets, text or one of its own elements, whose str() is the XML.
        root = etree.fromstring(statement if isinstance(statement, bytes) else str(statement).encode())
        template = root.find(SIGNATURE)
        if template is None or root.get("ID") != node_id:
            raise SignatureError(f"no signature template in {node_name}")
        context = xmlsec.SignatureContext()
        context.key = self._own_key
        context.register_id(root, "ID")
        try:
            context.sign(template)
        except xmlsec.Error as error:
            raise SignatureError(str(error)) from error
        return etree.tostring(root, encoding="unicode")

    def validate_signature(
        self,
        signedtext: str | bytes,
        cert_file: str,
        cert_type: str,  # noqa: ARG002 - pysaml2 passes it by name
        node_name: str,
        node_id: str,
    ) -> bool:
        """Verify the signature of the element called `node_id` with the certificate in PEM, and with no other key.

        Raises:
            SignatureError: if it does not verify, or if `node_id` is not exactly one element with one signature of its own.
        """
        octets = signedtext if isinstance(signedtext, bytes) else signedtext.encode()
        try:
            root = parse(octets)
        except SamlError as error:
            raise SignatureError(str(error)) from error
        signed = [element for element in root.iter() if element.get("ID") == node_id]
        signatures = [] if len(signed) != 1 else signed[0].findall(SIGNATURE)
        if len(signatures) != 1 or node_name != _node_name(signed[0]):
            raise SignatureError(f"expected exactly one signed {node_name} with that ID")
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(cert_file, xmlsec.constants.KeyDataFormatCertPem)
        # KeyInfo may show a certificate; the key comes from metadata alone.
        context.set_enabled_key_data([xmlsec.constants.KeyDataX509])
        context.register_id(signed[0], "ID")
        try:
            context.verify(signatures[0])
        except xmlsec.Error as error:
            raise SignatureError(str(error)) from error
        return True

    def decrypt(self, enctext: str | bytes, key_file: object) -> str:  # noqa: ARG002 - pysaml2 passes it by position
        """Put the plaintext in the place of the EncryptedData. libxmlsec parses it there, so that its prefixes stay its own.

        Raises:
            DecryptError: always the same, whatever failed: the difference would be a padding oracle (ENC-04).
        """
        root = etree.fromstring(enctext if isinstance(enctext, bytes) else enctext.encode())
        encrypted = root.find(f".//{ENCRYPTED_ASSERTION}/{_ENCRYPTED_DATA}")
        if encrypted is None:
            raise DecryptError("nothing to decrypt")
        parent = encrypted.getparent()
        manager = xmlsec.KeysManager()
        manager.add_key(self._own_key)
        try:
            plain = xmlsec.EncryptionContext(manager).decrypt(encrypted)
        except xmlsec.Error as error:
            raise DecryptError("the assertion cannot be decrypted") from error
        if parent is None or not etree.iselement(plain):
            raise DecryptError("the assertion cannot be decrypted")
        require_plain(root)
        return etree.tostring(root, encoding="unicode")


def _node_name(element: etree._Element) -> str:
    name = etree.QName(element)
    return f"{name.namespace}:{name.localname}"
