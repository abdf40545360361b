"""Exclusive canonicalisation without comments, by libxml2: the only form that is signed, verified and read."""

from lxml import etree
from lxml.etree import _Element

from oiosaml.errors import SamlError


def canonical_octets(element: _Element, *, inclusive_prefixes: tuple[str, ...] = ()) -> bytes:
    """Canonicalise the element where it stands, with the namespaces it inherits (exc-c14n, without comments).

    lxml passes over the token `#default` among the prefixes. Where that matters, an unused default namespace in scope, a good signature is
    refused; a bad one is never accepted.

    Raises:
        SamlError: `xml.malformed` if there is no canonical form: a relative namespace name has none (Canonical XML, section 1.3).
    """
    try:
        return etree.tostring(
            element,
            method="c14n",
            exclusive=True,
            with_comments=False,
            inclusive_ns_prefixes=list(inclusive_prefixes) or None,
        )
    except etree.C14NError as error:
        raise SamlError(
            "xml.malformed", f"got names that have no canonical form ({error}), expected absolute namespaces"
        ) from error
