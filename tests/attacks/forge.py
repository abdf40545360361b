"""The catalogue's base messages and what its cases do to them: each mutant differs from an accepted message in one thing."""

import copy
import os
from collections.abc import Callable
from urllib.parse import quote_from_bytes

import pytest
import xmlsec
from lxml import etree
from lxml.etree import _Element

from oiosaml.bindings.post import write_post_form
from oiosaml.errors import SamlError
from oiosaml.messages.assertion import write_assertion
from oiosaml.messages.response import Answer, write_encrypted_assertion, write_response
from oiosaml.openings import open_response, unseal_response
from oiosaml.uris import NS_DS, NS_SAML, NS_SAMLP
from oiosaml.xml.encryption import OIOSAML_DEFAULT, encrypt
from tests.builders import assertion, response
from tests.conftest import Member
from tests.trees import serialise, sign_enveloped, tree

NAMESPACES = {"saml": NS_SAML, "samlp": NS_SAMLP, "ds": NS_DS}
EVIL = "evil-name-id"


def name(prefixed: str) -> str:
    prefix, _, local = prefixed.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def parse(octets: bytes) -> _Element:
    """Parse as an attacker's tool would: leniently, keeping everything."""
    return etree.fromstring(octets, etree.XMLParser(resolve_entities=False, remove_blank_text=False))


def signed_assertion(signer: Member) -> bytes:
    element = write_assertion(assertion())
    sign_enveloped(element, signer.signing)
    return serialise(element)


def message_a(signer: Member) -> _Element:
    """M-A: Response, unsigned, holding one signed Assertion."""
    root = tree(write_response(response(), write_assertion(assertion())))
    sign_enveloped(find(root, "saml:Assertion"), signer.signing)
    return parse(serialise(root))


def message_e(plaintext: bytes, recipient: Member) -> _Element:
    """M-E: Response holding one EncryptedAssertion of that plaintext."""
    data = encrypt(plaintext, recipient.public_key, OIOSAML_DEFAULT, entropy=os.urandom)
    return parse(serialise(write_response(response(), write_encrypted_assertion(data))))


def find(root: _Element, path: str) -> _Element:
    found = root.find(".//" + "/".join(name(step) for step in path.split("/")))
    assert found is not None, path
    return found


def signature_of(element: _Element) -> _Element:
    found = element.find(name("ds:Signature"))
    assert found is not None
    return found


def strip(element: _Element) -> _Element:
    for signature in element.findall(name("ds:Signature")):
        element.remove(signature)
    return element


def clone(element: _Element) -> _Element:
    return copy.deepcopy(element)


def make_evil(element: _Element) -> _Element:
    find(element, "saml:NameID").text = EVIL
    return element


def naive(octets: bytes, signer: Member) -> bool:
    """What a bare verifier says: find the first Signature anywhere, resolve its Reference by ID, verify."""
    root = parse(octets)
    node = xmlsec.tree.find_node(root, xmlsec.constants.NodeSignature)
    if node is None:
        return False
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(signer.certificate_pem, xmlsec.constants.KeyDataFormatCertPem)
    for element in root.iter():
        if element.get("ID") is not None:
            try:
                context.register_id(element, "ID")
            except xmlsec.Error:
                continue  # a second element with that ID: the first one keeps it, as in the bare verifier
    try:
        context.verify(node)
    except xmlsec.Error:
        return False
    return True


def form(octets: bytes) -> bytes:
    fields = write_post_form("https://nowhere.test", octets, relay_state=None).fields
    return "&".join(f"{field}={quote_from_bytes(value.encode(), safe='')}" for field, value in fields).encode()


def answer_by_post(octets: bytes, signer: Member, recipient: Member) -> Answer:
    """What the ACS makes of a Response; OIOSAML wants it encrypted."""
    return unseal_response(open_response(form(octets)), [signer.verification], [recipient.decryption])


def code_of(action: Callable[[], object]) -> str:
    """The public code with which `action` refuses."""
    with pytest.raises(SamlError) as caught:
        action()
    assert EVIL not in caught.value.detail
    return caught.value.code
