"""Writing XML: a small tree of our own whose only output is the exclusive canonical form (exc-c14n), ready to be digested as it stands.

What leaves is what is signed: no second canonicalisation, and no difference between the two that an attacker could look for. A namespace
is declared where it is first used, which is where exc-c14n declares it. Names of elements and attributes come from our own code; values may
come from anybody.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from oiosaml.uris import NS_APPSWITCH, NS_DS, NS_MD, NS_SAML, NS_SAMLP, NS_SIM_EXTENSIONS, NS_SOAP, NS_XENC, NS_XENC11
from oiosaml.xml.escaping import escaped_text, escaped_value
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
DECLARATIONS: Final[Mapping[str, str]] = {
    prefix: f' xmlns:{prefix}="{namespace}"' for prefix, namespace in PREFIXES.items()
}
"""Each prefix's declaration, with the space before it."""

_BY_NAMESPACE: Final = {namespace: prefix for prefix, namespace in PREFIXES.items()} | {_NS_XML: "xml"}
_NOTHING: Final[frozenset[str]] = frozenset()
_NO_ATTRIBUTES: Final[Mapping[str, str | None]] = MappingProxyType({})


class NewElement:
    """An element being written. It may be added to until it, or an element around it, is sealed."""

    __slots__ = (
        "_declared",
        "_final",
        "_inside",
        "_open",
        "_start",
        "_uses",
        "_written",
        "identifier",
        "name",
        "namespaces",
    )

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
        self.name, self._start, self._uses = _begun(namespaces, namespace, tag, attributes)
        self.identifier = attributes.get("ID")
        """The ID, by which a signature refers to the element; None if it has none."""
        self._inside: list[str | NewElement] = [] if text is None else [escaped_text(text, tag)]
        self._open = True
        self._final: str | None = None
        self._declared: AbstractSet[str] = _NOTHING
        self._written = _NOTHING
        """The prefixes that written text declares by itself."""

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

    def write(self, *texts: str, declares: frozenset[str] = _NOTHING) -> None:
        """Append elements written as text in canonical form, which declare the prefixes `declares` and use this element's own besides.

        Raises:
            ValueError: if this element is sealed.
        """
        self._refuse_change()
        self._inside += texts
        self._written |= declares

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
            ValueError: if a sealed element, or written text, stands where a namespace that it declares is declared already: it would not be
            canonical.
        """
        return self._rendered().encode()

    def halves(self, *, after: str) -> tuple[str, str]:
        """Give the canonical text as two parts that meet behind the first child, if it is called `after`, else before all content."""
        pieces: list[str] = []
        self._declared = declared = set(self._written)
        scope = self._begin(pieces, _NOTHING, declared)
        self._refuse_twice(self._written, scope)
        inside = self._inside
        issued = 1 if inside and _is_called(inside[0], after) else 0
        _render_all(inside[:issued], pieces, scope, declared)
        head = len(pieces)
        _render_all(inside[issued:], pieces, scope, declared)
        pieces.append(f"</{self.name}>")
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
            self._refuse_twice(self._declared, scope)
            declared |= self._declared
            pieces.append(self._final)
            return
        declared |= self._written
        if self._uses <= scope:
            pieces.append(f"<{self.name}{self._start}>")
        else:
            scope = self._begin(pieces, scope, declared)
        self._refuse_twice(self._written, scope)
        _render_all(self._inside, pieces, scope, declared)
        pieces.append(f"</{self.name}>")

    def _refuse_twice(self, declared: AbstractSet[str], scope: frozenset[str]) -> None:
        """Refuse text that declares what is in scope: it stands as it is, and would not be canonical."""
        if not declared.isdisjoint(scope):
            raise ValueError(f"got {self.name} inside an element that declares the same namespaces already")

    def _begin(self, pieces: list[str], scope: frozenset[str], declared: set[str]) -> frozenset[str]:
        missing = sorted(self._uses - scope)
        declared.update(missing)
        declarations = "".join([DECLARATIONS[prefix] for prefix in missing])
        pieces.append(f"<{self.name}{declarations}{self._start}>")
        return scope.union(missing)


def _render_all(inside: list[str | NewElement], pieces: list[str], scope: frozenset[str], declared: set[str]) -> None:
    for each in inside:
        if isinstance(each, str):
            pieces.append(each)
        else:
            each._render(pieces, scope, declared)  # noqa: SLF001 - the class above


def _is_called(written: str | NewElement, name: str) -> bool:
    return written.startswith((f"<{name}>", f"<{name} ")) if isinstance(written, str) else written.name == name


def _begun(
    namespaces: frozenset[str], namespace: str, tag: str, attributes: Mapping[str, str | None]
) -> tuple[str, str, frozenset[str]]:
    """Give an element's name, its attributes as text in canonical order, and the prefixes that it uses."""
    name, uses = _named(namespaces, namespace, tag)
    start = ""
    if attributes:
        plain, qualified = _in_canonical_order(tuple(attributes))
        for attribute, before in plain:
            value = attributes[attribute]
            if value is not None:
                start += f'{before}{escaped_value(value, attribute)}"'
        for attribute, around, local in qualified:
            value = attributes[attribute]
            if value is not None:
                prefix = "xml" if around == _NS_XML else _prefix(around, namespaces)
                start += f' {prefix}:{local}="{escaped_value(value, local)}"'
                uses |= _NOTHING if prefix == "xml" else {prefix}
    return name, start, uses


@lru_cache(maxsize=1024)
def _in_canonical_order(
    attributes: tuple[str, ...],
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str, str], ...]]:
    """Put attributes in order: those without a namespace, with what stands before their value; then the others, with it and without."""
    plain = sorted(each for each in attributes if not each.startswith("{"))
    qualified = sorted(each[1:].split("}") for each in attributes if each.startswith("{"))
    return (
        tuple([(each, f' {_checked(each)}="') for each in plain]),
        tuple([(f"{{{namespace}}}{local}", namespace, _checked(local)) for namespace, local in qualified]),
    )


def _prefix(namespace: str, namespaces: frozenset[str]) -> str:
    if namespace not in namespaces:
        raise ValueError(
            f"got an element or attribute in {namespace}, expected a namespace that the root was built for"
        )
    return _BY_NAMESPACE[namespace]


@lru_cache(maxsize=1024)
def _named(namespaces: frozenset[str], namespace: str, tag: str) -> tuple[str, frozenset[str]]:
    """Give an element's name and the prefix that it uses; our code has some hundred names, and writes them again and again."""
    if not namespace:
        return _checked(tag), _NOTHING
    prefix = _prefix(namespace, namespaces)
    return f"{prefix}:{_checked(tag)}", frozenset({prefix})


def _checked(name: str) -> str:
    if not is_ncname(name):
        raise ValueError(f"got {name!r:.80}, expected the name of an element or attribute")
    return name
