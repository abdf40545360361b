"""One SQLite file and the connections to it: short transactions, written when they return, and one kind of failure.

A connection serves one call at a time and goes back to the pool; no call waits for anything but the disk. Calls are short enough to be
made on the event loop, which an extra thread per call would only slow down. What reads the whole record is not: it is made `apart`.
"""

import logging
import os
import sqlite3
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import copy
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from context_handler.store.schema import migrate
from context_handler.store.trouble import BUSY_TIMEOUT, Trouble, reason_of
from oiosaml.errors import SamlError

OPENING_TIMEOUT: Final = timedelta(seconds=30)
"""How long a start waits for the processes that start with it, one of which migrates."""

_SWITCHES: Final = 20
"""How often the switch to WAL is tried while other processes try the same."""

CHECKPOINT_PAGES: Final = 4000
"""How far the write-ahead log grows before it is moved into the file: 16 MB. Pages written again and again are then moved once."""

OWNER_ONLY: Final = 0o600
"""The mode of the store's files: a session holds the person's attributes as they were decrypted, CPR number included."""

_log = logging.getLogger(__name__)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Survives(StrEnum):
    """What a transaction withstands once it is written. Every one withstands `kill -9`; the values are SQLite's `synchronous`."""

    KILL = "NORMAL"
    """Power loss may undo it, back to the last transaction that survives power loss; never in part, never out of order."""
    POWER_LOSS = "FULL"
    """On the disk itself, and with it everything written before."""


