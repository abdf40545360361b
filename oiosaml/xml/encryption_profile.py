"""The shape of an encrypted element, read by plain element access, with its algorithms decided from their URIs before any decryption.

The wrapped key stands inline in the EncryptedData's KeyInfo, or beside the EncryptedData, where a RetrievalMethod may point at it: both
habits are common (SAML Core 2.3.4, XML Encryption 3.5). Nothing else is looked up, and nothing is fetched.
"""

from typing import Final

from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.uris import (
    AES128_GCM,
    AES256_GCM,
    DIGEST_SHA1,
    DIGEST_SHA256,
    DIGEST_SHA384,
    DIGEST_SHA512,
    MGF1_SHA1,
    MGF1_SHA256,
    NS_DS,
    NS_XENC,
    NS_XENC11,
    RSA_OAEP,
    RSA_OAEP_MGF1P,
)
from oiosaml.value_type import value_type
from oiosaml.xml.base64_text import NotBase64, decode_in_xml
from oiosaml.xml.names import local_name
from oiosaml.xml.parse import text_of

MAXIMUM_WRAPPED_KEYS: Final = 4
"""Most recipients of one message; each costs a private-key operation for each of our keys."""

_BLOCKS: Final = frozenset({AES128_GCM, AES256_GCM})
_KEY_TRANSPORTS: Final = frozenset({RSA_OAEP, RSA_OAEP_MGF1P})
_DIGESTS: Final = frozenset({DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512})
_MGFS: Final = frozenset({MGF1_SHA1, MGF1_SHA256, f"{NS_XENC11}mgf1sha384", f"{NS_XENC11}mgf1sha512"})

_ENCRYPTED_DATA: Final = f"{{{NS_XENC}}}EncryptedData"
_ENCRYPTED_KEY: Final = f"{{{NS_XENC}}}EncryptedKey"
_ENCRYPTION_METHOD: Final = f"{{{NS_XENC}}}EncryptionMethod"
_CIPHER_DATA: Final = f"{{{NS_XENC}}}CipherData"
_CIPHER_VALUE: Final = f"{{{NS_XENC}}}CipherValue"
_KEY_INFO: Final = f"{{{NS_DS}}}KeyInfo"
_RETRIEVAL_METHOD: Final = f"{{{NS_DS}}}RetrievalMethod"
_ELEMENT_TYPE: Final = f"{NS_XENC}Element"


@value_type
class WrappedKey:
    """A content key encrypted for one recipient."""

    digest: str
    mgf: str
    ciphertext: bytes


@value_type
class EncryptedParts:
    """What a well-formed encrypted element consists of; every algorithm in it is an allowed one."""

    block: str
    ciphertext: bytes
    wrapped_keys: tuple[WrappedKey, ...]


def read_encrypted(encrypted: _Element) -> EncryptedParts:
    """Read a saml:EncryptedAssertion or its like.

    Raises:
        SamlError: `enc.structure` or `enc.algorithm`.
    """
    encrypted_data, peers = _content(encrypted)
    if encrypted_data.get("Type", _ELEMENT_TYPE) != _ELEMENT_TYPE:
        raise _structure(f"EncryptedData of Type {encrypted_data.get('Type')!r:.80}", _ELEMENT_TYPE)
    wrapped_elements = [*_inline_keys(encrypted_data, peers), *peers]
    if not 1 <= len(wrapped_elements) <= MAXIMUM_WRAPPED_KEYS:
        raise _structure(f"{len(wrapped_elements)} EncryptedKeys", f"1 to {MAXIMUM_WRAPPED_KEYS}")
    block = _algorithm(_only(encrypted_data, _ENCRYPTION_METHOD), _BLOCKS)
    wrapped_keys = tuple(_wrapped_key(each) for each in wrapped_elements)
    return EncryptedParts(block, _cipher_value(encrypted_data), wrapped_keys)


def _content(encrypted: _Element) -> tuple[_Element, list[_Element]]:
    children = list(encrypted)
    tags = [child.tag for child in children]
    if tags[:1] != [_ENCRYPTED_DATA] or any(tag != _ENCRYPTED_KEY for tag in tags[1:]):
        shown = ", ".join(local_name(child) for child in children[:6]) or "nothing"
        raise _structure(f"{shown} in {local_name(encrypted)}", "one EncryptedData, then EncryptedKeys at most")
    return children[0], children[1:]


def _inline_keys(encrypted_data: _Element, peers: list[_Element]) -> list[_Element]:
    key_infos = _called(encrypted_data, _KEY_INFO)
    if len(key_infos) > 1:
        raise _structure(f"{len(key_infos)} KeyInfos", "one at most")
    if not key_infos:
        return []
    beside = {f"#{peer.get('Id')}" for peer in peers if peer.get("Id")}
    for method in _called(key_infos[0], _RETRIEVAL_METHOD):
        # It may only point at a key that we read anyway; it is never followed, let alone fetched.
        if method.get("URI") not in beside:
            raise _structure(f"RetrievalMethod {method.get('URI')!r:.120}", "one that names an EncryptedKey beside it")
    return _called(key_infos[0], _ENCRYPTED_KEY)


def _wrapped_key(element: _Element) -> WrappedKey:
    method = _only(element, _ENCRYPTION_METHOD)
    transport = _algorithm(method, _KEY_TRANSPORTS)
    digest, mgf = DIGEST_SHA1, MGF1_SHA1
    for parameter in method:
        match parameter.tag:
            case "{http://www.w3.org/2000/09/xmldsig#}DigestMethod":
                digest = _algorithm(parameter, _DIGESTS)
            case "{http://www.w3.org/2009/xmlenc11#}MGF" if transport == RSA_OAEP:
                mgf = _algorithm(parameter, _MGFS)
            case "{http://www.w3.org/2001/04/xmlenc#}KeySize":
                pass
            case _:
                # Such as OAEPparams, a label that nobody uses, or a mask for the transport that has its own.
                raise SamlError(
                    "enc.algorithm",
                    f"got {local_name(parameter)} for {transport}, expected DigestMethod and MGF at most",
                )
    return WrappedKey(digest, mgf, _cipher_value(element))


def _algorithm(method: _Element, allowed: frozenset[str]) -> str:
    uri = method.get("Algorithm", "")
    if uri not in allowed:
        raise SamlError(
            "enc.algorithm", f"got {local_name(method)} {uri!r:.120}, expected one of {', '.join(sorted(allowed))}"
        )
    return uri


def _cipher_value(element: _Element) -> bytes:
    data = _only(element, _CIPHER_DATA)
    if len(data) != 1 or data[0].tag != _CIPHER_VALUE or len(data[0]):
        # CipherReference is a URL to fetch.
        raise _structure("CipherData with something else", "one CipherValue")
    try:
        return decode_in_xml(text_of(data[0]))
    except NotBase64 as error:
        raise _structure(str(error).removeprefix("got "), "base64 in CipherValue") from error


def _called(parent: _Element, tag: str) -> list[_Element]:
    return [each for each in parent if each.tag == tag]


def _only(parent: _Element, tag: str) -> _Element:
    found = _called(parent, tag)
    if len(found) != 1:
        raise _structure(f"{len(found)} {tag.partition('}')[2]} in {local_name(parent)}", "one")
    return found[0]


def _structure(got: str, expected: str) -> SamlError:
    return SamlError("enc.structure", f"got {got}, expected {expected}")
