"""The named points at which a broker dies. The hooks are put round ports and store from here; the product knows nothing of them."""

import functools
import importlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final


class When(StrEnum):
    """Where in a call the kill falls."""

    BEFORE = "before"
    AFTER = "after"
    UNCOMMITTED = "uncommitted"
    """All its statements have run, and its transaction is not committed."""
    BETWEEN_FILES = "between files"
    """One file is in its place, the next is not yet."""


@dataclass(frozen=True, slots=True)
class KillPoint:
    """One point, by the words of the plan, and the call that it is about."""

    number: int
    name: str
    module: str
    call: str
    when: When


_STORE: Final = "context_handler.store.sqlite"
_SESSIONS: Final = "context_handler.store.sqlite_sessions"
_SOAP: Final = "context_handler.adapters.soap_over_http"

POINTS: Final = (
    KillPoint(1, "request-accepted-not-stored", _STORE, "SqliteStore.save_pending", When.BEFORE),
    KillPoint(2, "stored-not-redirected", _STORE, "SqliteStore.save_pending", When.AFTER),
    KillPoint(3, "answer-received", _STORE, "SqliteStore.pending_by_request", When.BEFORE),
    KillPoint(4, "verified-replay-not-stored", _STORE, "SqliteStore.accept_answer", When.BEFORE),
    KillPoint(5, "replay-stored-query-not-sent", _SOAP, "SoapOverHttp.post_soap", When.BEFORE),
    KillPoint(6, "query-answered-not-stored", _SOAP, "SoapOverHttp.post_soap", When.AFTER),
    KillPoint(7, "assertion-signed-not-stored", _SESSIONS, "SqliteSessions.complete", When.BEFORE),
    KillPoint(8, "stored-not-delivered", _SESSIONS, "SqliteSessions.complete", When.AFTER),
    KillPoint(9, "logout-half-done", "context_handler.store.sqlite_logouts", "SqliteLogouts.begin", When.AFTER),
    KillPoint(
        10,
        "metadata-import-half-done",
        "context_handler.store.sqlite_registrations",
        "SqliteRegistrations.change",
        When.UNCOMMITTED,
    ),
    KillPoint(11, "key-rollover-half-done", "federation.dev_ca", "complete_rollover", When.BETWEEN_FILES),
    KillPoint(12, "audit-written-state-not", _SESSIONS, "SqliteSessions.complete", When.UNCOMMITTED),
)
BY_NAME: Final = {point.name: point for point in POINTS}
ROLLOVER: Final = BY_NAME["key-rollover-half-done"]


def install(point: KillPoint, passes: int) -> None:
    """Let this process die by SIGKILL the `passes`-th time it comes to `point`."""
    owner: Any = importlib.import_module(point.module)
    *path, name = point.call.split(".")
    for each in path:
        owner = getattr(owner, each)
    death = _Death(passes)
    original = getattr(owner, name)
    wrapped = {
        When.BEFORE: _before,
        When.AFTER: _after_coroutine if name == "post_soap" else _after,
        When.UNCOMMITTED: _uncommitted,
        When.BETWEEN_FILES: _between_files,
    }[point.when](original, death)
    setattr(owner, name, functools.wraps(original)(wrapped))


class _Death:
    def __init__(self, passes: int) -> None:
        self._left = passes

    def comes(self) -> None:
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


_Call = Callable[..., Any]


def _before(original: _Call, death: _Death) -> _Call:
    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any function's arguments
        death.comes()
        return original(*args, **kwargs)

    return call


def _after(original: _Call, death: _Death) -> _Call:
    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - see above
        result = original(*args, **kwargs)
        death.comes()
        return result

    return call


def _after_coroutine(original: _Call, death: _Death) -> _Call:
    async def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - see above
        result = await original(*args, **kwargs)
        death.comes()
        return result

    return call


def _uncommitted(original: _Call, death: _Death) -> _Call:
    from context_handler.store.database import Transaction

    leave = Transaction.__exit__
    inside = False

    def exit_dying(self: Transaction, kind: object, error: BaseException | None, trace: object) -> None:
        if inside and error is None:
            death.comes()
        leave(self, kind, error, trace)

    Transaction.__exit__ = exit_dying  # type: ignore[method-assign]  # that is what a hook does

    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - see above
        nonlocal inside
        inside = True
        try:
            return original(*args, **kwargs)
        finally:
            inside = False

    return call


def _between_files(original: _Call, death: _Death) -> _Call:
    replace = Path.replace

    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - see above
        def replace_and_die(self: Path, target: Path) -> Path:
            result = replace(self, target)
            death.comes()
            return result

        Path.replace = replace_and_die  # type: ignore[assignment,method-assign]  # that is what a hook does
        return original(*args, **kwargs)

    return call
