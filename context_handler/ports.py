"""What the stories need from the outside world, as protocols. Adapters implement them, `app.py` wires them, tests hand in fakes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from context_handler.answer_in_hand import AnswerInHand
from context_handler.events import Event
from context_handler.login_state import LoginState, PendingLogin
from context_handler.logout_ports import LogoutStore
from context_handler.session import DEFAULT_LIMITS, Session, SessionKept, SessionLimits, SessionUsed
from federation.model import AttributeService, HomeIdp, Profile, UserFacingSystem
from federation.person import Person
from federation.roles import ConstraintType, JobFunctionRole, SystemRole
from federation.translation.table import TranslationTable
from federation.urls import ContextHandlerUrls
from oiosaml.ids import Cvr, EntityId, FlowId, IdSource, MessageId, WorkspaceId
from oiosaml.keys import DecryptionKey, SigningKey, VerificationKey
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.metadata import EntityDescriptor
from oiosaml.name_id import NameId
from oiosaml.validity import CLOCK_SKEW

REMEMBERED_SYSTEMS: Final = 1024
"""For so many systems is remembered what follows from their registration alone; KOMBIT has some two hundred."""


@dataclass(frozen=True, slots=True, eq=False)
class RegisteredIdp:
    """A home IdP with its metadata read once. It is itself alone: another registration, or another state of its keys, makes another one."""

    registration: HomeIdp
    metadata: EntityDescriptor
    keys: tuple[VerificationKey, ...]
    checked_until: datetime | None = None
    """Until when it is known that its certificates are not revoked; None if no revocation list speaks of them."""


@dataclass(frozen=True, slots=True, eq=False)
class RegisteredSystem:
    """A user-facing system with its metadata read once; itself alone, as `RegisteredIdp` is, so that what follows from it is remembered."""

    registration: UserFacingSystem
    metadata: EntityDescriptor
    keys: tuple[VerificationKey, ...]
    checked_until: datetime | None = None
    """Until when it is known that its certificates are not revoked; None if no revocation list speaks of them."""


@dataclass(frozen=True, slots=True, eq=False)
class RegisteredAttributeService:
    """An attribute service with its metadata read once."""

    registration: AttributeService
    metadata: EntityDescriptor
    keys: tuple[VerificationKey, ...]
    checked_until: datetime | None = None
    """Until when it is known that its certificates are not revoked; None if no revocation list speaks of them."""


class Registry(Protocol):
    """One consistent view of who is registered in a workspace. A look-up of what is not there gives None; disabled parties are given."""

    def idp(self, entity_id: EntityId) -> RegisteredIdp | None:
        """Give the IdP of that entityID."""
        ...

    def system(self, entity_id: EntityId) -> RegisteredSystem | None:
        """Give the system of that entityID."""
        ...

    def idps(self) -> Sequence[RegisteredIdp]:
        """Give all IdPs, in the order of registration."""
        ...

    def systems(self) -> Sequence[RegisteredSystem]:
        """Give all systems, in the order of registration."""
        ...

    def attribute_service_for(self, cvr: Cvr) -> RegisteredAttributeService | None:
        """Give the attribute service registered for that organisation."""
        ...

    def job_function_role(self, uri: str) -> JobFunctionRole | None:
        """Give the job function role of that URI."""
        ...

    def system_role(self, uri: str) -> SystemRole | None:
        """Give the system role of that URI."""
        ...

    def constraint_type(self, uri: str) -> ConstraintType | None:
        """Give the data constraint type of that entityID."""
        ...

    def translation_table(self, target: str) -> TranslationTable | None:
        """Give the translation table of that name."""
        ...

    def dynamic_keys(self, cvr: Cvr, system: EntityId) -> Sequence[str]:
        """Give the keys of the dynamic data constraints that an organisation's own roles have in a system."""
        ...

    def keys_of_systems(self) -> Sequence[VerificationKey]:
        """The signing keys of all systems: never to verify with, only to tell a vendor whose key a wrong signature was made by."""
        ...

    def keys_of_idps(self) -> Sequence[VerificationKey]:
        """The same for all IdPs."""
        ...

    def organisation_name(self, cvr: Cvr) -> str | None:
        """Give the registered name of an organisation."""
        ...

    def people(self) -> Sequence[Person]:
        """Every invented person, in the order of registration."""
        ...


