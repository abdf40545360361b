"""The words of a recipe that change a message as a tree. Each does one thing; catalogue/README.md lists them.

`at`, `of`, `into`, `before`, `after` are XPath expressions; the first element that they find is meant. They may use the prefixes below and
the variables of a draft, such as `$signed`, the element that the base message signs.
"""

import base64
import copy
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from lxml import etree
from lxml.etree import _Element

from oiosaml.keys import SigningKey
from oiosaml.uris import NS_DS, NS_MD, NS_SAML, NS_SAMLP, NS_SOAP, NS_XENC
from oiosaml.xml.canonical import canonical_octets
from tests.trees import sign_enveloped

NAMESPACES = {
    "saml": NS_SAML,
    "samlp": NS_SAMLP,
    "ds": NS_DS,
    "xenc": NS_XENC,
    "md": NS_MD,
    "soap": NS_SOAP,
    "bpp": "http://digst.dk/oiosaml/basic_privilege_profile",
    "xi": "http://www.w3.org/2001/XInclude",
    "xsl": "http://www.w3.org/1999/XSL/Transform",
}
EVIL_ID = "_evil"
EVIL_PERSON = "Eva Ond"
EVIL_NAME_ID = f"C=DK,O=91000013,CN={EVIL_PERSON},Serial=5a8d2c11-9b7e-4f60-8a3d-4b1e7c9f0d22"
"""Who an attacker would like to be; the broker must never take this name for a subject."""

_SIGNATURE = f"{{{NS_DS}}}Signature"


@dataclass
class Draft:
    """A message while it is made."""

    root: _Element
    keys: dict[str, SigningKey]
    """By the names that recipes use: `honest`, `stranger`, `other-member`, …"""
    variables: dict[str, Any] = field(default_factory=dict)
    remembered: dict[str, _Element] = field(default_factory=dict)
    sealing: dict[str, str] = field(default_factory=dict)
    """How the assertion will be encrypted, where it is not as OIOSAML 3 wants it; filled in by `seal-with`."""
    plaintext: tuple[str, str, str] = ("", "", "")
    """What is encrypted before and behind the assertion, or in its place; filled in by `seal-text`."""

    def find(self, path: str) -> _Element:
        found = self.root.xpath(path, namespaces=NAMESPACES, **self.variables)
        assert isinstance(found, list) and found, f"{path} finds nothing"
        element = found[0]
        assert isinstance(element, _Element)
        return element

    @property
    def signed(self) -> _Element:
        return self.find("$signed")


Change = Callable[..., None]
CHANGES: dict[str, Change] = {}


def change(word: str) -> Callable[[Change], Change]:
    def register(function: Change) -> Change:
        CHANGES[word] = function
        return function

    return register


# --- taking away and setting


@change("remove")
def remove(draft: Draft, *, at: str) -> None:
    """Take an element out; the text behind it stays."""
    _take_out(draft.find(at))


@change("set-text")
def set_text(draft: Draft, *, at: str, to: str, times: int = 1) -> None:
    draft.find(at).text = to * times


@change("add-text")
def add_text(draft: Draft, *, at: str, text: str) -> None:
    element = draft.find(at)
    element.text = (element.text or "") + text


@change("set-attribute")
def set_attribute(draft: Draft, *, at: str, name: str, to: str, times: int = 1) -> None:
    draft.find(at).set(name, to * times)


@change("remove-attribute")
def remove_attribute(draft: Draft, *, at: str, name: str) -> None:
    del draft.find(at).attrib[name]


@change("copy-attribute")
def copy_attribute(draft: Draft, *, of: str, name: str, to: str, called: str = "") -> None:
    """Give one element the value of another one's attribute."""
    draft.find(to).set(called or name, draft.find(of).get(name, ""))


@change("comment")
def comment(draft: Draft, *, at: str, after: int, text: str = "", instruction: bool = False) -> None:
    """Put a comment, or a processing instruction, into an element's text behind so many characters of it."""
    element = draft.find(at)
    whole = element.text or ""
    hidden = etree.ProcessingInstruction("x", text or "y") if instruction else etree.Comment(text)
    element.text, hidden.tail = whole[:after], whole[after:]
    element.insert(0, hidden)


# --- moving and copying


