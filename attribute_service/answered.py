"""Which queries were answered before, for as long as they could come again, in bounded memory."""

from datetime import datetime, timedelta
from typing import Final

from oiosaml.errors import SamlError
from oiosaml.ids import MessageId
from oiosaml.rules.issue_instant import MAXIMUM_AGE
from oiosaml.validity import CLOCK_SKEW

MAX_REMEMBERED: Final = 10_000
"""Most queries remembered at once. They come from the Context Handler alone, a few for each login, and are forgotten in minutes."""


RETENTION: Final[timedelta] = MAXIMUM_AGE + 2 * CLOCK_SKEW
"""How long after its arrival a query could still pass for fresh: made at the latest one skew ahead, stale one skew after its age."""


class AnsweredQueries:
    """The IDs of recent queries. Only verified ones get here, so that a stranger can neither fill it nor use up an ID."""

    def __init__(self, *, limit: int = MAX_REMEMBERED) -> None:
        """Remember at most `limit` queries at once."""
        self._limit = limit
        self._forget_at: dict[MessageId, datetime] = {}

    def remember(self, query: MessageId, *, at: datetime) -> None:
        """Note that `query` is being answered.

        Raises:
            SamlError: `proto.replay` if it was answered before; `web.unavailable` if there is no room: forgetting an ID early
                would let its query be played again.
        """
        self._forget(at)
        if query in self._forget_at:
            raise SamlError("proto.replay", f"got the query {query!r:.60} again, expected a new ID")
        if len(self._forget_at) >= self._limit:
            raise SamlError("web.unavailable", f"got more than {self._limit} queries within {RETENTION}")
        self._forget_at[query] = at + RETENTION

    def _forget(self, at: datetime) -> None:
        # in order of arrival, so the oldest stand first
        while self._forget_at:
            oldest = next(iter(self._forget_at))
            if self._forget_at[oldest] > at:
                return
            del self._forget_at[oldest]
