"""A login at a demo system: begun in one browser, finished once, in the same browser."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from oiosaml import oiosaml2 as old
from oiosaml.attributes import FULL_NAME, PRIVILEGES_INTERMEDIATE, Attribute
from oiosaml.ids import AssertionId, EntityId, IdSource, MessageId
from oiosaml.name_id import NameId
from oiosaml.nist import NistLevel, StatedLevel
from oiosaml.nsis import AssuranceLevel
from saml_web.expiring_memory import ExpiringMemory
from sp_demo.checks import Expected, check_token
from sp_demo.front_door import Envelope, refuse
from sp_demo.rights import Rights, read_rights
from sp_demo.stack import Begun, Stack, StatusAnswer, Token
from sp_demo.system import DemoSystem, LoginWish

PENDING_LIFETIME: Final = timedelta(minutes=60)
"""How long a person may take at the municipality's IdP."""

SESSION_LIFETIME: Final = timedelta(minutes=30)
"""How long a login is shown."""

REPLAY_LIFETIME: Final = timedelta(hours=2)
"""How long an assertion's ID is remembered: longer than the pending login it answered could live."""

_PENDING_LIMIT: Final = 2000
"""Most logins under way at one system; the oldest goes when there are more."""

_SESSION_LIMIT: Final = 200
"""Most sessions at one system, each with its whole token: some 20 MB."""

