"""The one door to a foreign stack: it writes requests and metadata, and reads answers or refuses them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from lxml import etree

from oiosaml.attributes import Attribute
from oiosaml.ids import AssertionId, MessageId
from oiosaml.name_id import NameId
from sp_demo.front_door import Envelope
from sp_demo.logout_door import LogoutMessage
from sp_demo.system import LoginWish


@dataclass(frozen=True, slots=True)
class RedirectTo:
    """Send the browser to `url`, which carries the signed request."""

    url: str


@dataclass(frozen=True, slots=True)
class PostTo:
    """Let the browser POST `fields` to `action`."""

    action: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Begun:
    """A request that is ready to go."""

    request_id: MessageId
    outbound: RedirectTo | PostTo


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A login the stack accepted.

    Attributes:
        attributes: as the stack gives them out.
        session_index: of the AuthnStatement; names the session in a logout.
        assertion: the assertion's octets after decryption, as the stack holds them.
    """

    assertion_id: AssertionId
    subject: NameId
    session_index: str | None
    attributes: tuple[Attribute, ...]
    assertion: bytes

    def values(self, name: str) -> tuple[str, ...]:
        """Give the values of the attribute called `name` by URI."""
        return tuple(value for attribute in self.attributes if attribute.name == name for value in attribute.values)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A token with the very document whose assertion signature the stack verified, decrypted. Our own checks read that."""

    token: Token
    verified: etree._Element


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """The Context Handler answered with a status other than Success. `signed`: the stack verified its signature."""

    code: str
    second_code: str | None
    message: str | None
    signed: bool


class LogoutStack(Protocol):
    """The logout part of a foreign SAML stack."""

    def begin(self, token: Token, *, relay_state: str, fresh_id: MessageId) -> Begun:
        """Write and sign a LogoutRequest for the token's session.

        Raises:
            SamlError: `md.endpoint` if the broker takes no logout.
        """
        ...

    def verify(self, message: LogoutMessage) -> None:
        """Let the stack verify the signature with the broker's keys and validate the message.

        Raises:
            SamlError: whatever the stack refuses, under the code that fits best, with the stack's own words as detail.
        """
        ...

    def answer(self, message: LogoutMessage, *, refused: bool) -> RedirectTo | PostTo | bytes:
        """Write and sign the LogoutResponse to a verified request, by the way it came; octets are a SOAP envelope."""
        ...


PostSoap = Callable[[str, bytes], Awaitable[bytes]]
"""Carries a SOAP envelope to an address and brings the answer's octets; raises SamlError `aq.transport:context-handler`."""


class AsksForRights(Protocol):
    """The attribute query of a foreign SAML stack."""

    async def ask(self, token: Token, *, fresh_id: MessageId, post: PostSoap) -> Attribute:
        """Give the attribute with the rights of the token's subject, without a value if the service knows none.

        Raises:
            SamlError: `aq.transport` if nobody answers, `aq.fault` if the service says no, else what is wrong with its answer.
        """
        ...


class Stack(Protocol):
    """A foreign SAML stack set up for one system and one broker."""

    broker_entity_id: str

    @property
    def logout(self) -> LogoutStack:
        """Its logout part."""
        ...

    @property
    def rights(self) -> AsksForRights | None:
        """Its attribute query; None for a stack that has none."""
        ...

    def begin(self, wish: LoginWish, *, relay_state: str, fresh_id: MessageId) -> Begun:
        """Write and sign an AuthnRequest. A stack that makes its own IDs, long enough, leaves `fresh_id` unused."""
        ...

    def read(self, envelope: Envelope, *, request_id: MessageId) -> Accepted | StatusAnswer:
        """Let the stack validate the answer to `request_id`.

        Raises:
            SamlError: whatever the stack refuses, under the code that fits best, with the stack's own words as detail.
        """
        ...