class Database:
    """A migrated SQLite file in WAL mode: what was committed survives `kill -9`, and power loss where a transaction asks for it."""

    def __init__(self, path: Path, *, busy_timeout: timedelta = BUSY_TIMEOUT) -> None:
        """Open the file, making it if it is not there. It and its directory are made for their owner alone.

        Raises:
            SamlError: `web.unavailable` if it cannot be opened, is no database, or was made by a newer version.
        """
        self._path = path
        self._file = str(path)
        self._busy_timeout = busy_timeout
        self._trouble = Trouble(path.name, patience=busy_timeout)
        self._idle: deque[sqlite3.Connection] = deque()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _close_to_others(path)
            self._idle.append(self._connect(OPENING_TIMEOUT))
            migrate(self._idle[0])
            self._idle[0].execute(f"PRAGMA busy_timeout = {busy_timeout // timedelta(milliseconds=1)}")
            self._inode = path.stat().st_ino
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise self._unavailable(error) from error
        except BaseException:
            self.close()
            raise

    def writing(self, survives: Survives = Survives.POWER_LOSS) -> "Transaction":
        """Run one transaction that writes. It is written when the block ends; when the block raises, nothing was.

        What may be lost with the power is decided in docs/adr/0013.

        Raises:
            SamlError: `web.unavailable` if the disk is full or read-only, the file locked for too long, gone or damaged.
        """
        return Transaction(self, *_WRITING[survives])

    def reading(self) -> "Transaction":
        """Run one transaction that only reads: every statement in it sees the same state.

        Raises:
            SamlError: `web.unavailable` as `writing`.
        """
        return Transaction(self, ("BEGIN",), _READ)

    def row(self, query: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        """Read one row, or None, by one statement. It is a transaction of itself, at half the price.

        Raises:
            SamlError: `web.unavailable` as `writing`.
        """
        try:
            connection = self.take()
            try:
                row: tuple[Any, ...] | None = connection.execute(query, values).fetchone()
            except sqlite3.Error:
                connection.close()
                raise
        except _OURS_TO_MEND:
            raise
        except (sqlite3.Error, OSError) as error:
            raise self.failed(error) from error
        self.give_back(connection)
        return row

    @contextmanager
    def apart(self) -> Iterator["Database"]:
        """Give the same file with connections and troubles of its own, for a thread beside the event loop, until the block ends.

        A file that is gone is not made anew.
        """
        other = copy(self)
        other._idle = deque()  # noqa: SLF001 - of our own kind
        other._trouble = Trouble(self._path.name, patience=self._busy_timeout)  # noqa: SLF001 - of our own kind
        try:
            yield other
        finally:
            other.close()

    def take(self) -> sqlite3.Connection:
        """Give a connection that nobody else uses."""
        self._require_same_file()
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect(self._trouble.patience)

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Take a connection back for the next call."""
        self._idle.append(connection)

    def failed(self, error: sqlite3.Error | OSError) -> SamlError:
        """Take note that a call could not be made, and say so. Until a write succeeds, the next calls are not patient."""
        self._trouble.met(error)
        self.close()  # connections that would wait
        return self._unavailable(error)

    def written(self, connection: sqlite3.Connection) -> None:
        """Take note that a write succeeded, and take its connection back."""
        if self._trouble:
            self._trouble.over()
            self.close()  # connections that would not wait
            connection.close()
        else:
            self._idle.append(connection)

    def _unavailable(self, error: sqlite3.Error | OSError) -> SamlError:
        return SamlError("web.unavailable", f"the store {self._path.name} cannot be used: {reason_of(error)}")

    def close(self) -> None:
        """Close every idle connection. A call under way closes its own if it comes later."""
        while self._idle:
            self._idle.pop().close()

    def _require_same_file(self) -> None:
        # A deleted file goes on working for those who hold it open, and everything written to it is lost at the next start.
        inode = os.stat(self._file).st_ino  # noqa: PTH116 - asked for each call, and Path.stat takes twice as long
        if inode != self._inode:
            self.close()
            self._inode = inode

    def _connect(self, timeout: timedelta) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=timeout.total_seconds(),
            isolation_level=None,
            check_same_thread=False,  # the pool hands a connection to one thread at a time
        )
        try:
            _switch_to_wal(connection)
            connection.execute(f"PRAGMA synchronous = {Survives.KILL}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection


def _close_to_others(path: Path) -> None:
    """Make the file, or take what others may do with it from the files that are there. SQLite gives new ones beside it its mode."""
    # Only a file that nobody has open yet is opened here: closing one drops every lock that this process holds on it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
        return
    for file in (path, *(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm", "-journal"))):
        with suppress(FileNotFoundError):
            _tighten(file)


def _tighten(file: Path) -> None:
    mode = file.stat().st_mode
    if stat.S_ISREG(mode) and stat.S_IMODE(mode) & ~OWNER_ONLY:
        try:
            file.chmod(stat.S_IMODE(mode) & OWNER_ONLY)
        except PermissionError:
            # Another user's file, lent to us: it is usable as it is, and its owner's to close.
            _log.warning("%s may be read by others, and only its owner can change that", file.name)


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    for _ in range(_SWITCHES):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            # Only this pragma does not wait for others; a transaction does, and then the file may be in WAL mode already.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        else:
            return
    raise sqlite3.OperationalError("database is locked by others that start")


class Transaction:
    """One transaction, as a context manager. A class, since generators would cost as much as the statements they wrap."""

    __slots__ = ("_begin", "_connection", "_database", "_end")

    def __init__(self, database: Database, begin: tuple[str, ...], end: tuple[str, ...]) -> None:
        self._database = database
        self._begin = begin
        self._end = end
        self._connection: sqlite3.Connection

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._connection = self._database.take()
            try:
                for statement in self._begin:
                    self._connection.execute(statement)
            except sqlite3.Error:
                self._connection.close()
                raise
        except (sqlite3.Error, OSError) as error:
            raise self._database.failed(error) from error
        return self._connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        connection = self._connection
        if error is None:
            try:
                for statement in self._end:
                    connection.execute(statement)
            except sqlite3.Error as failure:
                connection.close()  # which rolls back
                raise self._database.failed(failure) from failure
            if self._end is _READ:
                self._database.give_back(connection)
            else:
                self._database.written(connection)
        elif isinstance(error, sqlite3.Error):
            connection.close()
            if not isinstance(error, _OURS_TO_MEND):
                raise self._database.failed(error) from error
        else:
            for statement in ("ROLLBACK", *self._end[1:]):
                connection.execute(statement)
            self._database.give_back(connection)


_READ: Final = ("ROLLBACK",)

_WRITING: Final = {
    Survives.KILL: (("BEGIN IMMEDIATE",), ("COMMIT",)),
    # The setting belongs to the connection and cannot change inside a transaction.
    Survives.POWER_LOSS: (
        (f"PRAGMA synchronous = {Survives.POWER_LOSS}", "BEGIN IMMEDIATE"),
        ("COMMIT", f"PRAGMA synchronous = {Survives.KILL}"),
    ),
}

_OURS_TO_MEND: Final = (sqlite3.IntegrityError, sqlite3.ProgrammingError)
"""A broken statement or key is a fault in this program, not in the disk."""


def to_microseconds(at: datetime) -> int:
    """Give an instant as the store keeps it: whole microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """Give back the instant, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)
