"""The shape a ds:Signature must have before any cryptography sees it (SAML Core 5.4; step 7 of the processing order).

Everything is read by plain element access, one child after the other. What the profile does not name is not there: no second Reference,
no Object, no transform but the two, nothing that could be fetched or run.

Decisions where the standard leaves room:

* An InclusiveNamespaces PrefixList is accepted, since OpenSAML writes one for every assertion with typed values; it only adds declarations
  to what is signed.
* KeyInfo is ignored. It may hold KeyName, KeyValue and X509Data, which are inert; anything else, such as RetrievalMethod, asks to be
  fetched or resolved and is refused (attack SIG-18).
"""

from typing import Final

from lxml import etree
from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.uris import C14N_EXCLUSIVE, NS_DS, NS_SAML, TRANSFORM_ENVELOPED
from oiosaml.value_type import value_type
from oiosaml.xml.algorithms import DIGESTS, SIGNATURE_ALGORITHMS
from oiosaml.xml.base64_text import NotBase64, decode_in_xml
from oiosaml.xml.names import WHITE_SPACE, is_ncname, local_name
from oiosaml.xml.parse import text_of


def _ds(name: str) -> str:
    return f"{{{NS_DS}}}{name}"


SIGNATURE: Final = _ds("Signature")

_SIGNED_INFO: Final = _ds("SignedInfo")
_REFERENCE: Final = _ds("Reference")
_IN_SIGNATURE: Final = [_SIGNED_INFO, _ds("SignatureValue")]
_IN_SIGNATURE_WITH_KEY: Final = [*_IN_SIGNATURE, _ds("KeyInfo")]
_IN_SIGNED_INFO: Final = [_ds("CanonicalizationMethod"), _ds("SignatureMethod"), _REFERENCE]
_IN_REFERENCE: Final = [_ds("Transforms"), _ds("DigestMethod"), _ds("DigestValue")]
_IN_TRANSFORMS: Final = [_ds("Transform")] * 2
_DIGEST_ALGORITHMS: Final = frozenset(DIGESTS)
_ISSUER: Final = f"{{{NS_SAML}}}Issuer"
_INCLUSIVE_NAMESPACES: Final = f"{{{C14N_EXCLUSIVE}}}InclusiveNamespaces"
_MAXIMUM_PREFIXES: Final = 16
"""Most prefixes of an InclusiveNamespaces; a signature that needs xs and xsi names two."""

_MAXIMUM_SIGNATURE_CHARACTERS: Final = 4096
"""Longest SignatureValue or DigestValue as text; an RSA key of 8192 bits makes 1368 characters."""

_COUNT_BEARING: Final = etree.XPath("count(//*[@* = $id])")
"""How many elements of the whole document bear a value in any attribute. Compiled once: compiling costs more than counting."""

_COUNT_NAMED: Final = etree.XPath(
    "count(//@*[. = $id][local-name() = 'ID' or local-name() = 'Id' or local-name() = 'id'])"
)
"""How many go by it as their ID, in whatever spelling: twice the work, and needed only where a SessionIndex, say, has the same value."""

_INERT_KEY_INFO: Final = frozenset(map(_ds, ("KeyName", "KeyValue", "X509Data")))

# Named so that the answer to a vendor is "this canonicalisation is not allowed", not "your signature has an odd shape".
_OTHER_CANONICALISATIONS: Final = (
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2006/12/xml-c14n11",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
    "http://www.w3.org/2006/12/xml-c14n11#WithComments",
)


@value_type
class SignatureParts:
    """A signature whose structure is as the profile wants it. Nothing in it is trusted yet."""

    signature: _Element
    signed_info: _Element
    signature_algorithm: str
    signature_value: bytes
    digest_algorithm: str
    digest_value: bytes
    signed_info_prefixes: tuple[str, ...]
    content_prefixes: tuple[str, ...]
    key_info: _Element | None


def read_signature(element: _Element) -> SignatureParts:
    """Read the Signature of `element`, which must stand where SAML puts it and cover exactly `element`.

    Raises:
        SamlError: `sig.missing`, `sig.coverage`, `sig.structure` or `sig.algorithm`.
    """
    signature = _only_signature(element)
    signed_info = _only_child(signature, _SIGNED_INFO)
    reference = _only_child(signed_info, _REFERENCE)
    _refuse_other_coverage(element, reference)
    _, signature_value, *key_info = _children(signature, _IN_SIGNATURE, _IN_SIGNATURE_WITH_KEY)
    canonicalisation, method, _ = _children(signed_info, _IN_SIGNED_INFO)
    transforms, digest_method, digest_value = _children(reference, _IN_REFERENCE)
    _refuse_active_key_info(key_info)
    return SignatureParts(
        signature=signature,
        signed_info=signed_info,
        signed_info_prefixes=_canonicalisation_prefixes(canonicalisation),
        signature_algorithm=_algorithm(method, SIGNATURE_ALGORITHMS),
        content_prefixes=_transforms_prefixes(transforms),
        digest_algorithm=_algorithm(digest_method, _DIGEST_ALGORITHMS),
        digest_value=_octets(digest_value),
        signature_value=_octets(signature_value),
        key_info=key_info[0] if key_info else None,
    )


def _only_signature(element: _Element) -> _Element:
    found = [each for each in element if each.tag == SIGNATURE]
    if not found:
        raise SamlError("sig.missing", f"got {local_name(element)} without a Signature of its own, expected one")
    if len(found) > 1:
        raise SamlError("sig.structure", f"got {len(found)} Signatures in {local_name(element)}, expected one")
    position = 1 if element[0].tag == _ISSUER else 0
    if element[position] is not found[0]:
        raise SamlError(
            "sig.structure",
            f"got the Signature of {local_name(element)} as child {element.index(found[0])}, expected it as {position}",
        )
    return found[0]


