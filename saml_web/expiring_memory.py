"""What a simulated party remembers for a while, in memory only: it is lost at a restart, and then a login is simply begun again."""

from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ExpiringMemory(Generic[K, V]):
    """A bounded dictionary whose entries end. When it is full the oldest goes, so a flood cannot fill the process."""

    def __init__(self, *, lifetime: timedelta, limit: int) -> None:
        """Keep each of at most `limit` entries for `lifetime`."""
        self._lifetime = lifetime
        self._limit = limit
        self._entries: OrderedDict[K, tuple[datetime, V]] = OrderedDict()

    def put(self, key: K, value: V, *, at: datetime) -> None:
        """Remember `value`."""
        self._entries.pop(key, None)
        self._forget(at)
        while len(self._entries) >= self._limit:
            self._entries.popitem(last=False)
        self._entries[key] = (at + self._lifetime, value)

    def get(self, key: K, *, at: datetime) -> V | None:
        """Give what is remembered under `key`, or None."""
        self._forget(at)
        entry = self._entries.get(key)
        return None if entry is None else entry[1]

    def take(self, key: K, *, at: datetime) -> V | None:
        """Give what is remembered under `key` and forget it."""
        value = self.get(key, at=at)
        self._entries.pop(key, None)
        return value

    def change(self, key: K, value: V, *, at: datetime) -> None:
        """Put `value` in the place of what is remembered under `key`, which ends when it would have; nothing if there is none."""
        self._forget(at)
        if key in self._entries:
            self._entries[key] = (self._entries[key][0], value)

    def items(self, *, at: datetime) -> tuple[tuple[K, V], ...]:
        """Give everything that is remembered with its key, oldest first."""
        self._forget(at)
        return tuple((key, value) for key, (_, value) in self._entries.items())

    def values(self, *, at: datetime) -> tuple[V, ...]:
        """Give everything that is remembered, oldest first."""
        self._forget(at)
        return tuple(value for _, value in self._entries.values())

    def _forget(self, at: datetime) -> None:
        # All entries live equally long, so the first is always the first to end.
        while self._entries:
            key, (end, _) = next(iter(self._entries.items()))
            if at < end:
                return
            del self._entries[key]
