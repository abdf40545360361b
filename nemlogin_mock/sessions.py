"""Who is logged in at NemLog-in, in which browser, at which clients, and by which local IdPs.

In memory and bounded: a restart forgets every session, and then the next login asks. Each client knows the session by a NameID and a
SessionIndex of its own, so that two of them cannot tell from the index that they serve the same person.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from federation.nemlogin import NemLogInIdentity
from oiosaml.ids import EntityId, IdSource
from oiosaml.name_id import NameId
from saml_web.expiring_memory import ExpiringMemory
from saml_web.logout_behaviour import LogoutBehaviour

SESSION_LIFETIME: Final = timedelta(hours=8)
"""How long a login holds: a working day (our choice)."""

_LIMIT: Final = 2_000
"""Most sessions at once; the oldest are forgotten first."""


class Face(StrEnum):
    """Towards whom NemLog-in stands: it has a name and a logout endpoint for either."""

    CLIENTS = "clients"
    LOCAL_IDPS = "local-idps"


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody that NemLog-in deals with on one of its faces. The Context Handler is one on each."""

    face: Face
    entity_id: EntityId


@dataclass(frozen=True, slots=True)
class Participant:
    """A client that was given an assertion from the session, and how it knows the session."""

    client: EntityId
    name_id: NameId
    session_index: str

    @property
    def party(self) -> Party:
        """Who it is."""
        return Party(Face.CLIENTS, self.client)


@dataclass(frozen=True, slots=True)
class LocalLogin:
    """A local IdP that the session rests on, and how it named the login."""

    idp: EntityId
    name_id: NameId
    session_index: str | None

    @property
    def party(self) -> Party:
        """Who it is."""
        return Party(Face.LOCAL_IDPS, self.idp)

    def is_named(self, name_id: NameId, session_indexes: tuple[str, ...]) -> bool:
        """Tell whether a request of that IdP is about this login; without a SessionIndex about all of the subject (SAML Core 3.7.1)."""
        index = self.session_index
        return self.name_id == name_id and (not session_indexes or index is None or index in session_indexes)


@dataclass(frozen=True, slots=True)
class NemLogInSession:
    """One identity logged in in one browser, at the level it logged in at."""

    handle: str
    identity: NemLogInIdentity
    authn_instant: datetime
    ends_at: datetime
    participants: tuple[Participant, ...] = ()
    logout_behaviour: LogoutBehaviour = LogoutBehaviour.ANSWER
    local_logins: tuple[LocalLogin, ...] = ()
    """Empty for who logged in at NemLog-in itself; several if the same identity came from more than one."""

    def known_to(self, client: EntityId, name_id: NameId) -> Participant | None:
        """Give how that client knows the session by that name, or None."""
        return next((each for each in self.participants if (each.client, each.name_id) == (client, name_id)), None)


class Sessions:
    """The sessions of this process."""

    def __init__(self, *, ids: IdSource) -> None:
        """Begin with nobody logged in."""
        self._ids = ids
        self._sessions: ExpiringMemory[str, NemLogInSession] = ExpiringMemory(lifetime=SESSION_LIFETIME, limit=_LIMIT)

    def of(self, handle: str | None, *, at: datetime) -> NemLogInSession | None:
        """Give the session of the browser with that cookie, or None."""
        return None if handle is None else self._sessions.get(handle, at=at)

    def once(self, identity: NemLogInIdentity, *, at: datetime) -> NemLogInSession:
        """Give a session that is not kept: for one answer alone."""
        return NemLogInSession(self._ids.handle(), identity, at, at + SESSION_LIFETIME)

    def begin(
        self,
        identity: NemLogInIdentity,
        *,
        previous: NemLogInSession | None,
        local_login: LocalLogin | None = None,
        at: datetime,
    ) -> NemLogInSession:
        """Log the identity in now, in place of `previous`, the session that the same browser had.

        The same identity keeps its clients and local logins, so that what was told before still names the session.
        """
        # a new handle for every login: one planted before cannot be upgraded (attack WEB-03)
        come = () if local_login is None else (local_login,)
        session = replace(self.once(identity, at=at), local_logins=come)
        if previous is not None:
            self.end(previous, at=at)
            if previous.identity.id == identity.id:
                kept, behaviour = previous.participants, previous.logout_behaviour
                local = tuple(dict.fromkeys((*previous.local_logins, *come)))
                session = replace(session, participants=kept, logout_behaviour=behaviour, local_logins=local)
        self._sessions.put(session.handle, session, at=at)
        return session

    def join(self, session: NemLogInSession, client: EntityId, name_id: NameId, *, at: datetime) -> Participant:
        """Note that the client is told of the session now; one that was told before keeps its SessionIndex."""
        known = session.known_to(client, name_id)
        if known is not None:
            return known
        joined = Participant(client, name_id, self._ids.message_id())
        after = replace(session, participants=(*session.participants, joined))
        self._sessions.change(session.handle, after, at=at)
        return joined

    def behave(self, session: NemLogInSession, behaviour: LogoutBehaviour, *, at: datetime) -> None:
        """Choose what happens when a client asks to end the session."""
        self._sessions.change(session.handle, replace(session, logout_behaviour=behaviour), at=at)

    def named(
        self, client: EntityId, name_id: NameId, session_indexes: tuple[str, ...] = (), *, at: datetime
    ) -> tuple[NemLogInSession, ...]:
        """Give the sessions that a client's request names, its own alone; without a SessionIndex all of the subject (SAML Core 3.7.1)."""
        found = []
        for session in self._sessions.values(at=at):
            known = session.known_to(client, name_id)
            if known is not None and (not session_indexes or known.session_index in session_indexes):
                found.append(session)
        return tuple(found)

    def named_by_idp(
        self, idp: EntityId, name_id: NameId, session_indexes: tuple[str, ...] = (), *, at: datetime
    ) -> tuple[NemLogInSession, ...]:
        """Give the sessions that a local IdP's request names: those that rest on a login there."""
        return tuple(
            session
            for session in self._sessions.values(at=at)
            if any(each.idp == idp and each.is_named(name_id, session_indexes) for each in session.local_logins)
        )

    def end(self, session: NemLogInSession, *, at: datetime) -> None:
        """Log the identity out here."""
        self._sessions.take(session.handle, at=at)
