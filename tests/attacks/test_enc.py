"""ENC: encrypted assertions. The algorithms are judged by their URIs before anything is decrypted; every failure after that is one."""

import statistics
from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import partial

import pytest
from lxml import etree
from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.keys import DecryptionKey
from oiosaml.uris import NS_XENC
from oiosaml.xml.encryption import decrypt
from oiosaml.xml.parse import parse_message
from tests.attacks.forge import (
    answer_by_post,
    clone,
    code_of,
    find,
    message_e,
    name,
    parse,
    signed_assertion,
)
from tests.builders import assertion
from tests.conftest import Member
from tests.cpu_time import cpu_seconds_of
from tests.trees import serialise

XENC = f"{{{NS_XENC}}}"


@pytest.fixture
def message(idp: Member, broker: Member) -> _Element:
    return message_e(signed_assertion(idp), broker)


def encrypted_of(root: _Element) -> _Element:
    return find(parse_message(serialise(root)), "saml:EncryptedAssertion")


def key_that_must_not_be_used() -> DecryptionKey:
    return DecryptionKey(private_key=None, fingerprint="unused")  # type: ignore[arg-type]


def test_enc_00_control_the_honest_message_is_accepted(message: _Element, idp: Member, broker: Member) -> None:
    """The twin of every case."""
    answer = answer_by_post(serialise(message), idp, broker)
    assert answer.assertion is not None
    assert answer.assertion.value == assertion()
    assert answer.envelope_signer is None


def method_of(root: _Element, parent: str) -> _Element:
    found = root.find(f".//{XENC}{parent}/{XENC}EncryptionMethod")
    assert found is not None
    return found


@pytest.mark.parametrize(
    "uri", [f"{NS_XENC}rsa-1_5", f"{NS_XENC}kw-aes256", "http://www.w3.org/2009/xmlenc11#ECDH-ES", "", "none"]
)
def test_enc_01_key_transport_not_allowed(uri: str, message: _Element) -> None:
    """Jager/Somorovsky: decided from the URI, the private key is never touched."""
    method_of(message, "EncryptedKey").set("Algorithm", uri)
    assert code_of(lambda: decrypt(encrypted_of(message), [key_that_must_not_be_used()])) == "enc.algorithm"


@pytest.mark.parametrize("uri", [f"{NS_XENC}aes256-cbc", f"{NS_XENC}aes128-cbc", f"{NS_XENC}tripledes-cbc", ""])
def test_enc_02_block_algorithm_not_allowed(uri: str, message: _Element) -> None:
    """How to Break XML Encryption (2011)."""
    method_of(message, "EncryptedData").set("Algorithm", uri)
    assert code_of(lambda: decrypt(encrypted_of(message), [key_that_must_not_be_used()])) == "enc.algorithm"


@pytest.mark.parametrize("child", ["DigestMethod", "MGF", "OAEPparams"])
def test_enc_02_parameters_not_allowed(child: str, message: _Element) -> None:
    """A digest, a mask or a label that we do not know is an algorithm that we do not know."""
    method = method_of(message, "EncryptedKey")
    if child == "OAEPparams":
        etree.SubElement(method, f"{XENC}OAEPparams").text = "QQ=="
    else:
        found = next(each for each in method if etree.QName(each).localname == child)
        found.set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#md5")
    assert code_of(lambda: decrypt(encrypted_of(message), [key_that_must_not_be_used()])) == "enc.algorithm"


def test_enc_03_second_key_and_second_recipient(message: _Element, broker: Member, stranger: Member) -> None:
    """Two own keys during a rollover; two recipients in one message."""
    encrypted = encrypted_of(message)
    assert decrypt(encrypted, [stranger.decryption, broker.decryption]).startswith(b"<saml:Assertion")
    inline = message.find(f".//{XENC}EncryptedKey")
    other = message_e(b"<a/>", stranger).find(f".//{XENC}EncryptedKey")
    assert inline is not None
    assert other is not None
    inline.addprevious(other)
    assert decrypt(encrypted_of(message), [broker.decryption]).startswith(b"<saml:Assertion")


