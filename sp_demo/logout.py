"""Single logout at a demo system: asked by the person, or by the Context Handler, who may come without the person's browser."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oiosaml.ids import IdSource, MessageId
from oiosaml.uris import STATUS_PARTIAL_LOGOUT, STATUS_SUCCESS
from saml_web.expiring_memory import ExpiringMemory
from saml_web.logout_behaviour import LogoutBehaviour
from sp_demo.front_door import refuse
from sp_demo.login import Logins
from sp_demo.logout_checks import LogoutStatus, check_logout_request, check_logout_response
from sp_demo.logout_door import LogoutBinding, LogoutMessage
from sp_demo.stack import Begun, PostTo, RedirectTo, Stack
from sp_demo.system import DemoSystem

PENDING_LIFETIME: Final = timedelta(minutes=10)
"""How long a logout may take on its way through the other systems."""

SEEN_LIFETIME: Final = timedelta(minutes=20)
"""How long a request's ID is remembered: longer than a request is taken for fresh."""

BEHAVIOUR_LIFETIME: Final = timedelta(minutes=30)
"""As long as a session, for which it is chosen."""

_PENDING_LIMIT: Final = 2000
"""Most logouts waited for; the oldest goes when there are more."""

_SEEN_LIMIT: Final = 20_000
"""Most request IDs remembered: 16 a second for as long as each is."""

_BEHAVIOUR_LIMIT: Final = 200
"""Most sessions whose behaviour was chosen: as many as there are sessions."""


@dataclass(frozen=True, slots=True)
class PendingLogout:
    """A LogoutRequest of ours that is not answered yet."""

    person: str
    relay_state: str


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """What is shown when the Context Handler has answered the person's logout."""

    person: str
    status: LogoutStatus

    @property
    def everybody(self) -> bool:
        """Whether every system of the session is logged out."""
        return self.status.code == STATUS_SUCCESS and self.status.second_code != STATUS_PARTIAL_LOGOUT


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer, because somebody chose so on the system's page."""


class Logouts:
    """The logouts of one demo system."""

    def __init__(self, system: DemoSystem, logins: Logins, *, ids: IdSource) -> None:
        """Begin with none under way."""
        self._system = system
        self._logins = logins
        self._ids = ids
        self._pending: ExpiringMemory[str, PendingLogout] = ExpiringMemory(
            lifetime=PENDING_LIFETIME, limit=_PENDING_LIMIT
        )
        self._seen: ExpiringMemory[str, bool] = ExpiringMemory(lifetime=SEEN_LIFETIME, limit=_SEEN_LIMIT)
        self._behaviours: ExpiringMemory[str, LogoutBehaviour] = ExpiringMemory(
            lifetime=BEHAVIOUR_LIFETIME, limit=_BEHAVIOUR_LIMIT
        )

    def begin(self, stack: Stack, session: str, *, at: datetime) -> Begun | None:
        """End the session here and write a LogoutRequest for the rest; None if nobody is logged in.

        Raises:
            SamlError: `md.endpoint` if the Context Handler takes no logout; the session stays then.
        """
        logged_in = self._logins.logged_in(session, at=at)
        if logged_in is None:
            return None
        relay_state = self._ids.handle()
        begun = stack.logout.begin(logged_in.token, relay_state=relay_state, fresh_id=self._ids.message_id())
        # ended at once: whatever becomes of the other systems, this one is logged out (attack SLO-06)
        self._logins.end(session, at=at)
        self._pending.put(begun.request_id, PendingLogout(logged_in.person, relay_state), at=at)
        return begun

    def finish(self, stack: Stack, message: LogoutMessage, *, at: datetime) -> LoggedOut:
        """The Context Handler has answered; a message that fails leaves the logout open.

        Raises:
            SamlError: `slo.unsolicited` if nobody asked, or what is wrong with the answer.
        """
        claimed = message.root.get("InResponseTo", "")
        pending = self._pending.get(claimed, at=at)
        if pending is None:
            raise refuse("slo.unsolicited", f"got an answer to {claimed!r:.80}, expected one to a request of ours")
        stack.logout.verify(message)
        status = check_logout_response(
            message.root,
            request_id=MessageId(claimed),
            location=self._system.urls.slo_url,
            broker=stack.broker_entity_id,
            at=at,
        )
        if message.relay_state != pending.relay_state:
            raise refuse("bind.params", f"got RelayState {message.relay_state!r:.80}, expected the one sent")
        self._pending.take(claimed, at=at)
        return LoggedOut(pending.person, status)

    def answer(self, stack: Stack, message: LogoutMessage, *, at: datetime) -> RedirectTo | PostTo | bytes | Silence:
        """The Context Handler asks to end a session: end it, unless it was told to behave otherwise.

        A session that is gone already is a success: what was asked for is so.

        Raises:
            SamlError: if the request is not the Context Handler's, not for us, stale, or seen before. Nothing ends then.
        """
        stack.logout.verify(message)
        urls = self._system.urls
        location = urls.slo_soap_url if message.binding is LogoutBinding.SOAP else urls.slo_url
        asked = check_logout_request(message.root, location=location, broker=stack.broker_entity_id, at=at)
        if self._seen.get(asked.request_id, at=at):
            raise refuse("proto.replay", f"got the logout request {asked.request_id!r:.80} again, expected it once")
        self._seen.put(asked.request_id, True, at=at)
        sessions = self._logins.named(asked.name_id, asked.session_indexes, at=at)
        behaviours = {self.behaviour(session, at=at) for session in sessions}
        if LogoutBehaviour.SILENT in behaviours:
            return Silence()
        refused = LogoutBehaviour.REFUSE in behaviours
        for session in () if refused else sessions:
            self._logins.end(session, at=at)
        return stack.logout.answer(message, refused=refused)

    def behaviour(self, session: str, *, at: datetime) -> LogoutBehaviour:
        """Give what the session does when it is to be ended."""
        return self._behaviours.get(session, at=at) or LogoutBehaviour.ANSWER

    def behave(self, session: str, behaviour: LogoutBehaviour, *, at: datetime) -> None:
        """Choose what the session does when it is to be ended."""
        self._behaviours.put(session, behaviour, at=at)
