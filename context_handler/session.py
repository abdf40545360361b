"""A person's session with one home IdP in one browser: what it rests on, how long it holds, and which systems take part in it.

A session says what the home IdP said last, and never more: its level answers a request only by that request's own demand.
"""

import hmac
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Final, NewType

from federation.model import Profile
from oiosaml.ids import EntityId
from oiosaml.name_id import NameId
from oiosaml.nist import StatedLevel
from oiosaml.value_type import value_type

SessionId = NewType("SessionId", str)
"""Our own name for a session; it never leaves the broker."""

_INDEX_DIGITS: Final = 32
"""128 bits in hexadecimal."""


@value_type
class SessionLimits:
    """How long a session answers logins (our choice, since KOMBIT's is not public)."""

    idle: timedelta = timedelta(minutes=60)
    """Since it last answered a login."""
    absolute: timedelta = timedelta(hours=8)
    """Since the person logged in at the home IdP."""


DEFAULT_LIMITS: Final = SessionLimits()


LOOP_ANSWERS: Final = 10
"""How often a session answers the same system within LOOP_WINDOW. Nobody opens a system that often; one that bounces does (REQ-13)."""

LOOP_WINDOW: Final = timedelta(minutes=1)
"""The time before an answer in which the answers before it count."""

ENDED_REMEMBERED: Final = timedelta(hours=24)
"""How long the end of a session is remembered, for a participant that logs out late: three times the longest session (our choice)."""


@value_type
class Participant:
    """A system that was told of the person in this session, and under which names (SAML Profiles 4.4)."""

    system: EntityId
    name_id: NameId
    session_index: str


@value_type
class Session:
    """One person at one home IdP in one browser."""

    id: SessionId
    idp: EntityId
    profile: Profile
    """What the IdP spoke when it vouched for the person; the assertion is read again in no other."""
    name_id: NameId
    """As the home IdP calls the person: two logins are of one person only if this is the same."""
    session_indexes: tuple[str, ...]
    """Every SessionIndex the home IdP gave: its logout may name any of them."""
    level: StatedLevel
    signer: str
    """Fingerprint of the key that signed the assertion: once it is registered no longer, the session answers nothing."""
    authn_instant: datetime
    used_at: datetime
    ends_at: datetime
    """The home IdP's SessionNotOnOrAfter, or the absolute limit if that comes first."""
    assertion: bytes = field(repr=False)
    """The canonical octets that the home IdP signed."""

    def is_over(self, at: datetime, limits: SessionLimits) -> bool:
        """Tell whether the session answers logins no longer. Being logged out of is another matter: that works until its row is gone."""
        return at >= self.ends_at or at >= self.used_at + limits.idle

    def renewed_by(self, login: "Session") -> "Session":
        """Give the session after the same person logged in anew: what the home IdP said last, under the id that systems know it by."""
        known = dict.fromkeys((*self.session_indexes, *login.session_indexes))
        return replace(login, id=self.id, session_indexes=tuple(known))


@value_type
class SessionKept:
    """A session as a login leaves it, to be written with the login's completion."""

    session: Session
    participant: Participant
    browser: str
    """`browser_id` of the transaction cookie: a logout ends the logins under way in it."""
    handle: str
    """`browser_id` of a fresh session cookie: one that was known before the login opens nothing (attack WEB-03)."""
    handle_before: str | None = None
    """Of the cookie that came with the login: other sessions of the same browser go on under the fresh one."""
    renews: bool = False
    """Whether the session was there before; one that was ended meanwhile is not brought back."""
    displaced: SessionId | None = None
    """Another person's session with the same IdP in this browser: it answers no login any more, and is logged out of from here."""


@value_type
class SessionUsed:
    """A session that answered a login, to be written with the login's completion."""

    id: SessionId
    handle: str
    participant: Participant
    at: datetime


class SessionEndedError(Exception):
    """The session that a login rests on was ended while the login went on."""

    def __init__(self) -> None:
        super().__init__("the session was ended meanwhile")


class AnsweredTooOftenError(Exception):
    """The session has answered this system LOOP_ANSWERS times within LOOP_WINDOW."""

    def __init__(self) -> None:
        super().__init__("the session answered the same system too often")


def ends_at(
    authn_instant: datetime, not_on_or_after: datetime | None, *, at: datetime, limits: SessionLimits
) -> datetime:
    """Give when a session ends, however much it is used. An IdP whose clock runs ahead gains nothing by it."""
    absolute = min(authn_instant, at) + limits.absolute
    return absolute if not_on_or_after is None else min(absolute, not_on_or_after)


def session_index_for(session: SessionId, system: EntityId, secret: bytes) -> str:
    """Give the SessionIndex that one system gets in one session: the same at every login, and of no use to any other system."""
    return _derived("session-index", session, system, secret)


def transient_name_for(session: SessionId, system: EntityId, secret: bytes) -> str:
    """Give the transient NameID that one system gets in one session, so that a logout can name it."""
    return _derived("transient-name", session, system, secret)


def _derived(purpose: str, session: SessionId, system: EntityId, secret: bytes) -> str:
    message = "\x1f".join((purpose, session, system)).encode()
    digits = hmac.digest(secret, message, "sha256").hex()[:_INDEX_DIGITS]
    # an NCName may not begin with a digit
    return f"_{digits}"
