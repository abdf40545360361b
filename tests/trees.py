"""What attackers and other stacks do with messages: take them apart as lxml trees, change them, sign them where they stand.

The signer here is independent of the product's: it canonicalises with libxml2 what the product writes in canonical form itself.
"""

import hashlib

from lxml import etree
from lxml.etree import _Element

from oiosaml.keys import SigningKey
from oiosaml.uris import C14N_EXCLUSIVE, DIGEST_SHA256, NS_DS, NS_SAML, RSA_SHA256, TRANSFORM_ENVELOPED
from oiosaml.xml import sign
from oiosaml.xml.base64_text import encode
from oiosaml.xml.canonical import canonical_octets
from oiosaml.xml.parse import parse_message
from oiosaml.xml.sign import sign_octets
from oiosaml.xml.writing import NewElement

_SIGNATURE = f"""\
<ds:Signature xmlns:ds="{NS_DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{C14N_EXCLUSIVE}"/>\
<ds:SignatureMethod Algorithm="{RSA_SHA256}"/><ds:Reference URI="#{{id}}"><ds:Transforms>\
<ds:Transform Algorithm="{TRANSFORM_ENVELOPED}"/><ds:Transform Algorithm="{C14N_EXCLUSIVE}"/></ds:Transforms>\
<ds:DigestMethod Algorithm="{DIGEST_SHA256}"/><ds:DigestValue>{{digest}}</ds:DigestValue></ds:Reference></ds:SignedInfo>\
<ds:SignatureValue/><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{{certificate}}</ds:X509Certificate></ds:X509Data>\
</ds:KeyInfo></ds:Signature>"""


def tree(element: NewElement) -> _Element:
    """What a reader makes of an element we wrote."""
    return parse_message(element.octets())


def serialise(element: NewElement | _Element) -> bytes:
    """The octets of what we wrote, or of a tree that somebody has meddled with."""
    if isinstance(element, NewElement):
        return element.octets()
    return etree.tostring(element, encoding="UTF-8", xml_declaration=False, with_tail=False)


def sign_enveloped(element: NewElement | _Element, key: SigningKey) -> None:
    """Sign what we wrote as the product does, or a tree where it stands."""
    if isinstance(element, NewElement):
        sign.sign_enveloped(element, key)
        return
    digest = encode(hashlib.sha256(canonical_octets(element)).digest())
    text = _SIGNATURE.format(id=element.get("ID"), digest=digest, certificate=encode(key.certificate_der))
    signature = etree.fromstring(text)
    signature[1].text = encode(sign_octets(canonical_octets(signature[0]), key))
    issued = len(element) > 0 and element[0].tag == f"{{{NS_SAML}}}Issuer"
    element.insert(1 if issued else 0, signature)
