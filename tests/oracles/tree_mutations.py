"""What a meddler does to the tree of a message: each function changes it in one random place, whether that harms or not.

Nothing here knows what the receiver checks. The values that are set in place of honest ones are those of somebody else: a mutant that is
accepted with one of them is a way in.
"""

import copy
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from lxml import etree
from lxml.etree import _Element

from oiosaml.uris import NS_DS, NS_SAML, NS_SAMLP, NS_SOAP

TreeMutation = Callable[[_Element, Random], None]

EVIL_VALUES: Final = (
    "C=DK,O=94000018,CN=Mads Vang,Serial=99999999-1111-4222-8333-444444444444",
    "94000018",
    "High",
    "Low",
    "https://saml.idp.skovrup.test",
    "https://saml.ydelser.sim.test",
    "https://ydelser.sim.test/saml/acs",
    "2025-03-04T08:15:29Z",
    "2031-01-01T00:00:00Z",
    "_evil",
    "#_evil",
    "true",
    "",
    " ",
    "2.0",
    "urn:oasis:names:tc:SAML:2.0:status:Success",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    "http://www.w3.org/TR/1999/REC-xpath-19991116",
)
_NAMESPACES: Final = (NS_SAML, NS_SAMLP, NS_DS, NS_SOAP, "http://www.w3.org/2001/04/xmlenc#", "urn:evil", "evil", "")
_NAMES: Final = (
    "Assertion", "EncryptedAssertion", "Response", "Signature", "Object", "Extensions", "Advice", "NameID", "BaseID", "Issuer",
    "Subject", "Conditions", "Audience", "OneTimeUse", "Attribute", "AttributeValue", "AuthnStatement", "Status", "StatusDetail",
    "KeyInfo", "Reference", "SignedInfo", "Transform", "Body", "Header", "SessionIndex", "evil",
)  # fmt: skip
_ATTRIBUTE_NAMES: Final = (
    "ID", "Id", "id", "URI", "Algorithm", "Name", "Format", "Version", "Destination", "InResponseTo", "Recipient", "NotOnOrAfter",
    "NotBefore", "IssueInstant", "Method", "Value", "SPNameQualifier", "ForceAuthn", "AssertionConsumerServiceURL",
    "{http://www.w3.org/XML/1998/namespace}base", "{http://www.w3.org/XML/1998/namespace}id", "{urn:evil}ID",
    "{http://www.w3.org/2001/XMLSchema-instance}type", "{http://www.w3.org/2001/XMLSchema-instance}nil",
)  # fmt: skip
_CONTAINERS: Final = (
    f"{{{NS_SAMLP}}}Extensions", f"{{{NS_SAMLP}}}StatusDetail", f"{{{NS_DS}}}Object", f"{{{NS_SAML}}}Advice", f"{{{NS_SAMLP}}}Response",
    f"{{{NS_SAML}}}Assertion", f"{{{NS_SOAP}}}Header", "{urn:evil}wrapper", "wrapper",
)  # fmt: skip


def move(root: _Element, random: Random) -> None:
    """Take an element out and put it somewhere else."""
    element = _below(root, random)
    if element is not None:
        _insert(_outside(root, element, random), _cut(element), random)


def copy_element(root: _Element, random: Random) -> None:
    """Put a second copy of an element somewhere."""
    element = random.choice(_elements(root))
    _insert(random.choice(_elements(root)), _clone(element), random)


def copy_as_somebody_else(root: _Element, random: Random) -> None:
    """Put a copy with another ID, another value or no signature somewhere: the start of every wrapping."""
    element = random.choice(_elements(root))
    twin = _clone(element)
    if "ID" in twin.attrib and random.random() < 0.6:
        twin.set("ID", "_evil")
    if random.random() < 0.5:
        for signature in list(twin.iter(f"{{{NS_DS}}}Signature")):
            if signature.getparent() is not None:
                _cut(signature)
    change_text(twin, random)
    _insert(random.choice(_elements(root)), twin, random)


def swap_with_twin(root: _Element, random: Random) -> None:
    """Let a changed copy take an element's place, and hide the honest one somewhere."""
    element = _below(root, random)
    if element is None:
        return
    twin = _clone(element)
    change_text(twin, random)
    place = element.getparent()
    assert place is not None
    place.insert(place.index(element), twin)
    honest = _cut(element)
    _insert(random.choice(_elements(root)), honest, random)


def delete(root: _Element, random: Random) -> None:
    """Take an element out, and what it holds."""
    element = _below(root, random)
    if element is not None:
        _cut(element)


def unwrap(root: _Element, random: Random) -> None:
    """Take an element out, but leave what it holds in its place."""
    element = _below(root, random)
    if element is None:
        return
    parent = element.getparent()
    assert parent is not None
    place = parent.index(element)
    for offset, child in enumerate(list(element)):
        parent.insert(place + offset, child)
    _cut(element)


def wrap(root: _Element, random: Random) -> None:
    """Put an element into a new one where it stands."""
    element = _below(root, random)
    if element is None:
        return
    parent = element.getparent()
    assert parent is not None
    place = parent.index(element)
    wrapper = etree.Element(random.choice(_CONTAINERS))
    parent.insert(place, wrapper)
    wrapper.append(_cut(element))


def wrap_children(root: _Element, random: Random) -> None:
    """Put everything an element holds into a new one."""
    element = random.choice(_elements(root))
    wrapper = etree.Element(random.choice(_CONTAINERS))
    wrapper.extend(list(element))
    element.append(wrapper)


