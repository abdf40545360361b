"""Overdue logins are ended without anybody asking."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from context_handler.audit import audit
from context_handler.housekeeping import kept_in_order
from context_handler.store.bounds import ROWS_AT_ONCE
from context_handler.store.database import Database
from oiosaml.errors import SamlError
from oiosaml.ids import WorkspaceId
from tests.builders import NOW
from tests.context_handler.rig import Rig, minutes
from tests.context_handler.store.contract import login, steps

pytestmark = pytest.mark.anyio

OFTEN = timedelta(milliseconds=1)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - the condition lies in a store, which tells nobody
            await asyncio.sleep(0)


async def test_overdue_login_is_ended_with_an_event(rig: Rig) -> None:
    rig.begun()
    (flow,) = rig.record.flows(rig.ports.workspace, limit=1)
    async with kept_in_order(rig.ports, lambda: NOW + minutes(61), interval=OFTEN):
        await until(lambda: rig.record.events_of(rig.ports.workspace, flow.flow)[-1].code == "flow.expired")
    counts = rig.counts()
    assert (counts.expired, counts.pending) == (1, 0)


async def test_login_in_time_is_left_alone(rig: Rig) -> None:
    rig.begun()
    rounds: list[datetime] = []

    def clock() -> datetime:
        rounds.append(NOW)
        return NOW + minutes(59)

    async with kept_in_order(rig.ports, clock, interval=OFTEN):
        await until(lambda: len(rounds) > 2)
    assert rig.counts().pending == 1


async def test_store_that_fails_once_is_tried_again(rig: Rig) -> None:
    class Failing:
        attempts = 0

        def expire(self, workspace: WorkspaceId, at: datetime) -> int:
            self.attempts += 1
            raise SamlError("web.unavailable", "the disk is full")

    store = Failing()
    async with kept_in_order(replace(rig.ports, store=store), lambda: NOW, interval=OFTEN):  # type: ignore[arg-type]
        await until(lambda: store.attempts > 2)


async def test_web_13_overdue_logins_end_a_part_at_a_time_and_others_have_the_store_between(
    rig: Rig, tmp_path: Path
) -> None:
    workspace, overdue = rig.ports.workspace, ROWS_AT_ONCE * 2 + 1
    for number in range(overdue):
        rig.ports.store.save_pending(workspace, login(number), steps(f"flow-{number}", "begin"))
    another_process = Database(tmp_path / "nsis.sqlite", busy_timeout=timedelta())
    seen: list[int] = []

    def all_ended() -> bool:
        with another_process.writing() as connection:
            seen.append(connection.execute("SELECT COUNT(*) FROM logins WHERE state = 'expired'").fetchone()[0])
        return seen[-1] == overdue

    async with kept_in_order(rig.ports, lambda: NOW + minutes(61), interval=minutes(60)):
        await until(all_ended)
    another_process.close()
    assert sorted(set(seen) - {0}) == [ROWS_AT_ONCE, ROWS_AT_ONCE * 2, overdue]
    assert audit(rig.record, workspace, NOW + minutes(61)).conserved


async def test_room_is_made_until_there_is_enough_and_again_in_the_next_round(rig: Rig) -> None:
    calls: list[datetime] = []

    class Full:
        def expire(self, workspace: WorkspaceId, at: datetime) -> int:
            return 0

        def make_room(self, workspace: WorkspaceId, at: datetime) -> bool:
            calls.append(at)
            return len(calls) % 3 != 0

    async with kept_in_order(replace(rig.ports, store=Full()), lambda: NOW, interval=OFTEN):  # type: ignore[arg-type]
        await until(lambda: len(calls) >= 6)
    assert set(calls) == {NOW}
