"""What the broker does without being asked: overdue logins are ended, so that their events say so too; ended sessions are forgotten."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

from context_handler.ports import Ports
from oiosaml.errors import SamlError
from oiosaml.ids import WorkspaceId

INTERVAL: Final = timedelta(minutes=1)
"""How often overdue logins are ended. Nothing waits for it: an overdue login counts as expired from its last instant on."""

PAUSE: Final = timedelta(milliseconds=20)
"""How long the store is left to others after each step. Whoever waits for it looks in from time to time only, so a gap must last."""

Step = Callable[[WorkspaceId, datetime], int]
"""Does a part of some work, and tells whether there may be more of it."""

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
            await _do_all(ports.store.expire, ports.workspace, clock)
            await _do_all(ports.sessions.forget, ports.workspace, clock)
            await _do_all(ports.logouts.expire, ports.workspace, clock)
            await _do_all(ports.store.make_room, ports.workspace, clock)
        except SamlError as error:
            # The store comes back by itself or a login says so; a task that died would never try again.
            _log.warning("overdue logins could not be ended: %s", error.detail)
        await asyncio.sleep(interval.total_seconds())


async def _do_all(step: Step, workspace: WorkspaceId, clock: Callable[[], datetime]) -> None:
    """Do all there is to do, step by step: each holds the store for a moment only, and logins go on between, in every process."""
    more = True
    while more:
        more = step(workspace, clock()) > 0
        await asyncio.sleep(PAUSE.total_seconds() if more else 0)