@change("remember")
def remember(draft: Draft, *, of: str, name: str, stripped: bool = False) -> None:
    """Keep a copy of an element as it stands now, under a name; stripped of its own Signature if so asked."""
    twin = copy.deepcopy(draft.find(of))
    twin.tail = None
    draft.remembered[name] = strip(twin) if stripped else twin


@change("insert")
def insert(
    draft: Draft,
    *,
    what: str = "",
    xml: str = "",
    times: int = 1,
    into: str = "",
    first_in: str = "",
    before: str = "",
    after: str = "",
) -> None:
    """Put in what was remembered, or new XML, at one place: last or first in an element, before it or behind it."""
    for _ in range(times):
        element = copy.deepcopy(draft.remembered[what]) if what else _element(xml)
        _place(draft, element, into=into, first_in=first_in, before=before, after=after)


@change("move")
def move(draft: Draft, *, of: str, into: str = "", first_in: str = "", before: str = "", after: str = "") -> None:
    element = draft.find(of)
    _take_out(element)
    element.tail = None
    _place(draft, element, into=into, first_in=first_in, before=before, after=after)


@change("double")
def double(draft: Draft, *, at: str, times: int = 1) -> None:
    """Put a copy behind the original, or many."""
    element = draft.find(at)
    for _ in range(times):
        element.addnext(copy.deepcopy(element))


@change("nest")
def nest(draft: Draft, *, into: str, depth: int) -> None:
    """Build a tower of elements without meaning."""
    here = draft.find(into)
    for _ in range(depth):
        here = etree.SubElement(here, "{urn:x}a")


# --- evil twins


@change("make-evil")
def make_evil(draft: Draft, *, at: str = "", remembered: str = "", keep_id: bool = False) -> None:
    """Give an element, or a remembered one, a new ID and the NameID of somebody else."""
    element = draft.remembered[remembered] if remembered else draft.find(at)
    if not keep_id:
        element.set("ID", EVIL_ID)
    for name_id in element.iter(f"{{{NS_SAML}}}NameID"):
        name_id.text = EVIL_NAME_ID
        break


# --- signatures


@change("strip")
def strip_signature(draft: Draft, *, at: str = "$signed") -> None:
    """Take an element's own signature out."""
    strip(draft.find(at))


@change("sign")
def sign(draft: Draft, *, at: str = "$signed", key: str = "honest", shows: str = "") -> None:
    """Sign anew, properly, with the key of that name; KeyInfo shows the certificate of `shows`, by default that key's own."""
    element, signing = strip(draft.find(at)), draft.keys[key]
    sign_enveloped(element, signing)
    if shows:
        certificate = base64.b64encode(draft.keys[shows].certificate_der).decode()
        element.find(f".//{{{NS_DS}}}X509Certificate").text = certificate  # type: ignore[union-attr]  # just written


@change("sign-as-it-stands")
def sign_as_it_stands(draft: Draft, *, at: str = "$signed") -> None:
    """Let libxmlsec sign anew, with the honest key, what the signature says by now, so that only what it says is at fault."""
    signature = draft.find(at).find(_SIGNATURE)
    assert signature is not None
    private_key = draft.keys["honest"].private_key
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
    for element in draft.root.iter():
        if isinstance(element.tag, str) and element.get("ID") is not None:
            context.register_id(element, "ID")
    shown = signature.find(f"{{{NS_DS}}}KeyInfo")
    kept = copy.deepcopy(shown)
    context.sign(signature)
    if shown is not None and kept is not None:
        signature.replace(shown, kept)  # libxmlsec writes what it knows of the key into it


@change("sign-with-mac")
def sign_with_mac(draft: Draft, *, secret: str, at: str = "$signed") -> None:
    """Sign with HMAC-SHA256 keyed with octets that everybody knows of the honest certificate: `pem`, `der` or `key`."""
    certificate = x509.load_der_x509_certificate(draft.keys["honest"].certificate_der)
    octets = {
        "pem": certificate.public_bytes(Encoding.PEM),
        "der": certificate.public_bytes(Encoding.DER),
        "key": certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    }[secret]
    element = strip(draft.find(at))
    template = xmlsec.template.create(element, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.HMAC_SHA256, ns="ds")
    element.insert(1, template)
    reference = xmlsec.template.add_reference(template, xmlsec.Transform.SHA256, uri=f"#{element.get('ID')}")
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, octets)
    context.register_id(element, "ID")
    context.sign(template)


