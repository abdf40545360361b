"""Assertion (SAML Core 2.3.3) as OIOSAML 3 and KOMBIT use it."""

from collections.abc import Iterator, KeysView, Mapping
from dataclasses import field
from datetime import datetime
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Final

from lxml.etree import _Element

from oiosaml.attributes import Attribute
from oiosaml.ids import AssertionId, EntityId, MessageId
from oiosaml.messages.element import (
    Parts,
    build,
    child,
    child_text,
    children,
    instant,
    number,
    qname,
    refuse_other_version,
    required,
    required_child,
    required_instant,
)
from oiosaml.messages.name_id import read_name_id, write_issuer, write_name_id
from oiosaml.name_id import NameId
from oiosaml.uris import NAME_FORMAT_UNSPECIFIED, NS_SAML
from oiosaml.validity import OPEN_WINDOW, Window, format_instant
from oiosaml.value_type import derive, value_type
from oiosaml.xml.escaping import attribute, tagged
from oiosaml.xml.parse import text_of
from oiosaml.xml.writing import NewElement

_ISSUER: Final = qname(NS_SAML, "Issuer")
_SUBJECT: Final = qname(NS_SAML, "Subject")
_CONDITIONS: Final = qname(NS_SAML, "Conditions")
_AUTHN_STATEMENT: Final = qname(NS_SAML, "AuthnStatement")
_ATTRIBUTE_STATEMENT: Final = qname(NS_SAML, "AttributeStatement")
_ATTRIBUTE: Final = qname(NS_SAML, "Attribute")
_ATTRIBUTE_VALUE: Final = qname(NS_SAML, "AttributeValue")


@value_type
class SubjectConfirmation:
    """How the bearer proves to be the subject, with its data flattened in (SAML Core 2.4.1.1, 2.4.1.2)."""

    method: str
    recipient: str | None = None
    in_response_to: MessageId | None = None
    window: Window = OPEN_WINDOW


@value_type
class Subject:
    """Whom the assertion is about."""

    name_id: NameId | None
    confirmations: tuple[SubjectConfirmation, ...] = ()


@value_type
class ProxyRestriction:
    """Whether somebody who relies on the assertion may issue another one on the strength of it, and to whom (SAML Core 2.5.1.6)."""

    count: int | None = None
    """How many may pass it on one after the other; None leaves it open."""
    audiences: tuple[EntityId, ...] = ()
    """The only ones that it may be passed on to; none means anybody."""

    def allows(self, audience: EntityId) -> bool:
        """Tell whether `audience` may be told on the strength of the assertion."""
        return self.count != 0 and (not self.audiences or audience in self.audiences)

    def passed_on(self) -> "ProxyRestriction":
        """Give what an assertion must say that rests on this one."""
        return ProxyRestriction(None if self.count is None else self.count - 1, self.audiences)


@value_type
class Conditions:
    """When and for whom the assertion holds (SAML Core 2.5.1)."""

    window: Window
    audience_restrictions: tuple[tuple[EntityId, ...], ...] = ()
    """Each restriction must hold, and holds if one of its audiences does (SAML Core 2.5.1.4)."""
    proxy_restrictions: tuple[ProxyRestriction, ...] = ()
    """At most one, says the standard."""


@value_type
class AuthnStatement:
    """That and how the subject logged in."""

    authn_instant: datetime
    session_index: str | None = None
    session_not_on_or_after: datetime | None = None
    authn_context_class_ref: str | None = None
    authenticating_authorities: tuple[EntityId, ...] = ()


