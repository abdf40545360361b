"""When somebody who does not answer is asked no more: a circuit breaker as a value machine. Time is an argument, monotonic seconds.

Closed, every question goes out. After `FAILURES` failures in a row it opens: for `OPEN_SECONDS` nothing is asked. Then one question is
let out as a probe while the others are still refused; its outcome closes the breaker or opens it anew. Our choice: KOMBIT is silent.
"""

from enum import StrEnum
from typing import Final

FAILURES: Final = 5
"""Failures in a row until nobody is asked. Fewer would open at a restart of the service; more would keep more people waiting in vain."""

OPEN_SECONDS: Final = 10.0
"""How long nobody is asked. Twice what one question may take, so that a probe is a small part of what a sick service gets."""


class BreakerState(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


class Breaker:
    """The breaker for one service. Whoever is admitted says exactly once how it ended: `answered`, `failed` or `abandoned`."""

    __slots__ = ("_failures", "_opened_at", "_state")

    def __init__(self) -> None:
        self._state = BreakerState.CLOSED
        self._failures = 0
        self._opened_at = 0.0

    @property
    def state(self) -> BreakerState:
        """Where it stands."""
        return self._state

    @property
    def failures(self) -> int:
        """How many questions in a row came to nothing."""
        return self._failures

    def admits(self, at: float) -> bool:
        """Tell whether a question may go out at that time. One of those who ask an open breaker after `OPEN_SECONDS` becomes the probe."""
        if self._state is BreakerState.CLOSED:
            return True
        if self._state is BreakerState.OPEN and at - self._opened_at >= OPEN_SECONDS:
            self._state = BreakerState.PROBING
            return True
        return False

    def answered(self) -> None:
        """A question was answered, if only with an error: who answers keeps nobody waiting."""
        self._state = BreakerState.CLOSED
        self._failures = 0

    def failed(self, at: float) -> None:
        """A question came to nothing."""
        self._failures += 1
        if self._state is BreakerState.PROBING or self._failures >= FAILURES:
            self._state = BreakerState.OPEN
            self._opened_at = at

    def abandoned(self, at: float) -> None:
        """A question was given up by whoever asked it, which says nothing of the service. A probe is left to the next who asks."""
        if self._state is BreakerState.PROBING:
            self._state = BreakerState.OPEN
            self._opened_at = at - OPEN_SECONDS
