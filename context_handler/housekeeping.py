"""What the broker does without being asked: overdue logins are ended, so that their events say so too; ended sessions are forgotten."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

from context_handler.ports import Ports
from oiosaml.errors import SamlError

INTERVAL: Final = timedelta(minutes=1)
"""How often overdue logins are ended. Nothing waits for it: an overdue login counts as expired from its last instant on."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def kept_in_order(
    ports: Ports, clock: Callable[[], datetime], *, interval: timedelta = INTERVAL
) -> AsyncIterator[None]:
    """Keep house at once and then every `interval`, until the block ends."""
    task = asyncio.create_task(_keep_house(ports, clock, interval))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep_house(ports: Ports, clock: Callable[[], datetime], interval: timedelta) -> None:
    while True:
        try:
            ports.store.expire(ports.workspace, clock())
            ports.sessions.forget(ports.workspace, clock())
            ports.logouts.expire(ports.workspace, clock())
            await _make_room(ports, clock)
        except SamlError as error:
            # The store comes back by itself or a login says so; a task that died would never try again.
            _log.warning("overdue logins could not be ended: %s", error.detail)
        await asyncio.sleep(interval.total_seconds())


async def _make_room(ports: Ports, clock: Callable[[], datetime]) -> None:
    """Do all there is to do, step by step: each holds the store for a moment only, and logins go on between."""
    more = True
    while more:
        more = ports.store.make_room(ports.workspace, clock())
        await asyncio.sleep(0)