@dataclass(frozen=True, slots=True)
class Counts:
    """How all flows of a workspace stand. Conservation: started = completed + refused + expired + pending."""

    started: int
    completed: int
    refused: int
    expired: int
    pending: int

    @property
    def conserved(self) -> bool:
        """Tell whether nothing was lost."""
        return self.started == self.completed + self.refused + self.expired + self.pending


@dataclass(frozen=True, slots=True)
class LogoutCounts:
    """How all logouts of a workspace stand, apart from logins: started = completed + partial + refused + under way."""

    started: int
    completed: int
    partial: int
    refused: int
    under_way: int

    @property
    def conserved(self) -> bool:
        """Tell whether nothing was lost."""
        return self.started == self.completed + self.partial + self.refused + self.under_way


class AnswerUsedError(Exception):
    """The pending login was already answered, or the assertion already accepted. `replay` tells the second."""

    def __init__(self, *, replay: bool) -> None:
        super().__init__("the assertion was accepted before" if replay else "the login was answered before")
        self.replay = replay


class Store(Protocol):
    """Durable state of the flows of one broker. Every method is one transaction and belongs to one workspace.

    When a method returns, what it wrote survives `kill -9`. Nothing is half-written.
    """

    def save_pending(self, workspace: WorkspaceId, login: PendingLogin, events: Sequence[Event]) -> None:
        """Begin a flow: write the pending login, remember the system's request ID, write the events.

        Raises:
            AnswerUsedError: with `replay` if this system already sent a request with that ID (attack REQ-10).
        """
        ...

    def pending_by_handle(self, workspace: WorkspaceId, flow: FlowId) -> PendingLogin | None:
        """Read a login by its flow id, in whatever state it is."""
        ...

    def pending_by_request(self, workspace: WorkspaceId, idp_request_id: MessageId) -> PendingLogin | None:
        """Read a login by the ID of our AuthnRequest to the home IdP, in whatever state it is."""
        ...

    def save_idp_choice(self, workspace: WorkspaceId, login: PendingLogin, events: Sequence[Event]) -> bool:
        """Move a login to at-home-idp with the IdP and request ID it now has; False if it was neither choosing nor at an IdP already."""
        ...

    def accept_answer(self, workspace: WorkspaceId, answer: AnswerInHand) -> None:
        """Use up the pending login and remember the assertion, in one transaction.

        Raises:
            AnswerUsedError: if either was used before; then nothing was written. Unique keys decide races, never read-then-write.
        """
        ...

    def finish(
        self,
        workspace: WorkspaceId,
        flow: FlowId,
        state: LoginState,
        code: str | None,
        events: Sequence[Event],
        in_hand: AnswerInHand | None = None,
    ) -> None:
        """End a flow as completed, refused or expired and write its last events; the answer in hand is used up with it.

        Raises:
            AnswerUsedError: if the flow has ended already, or the answer was used before; then nothing was written.
        """
        ...

    def refuse_unstarted(
        self, workspace: WorkspaceId, flow: FlowId, at: datetime, code: str, events: Sequence[Event]
    ) -> None:
        """Write a flow that was refused before it had a pending login: it counts as started and refused."""
        ...

    def expire(self, workspace: WorkspaceId, at: datetime) -> int:
        """End some of the logins that took too long, with an event each; give how many, 0 once none is left."""
        ...

    def record(self, workspace: WorkspaceId, events: Sequence[Event]) -> None:
        """Write events of a message that was refused without ending its flow (invariant I3)."""
        ...

    def make_room(self, workspace: WorkspaceId, at: datetime) -> bool:
        """Do a part of what keeps the record within its bounds; tell whether there is more to do. Counts are kept of what goes."""
        ...


class SessionStore(Protocol):
    """The sessions of browsers with home IdPs. Written with the completion of a login, in one transaction."""

    def in_browser(self, workspace: WorkspaceId, handle: str) -> Sequence[Session]:
        """Give the sessions of the browser whose session cookie has that `browser_id`, those that are over too."""
        ...

    def complete(
        self,
        workspace: WorkspaceId,
        flow: FlowId,
        kept: SessionKept,
        events: Sequence[Event],
        in_hand: AnswerInHand | None = None,
    ) -> None:
        """End a login as completed, and write the session it leaves. Its answer was accepted, or is in hand and used up with it.

        Raises:
            AnswerUsedError: if the login has ended already, or the answer was used before.
            SessionEndedError: if it renews a session that was ended meanwhile; then nothing was written.
        """
        ...

    def answer(self, workspace: WorkspaceId, login: PendingLogin, used: SessionUsed, events: Sequence[Event]) -> None:
        """Complete a login that a session answered. One whose state is completed begins and ends here; any other was waiting for its IdP.

        Raises:
            AnswerUsedError: with `replay` if this system already sent a request with that ID, without if the login has ended already.
            SessionEndedError: if the session is not this browser's any more; then nothing was written.
            AnsweredTooOftenError: if the session answered this system too often of late; then nothing was written.
        """
        ...

    def forget(self, workspace: WorkspaceId, at: datetime) -> int:
        """Drop some of the sessions that have come to their end; give how much was dropped, 0 once nothing is left."""
        ...


