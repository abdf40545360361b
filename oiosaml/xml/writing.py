"""Writing XML: a small tree of our own whose only output is the exclusive canonical form (exc-c14n), ready to be digested as it stands.

What leaves is what is signed: no second canonicalisation, and no difference between the two that an attacker could look for. Texts are
escaped as Canonical XML 1.0, chapter 2.3, prescribes; a namespace is declared where it is first used, which is where exc-c14n declares it.
Names of elements and attributes come from our own code; values may come from anybody.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from oiosaml.uris import NS_APPSWITCH, NS_DS, NS_MD, NS_SAML, NS_SAMLP, NS_SIM_EXTENSIONS, NS_SOAP, NS_XENC, NS_XENC11
from oiosaml.xml.names import is_ncname

PREFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "saml": NS_SAML,
        "samlp": NS_SAMLP,
        "md": NS_MD,
        "ds": NS_DS,
        "xenc": NS_XENC,
        "xenc11": NS_XENC11,
        "soap": NS_SOAP,
        "chx": NS_SIM_EXTENSIONS,
        "nl": NS_APPSWITCH,
        "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    }
)
"""The prefixes we write, always the same ones, so that signed octets and people's eyes meet no surprise."""

_NS_XML: Final = "http://www.w3.org/XML/1998/namespace"
_DECLARATIONS: Final = {prefix: f' xmlns:{prefix}="{namespace}"' for prefix, namespace in PREFIXES.items()}
_BY_NAMESPACE: Final = {namespace: prefix for prefix, namespace in PREFIXES.items()} | {_NS_XML: "xml"}
_NOTHING: Final[frozenset[str]] = frozenset()
_NO_ATTRIBUTES: Final[Mapping[str, str | None]] = MappingProxyType({})
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class UnwritableText(ValueError):
    """A text that no XML document can hold, such as one with a control character (XML 1.0, production 2)."""


def writable(text: str, place: str) -> str:
    """Give `text` back if XML can hold it.

    Raises:
        UnwritableText: names the character and the place.
    """
    # Whatever Python calls printable, XML can hold; and asking that is much faster.
    found = None if text.isprintable() else _NOT_XML.search(text)
    if found is not None:
        raise UnwritableText(f"got U+{ord(found[0]):04X} in {place}, expected only characters that XML can hold")
    return text


