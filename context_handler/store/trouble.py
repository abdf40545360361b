"""What keeps the store from being used: said in the log once when it begins and once when it is over, and waited for only at first.

Every call of a login is made on the event loop. While another program holds the file, each would wait in turn, and nobody be served at all.
"""

import logging
import sqlite3
from datetime import timedelta
from typing import Final

BUSY_TIMEOUT: Final = timedelta(milliseconds=500)
"""How long a write waits for another process's write: a hundred times what one takes. Longer would hold up everybody on this event loop."""

IN_TROUBLE_TIMEOUT: Final = timedelta(milliseconds=20)
"""How long it waits once a call has failed, until one succeeds: then who comes is refused at once, and the loop serves the others."""

_log = logging.getLogger(__name__)


class Trouble:
    """Whether the store of one process could be written when that was tried last."""

    def __init__(self, store: str, *, patience: timedelta = BUSY_TIMEOUT) -> None:
        """`store` is its name in the log; `patience` is how long a call waits while all is well."""
        self._store = store
        self._patience = patience
        self._refused = 0

    def __bool__(self) -> bool:
        """Tell whether there is trouble."""
        return self._refused > 0

    @property
    def patience(self) -> timedelta:
        """How long a call may wait now."""
        return IN_TROUBLE_TIMEOUT if self._refused else self._patience

    def met(self, error: sqlite3.Error | OSError) -> None:
        """A call failed."""
        if not self._refused:
            _log.error("the store %s cannot be used, what needs it is refused: %s", self._store, reason_of(error))
        self._refused += 1

    def over(self) -> None:
        """A write succeeded."""
        if self._refused:
            _log.warning("the store %s can be used again; %d calls were refused", self._store, self._refused)
        self._refused = 0


def reason_of(error: sqlite3.Error | OSError) -> str:
    """Say why, with SQLite's own name of it."""
    name = getattr(error, "sqlite_errorname", None)
    return f"{error!s:.200} ({name})" if name else f"{error!s:.200}"
