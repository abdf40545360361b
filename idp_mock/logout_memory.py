"""Logouts that the IdP began and waits for, and the logout requests it has seen, in memory."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oiosaml.errors import SamlError
from oiosaml.ids import MessageId
from saml_web.expiring_memory import ExpiringMemory

PENDING_LIFETIME: Final = timedelta(minutes=10)
"""How long a logout may take on its way through the systems."""

SEEN_LIFETIME: Final = timedelta(minutes=20)
"""How long a request's ID is remembered: longer than a request is taken for fresh, with both clocks off."""

_PENDING_LIMIT: Final = 2000
"""Most logouts waited for; the oldest goes when there are more."""

_SEEN_LIMIT: Final = 20_000
"""Most request IDs remembered: 16 a second for as long as each is."""


@dataclass(frozen=True, slots=True)
class PendingLogout:
    """A LogoutRequest of ours that the Context Handler has not answered yet."""

    request_id: MessageId
    person_name: str
    requested_at: datetime


class Logouts:
    """What one IdP knows of logouts under way."""

    def __init__(self) -> None:
        """Begin with none."""
        self._pending: ExpiringMemory[MessageId, PendingLogout] = ExpiringMemory(
            lifetime=PENDING_LIFETIME, limit=_PENDING_LIMIT
        )
        self._seen: ExpiringMemory[MessageId, bool] = ExpiringMemory(lifetime=SEEN_LIFETIME, limit=_SEEN_LIMIT)

    def await_answer(self, pending: PendingLogout, *, at: datetime) -> None:
        """Remember a request that goes out now."""
        self._pending.put(pending.request_id, pending, at=at)

    def awaited(self, request_id: MessageId | None, *, at: datetime) -> PendingLogout:
        """Give the request that a response claims to answer.

        Raises:
            SamlError: `slo.unsolicited` if there is none (attack SLO-04).
        """
        pending = None if request_id is None else self._pending.get(request_id, at=at)
        if pending is None:
            raise SamlError(
                "slo.unsolicited", f"got an answer to {request_id!r:.60}, expected one to a request of ours"
            )
        return pending

    def answered(self, pending: PendingLogout, *, at: datetime) -> None:
        """Forget a request whose answer was accepted."""
        self._pending.take(pending.request_id, at=at)

    def accept_once(self, request_id: MessageId, *, at: datetime) -> None:
        """Note a request of the Context Handler's.

        Raises:
            SamlError: `proto.replay` if it was seen before (attack SLO-03).
        """
        if self._seen.get(request_id, at=at):
            raise SamlError("proto.replay", f"got the logout request {request_id!r:.60} again, expected it once")
        self._seen.put(request_id, True, at=at)
