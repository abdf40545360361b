"""One SQLite file and the connections to it: short transactions, durable when they return, and one kind of failure.

A connection serves one call at a time and goes back to the pool; no call waits for anything but the disk. Calls are short enough to be
made on the event loop, which an extra thread per call would only slow down.
"""

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from context_handler.store.schema import migrate
from oiosaml.errors import SamlError

BUSY_TIMEOUT: Final = timedelta(seconds=2)
"""How long a write waits for another process's write. Longer would hold up everybody on this event loop."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Database:
    """A migrated SQLite file in WAL mode with full synchronisation: what was committed survives `kill -9` and power loss."""

    def __init__(self, path: Path, *, busy_timeout: timedelta = BUSY_TIMEOUT) -> None:
        """Open the file, making it if it is not there.

        Raises:
            SamlError: `web.unavailable` if it cannot be opened, is no database, or was made by a newer version.
        """
        self._path = path
        self._busy_timeout = busy_timeout
        self._idle: deque[sqlite3.Connection] = deque()
        with _as_unavailable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = self._connect()
            try:
                migrate(connection)
                connection.executescript(_SETTINGS)
            except BaseException:
                connection.close()
                raise
            self._idle.append(connection)
            self._inode = path.stat().st_ino

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction that writes. It is durable when the block ends; when the block raises, nothing was written.

        Raises:
            SamlError: `web.unavailable` if the disk is full or read-only, the file locked for too long, gone or damaged.
        """
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                # Also after a COMMIT that failed, and after those failures at which SQLite itself has rolled back.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction that only reads: every statement in it sees the same state.

        Raises:
            SamlError: `web.unavailable` as `writing`.
        """
        with self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close every idle connection. A call under way closes its own if it comes later."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with _as_unavailable(self._path):
            self._require_same_file()
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._connect()
                connection.executescript(_SETTINGS)
            try:
                yield connection
            except sqlite3.Error:
                connection.close()
                raise
            except BaseException:
                self._idle.append(connection)
                raise
            self._idle.append(connection)

    def _require_same_file(self) -> None:
        # A deleted file goes on working for those who hold it open, and everything written to it is lost at the next start.
        inode = self._path.stat().st_ino
        if inode != self._inode:
            self.close()
            self._inode = inode

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self._path,
            timeout=self._busy_timeout.total_seconds(),
            isolation_level=None,
            check_same_thread=False,  # the pool hands a connection to one thread at a time
        )


_SETTINGS: Final = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
"""


@contextmanager
def _as_unavailable(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise  # ours to mend: not the disk's fault
    except (sqlite3.Error, OSError) as error:
        raise SamlError("web.unavailable", f"the store {path.name} cannot be used: {error!s:.200}") from error


def to_microseconds(at: datetime) -> int:
    """Give an instant as the store keeps it: whole microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """Give back the instant, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)