class NewElement:
    """An element being written. It may be added to until it, or an element around it, is sealed."""

    __slots__ = ("_declared", "_final", "_inside", "_open", "_start", "_uses", "identifier", "name", "namespaces")

    def __init__(
        self,
        namespaces: frozenset[str],
        namespace: str,
        tag: str,
        attributes: Mapping[str, str | None] = _NO_ATTRIBUTES,
        text: str | None = None,
    ) -> None:
        """Make an element; `namespaces` are those that it and what is added to it may use besides none at all.

        Attributes of value None are left out.

        Raises:
            UnwritableText: if a value or the text holds what XML cannot.
            ValueError: if its namespace is not one of those, or a name is none.
        """
        self.namespaces = namespaces
        self.name, self._uses = _named(namespaces, namespace, tag)
        self.identifier = attributes.get("ID")
        """The ID, by which a signature refers to the element; None if it has none."""
        self._start = self._attributes(attributes) if attributes else ""
        self._inside: list[str | NewElement] = [] if text is None else [_text(text, tag)]
        self._open = True
        self._final: str | None = None
        self._declared: AbstractSet[str] = _NOTHING

    def add(
        self,
        namespace: str,
        tag: str,
        attributes: Mapping[str, str | None] = _NO_ATTRIBUTES,
        text: str | None = None,
    ) -> "NewElement":
        """Append a new element and give it.

        Raises:
            UnwritableText: if a value or the text holds what XML cannot.
            ValueError: if the namespace is none that the root was made for, a name is none, or this element is sealed.
        """
        self._refuse_change()
        child = NewElement(self.namespaces, namespace, tag, attributes, text)
        self._inside.append(child)
        return child

    def add_text(self, namespace: str, tag: str, text: str) -> None:
        """Append an element that holds nothing but text and is complete: half of what an assertion is made of.

        Raises:
            UnwritableText: if the text holds what XML cannot.
            ValueError: as `add`.
        """
        self._refuse_change()
        name, uses = _named(self.namespaces, namespace, tag)
        if uses == self._uses:  # then its namespace is declared here or above, and nowhere in it
            self._inside.append(f"<{name}>{_text(text, tag)}</{name}>")
        else:
            self._inside.append(NewElement(self.namespaces, namespace, tag, text=text))

    def append(self, child: "NewElement") -> None:
        """Append an element that was made by itself, sealed or not.

        Raises:
            ValueError: if this element is sealed.
        """
        self._refuse_change()
        self._inside.append(child)

    def octets(self) -> bytes:
        """Give the element in exclusive canonical form, as UTF-8.

        Raises:
            ValueError: if a sealed element stands where a namespace that it declares is declared already: it would not be canonical.
        """
        return self._rendered().encode()

    def halves(self, *, after: str) -> tuple[str, str]:
        """Give the canonical text as two parts that meet behind the first child, if it is called `after`, else before all content."""
        pieces: list[str] = []
        self._declared = declared = set[str]()
        scope = self._begin(pieces, _NOTHING, declared)
        inside = self._inside
        first = inside[0] if inside else None
        issued = isinstance(first, NewElement) and first.name == after
        if isinstance(first, NewElement) and issued:
            first._render(pieces, scope, declared)  # noqa: SLF001 - another element of this class
        head = len(pieces)
        self._finish(pieces, inside[1:] if issued else inside, scope, declared)
        return "".join(pieces[:head]), "".join(pieces[head:])

    def seal(self, text: str, *declared: str) -> None:
        """Replace what the element renders to by `text`, in canonical form, which declares the prefixes `declared` besides its own.

        Raises:
            ValueError: if it is sealed already.
        """
        self._refuse_change()
        self._close()
        self._final = text
        self._declared = frozenset((*self._declared, *declared))

    def _refuse_change(self) -> None:
        if not self._open:
            raise ValueError(f"got a change to {self.name}, which is sealed: no signature would cover it")

    def _close(self) -> None:
        self._open = False
        for each in self._inside:
            if isinstance(each, NewElement) and each._open:  # noqa: SLF001 - another element of this class
                each._close()  # noqa: SLF001 - see above

    def _rendered(self) -> str:
        if self._final is not None:
            return self._final
        pieces: list[str] = []
        self._render(pieces, _NOTHING, set())
        return "".join(pieces)

    def _render(self, pieces: list[str], scope: frozenset[str], declared: set[str]) -> None:
        if self._final is not None:
            if not self._declared.isdisjoint(scope):
                raise ValueError(f"got {self.name} sealed inside an element that declares the same namespaces already")
            declared |= self._declared
            pieces.append(self._final)
            return
        if scope.issuperset(self._uses):
            pieces.append(f"<{self.name}{self._start}>")
        else:
            scope = self._begin(pieces, scope, declared)
        self._finish(pieces, self._inside, scope, declared)

    def _begin(self, pieces: list[str], scope: frozenset[str], declared: set[str]) -> frozenset[str]:
        missing = [prefix for prefix in self._uses if prefix not in scope]
        declared.update(missing)
        declarations = "".join([_DECLARATIONS[prefix] for prefix in missing])
        pieces.append(f"<{self.name}{declarations}{self._start}>")
        return scope.union(missing)

    def _finish(
        self, pieces: list[str], inside: list["str | NewElement"], scope: frozenset[str], declared: set[str]
    ) -> None:
        for each in inside:
            if isinstance(each, str):
                pieces.append(each)
            else:
                each._render(pieces, scope, declared)  # noqa: SLF001 - another element of this class
        pieces.append(f"</{self.name}>")

    def _attributes(self, attributes: Mapping[str, str | None]) -> str:
        """Render attributes in canonical order: those without a namespace first, each group by name."""
        text = ""
        qualified: list[tuple[tuple[str, str, str], str]] = []
        for name in sorted(attributes) if len(attributes) > 1 else attributes:
            value = attributes[name]
            if value is None:
                continue
            if name[0] == "{":
                qualified.append((name[1:].partition("}"), value))
            else:
                text += f'{_assigned(name)}{_value(value, name)}"'
        if not qualified:
            return text
        for (namespace, _, local), value in sorted(qualified):
            text += f' {self._qualified(namespace, local)}="{_value(value, local)}"'
        return text

    def _qualified(self, namespace: str, local: str) -> str:
        prefix = "xml" if namespace == _NS_XML else _prefix(namespace, self.namespaces)
        if prefix != "xml" and prefix not in self._uses:
            self._uses = tuple(sorted((*self._uses, prefix)))
        return f"{prefix}:{_checked(local)}"


def _prefix(namespace: str, namespaces: frozenset[str]) -> str:
    if namespace not in namespaces:
        raise ValueError(
            f"got an element or attribute in {namespace}, expected a namespace that the root was built for"
        )
    return _BY_NAMESPACE[namespace]


@lru_cache(maxsize=1024)
def _named(namespaces: frozenset[str], namespace: str, tag: str) -> tuple[str, tuple[str, ...]]:
    """Give an element's name and the prefix that it uses; our code has some hundred names, and writes them again and again."""
    if not namespace:
        return _checked(tag), ()
    prefix = _prefix(namespace, namespaces)
    return f"{prefix}:{_checked(tag)}", (prefix,)


@lru_cache(maxsize=1024)
def _assigned(name: str) -> str:
    """Give what stands before an attribute's value."""
    return f' {_checked(name)}="'


@lru_cache(maxsize=1024)
def _checked(name: str) -> str:
    if not is_ncname(name):
        raise ValueError(f"got {name!r:.80}, expected the name of an element or attribute")
    return name


def _text(text: str, place: str) -> str:
    """Escape the text of an element."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text or ">" in text:
        text = text.replace("<", "&lt;").replace(">", "&gt;")
    return text if text.isprintable() else writable(text, place).replace("\r", "&#xD;")


def _value(value: str, place: str) -> str:
    """Escape the value of an attribute. A reader turns white space into blanks unless it is written as references."""
    if "&" in value:
        value = value.replace("&", "&amp;")
    if "<" in value or '"' in value:
        value = value.replace("<", "&lt;").replace('"', "&quot;")
    if value.isprintable():
        return value
    return writable(value, place).replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")
