"""The second, independent implementation: what we sign and encrypt, libxmlsec verifies and decrypts, and the other way round."""

import os

import pytest
import xmlsec
from lxml import etree
from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.messages.assertion import read_assertion, write_assertion
from oiosaml.messages.response import write_response
from oiosaml.uris import (
    AES128_GCM,
    AES256_GCM,
    DIGEST_SHA1,
    DIGEST_SHA256,
    MGF1_SHA1,
    MGF1_SHA256,
    NS_DS,
    NS_SAML,
    RSA_OAEP,
    RSA_OAEP_MGF1P,
)
from oiosaml.xml.canonical import canonical_octets
from oiosaml.xml.encryption import EncryptionMethod, decrypt, encrypt
from oiosaml.xml.parse import parse_message
from oiosaml.xml.plaintext import read_plaintext
from oiosaml.xml.verify import verify_enveloped
from tests.builders import assertion, response
from tests.conftest import Member
from tests.trees import serialise, sign_enveloped

SIGNATURES = {
    "rsa-sha256": (xmlsec.Transform.RSA_SHA256, xmlsec.Transform.SHA256),
    "rsa-sha384": (xmlsec.Transform.RSA_SHA384, xmlsec.Transform.SHA384),
    "rsa-sha512": (xmlsec.Transform.RSA_SHA512, xmlsec.Transform.SHA512),
}

METHODS = [
    EncryptionMethod(AES256_GCM, RSA_OAEP, DIGEST_SHA256, MGF1_SHA256),
    EncryptionMethod(AES128_GCM, RSA_OAEP, DIGEST_SHA256, MGF1_SHA256),
    EncryptionMethod(AES256_GCM, RSA_OAEP, DIGEST_SHA256, MGF1_SHA1),
    EncryptionMethod(AES256_GCM, RSA_OAEP_MGF1P, DIGEST_SHA1, MGF1_SHA1),
    EncryptionMethod(AES128_GCM, RSA_OAEP_MGF1P, DIGEST_SHA256, MGF1_SHA1),
]

BLOCKS = {AES128_GCM: (xmlsec.Transform.AES128_GCM, 128), AES256_GCM: (xmlsec.Transform.AES256_GCM, 256)}


def xmlsec_key(member: Member) -> xmlsec.Key:
    return xmlsec.Key.from_memory(member.key_pem, xmlsec.constants.KeyDataFormatPem)


def xmlsec_sign(element: _Element, signer: Member, algorithm: str, *, prefixes: str | None = None) -> None:
    signature_method, digest_method = SIGNATURES[algorithm]
    template = xmlsec.template.create(element, xmlsec.Transform.EXCL_C14N, signature_method, ns="dsig")
    element.insert(1, template)
    reference = xmlsec.template.add_reference(template, digest_method, uri="#" + element.get("ID", ""))
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    transform = xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    if prefixes is not None:
        xmlsec.template.transform_add_c14n_inclusive_namespaces(transform, prefixes)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(template))
    context = xmlsec.SignatureContext()
    context.key = xmlsec_key(signer)
    context.key.load_cert_from_memory(signer.certificate_pem, xmlsec.constants.KeyDataFormatCertPem)
    context.register_id(element, "ID")
    context.sign(template)


def test_xmlsec_verifies_what_we_sign(idp: Member) -> None:
    element = write_assertion(assertion())
    sign_enveloped(element, idp.signing)
    root = etree.fromstring(serialise(element))
    context = xmlsec.SignatureContext()
    context.key = xmlsec_key(idp)
    context.register_id(root, "ID")
    context.verify(root[1])
    root.set("ID", "_other")
    root[1][0][2].set("URI", "#_other")
    context = xmlsec.SignatureContext()
    context.key = xmlsec_key(idp)
    context.register_id(root, "ID")
    with pytest.raises(xmlsec.Error):
        context.verify(root[1])


@pytest.mark.parametrize("algorithm", SIGNATURES)
@pytest.mark.parametrize("pretty", ["on one line", "indented"])
def test_we_verify_what_xmlsec_signs(algorithm: str, pretty: str, idp: Member) -> None:
    """Also with line breaks before and behind the Signature, and base64 in lines of 64."""
    octets = serialise(write_assertion(assertion()))
    if pretty == "indented":
        octets = octets.replace(b"><saml:", b">\n  <saml:")
    root = etree.fromstring(octets)
    xmlsec_sign(root, idp, algorithm)
    verified = verify_enveloped(parse_message(etree.tostring(root)), [idp.verification], read_assertion)
    assert verified.value == assertion()
    assert verified.octets == etree.tostring(etree.fromstring(octets), method="c14n", exclusive=True)


