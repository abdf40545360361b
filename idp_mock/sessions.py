"""Who is logged in at one municipality's IdP, and what becomes of their sessions when the Context Handler logs them out.

In memory and bounded: a restart forgets every session, and then the next login asks. The session's name towards the Context Handler is its
NameID with its SessionIndex; towards the browser it is a random handle in a cookie, new with every login.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from federation.person import Person
from oiosaml.ids import IdSource
from oiosaml.name_id import NameId
from oiosaml.nist import StatedLevel
from saml_web.expiring_memory import ExpiringMemory
from saml_web.logout_behaviour import LogoutBehaviour

SESSION_LIFETIME: Final = timedelta(hours=8)
"""How long a login holds: a working day (our choice, ADR 0014)."""

_LIMIT: Final = 2000
"""Most sessions of one IdP; the oldest goes when a class of forty has logged in fifty times each."""


@dataclass(frozen=True, slots=True)
class IdpSession:
    """One person logged in in one browser. `level` is the one they logged in at, which may be below the one they can reach."""

    handle: str
    person: Person
    level: StatedLevel
    name_id: NameId
    session_index: str
    authn_instant: datetime
    ends_at: datetime
    logout_behaviour: LogoutBehaviour = LogoutBehaviour.ANSWER


class Sessions:
    """The sessions of one IdP."""

    def __init__(self, *, ids: IdSource) -> None:
        """Begin with nobody logged in."""
        self._ids = ids
        self._sessions: ExpiringMemory[str, IdpSession] = ExpiringMemory(lifetime=SESSION_LIFETIME, limit=_LIMIT)

    def of(self, handle: str | None, *, at: datetime) -> IdpSession | None:
        """Give the session of the browser with that cookie, or None."""
        return None if handle is None else self._sessions.get(handle, at=at)

    def begin(
        self, person: Person, name_id: NameId, level: StatedLevel, *, previous: IdpSession | None, at: datetime
    ) -> IdpSession:
        """Log the person in now, in place of `previous`, the session that the same browser had.

        The same person keeps the SessionIndex, so that what the Context Handler was told before still names the session.
        """
        same = previous is not None and previous.person.id == person.id
        session = IdpSession(
            # a new handle for every login: one planted before cannot be upgraded (WEB-03)
            handle=self._ids.handle(),
            person=person,
            level=level,
            name_id=name_id,
            session_index=previous.session_index if previous and same else self._ids.message_id(),
            authn_instant=at,
            ends_at=at + SESSION_LIFETIME,
            logout_behaviour=previous.logout_behaviour if previous and same else LogoutBehaviour.ANSWER,
        )
        if previous is not None:
            self.end(previous, at=at)
        self._sessions.put(session.handle, session, at=at)
        return session

    def behave(self, session: IdpSession, behaviour: LogoutBehaviour, *, at: datetime) -> None:
        """Choose what happens when the Context Handler asks to end the session."""
        self._sessions.change(session.handle, replace(session, logout_behaviour=behaviour), at=at)

    def named(self, name_id: NameId, session_indexes: tuple[str, ...], *, at: datetime) -> tuple[IdpSession, ...]:
        """Give the sessions that a logout request names; without a SessionIndex every one of the subject (SAML Core 3.7.1)."""
        return tuple(
            session
            for session in self._sessions.values(at=at)
            if session.name_id == name_id and (not session_indexes or session.session_index in session_indexes)
        )

    def end(self, session: IdpSession, *, at: datetime) -> None:
        """Log the person out here."""
        self._sessions.take(session.handle, at=at)
