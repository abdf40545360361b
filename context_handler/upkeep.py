"""What the broker does for its members without being asked: revocation list and metadata are read anew, a change of state is one event."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from context_handler.events import Event, EventOutcome
from context_handler.metadata_refresh import Refresher
from context_handler.ports import Ports
from context_handler.revocation import CRL_REFRESH, Revocations
from oiosaml.errors import SamlError
from oiosaml.ids import FlowId

REVOCATION_STEP = "refresh_revocation_list"

_log = logging.getLogger(__name__)


@asynccontextmanager
async def members_looked_after(
    ports: Ports,
    clock: Callable[[], datetime],
    revocations: Revocations,
    refresher: Refresher,
    *,
    interval: timedelta = CRL_REFRESH,
) -> AsyncIterator[None]:
    """Look after the members every `interval`, until the block ends. A member that answers slowly holds up no revocation."""
    tasks = (
        asyncio.create_task(_look_after(ports, clock, revocations, interval)),
        asyncio.create_task(_fetch_metadata(refresher, clock, interval)),
    )
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _fetch_metadata(refresher: Refresher, clock: Callable[[], datetime], interval: timedelta) -> None:
    while True:
        await asyncio.sleep(interval.total_seconds())
        try:
            await refresher.refresh_due(clock())
        except SamlError as error:
            _log.warning("metadata could not be refreshed: %s", error.detail)


async def _look_after(
    ports: Ports, clock: Callable[[], datetime], revocations: Revocations, interval: timedelta
) -> None:
    while True:
        await asyncio.sleep(interval.total_seconds())
        try:
            refresh_revocations(ports, clock(), revocations)
        except SamlError as error:
            _log.warning("the record could not be written: %s", error.detail)


def refresh_revocations(ports: Ports, at: datetime, revocations: Revocations) -> None:
    """Read the list anew; write one event if its state changed, and none for each try."""
    if not revocations.refresh(at):
        return
    fault, current = revocations.fault, revocations.current
    detail = f"{len(current.serial_numbers)} revoked, until {current.next_update}" if current else ""
    event = Event(
        flow=FlowId(ports.ids.uuid()),
        at=at,
        step=REVOCATION_STEP,
        outcome=EventOutcome.REFUSED if fault else EventOutcome.PASSED,
        code=fault.code if fault else None,
        detail=fault.detail if fault else detail,
    )
    ports.store.record(ports.workspace, (event,))