def rename(root: _Element, random: Random) -> None:
    """Give an element another local name."""
    element = random.choice(_elements(root))
    name = etree.QName(element)
    new = random.choice((*_NAMES, name.localname.swapcase()))
    element.tag = f"{{{name.namespace}}}{new}" if name.namespace else new


def renamespace(root: _Element, random: Random) -> None:
    """Put an element into another namespace."""
    element = random.choice(_elements(root))
    namespace = random.choice(_NAMESPACES)
    local = etree.QName(element).localname
    element.tag = f"{{{namespace}}}{local}" if namespace else local


def swap_text(root: _Element, random: Random) -> None:
    """Exchange the texts of two elements."""
    one, other = random.choice(_elements(root)), random.choice(_elements(root))
    one.text, other.text = other.text, one.text


def change_text(root: _Element, random: Random) -> None:
    """Set, lengthen or cut a text."""
    with_text = [each for each in _elements(root) if each.text and each.text.strip()]
    element = random.choice(with_text or _elements(root))
    old = element.text or ""
    element.text = random.choice((random.choice(EVIL_VALUES), old + ".evil", old[:-1], f" {old}", f"{old}\n"))


def insert_white_space(root: _Element, random: Random) -> None:
    """Put white space between elements, as a pretty-printer does."""
    element = random.choice(_elements(root))
    blank = random.choice((" ", "\n", "\t", "\u00a0", "\u2028"))
    if random.random() < 0.5 or element is root:
        element.text = blank + (element.text or "")
    else:
        element.tail = blank + (element.tail or "")


def insert_comment(root: _Element, random: Random) -> None:
    """Put a comment somewhere, in the middle of a text too."""
    _insert_node(etree.Comment(random.choice(("", "evil"))), root, random)


def insert_instruction(root: _Element, random: Random) -> None:
    """Put a processing instruction somewhere."""
    _insert_node(etree.ProcessingInstruction("evil", random.choice(("", "x"))), root, random)


def insert_element(root: _Element, random: Random) -> None:
    """Put an element somewhere that was not there."""
    namespace, local = random.choice(_NAMESPACES), random.choice(_NAMES)
    element = etree.Element(f"{{{namespace}}}{local}" if namespace else local)
    element.text = random.choice(EVIL_VALUES)
    _insert(random.choice(_elements(root)), element, random)


def set_attribute(root: _Element, random: Random) -> None:
    """Set an attribute, one that is there or another."""
    element = random.choice(_elements(root))
    names = [*map(str, element.attrib), random.choice(_ATTRIBUTE_NAMES)]
    element.set(random.choice(names), random.choice(EVIL_VALUES))


def swap_attributes(root: _Element, random: Random) -> None:
    """Exchange the values of two attributes, of one element or of two."""
    places = _attributes(root)
    if places:
        (one, first), (other, second) = random.choice(places), random.choice(places)
        was = one.get(first, "")
        one.set(first, other.get(second, ""))
        other.set(second, was)


def drop_attribute(root: _Element, random: Random) -> None:
    """Take an attribute out."""
    places = _attributes(root)
    if places:
        element, name = random.choice(places)
        del element.attrib[name]


def reorder_attributes(root: _Element, random: Random) -> None:
    """Write an element's attributes in another order: the same document by any reading."""
    several = [each for each in _elements(root) if len(each.attrib) > 1]
    if several:
        element = random.choice(several)
        pairs = list(element.attrib.items())
        random.shuffle(pairs)
        element.attrib.clear()
        for name, value in pairs:
            element.set(name, value)


def reorder_children(root: _Element, random: Random) -> None:
    """Write an element's children in another order."""
    several = [each for each in _elements(root) if len(each) > 1]
    if several:
        element = random.choice(several)
        children = list(element)
        random.shuffle(children)
        element[:] = children


TREE_MUTATIONS: Final[Sequence[TreeMutation]] = (
    move, copy_element, copy_as_somebody_else, swap_with_twin, delete, unwrap, wrap, wrap_children, rename, renamespace, swap_text,
    change_text, insert_white_space, insert_comment, insert_instruction, insert_element, set_attribute, swap_attributes, drop_attribute,
    reorder_attributes, reorder_children,
)  # fmt: skip


def _elements(root: _Element) -> list[_Element]:
    return [each for each in root.iter() if isinstance(each.tag, str)]


def _attributes(root: _Element) -> list[tuple[_Element, str]]:
    return [(element, str(name)) for element in _elements(root) for name in element.attrib]


def _below(root: _Element, random: Random) -> _Element | None:
    below = [each for each in _elements(root) if each is not root]
    return random.choice(below) if below else None


def _outside(root: _Element, element: _Element, random: Random) -> _Element:
    inside = set(element.iter())
    return random.choice([each for each in _elements(root) if each not in inside])


def _clone(element: _Element) -> _Element:
    twin = copy.deepcopy(element)
    twin.tail = None
    return twin


def _cut(element: _Element) -> _Element:
    """Take an element out; the text behind it stays."""
    parent, tail = element.getparent(), element.tail
    assert parent is not None
    before = element.getprevious()
    parent.remove(element)
    element.tail = None
    if tail and before is not None:
        before.tail = (before.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail
    return element


def _insert(parent: _Element, element: _Element, random: Random) -> None:
    parent.insert(random.randint(0, len(parent)), element)


def _insert_node(node: _Element, root: _Element, random: Random) -> None:
    element = random.choice(_elements(root))
    text = element.text or ""
    if text and random.random() < 0.7:
        cut = random.randint(0, len(text))
        element.text, node.tail = text[:cut], text[cut:]
        element.insert(0, node)
    else:
        _insert(element, node, random)