@value_type
class Assertion:
    """What one issuer says about one subject."""

    id: AssertionId
    issue_instant: datetime
    issuer: EntityId
    subject: Subject | None
    conditions: Conditions | None
    authn_statements: tuple[AuthnStatement, ...]
    attribute_statements: tuple[tuple[Attribute, ...], ...]
    version: str = "2.0"
    issuer_format: str | None = None
    _values: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Gather the values by name once: some thirty rules ask for them."""
        values: dict[str, tuple[str, ...]] = {}
        for each in self.attributes:
            values[each.name] = values.get(each.name, ()) + each.values
        derive(self, "_values", MappingProxyType(values))

    @property
    def proxy_restrictions(self) -> tuple[ProxyRestriction, ...]:
        """Give the restrictions on passing it on."""
        return self.conditions.proxy_restrictions if self.conditions else ()

    @property
    def attributes(self) -> Iterator[Attribute]:
        """All attributes of all statements, in order."""
        return chain.from_iterable(self.attribute_statements)

    @property
    def names(self) -> KeysView[str]:
        """The names of all attributes, by their URIs."""
        return self._values.keys()

    def values_of(self, name: str) -> tuple[str, ...]:
        """The values of the attribute called `name`, by its URI; empty if there is none."""
        return self._values.get(name, ())


def read_assertion(element: _Element) -> Assertion:
    """Read a saml:Assertion whose structure was checked and whose signature was verified.

    Raises:
        SamlError: `proto.version`, `proto.time-format`, `xml.text`, or `xml.schema` for a value not of its type.
    """
    refuse_other_version(element)
    parts = Parts(element)
    issuer = parts.required(_ISSUER)
    return Assertion(
        id=AssertionId(required(element, "ID")),
        issue_instant=required_instant(element, "IssueInstant"),
        issuer=EntityId(text_of(issuer)),
        issuer_format=issuer.get("Format"),
        subject=_read_subject(parts.one(_SUBJECT)),
        conditions=_read_conditions(parts.one(_CONDITIONS)),
        authn_statements=tuple(map(_read_authn_statement, parts.all(_AUTHN_STATEMENT))),
        attribute_statements=tuple(map(_read_attribute_statement, parts.all(_ATTRIBUTE_STATEMENT))),
    )


def write_assertion(assertion: Assertion) -> NewElement:
    """Write the assertion, unsigned.

    Raises:
        UnwritableText: if a value holds what XML cannot (attack FED-14: any other text arrives as that text).
    """
    element = build(
        NS_SAML,
        "Assertion",
        {
            "ID": assertion.id,
            "Version": assertion.version,
            "IssueInstant": format_instant(assertion.issue_instant),
        },
        prefixes=("saml",),
    )
    element.write(
        write_issuer(assertion.issuer, assertion.issuer_format, declared=""),
        "" if assertion.subject is None else _write_subject(assertion.subject),
        "" if assertion.conditions is None else _write_conditions(assertion.conditions),
        *map(_write_authn_statement, assertion.authn_statements),
        *map(_write_attribute_statement, assertion.attribute_statements),
    )
    return element


def read_attribute(element: _Element) -> Attribute:
    """Read a saml:Attribute; an absent NameFormat means `unspecified` (SAML Core 2.7.3.1).

    Raises:
        SamlError: `xml.text` if a value holds anything but text.
    """
    return Attribute(
        name=required(element, "Name"),
        values=tuple([text_of(value) for value in element if value.tag == _ATTRIBUTE_VALUE]),
        name_format=element.get("NameFormat", NAME_FORMAT_UNSPECIFIED),
        friendly_name=element.get("FriendlyName"),
    )


def _read_attribute_statement(element: _Element) -> tuple[Attribute, ...]:
    return tuple([read_attribute(each) for each in element if each.tag == _ATTRIBUTE])


def _read_subject(element: _Element | None) -> Subject | None:
    if element is None:
        return None
    name_id = child(element, NS_SAML, "NameID")
    return Subject(
        name_id=None if name_id is None else read_name_id(name_id),
        confirmations=tuple(_read_confirmation(each) for each in children(element, NS_SAML, "SubjectConfirmation")),
    )


def _read_confirmation(element: _Element) -> SubjectConfirmation:
    method = required(element, "Method")
    confirmation_data = child(element, NS_SAML, "SubjectConfirmationData")
    if confirmation_data is None:
        return SubjectConfirmation(method)
    in_response_to = confirmation_data.get("InResponseTo")
    return SubjectConfirmation(
        method=method,
        recipient=confirmation_data.get("Recipient"),
        in_response_to=None if in_response_to is None else MessageId(in_response_to),
        window=_read_window(confirmation_data),
    )


def _read_window(element: _Element) -> Window:
    return Window(instant(element, "NotBefore"), instant(element, "NotOnOrAfter"))


def _read_conditions(element: _Element | None) -> Conditions | None:
    if element is None:
        return None
    return Conditions(
        window=_read_window(element),
        audience_restrictions=tuple(
            tuple(EntityId(text_of(audience)) for audience in children(restriction, NS_SAML, "Audience"))
            for restriction in children(element, NS_SAML, "AudienceRestriction")
        ),
        proxy_restrictions=tuple(
            ProxyRestriction(
                number(restriction, "Count"),
                tuple(EntityId(text_of(audience)) for audience in children(restriction, NS_SAML, "Audience")),
            )
            for restriction in children(element, NS_SAML, "ProxyRestriction")
        ),
    )


def _read_authn_statement(element: _Element) -> AuthnStatement:
    context = required_child(element, NS_SAML, "AuthnContext")
    return AuthnStatement(
        authn_instant=required_instant(element, "AuthnInstant"),
        session_index=element.get("SessionIndex"),
        session_not_on_or_after=instant(element, "SessionNotOnOrAfter"),
        authn_context_class_ref=child_text(context, NS_SAML, "AuthnContextClassRef"),
        authenticating_authorities=tuple(
            EntityId(text_of(each)) for each in children(context, NS_SAML, "AuthenticatingAuthority")
        ),
    )


def _write_subject(subject: Subject) -> str:
    name_id = "" if subject.name_id is None else write_name_id(subject.name_id)
    return f"<saml:Subject>{name_id}{''.join(map(_write_confirmation, subject.confirmations))}</saml:Subject>"


def _write_confirmation(confirmation: SubjectConfirmation) -> str:
    in_response_to = attribute("InResponseTo", confirmation.in_response_to)
    recipient = attribute("Recipient", confirmation.recipient)
    return (
        f"<saml:SubjectConfirmation{attribute('Method', confirmation.method)}>"
        f"<saml:SubjectConfirmationData{in_response_to}{_write_window(confirmation.window)}{recipient}>"
        "</saml:SubjectConfirmationData></saml:SubjectConfirmation>"
    )


def _write_conditions(conditions: Conditions) -> str:
    restrictions = "".join(map(_write_audience_restriction, conditions.audience_restrictions))
    proxies = "".join(map(_write_proxy_restriction, conditions.proxy_restrictions))
    return f"<saml:Conditions{_write_window(conditions.window)}>{restrictions}{proxies}</saml:Conditions>"


def _write_proxy_restriction(restriction: ProxyRestriction) -> str:
    count = attribute("Count", None if restriction.count is None else str(restriction.count))
    written = "".join([tagged("saml:Audience", audience) for audience in restriction.audiences])
    return f"<saml:ProxyRestriction{count}>{written}</saml:ProxyRestriction>"


def _write_audience_restriction(audiences: tuple[EntityId, ...]) -> str:
    written = "".join([tagged("saml:Audience", audience) for audience in audiences])
    return f"<saml:AudienceRestriction>{written}</saml:AudienceRestriction>"


def _write_authn_statement(statement: AuthnStatement) -> str:
    class_ref = statement.authn_context_class_ref
    authorities = [tagged("saml:AuthenticatingAuthority", each) for each in statement.authenticating_authorities]
    return (
        f'<saml:AuthnStatement AuthnInstant="{format_instant(statement.authn_instant)}"'
        f"{attribute('SessionIndex', statement.session_index)}"
        f"{_write_instant('SessionNotOnOrAfter', statement.session_not_on_or_after)}>"
        f"<saml:AuthnContext>{'' if class_ref is None else tagged('saml:AuthnContextClassRef', class_ref)}"
        f"{''.join(authorities)}</saml:AuthnContext></saml:AuthnStatement>"
    )


def _write_attribute_statement(attributes: tuple[Attribute, ...]) -> str:
    return f"<saml:AttributeStatement>{''.join(map(_write_attribute, attributes))}</saml:AttributeStatement>"


def _write_attribute(written: Attribute) -> str:
    start = _attribute_start(written.name, written.name_format, written.friendly_name)
    values = "".join([tagged("saml:AttributeValue", value) for value in written.values])
    return f"{start}{values}</saml:Attribute>"


@lru_cache(maxsize=1024)
def _attribute_start(name: str, name_format: str, friendly_name: str | None) -> str:
    """Write how an attribute begins: the same in every message, for it says nothing of a person."""
    name_format_or_none = None if name_format == NAME_FORMAT_UNSPECIFIED else name_format
    return (
        f"<saml:Attribute{attribute('FriendlyName', friendly_name)}{attribute('Name', name)}"
        f"{attribute('NameFormat', name_format_or_none)}>"
    )


def _write_window(window: Window) -> str:
    return _write_instant("NotBefore", window.not_before) + _write_instant("NotOnOrAfter", window.not_on_or_after)


def _write_instant(name: str, at: datetime | None) -> str:
    return "" if at is None else f' {name}="{format_instant(at)}"'
