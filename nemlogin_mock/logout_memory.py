"""Logouts that are on their way through the services and local IdPs, and the logout requests that were seen, in memory."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from nemlogin_mock.sessions import LocalLogin, Participant, Party
from oiosaml.errors import SamlError
from oiosaml.ids import MessageId
from saml_web.expiring_memory import ExpiringMemory
from saml_web.front_channel import Binding

PENDING_LIFETIME: Final = timedelta(minutes=10)
"""How long a logout may be at one party."""

SEEN_LIFETIME: Final = timedelta(minutes=20)
"""How long a request's ID is remembered: longer than a request is taken for fresh, with both clocks off."""

_PENDING_LIMIT: Final = 2_000
"""Most logouts waited for; the oldest goes when there are more."""

_SEEN_LIMIT: Final = 20_000
"""Most request IDs remembered: 16 a second for as long as each is."""


@dataclass(frozen=True, slots=True)
class Asker:
    """The client or local IdP that began a logout, and how the answer goes back to it."""

    party: Party
    request_id: MessageId
    binding: Binding
    relay_state: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Logout:
    """A logout as it stands. `asker` None: the person began it on the front page."""

    person_name: str
    asker: Asker | None
    waiting: tuple[Participant | LocalLogin, ...]
    """Who is still to be asked."""
    left: tuple[Party, ...] = ()
    """Those of whom nobody knows that they are logged out."""
    out: tuple[Party, ...] = ()
    """Those that said so."""

    def told(self, party: Party, *, is_out: bool) -> "Logout":
        """Give the logout in which that party has said that it is logged out, or else counts as still logged in."""
        return replace(self, out=(*self.out, party)) if is_out else replace(self, left=(*self.left, party))


@dataclass(frozen=True, slots=True)
class Asked:
    """A LogoutRequest of ours that a client or local IdP has not answered yet."""

    request_id: MessageId
    at: datetime
    party: Party
    logout: Logout


class Logouts:
    """What NemLog-in knows of logouts under way."""

    def __init__(self) -> None:
        """Begin with none."""
        self._asked: ExpiringMemory[MessageId, Asked] = ExpiringMemory(lifetime=PENDING_LIFETIME, limit=_PENDING_LIMIT)
        self._seen: ExpiringMemory[tuple[Party, MessageId], bool] = ExpiringMemory(
            lifetime=SEEN_LIFETIME, limit=_SEEN_LIMIT
        )

    def await_answer(self, asked: Asked) -> None:
        """Remember a request that goes out now."""
        self._asked.put(asked.request_id, asked, at=asked.at)

    def awaited(self, request_id: MessageId | None, *, at: datetime) -> Asked:
        """Give the request that a response claims to answer.

        Raises:
            SamlError: `slo.unsolicited` if there is none (attack SLO-04).
        """
        asked = None if request_id is None else self._asked.get(request_id, at=at)
        if asked is None:
            raise SamlError(
                "slo.unsolicited", f"got an answer to {request_id!r:.60}, expected one to a request of ours"
            )
        return asked

    def answered(self, asked: Asked, *, at: datetime) -> None:
        """Forget a request whose answer was accepted."""
        self._asked.take(asked.request_id, at=at)

    def accept_once(self, party: Party, request_id: MessageId, *, at: datetime) -> None:
        """Note a party's request.

        Raises:
            SamlError: `proto.replay` if it was seen before (attack SLO-03).
        """
        if self._seen.get((party, request_id), at=at):
            raise SamlError("proto.replay", f"got the logout request {request_id!r:.60} again, expected it once")
        self._seen.put((party, request_id), True, at=at)
