"""What each step of the story costs by itself: the story told in this process, each step timed."""

import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import context_handler.login as story
from scripts.generate_login_flow import steps_of
from tests.context_handler.rig import Rig, make_rig

ROUNDS = 200
WARM_UP = 20
STORE = ("save_pending", "pending_by_request", "accept_answer")
SESSIONS = ("complete",)
PARTS = ("begin_login", "continue_login", "finish_login", "answer_from_session")


class Stopwatch:
    """Adds up CPU time by name. What a name's function spends in another timed one counts for both."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Give the function with a stopwatch round it."""
        if asyncio.iscoroutinefunction(function):

            @wraps(function)
            async def waiting(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any function's arguments
                started = time.process_time()
                try:
                    return await function(*args, **kwargs)
                finally:
                    self.seconds[name] += time.process_time() - started

            return waiting

        @wraps(function)
        def straight(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any function's arguments
            started = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds[name] += time.process_time() - started

        return straight


class TimedStore:
    """The store with a stopwatch round what a login uses."""

    def __init__(self, store: Any, watch: Stopwatch, names: Sequence[str]) -> None:  # noqa: ANN401 - any Store
        self._store = store
        for name in names:
            setattr(self, name, watch.timed(f"store.{name}", getattr(store, name)))


def step_table(unit: float) -> str:
    """Give a table of the steps' CPU time, `unit` being one RSA operation in microseconds."""
    watch = Stopwatch()
    originals = {step.name: getattr(story, step.name) for part in PARTS for step in steps_of(story, part)}
    for name, function in originals.items():
        setattr(story, name, watch.timed(name, function))
    try:
        with tempfile.TemporaryDirectory() as directory:
            asyncio.run(_log_in(make_rig(Path(directory)), watch))
    finally:
        for name, function in originals.items():
            setattr(story, name, function)
    rows = [
        f"| {name} | {seconds / ROUNDS * 1e6:,.0f} µs | {seconds / ROUNDS * 1e6 / unit:.2f} |"
        for name, seconds in watch.seconds.items()
        if seconds > 0
    ]
    return "| step | CPU | x rsa |\n| --- | --- | --- |\n" + "\n".join(rows)


async def _log_in(rig: Rig, watch: Stopwatch) -> None:
    object.__setattr__(rig.ports, "store", TimedStore(rig.ports.store, watch, STORE))
    object.__setattr__(rig.ports, "sessions", TimedStore(rig.ports.sessions, watch, SESSIONS))
    for number in range(ROUNDS + WARM_UP):
        if number == WARM_UP:
            watch.seconds.clear()
        query = rig.query_of(rig.request())
        outcome = rig.begin_with(query)
        question = rig.question_in(outcome)  # type: ignore[arg-type]
        await rig.finish(rig.honest_answer(question))
