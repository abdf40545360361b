"""Encrypting as the product does not: the older algorithms of XML Encryption, so that what is refused could really have been read."""

import base64
import os

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from lxml import etree
from lxml.etree import _Element

from oiosaml.messages.response import write_encrypted_assertion
from oiosaml.uris import AES256_GCM, NS_XENC
from oiosaml.xml.encryption import OIOSAML_DEFAULT, EncryptionMethod, encrypt
from tests.trees import serialise

_BLOCK = 16


def seal(
    plaintext: bytes,
    key: RSAPublicKey,
    method: EncryptionMethod = OIOSAML_DEFAULT,
    *,
    transport: str = "",
    block: str = "",
) -> _Element:
    """Give the EncryptedAssertion, as its receiver wants it unless told otherwise."""
    encrypted = encrypt(plaintext, key, method, entropy=os.urandom)
    element = etree.fromstring(serialise(write_encrypted_assertion(encrypted)))
    if transport or block:
        _seal_by_hand(element, plaintext, key, transport=transport, block=block)
    return element


def _seal_by_hand(element: _Element, plaintext: bytes, key: RSAPublicKey, *, transport: str, block: str) -> None:
    assert (transport, block) in {("rsa-1_5", ""), ("", "aes256-cbc")}, "one fault per message"
    content_key = os.urandom(32)
    if transport:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(12)
        _put(element, "EncryptedData", AES256_GCM, nonce + AESGCM(content_key).encrypt(nonce, plaintext, None))
        _put(element, "EncryptedKey", f"{NS_XENC}rsa-1_5", key.encrypt(content_key, PKCS1v15()), bare=True)
        return
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
    from cryptography.hazmat.primitives.hashes import SHA256

    vector, missing = os.urandom(_BLOCK), _BLOCK - len(plaintext) % _BLOCK
    encryptor = Cipher(AES(content_key), CBC(vector)).encryptor()
    padded = plaintext + bytes(missing - 1) + bytes([missing])
    _put(element, "EncryptedData", f"{NS_XENC}aes256-cbc", vector + encryptor.update(padded) + encryptor.finalize())
    wrapped = key.encrypt(content_key, OAEP(MGF1(SHA256()), SHA256(), None))
    _put(element, "EncryptedKey", None, wrapped)


def _put(element: _Element, part: str, algorithm: str | None, octets: bytes, *, bare: bool = False) -> None:
    found = next(element.iter(f"{{{NS_XENC}}}{part}"))
    method = found.find(f"{{{NS_XENC}}}EncryptionMethod")
    value = found.find(f"{{{NS_XENC}}}CipherData/{{{NS_XENC}}}CipherValue")
    assert method is not None and value is not None
    if bare:
        for child in list(method):
            method.remove(child)
    if algorithm is not None:
        method.set("Algorithm", algorithm)
    value.text = base64.b64encode(octets).decode()
