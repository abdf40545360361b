"""Somebody between the broker and a system: changes the answer on its way through the browser.

The attacker here is stronger than any real one: he can decrypt, since the test made the system's key, and may even sign as the broker.
"""

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

import httpx
from lxml import etree

from oiosaml.keys import SigningKey
from oiosaml.uris import NS_DS, NS_SAML, NS_XENC
from oiosaml.xml.encryption import RSA_OAEP_MGF1P_SHA1, decrypt, encrypt
from tests.conftest import Member
from tests.trees import sign_enveloped, tree

ASSERTION = f"{{{NS_SAML}}}Assertion"
ENCRYPTED_ASSERTION = f"{{{NS_SAML}}}EncryptedAssertion"
SIGNATURE = f"{{{NS_DS}}}Signature"
CIPHER_VALUE = f"{{{NS_XENC}}}CipherValue"

Change = Callable[[bytes], bytes]


@dataclass(slots=True)
class AtTheDoor(httpx.BaseTransport):
    """Lets everything pass unchanged but the answer at one address, and keeps what it let in."""

    acs_url: str
    change: Change = field(default=lambda octets: octets)
    delivered: list[bytes] = field(default_factory=list)
    _street: httpx.HTTPTransport = field(default_factory=lambda: httpx.HTTPTransport(trust_env=False))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) == self.acs_url and request.method == "POST":
            request = self._changed(request)
        return self._street.handle_request(request)

    def close(self) -> None:
        self._street.close()

    def _changed(self, request: httpx.Request) -> httpx.Request:
        fields = dict(parse_qsl(request.read().decode("ascii")))
        changed = self.change(base64.b64decode(fields["SAMLResponse"]))
        fields["SAMLResponse"] = base64.b64encode(changed).decode("ascii")
        body = urlencode(fields).encode("ascii")
        self.delivered.append(body)
        headers = {**request.headers, "content-length": str(len(body))}
        return httpx.Request("POST", request.url, headers=headers, content=body, extensions=request.extensions)


def flip_a_bit(octets: bytes) -> bytes:
    """One bit in the middle of the encrypted assertion."""
    root = etree.fromstring(octets)
    *_, value = root.iter(CIPHER_VALUE)
    sealed = bytearray(base64.b64decode(value.text or ""))
    sealed[len(sealed) // 2] ^= 1
    value.text = base64.b64encode(sealed).decode("ascii")
    return etree.tostring(root)


def in_envelope(change: Callable[[etree._Element], object]) -> Change:
    """Change the Response round the assertion, which no signature covers in OIOSAML 3."""

    def changed(octets: bytes) -> bytes:
        root = etree.fromstring(octets)
        change(root)
        return etree.tostring(root)

    return changed


def in_assertion(
    owner: Member,
    change: Callable[[etree._Element], object],
    *,
    signer: SigningKey | None = None,
    encrypted: bool = True,
) -> Change:
    """Open the encryption, change what is inside, sign it anew if `signer` is given, and close it again if `encrypted`."""

    def changed(octets: bytes) -> bytes:
        root = etree.fromstring(octets)
        sealed = root.find(ENCRYPTED_ASSERTION)
        assertion = etree.fromstring(decrypt(sealed, (owner.decryption,)))
        change(assertion)
        inside = _signed(assertion, signer) if signer else etree.tostring(assertion)
        root.remove(sealed)
        if not encrypted:
            # Into the text: grafting would rewrite prefixes and break a good signature.
            return etree.tostring(root).replace(b"</samlp:Response>", inside + b"</samlp:Response>")
        method = RSA_OAEP_MGF1P_SHA1
        etree.SubElement(root, ENCRYPTED_ASSERTION).append(
            tree(encrypt(inside, owner.public_key, method, entropy=os.urandom))
        )
        return etree.tostring(root)

    return changed


def _signed(assertion: etree._Element, signer: SigningKey) -> bytes:
    old = assertion.find(SIGNATURE)
    if old is not None:
        assertion.remove(old)
    sign_enveloped(assertion, signer)
    return etree.tostring(assertion)
