"""Assertion (SAML Core 2.3.3) as OIOSAML 3 and KOMBIT use it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from oiosaml.attributes import Attribute
from oiosaml.ids import AssertionId, EntityId, MessageId
from oiosaml.name_id import NameId
from oiosaml.validity import Window


@dataclass(frozen=True, slots=True)
class SubjectConfirmation:
    """How the bearer proves to be the subject, with its data flattened in (SAML Core 2.4.1.1, 2.4.1.2)."""

    method: str
    recipient: str | None = None
    in_response_to: MessageId | None = None
    window: Window = Window(None, None)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom the assertion is about."""

    name_id: NameId | None
    confirmations: tuple[SubjectConfirmation, ...] = ()


@dataclass(frozen=True, slots=True)
class Conditions:
    """When and for whom the assertion holds. `audience_restrictions` is a list of lists: each restriction must hold (SAML Core 2.5.1.4)."""

    window: Window
    audience_restrictions: tuple[tuple[EntityId, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class AuthnStatement:
    """That and how the subject logged in."""

    authn_instant: datetime
    session_index: str | None = None
    session_not_on_or_after: datetime | None = None
    authn_context_class_ref: str | None = None
    authenticating_authorities: tuple[EntityId, ...] = ()


@dataclass(frozen=True, slots=True)
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

    @property
    def attributes(self) -> Iterator[Attribute]:
        """All attributes of all statements, in order."""
        for statement in self.attribute_statements:
            yield from statement

    def values_of(self, name: str) -> tuple[str, ...]:
        """The values of the attribute called `name`, by its URI; empty if there is none."""
        return tuple(value for attribute in self.attributes if attribute.name == name for value in attribute.values)
