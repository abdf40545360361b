"""Who is logged in at which client, so that an attribute query can be answered; in memory, bounded, and for a working day."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from federation.nemlogin import NemLogInIdentity
from oiosaml.ids import EntityId
from oiosaml.name_id import NameId

LOGIN_LIFETIME: Final = timedelta(hours=8)
"""How long a client may ask about a login (our choice)."""

MAX_LOGINS: Final = 10_000
"""Most logins remembered at once; the oldest are forgotten first, and can then no longer be asked about."""


@dataclass(frozen=True, slots=True)
class _Login:
    identity: NemLogInIdentity
    until: datetime
    assertion: bytes = field(repr=False)


class Logins:
    """The logins of this process."""

    def __init__(self, *, limit: int = MAX_LOGINS) -> None:
        """Remember at most `limit`."""
        self._limit = limit
        self._logins: dict[tuple[EntityId, NameId], _Login] = {}

    def remember(
        self, client: EntityId, name_id: NameId, identity: NemLogInIdentity, assertion: bytes, *, at: datetime
    ) -> None:
        """Note that the client knows that identity by that name from now on, and has got that signed assertion."""
        self._logins.pop((client, name_id), None)
        while len(self._logins) >= self._limit:
            del self._logins[next(iter(self._logins))]
        self._logins[client, name_id] = _Login(identity, at + LOGIN_LIFETIME, assertion)

    def find(self, client: EntityId, name_id: NameId, *, at: datetime) -> NemLogInIdentity | None:
        """Give who is logged in at that client under that name, or None."""
        login = self._logins.get((client, name_id))
        return login.identity if login is not None and at < login.until else None

    def forget(self, client: EntityId, name_id: NameId) -> None:
        """Note that the person is logged out: the client may ask about that login no more."""
        self._logins.pop((client, name_id), None)

    def last_assertion(self, client: EntityId, *, at: datetime) -> bytes | None:
        """Give the signed assertion that the client got last, or None: what a replay sends again."""
        for (holder, _), login in reversed(self._logins.items()):
            if holder == client and at < login.until:
                return login.assertion
        return None