@pytest.mark.parametrize(
    ("prefixes", "outside"),
    [("xs", b'xmlns="urn:outer" '), ("xs saml", b'xmlns="urn:outer" '), ("#default xs unknown", b"")],
)
def test_inclusive_namespaces_as_opensaml_writes_them(prefixes: str, outside: bytes, idp: Member) -> None:
    """A PrefixList for typed values; the Response around declares the same prefixes."""
    octets = serialise(write_assertion(assertion())).replace(
        b"<saml:AttributeValue>",
        b'<saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" '
        b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">',
    )
    outer = b'<r %bxmlns:xs="http://www.w3.org/2001/XMLSchema">%b</r>' % (outside, octets)
    root = etree.fromstring(outer)
    xmlsec_sign(root[0], idp, "rsa-sha256", prefixes=prefixes)
    received = parse_message(etree.tostring(root))
    assert verify_enveloped(received[0], [idp.verification], read_assertion).value == assertion()


def test_a_signed_element_may_stand_in_a_signed_one(idp: Member) -> None:
    """Response around assertion: the inner signature survives in what the outer one covers."""
    inner = write_assertion(assertion())
    root = write_response(response(), inner)
    sign_enveloped(inner, idp.signing)
    sign_enveloped(root, idp.signing)
    outer = verify_enveloped(parse_message(serialise(root)), [idp.verification], lambda element: element)
    again = outer.value.find(f"{{{NS_SAML}}}Assertion")
    assert again is not None
    assert verify_enveloped(again, [idp.verification], read_assertion).value == assertion()


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_xmlsec_decrypts_what_we_encrypt(method: EncryptionMethod, idp: Member, broker: Member) -> None:
    octets = serialise(write_assertion(assertion()))
    data = encrypt(
        octets,
        broker.public_key,
        method,
        entropy=os.urandom,
        recipient_certificate_der=broker.signing.certificate_der,
    )
    root = etree.fromstring(b"<r>" + serialise(data) + b"</r>")
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec_key(broker))
    decrypted = xmlsec.EncryptionContext(manager).decrypt(root[0])
    assert canonical_octets(decrypted) == octets


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_we_decrypt_what_xmlsec_encrypts(method: EncryptionMethod, broker: Member) -> None:
    octets = serialise(write_assertion(assertion()))
    block, bits = BLOCKS[method.block]
    holder = etree.fromstring(
        b'<saml:EncryptedAssertion xmlns:saml="%b">%b</saml:EncryptedAssertion>' % (NS_SAML.encode(), octets)
    )
    plain = holder[0]
    data = xmlsec.template.encrypted_data_create(holder, block, type=xmlsec.constants.TypeEncElement, ns="xenc")
    xmlsec.template.encrypted_data_ensure_cipher_value(data)
    key_info = xmlsec.template.encrypted_data_ensure_key_info(data, ns="dsig")
    wrapped = xmlsec.template.add_encrypted_key(key_info, xmlsec.Transform.RSA_OAEP)
    xmlsec.template.encrypted_data_ensure_cipher_value(wrapped)
    parameters(wrapped[0], method)
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec_key(broker))
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(xmlsec.constants.KeyDataAes, bits, xmlsec.constants.KeyDataTypeSession)
    context.encrypt_xml(data, plain)
    received = parse_message(etree.tostring(holder))
    element = read_plaintext(decrypt(received, [broker.decryption]), received, expected=f"{{{NS_SAML}}}Assertion")
    assert read_assertion(element) == assertion()


def parameters(method_element: _Element, method: EncryptionMethod) -> None:
    method_element.set("Algorithm", method.key_transport)
    digest = etree.SubElement(method_element, f"{{{NS_DS}}}DigestMethod")
    digest.set("Algorithm", method.digest)
    if method.key_transport == RSA_OAEP:
        etree.SubElement(method_element, "{http://www.w3.org/2009/xmlenc11#}MGF").set("Algorithm", method.mgf)


def test_default_prefix_in_a_prefix_list_fails_safe(idp: Member) -> None:
    """lxml cannot name the default namespace there: with one in scope that the assertion does not use, the signature is refused."""
    octets = b'<r xmlns="urn:outer">%b</r>' % serialise(write_assertion(assertion()))
    root = etree.fromstring(octets)
    xmlsec_sign(root[0], idp, "rsa-sha256", prefixes="#default")
    with pytest.raises(SamlError) as caught:
        verify_enveloped(parse_message(etree.tostring(root))[0], [idp.verification], read_assertion)
    assert caught.value.code == "sig.value"
