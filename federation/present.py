"""The world as it is at this moment, for houses that are not to be started again when a registration changes."""

from collections.abc import Callable
from typing import Generic, TypeVar

from federation.model import World

T = TypeVar("T")

PresentWorld = Callable[[], World]
"""Gives the world as it is now: the same object for as long as nothing changed."""


class Present(Generic[T]):
    """What a house works out of the world: once, and anew when the world is another one."""

    def __init__(self, world: PresentWorld, work_out: Callable[[World], T]) -> None:
        """Ask `world` at each call, and `work_out` only for a world that it was not asked about last."""
        self._world = world
        self._work_out = work_out
        self._last: tuple[World, T] | None = None

    def __call__(self) -> T:
        """Give it for the present world."""
        world, last = self._world(), self._last
        if last is None or last[0] is not world:
            last = self._last = world, self._work_out(world)
        return last[1]
