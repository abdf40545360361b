"""The breaker: open after so many failures in a row, one probe after a while, closed by an answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from context_handler.adapters.guarded import Breakers, GuardedAttributeServices
from context_handler.breaker import FAILURES, OPEN_SECONDS, Breaker, BreakerState
from oiosaml.errors import SamlError

NOON = 43_200.0
URL, OTHER = "https://attributter.skovrup.test/query", "https://attributter.korsbaek.test/query"


def opened(at: float = NOON) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES):
        assert breaker.admits(at)
        breaker.failed(at)
    return breaker


def test_it_opens_after_that_many_failures_in_a_row_and_not_before() -> None:
    breaker = Breaker()
    for _ in range(FAILURES - 1):
        breaker.failed(NOON)
    assert breaker.admits(NOON)
    breaker.failed(NOON)
    assert (breaker.state, breaker.admits(NOON)) == (BreakerState.OPEN, False)


def test_an_answer_between_begins_the_count_anew() -> None:
    breaker = Breaker()
    for _ in range(3 * FAILURES):
        breaker.failed(NOON)
        breaker.answered()
    assert breaker.state is BreakerState.CLOSED


def test_an_open_one_lets_one_probe_out_when_its_time_has_come() -> None:
    breaker = opened()
    assert not breaker.admits(NOON + OPEN_SECONDS - 0.001)
    assert breaker.admits(NOON + OPEN_SECONDS)
    assert not breaker.admits(NOON + OPEN_SECONDS), "one at a time"


def test_the_probe_closes_it_or_opens_it_for_as_long_again() -> None:
    breaker = opened()
    assert breaker.admits(NOON + OPEN_SECONDS)
    breaker.failed(NOON + OPEN_SECONDS + 5)
    assert not breaker.admits(NOON + 2 * OPEN_SECONDS + 4)
    assert breaker.admits(NOON + 2 * OPEN_SECONDS + 5)
    breaker.answered()
    assert (breaker.state, breaker.failures) == (BreakerState.CLOSED, 0)


def test_a_probe_that_was_given_up_is_left_to_the_next() -> None:
    breaker = opened()
    assert breaker.admits(NOON + OPEN_SECONDS)
    breaker.abandoned(NOON + OPEN_SECONDS + 1)
    assert breaker.admits(NOON + OPEN_SECONDS + 1)


class Wire:
    """A way to services, some of which are down; how often each was asked."""

    def __init__(self) -> None:
        self.down: dict[str, SamlError] = {}
        self.asked: list[str] = []
        self.slow: Callable[[], Awaitable[None]] | None = None

    async def post_soap(self, url: str, envelope: bytes) -> bytes:
        self.asked.append(url)
        if self.slow is not None:
            await self.slow()
        if url in self.down:
            raise self.down[url]
        return envelope


class Bench:
    def __init__(self) -> None:
        self.now = NOON
        self.wire = Wire()
        self.guarded = GuardedAttributeServices(self.wire, Breakers(lambda: self.now))

    async def code(self, url: str = URL) -> str:
        try:
            return (await self.guarded.post_soap(url, b"answered")).decode()
        except SamlError as error:
            assert error.refusal.http_status == 424
            return error.code


def silent() -> SamlError:
    return SamlError("aq.transport", "got TimeoutError, expected an answer")


@pytest.mark.anyio
async def test_a_silent_service_is_asked_no_more_the_other_goes_on_and_it_comes_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    bench = Bench()
    bench.wire.down[URL] = silent()
    codes = [await bench.code() for _ in range(FAILURES + 20)]
    assert codes == ["aq.transport"] * FAILURES + ["aq.unavailable"] * 20
    assert len(bench.wire.asked) == FAILURES
    assert await bench.code(OTHER) == "answered"
    bench.now += OPEN_SECONDS
    assert [await bench.code() for _ in range(2)] == ["aq.transport", "aq.unavailable"], "the probe failed"
    bench.now += OPEN_SECONDS
    bench.wire.down.clear()
    assert [await bench.code() for _ in range(3)] == ["answered"] * 3
    assert [each.levelname for each in caplog.records] == ["ERROR", "WARNING"], "said once each"


@pytest.mark.anyio
async def test_an_error_is_an_answer() -> None:
    bench = Bench()
    bench.wire.down[URL] = SamlError("aq.fault", "got a fault")
    assert [await bench.code() for _ in range(3 * FAILURES)] == ["aq.fault"] * 3 * FAILURES


@pytest.mark.anyio
async def test_a_cancelled_probe_leaves_the_next_to_another() -> None:
    bench = Bench()
    bench.wire.down[URL] = silent()
    for _ in range(FAILURES):
        await bench.code()
    bench.now += OPEN_SECONDS
    bench.wire.slow = asyncio.Event().wait  # type: ignore[assignment]  # its True is not looked at
    probe = asyncio.create_task(bench.code())
    await asyncio.sleep(0)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    bench.wire.slow = None
    bench.wire.down.clear()
    assert await bench.code() == "answered"
