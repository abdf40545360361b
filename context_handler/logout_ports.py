"""What the story of a logout needs from the store."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from context_handler.events import Event
from context_handler.logout_state import Leg, Logout, PartyKind
from context_handler.session import Participant, Session, SessionId
from oiosaml.ids import EntityId, FlowId, MessageId, WorkspaceId
from oiosaml.name_id import NameId
from oiosaml.value_type import value_type


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that can be logged out of, over or not, with everybody who takes part."""

    session: Session
    browser: str
    participants: tuple[Participant, ...]
    left_behind: bool = False
    """Whether it answers logins no more, for another person logged in there since."""


@value_type
class ParticipantName:
    """One participant by one name that it knows a session by."""

    kind: PartyKind
    party: EntityId
    name_id: NameId
    session_index: str
    """Empty if it gave none."""


@value_type
class EndedSession:
    """A session that has ended of late, by a logout or by its age, as one of its participants asks after it."""

    id: SessionId
    session_indexes: tuple[str, ...]
    """By which the participant that asks knew it."""
    still_logged_in: tuple[ParticipantName, ...]
    """Those of whom nobody knows that they are logged out, the one that asks perhaps among them."""


@value_type
class SessionsToEnd:
    """What a logout is about: the sessions that it ends, and those that ended before it came."""

    open: tuple[OpenSession, ...]
    ended: tuple[EndedSession, ...] = ()
    named: tuple[str, ...] = ()
    """The SessionIndexes that the initiator said it is about; without one it is about every name that the initiator has in them."""
    not_to_ask: frozenset[tuple[EntityId, NameId]] = frozenset()
    """Home IdPs that are not asked about the ended ones, each with its name for the person: it would end an open session, too."""

    @property
    def ids(self) -> tuple[SessionId, ...]:
        """All of them."""
        return (*(each.session.id for each in self.open), *(each.id for each in self.ended))


class LogoutStore(Protocol):
    """Sessions as they end, and logouts under way. Every method is one transaction and belongs to one workspace."""

    def sessions_of_participant(
        self, workspace: WorkspaceId, system: EntityId, name_id: NameId
    ) -> Sequence[OpenSession]:
        """Give the sessions in which this system takes part under this NameID."""
        ...

    def names_in_sessions(
        self, workspace: WorkspaceId, system: EntityId, session_indexes: Collection[str]
    ) -> Sequence[NameId]:
        """Give the NameIDs under which this system takes part in open sessions that it knows by these SessionIndexes."""
        ...

    def sessions_of_subject(self, workspace: WorkspaceId, idp: EntityId, name_id: NameId) -> Sequence[OpenSession]:
        """Give the sessions of a person with a home IdP, as that IdP calls the person."""
        ...

    def sessions_of_browser(self, workspace: WorkspaceId, handle: str) -> Sequence[OpenSession]:
        """Give the sessions of a browser, and those it left behind: it may log out of them, and they answer nothing."""
        ...

    def ended_sessions(
        self,
        workspace: WorkspaceId,
        kind: PartyKind,
        party: EntityId,
        name_id: NameId,
        session_indexes: Sequence[str],
    ) -> Sequence[EndedSession]:
        """Give the sessions that this party was told of, or told us of, under these names, and that have ended of late.

        Without a SessionIndex, all of them under that NameID.
        """
        ...

    def begin(self, workspace: WorkspaceId, logout: Logout, sessions: SessionsToEnd, events: Sequence[Event]) -> None:
        """Begin a logout: use up the initiator's request ID, end the sessions and the logins under way in their browsers, write the legs.

        The initiator is known to be logged out from then on under the SessionIndexes it named, also of sessions that had ended
        before. All of it survives a loss of power: a session that was logged out of does not come back.

        Raises:
            LogoutReplayedError: if the initiator sent a request with that ID before; then nothing was written.
        """
        ...

    def save(self, workspace: WorkspaceId, before: Logout, after: Logout, events: Sequence[Event]) -> None:
        """Write what a visit changed: the legs that moved, and the state.

        Raises:
            LogoutMovedError: if the logout stands elsewhere than `before`; then nothing was written.
        """
        ...

    def by_flow(self, workspace: WorkspaceId, flow: FlowId) -> Logout | None:
        """Read a logout."""
        ...

    def by_request(self, workspace: WorkspaceId, request_id: MessageId) -> Logout | None:
        """Read the logout that a LogoutRequest of ours belongs to."""
        ...

    def under_way(self, workspace: WorkspaceId, browser: str) -> Sequence[Logout]:
        """Give the logouts under way in a browser, the latest first."""
        ...

    def logged_out_meanwhile(self, workspace: WorkspaceId, logout: Logout) -> Sequence[Leg]:
        """Give those a logout still counts as logged in who are known to be logged out by another one, which crossed it."""
        ...

    def begun_by(self, workspace: WorkspaceId, party: EntityId, request_id: MessageId) -> Logout | None:
        """Give the logout that this request of a participant began."""
        ...

    def refuse(self, workspace: WorkspaceId, flow: FlowId, at: datetime, code: str, events: Sequence[Event]) -> None:
        """Write a logout that was refused before anything was ended."""
        ...

    def expire(self, workspace: WorkspaceId, at: datetime) -> int:
        """End some of the logouts that took too long, as they stand, with an event each; give how many.

        One that moves meanwhile is left alone.
        """
        ...