def _only_child(parent: _Element, tag: str) -> _Element:
    found = [each for each in parent if each.tag == tag]
    if len(found) != 1:
        raise SamlError(
            "sig.structure", f"got {len(found)} {tag.partition('}')[2]} in {local_name(parent)}, expected one"
        )
    return found[0]


def _refuse_other_coverage(element: _Element, reference: _Element) -> None:
    identifier = element.get("ID", "")
    uri = reference.get("URI")
    # An empty URI means the whole document, no URI means whatever the application thinks of (attacks SIG-14, SIG-17, XSW-13).
    if not is_ncname(identifier) or uri != f"#{identifier}":
        raise SamlError("sig.coverage", f"got a Reference to {uri!r:.120}, expected '#{identifier:.120}'")
    if _COUNT_BEARING(element, id=identifier) != 1 and _COUNT_NAMED(element, id=identifier) != 1:
        raise SamlError("sig.coverage", f"got several elements with the ID {identifier:.120}, expected one")


def _children(element: _Element, *allowed: list[str]) -> list[_Element]:
    """Give the children, which must be called as one of the lists says, with no text beside them."""
    children = list(element)
    if [each.tag for each in children] not in allowed:
        shown = ", ".join(local_name(each) for each in children[:8])
        wanted = " or ".join(", ".join(tag.partition("}")[2] for tag in tags) for tags in allowed)
        raise SamlError("sig.structure", f"got {shown} in {local_name(element)}, expected {wanted}")
    # Beside SignedInfo nothing covers it, and libxmlsec refuses some of it: two verifiers must not disagree.
    for piece in (element.text, *[each.tail for each in children]):
        if piece and piece.strip(WHITE_SPACE):
            raise SamlError("sig.structure", f"got text in {local_name(element)}, expected only elements")
    return children


def _refuse_active_key_info(key_info: list[_Element]) -> None:
    for child in (child for each in key_info for child in each):
        if child.tag not in _INERT_KEY_INFO:
            raise SamlError(
                "sig.structure", f"got {local_name(child)} in KeyInfo, expected only KeyName, KeyValue and X509Data"
            )


def _algorithm(element: _Element, allowed: frozenset[str]) -> str:
    _refuse_content(element)
    uri = element.get("Algorithm")
    if uri is None:
        raise SamlError("sig.structure", f"got {local_name(element)} without Algorithm, expected one")
    if uri not in allowed:
        raise SamlError(
            "sig.algorithm", f"got {local_name(element)} {uri!r:.120}, expected one of {', '.join(sorted(allowed))}"
        )
    return uri


def _refuse_content(element: _Element) -> None:
    # Such as HMACOutputLength or RSAPSSParams: parameters of algorithms that we do not have.
    if len(element):
        raise SamlError("sig.structure", f"got {local_name(element[0])} in {local_name(element)}, expected nothing")


def _canonicalisation_prefixes(element: _Element) -> tuple[str, ...]:
    uri = element.get("Algorithm")
    if not uri:
        raise SamlError("sig.structure", "got CanonicalizationMethod without Algorithm, expected one")
    if uri != C14N_EXCLUSIVE:
        raise SamlError("sig.algorithm", f"got CanonicalizationMethod {uri!r:.120}, expected {C14N_EXCLUSIVE}")
    return _prefixes(element)


def _transforms_prefixes(transforms: _Element) -> tuple[str, ...]:
    children = list(transforms)
    got = [child.get("Algorithm", "") for child in children]
    # A transform that selects less than the element leaves content unsigned; XSLT runs the sender's code (attacks SIG-15, SIG-16).
    if got != [TRANSFORM_ENVELOPED, C14N_EXCLUSIVE] or [child.tag for child in children] != _IN_TRANSFORMS:
        raise _other_transforms(got)
    _refuse_content(children[0])
    return _prefixes(children[1])


def _other_transforms(got: list[str]) -> SamlError:
    for uri in got:
        if uri in _OTHER_CANONICALISATIONS:
            return SamlError("sig.algorithm", f"got the transform {uri}, expected {C14N_EXCLUSIVE}")
    return SamlError(
        "sig.structure",
        f"got the transforms {', '.join(got[:4]):.300}, expected exactly {TRANSFORM_ENVELOPED} and {C14N_EXCLUSIVE}",
    )


def _prefixes(method: _Element) -> tuple[str, ...]:
    if len(method) == 0:
        return ()
    inclusive = method[0]
    if len(method) > 1 or inclusive.tag != _INCLUSIVE_NAMESPACES or len(inclusive):
        raise SamlError(
            "sig.structure",
            f"got {local_name(inclusive)} in {local_name(method)}, expected InclusiveNamespaces at most",
        )
    prefixes = tuple(inclusive.get("PrefixList", "").split())
    if len(prefixes) > _MAXIMUM_PREFIXES or not all(prefix == "#default" or is_ncname(prefix) for prefix in prefixes):
        raise SamlError(
            "sig.structure", f"got a PrefixList of {len(prefixes)}, expected at most {_MAXIMUM_PREFIXES} prefixes"
        )
    return prefixes


def _octets(element: _Element) -> bytes:
    # Attack SIG-11: a comment in DigestValue. The parser refuses it, and `text_of` would once more.
    text = text_of(element) if len(element) == 0 else ""
    if len(text) > _MAXIMUM_SIGNATURE_CHARACTERS:
        raise SamlError("sig.structure", f"got {len(text)} characters in {local_name(element)}, expected far fewer")
    try:
        return decode_in_xml(text)
    except NotBase64 as error:
        raise SamlError("sig.structure", f"{error} in {local_name(element)}, expected base64") from error