@change("new-digest-in-comment")
def new_digest_in_comment(draft: Draft, *, at: str = "$signed", first: bool) -> None:
    """Write the digest of the changed content as a comment before or behind the old digest's text (SAMLStorm)."""
    element = draft.find(at)
    digest = base64.b64encode(hashlib.sha256(canonical_octets(strip(copy.deepcopy(element)))).digest()).decode()
    value = element.find(f".//{{{NS_DS}}}DigestValue")
    assert value is not None
    honest, comment = value.text, etree.Comment(digest)
    value.text, comment.tail = (None, honest) if first else (honest, None)
    value.append(comment)


@change("set-transforms")
def set_transforms(draft: Draft, *, algorithms: list[str], inside: str = "", at: str = "$signed") -> None:
    """Replace the transforms; `inside` is XML that stands in those of XPath and XSLT."""
    transforms = draft.find(at).find(f"{_SIGNATURE}//{{{NS_DS}}}Transforms")
    assert transforms is not None
    for old in list(transforms):
        transforms.remove(old)
    for algorithm in algorithms:
        transform = etree.SubElement(transforms, f"{{{NS_DS}}}Transform", Algorithm=algorithm)
        if inside and "/TR/" in algorithm:
            transform.append(_element(inside))


# --- what stands in base64 within a message


@change("change-privileges")
def change_privileges(
    draft: Draft, *, replace: str = "", by: str = "", times: int = 1, kept: bool = False, whole: str = ""
) -> None:
    """Change the OIOBPP document inside its base64: replace text in it, or put new text before it, or replace the whole."""
    value = draft.find("//saml:Attribute[@Name=$privileges]/saml:AttributeValue")
    inner = base64.b64decode(value.text or "").decode()
    assert whole or replace in inner, inner
    value.text = base64.b64encode((whole or inner.replace(replace, by * times + replace * kept, 1)).encode()).decode()


@change("flip")
def flip(draft: Draft, *, at: str, octet: float) -> None:
    """Flip one bit of what stands in base64; `octet` says where, from 0 (first) to 1 (last)."""
    value = draft.find(at)
    octets = bytearray(base64.b64decode(value.text or ""))
    octets[round(octet * (len(octets) - 1))] ^= 1
    value.text = base64.b64encode(octets).decode()


@change("shorten")
def shorten(draft: Draft, *, at: str, octets: int) -> None:
    """Keep only so many octets of what stands in base64."""
    value = draft.find(at)
    value.text = base64.b64encode(base64.b64decode(value.text or "")[:octets]).decode()


@change("seal-with")
def seal_with(draft: Draft, *, to: str = "honest", transport: str = "", block: str = "") -> None:
    """Encrypt to somebody else, or by an old algorithm: `rsa-1_5`, `aes256-cbc`."""
    draft.sealing = {"to": to, "transport": transport, "block": block}


@change("seal-text")
def seal_text(draft: Draft, *, before: str = "", after: str = "", instead: str = "") -> None:
    """Encrypt other octets than those of the assertion alone: with text before or behind it, or in its place."""
    draft.plaintext = (before, after, instead)


# --- how the words do it


def strip(element: _Element) -> _Element:
    for signature in element.findall(_SIGNATURE):
        element.remove(signature)
    return element


def _take_out(element: _Element) -> None:
    parent = element.getparent()
    assert parent is not None
    tail, before = element.tail, element.getprevious()
    parent.remove(element)
    if tail and before is not None:
        before.tail = (before.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail


def _place(draft: Draft, element: _Element, *, into: str, first_in: str, before: str, after: str) -> None:
    if into:
        draft.find(into).append(element)
    elif first_in:
        draft.find(first_in).insert(0, element)
    elif before:
        draft.find(before).addprevious(element)
    else:
        draft.find(after).addnext(element)


def _element(xml: str) -> _Element:
    """Read new XML; the prefixes above are declared, those that stay unused are not written."""
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    scope = etree.fromstring(f"<scope {declared}>{xml}</scope>")
    node = scope[0]
    scope.remove(node)
    node.tail = None
    if isinstance(node.tag, str):
        # an XPath expression is text, and needs its prefixes all the same
        named = [prefix for prefix in NAMESPACES if any(f"{prefix}:" in text for text in node.itertext())]
        etree.cleanup_namespaces(node, keep_ns_prefixes=named)
    return node