_REPLAY_LIMIT: Final = 20_000
"""Most assertions remembered: nearly three a second for as long as each is."""


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A request on its way. `browser` is the random value in the cookie of the browser that began it."""

    browser: str
    relay_state: str
    level: StatedLevel
    idp: EntityId | None


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """What is shown of a login that succeeded."""

    token: Token
    level: StatedLevel
    rights: Rights
    response: bytes
    at: datetime

    @property
    def person(self) -> str:
        """What to call the person."""
        return next(iter(self.token.values(FULL_NAME) or self.token.values(old.COMMON_NAME)), self.token.subject.value)

    @property
    def ends_at(self) -> datetime:
        """When the session here ends by itself."""
        return self.at + SESSION_LIFETIME


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """What is shown when the Context Handler said no."""

    answer: StatusAnswer
    level: StatedLevel
    response: bytes
    at: datetime


Outcome = LoggedIn | TurnedAway


class Logins:
    """The logins of one demo system."""

    def __init__(self, system: DemoSystem, *, ids: IdSource) -> None:
        """Begin with an empty memory."""
        self._system = system
        self._ids = ids
        self._pending: ExpiringMemory[str, PendingLogin] = ExpiringMemory(
            lifetime=PENDING_LIFETIME, limit=_PENDING_LIMIT
        )
        self._sessions: ExpiringMemory[str, Outcome] = ExpiringMemory(lifetime=SESSION_LIFETIME, limit=_SESSION_LIMIT)
        self._seen: ExpiringMemory[AssertionId, bool] = ExpiringMemory(lifetime=REPLAY_LIFETIME, limit=_REPLAY_LIMIT)

    def begin(self, stack: Stack, wish: LoginWish, *, browser: str, at: datetime) -> Begun:
        """Write a request and remember that `browser` sent it."""
        relay_state = self._ids.handle()
        begun = stack.begin(wish, relay_state=relay_state, fresh_id=self._ids.message_id())
        self._pending.put(begun.request_id, PendingLogin(browser, relay_state, wish.level, wish.idp), at=at)
        return begun

    def finish(
        self, stack: Stack, envelope: Envelope, *, relay_state: str | None, browser: str | None, at: datetime
    ) -> str:
        """Let the stack and then ourselves judge the answer; give the handle of the new session.

        A message that fails authentication leaves the pending login as it is, so that the honest answer still works; one that passed
        uses it up (invariant I3).

        Raises:
            SamlError: whatever is wrong with the answer.
        """
        pending = self._find(envelope, relay_state, browser, at)
        request_id = MessageId(envelope.in_response_to or "")
        answer = stack.read(envelope, request_id=request_id)
        if isinstance(answer, StatusAnswer):
            if answer.signed:
                self._pending.take(request_id, at=at)
            return self._remember(TurnedAway(answer, pending.level, envelope.octets, at), at)
        token = answer.token
        self._accept_once(token, request_id, at)
        level = check_token(answer, self._expected(stack, pending, request_id))
        rights = read_rights(token.values(PRIVILEGES_INTERMEDIATE) or token.values(old.PRIVILEGES_INTERMEDIATE))
        return self._remember(LoggedIn(token, level, rights, envelope.octets, at), at)

    def add_rights(self, session: str, rights: Attribute, *, at: datetime) -> None:
        """Show the rights that were asked for after the login, beside what the token holds.

        Raises:
            SamlError: `priv.*` if they cannot be read.
        """
        known = self.logged_in(session, at=at)
        if known is not None:
            token = replace(known.token, attributes=(*known.token.attributes, rights))
            self._sessions.change(session, replace(known, token=token, rights=read_rights(rights.values)), at=at)

    def outcome(self, session: str | None, *, at: datetime) -> Outcome | None:
        """Give what the session shows, or None if it has ended."""
        return None if session is None else self._sessions.get(session, at=at)

    def logged_in(self, session: str | None, *, at: datetime) -> LoggedIn | None:
        """Give the login of a session, None if there is none or it was turned away."""
        outcome = self.outcome(session, at=at)
        return outcome if isinstance(outcome, LoggedIn) else None

    def named(self, name_id: NameId, session_indexes: tuple[str, ...], *, at: datetime) -> tuple[str, ...]:
        """Give the sessions that a logout request names, in whatever browser; without a SessionIndex every one of the person.

        The NameID must be the same in value, format and qualifiers (SAML Core 3.3.4).
        """
        return tuple(
            handle
            for handle, outcome in self._sessions.items(at=at)
            if isinstance(outcome, LoggedIn)
            and outcome.token.subject == name_id
            and (not session_indexes or outcome.token.session_index in session_indexes)
        )

    def end(self, session: str | None, *, at: datetime) -> None:
        """Forget a session."""
        if session is not None:
            self._sessions.take(session, at=at)

    def _find(self, envelope: Envelope, relay_state: str | None, browser: str | None, at: datetime) -> PendingLogin:
        if envelope.in_response_to is None:
            raise refuse(
                "proto.unsolicited", "got a Response without InResponseTo, expected the ID of a request of ours"
            )
        pending = self._pending.get(envelope.in_response_to, at=at)
        if pending is None or pending.browser != browser:
            # Login CSRF: somebody else's honest answer, posted by this browser.
            raise refuse(
                "proto.in-response-to",
                f"got an answer to {envelope.in_response_to!r:.80}, expected one to a request this browser has open",
            )
        if relay_state != pending.relay_state:
            raise refuse(
                "bind.params", f"got RelayState {relay_state!r:.80}, expected the one sent (SAML Bindings 3.5.3)"
            )
        return pending

    def _accept_once(self, token: Token, request_id: MessageId, at: datetime) -> None:
        if self._seen.get(token.assertion_id, at=at):
            raise refuse("proto.replay", f"got assertion {token.assertion_id!r:.80} again, expected it once")
        self._seen.put(token.assertion_id, True, at=at)
        self._pending.take(request_id, at=at)

    def _expected(self, stack: Stack, pending: PendingLogin, request_id: MessageId) -> Expected:
        return Expected(
            request_id=request_id,
            our_entity_id=self._system.entity_id,
            broker_entity_id=stack.broker_entity_id,
            acs_url=self._system.urls.acs_url,
            level=higher_of(pending.level, self._system.minimum_level),
        )

    def _remember(self, outcome: Outcome, at: datetime) -> str:
        # A new handle for every login: one planted before cannot be upgraded (WEB-03).
        session = self._ids.handle()
        self._sessions.put(session, outcome, at=at)
        return session


def higher_of(asked: StatedLevel, registered: StatedLevel) -> StatedLevel:
    """Give the higher of two steps of one ladder: a system asks in no other than its own."""
    if isinstance(asked, NistLevel) and isinstance(registered, NistLevel):
        return max(asked, registered)
    if isinstance(asked, AssuranceLevel) and isinstance(registered, AssuranceLevel):
        return max(asked, registered)
    raise ValueError(f"got {asked.spoken} and {registered.spoken}, expected levels of one ladder")