REGIONS: dict[str, tuple[str, Callable[[int], int]]] = {
    "wrapped key": ("EncryptedKey", lambda size: size // 2),
    "nonce": ("EncryptedData", lambda size: 0),
    "ciphertext": ("EncryptedData", lambda size: size // 2),
    "tag": ("EncryptedData", lambda size: size - 1),
}


def flipped(root: _Element, region: str) -> _Element:
    parent, position = REGIONS[region]
    value = root.find(f".//{XENC}{parent}/{XENC}CipherData/{XENC}CipherValue")
    assert value is not None
    octets = bytearray(b64decode(value.text or ""))
    octets[position(len(octets))] ^= 1
    value.text = b64encode(octets).decode()
    return root


@pytest.mark.parametrize("region", REGIONS)
def test_enc_04_broken_ciphertext_uniform_answer(region: str, message: _Element, idp: Member, broker: Member) -> None:
    """One code and one sentence, whatever broke."""
    octets = serialise(flipped(message, region))
    with pytest.raises(SamlError) as caught:
        answer_by_post(octets, idp, broker)
    assert caught.value.code == "enc.failed"
    assert caught.value.detail == "got an encrypted assertion that does not decrypt, expected one made for our key"


@pytest.mark.parametrize("cut", [0, 5, 12, 27])
def test_enc_04_ciphertext_cut_short(cut: int, message: _Element, broker: Member) -> None:
    """Too short for a nonce and a tag, or none at all."""
    value = message.find(f".//{XENC}EncryptedData/{XENC}CipherData/{XENC}CipherValue")
    assert value is not None
    value.text = b64encode(b64decode(value.text or "")[:cut]).decode()
    expected = "enc.failed" if cut else "enc.structure"
    assert code_of(lambda: decrypt(encrypted_of(message), [broker.decryption])) == expected


def test_enc_04_same_time_whichever_part_is_broken(message: _Element, broker: Member) -> None:
    """Medians within 2 ms: whatever fails takes the same way. In turns, so that all meet the machine as it is then."""
    broken = {region: encrypted_of(flipped(clone(message), region)) for region in REGIONS}
    times: dict[str, list[float]] = {region: [] for region in broken}
    for _ in range(200):
        for region, encrypted in broken.items():
            decrypting = partial(code_of, partial(decrypt, encrypted, [broker.decryption]))
            times[region].append(cpu_seconds_of(decrypting))
    medians = [statistics.median(each) for each in times.values()]
    assert max(medians) - min(medians) < 0.002


def test_enc_structure_nothing_is_fetched_or_searched(message: _Element) -> None:
    """CipherReference and RetrievalMethod are URLs; the wrapped key stands in one of two places or nowhere."""
    reference = clone(message)
    data = reference.find(f".//{XENC}EncryptedData/{XENC}CipherData")
    assert data is not None
    data.clear()
    etree.SubElement(data, f"{XENC}CipherReference", URI="http://127.0.0.1:9/")
    keyless = clone(message)
    key_info = find(keyless, "ds:KeyInfo")
    key_info.clear()
    retrieved = clone(keyless)
    etree.SubElement(find(retrieved, "ds:KeyInfo"), name("ds:RetrievalMethod"), URI="http://127.0.0.1:9/")
    many = clone(message)
    wrapped = find(many, "ds:KeyInfo")[0]
    for _ in range(4):
        wrapped.addnext(clone(wrapped))
    typed = clone(message)
    find(typed, "saml:EncryptedAssertion")[0].set("Type", f"{NS_XENC}Content")
    for mutant in (reference, keyless, retrieved, many, typed):
        assert (
            code_of(lambda mutant=mutant: decrypt(encrypted_of(mutant), [key_that_must_not_be_used()]))
            == "enc.structure"
        )


def test_enc_wrapped_key_beside_the_data(message: _Element, idp: Member, broker: Member) -> None:
    """Shibboleth and OIOSAML.Java put EncryptedKey behind EncryptedData and point at it."""
    encrypted = find(message, "saml:EncryptedAssertion")
    key_info = find(message, "ds:KeyInfo")
    wrapped = key_info[0]
    wrapped.set("Id", "_key")
    encrypted.append(wrapped)
    etree.SubElement(key_info, name("ds:RetrievalMethod"), URI="#_key", Type=f"{NS_XENC}EncryptedKey")
    assert answer_by_post(serialise(message), idp, broker).assertion is not None
    encrypted[0].remove(key_info)
    assert answer_by_post(serialise(message), idp, broker).assertion is not None


def test_enc_plaintext_that_leans_on_its_surroundings(idp: Member, broker: Member) -> None:
    """Some stacks encrypt text whose prefixes are declared outside; the signature still covers the names as they are read."""
    octets = signed_assertion(idp)
    declaration = b' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
    assert octets.count(declaration) == 1
    leaning = b"\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?>\n" + octets.replace(declaration, b"")
    answer = answer_by_post(serialise(message_e(leaning, broker)), idp, broker)
    assert answer.assertion is not None
    assert answer.assertion.value == assertion()


@pytest.mark.parametrize(
    ("plaintext", "code"),
    [
        (b"</scope><scope>", "xml.malformed"),
        (b"<saml:Assertion/></scope><scope>", "xml.malformed"),
        (b"<saml:Assertion/><saml:Assertion/>", "xml.malformed"),
        (b"<saml:Assertion/>text", "xml.malformed"),
        (b"<!DOCTYPE a><a/>", "xml.dtd"),
        (b"<a/>", "xml.root"),
        (b"", "xml.malformed"),
        (b"not xml", "xml.malformed"),
    ],
)
def test_enc_plaintext_that_is_no_assertion(plaintext: bytes, code: str, idp: Member, broker: Member) -> None:
    """What comes out of decryption is a stranger's document: all limits and rules apply to it anew."""
    octets = serialise(message_e(plaintext, broker))
    assert code_of(lambda: answer_by_post(octets, idp, broker)) == code


def test_enc_plaintext_default_namespace_from_outside(idp: Member, broker: Member) -> None:
    """`<Assertion>` without a prefix that relies on the message's default namespace."""
    root = parse(signed_assertion(idp))
    octets = (
        etree.tostring(root).replace(b"saml:", b"").replace(b'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"', b"")
    )
    message = message_e(octets, broker)
    declared = b'<saml:EncryptedAssertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" '
    wrapped = serialise(message).replace(b"<saml:EncryptedAssertion ", declared)
    # other prefixes are other octets, so the signature is broken; but the structure was found
    assert code_of(lambda: answer_by_post(wrapped, idp, broker)) == "sig.value"
    assert code_of(lambda: answer_by_post(serialise(message), idp, broker)) == "xml.root"