@dataclass(frozen=True, slots=True)
class BrokerKeys:
    """The broker's own keys. During a rollover `published` holds two certificates; `signing` is the one in use."""

    signing: SigningKey
    published_certificates: tuple[bytes, ...]
    """DER, the one in use first."""
    decryption: tuple[DecryptionKey, ...]
    encryption_certificate: bytes
    pairwise_secret: bytes = field(repr=False)
    """Makes persistent NameIDs different for each system yet stable; 32 octets."""


class AttributeServiceTransport(Protocol):
    """Carries one SOAP message to an attribute service and brings the answer back (AS-12)."""

    async def post_soap(self, url: str, envelope: bytes) -> bytes:
        """Give the answer's octets.

        Raises:
            SamlError: `aq.transport` for time-outs, broken connections, HTTP errors without SOAP, and answers that are too large;
                `aq.unavailable` if it is not asked because it did not answer of late.
        """
        ...


class RoleCatalogueTransport(Protocol):
    """Looks a user up at a municipal role catalogue."""

    async def roles_of(self, service: AttributeService, user: str, system: EntityId) -> bytes:
        """Give the answer's octets.

        Raises:
            SamlError: `aq.unknown-user`, `aq.denied`, `aq.transport`, or `aq.unavailable` as for attribute services.
        """
        ...


@dataclass(frozen=True, slots=True)
class KnownSubject:
    """Somebody who is logged in at a system: which IdP said so, and what it said, as it was signed."""

    idp: EntityId
    profile: Profile
    """What the IdP spoke; the assertion is read in no other."""
    signer: str
    """Fingerprint of the key that signed the assertion."""
    assertion: Assertion


class Subjects(Protocol):
    """Who is logged in where, as the live sessions know it."""

    def find(self, workspace: WorkspaceId, system: EntityId, name_id: NameId, at: datetime) -> KnownSubject | None:
        """Give whom `system` was told of under exactly this NameID, while the session lives; None otherwise."""
        ...

    def is_named_elsewhere(
        self, workspace: WorkspaceId, name_id: NameId, at: datetime, session_indexes: Sequence[str] = ()
    ) -> bool:
        """Tell whether another system was told of somebody under this NameID; for the record alone.

        A name that is the same at every system says nothing about whose it is: it counts with one of the SessionIndexes alone.
        """
        ...


class QueryUsedError(Exception):
    """The system sent a message with that ID before."""


class QueryMemory(Protocol):
    """The IDs of attribute queries that were answered."""

    def remember(self, workspace: WorkspaceId, system: EntityId, query: MessageId, flow: FlowId) -> None:
        """Note that a query is being answered. Only verified ones get here, so that a stranger can use up no ID.

        Raises:
            QueryUsedError: if it was before.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a story may touch beside its message and the time."""

    workspace: WorkspaceId
    store: Store
    sessions: SessionStore
    logouts: LogoutStore
    registry: Callable[[], Registry]
    """Gives the view that one visit works with, so that a change in the middle of a step cannot tear it."""
    keys: BrokerKeys
    ids: IdSource
    entropy: Callable[[int], bytes]
    attribute_services: AttributeServiceTransport
    queries: QueryMemory
    urls: ContextHandlerUrls
    entity_id_towards_systems: EntityId
    entity_id_towards_idps: EntityId
    contact: str
    """Where our metadata sends people who need help; an e-mail address."""
    role_catalogues: RoleCatalogueTransport | None = None
    subjects: Subjects | None = None
    """Who is logged in where; None in a broker that keeps no sessions."""
    session_limits: SessionLimits = DEFAULT_LIMITS
    clock_skew: timedelta = CLOCK_SKEW
