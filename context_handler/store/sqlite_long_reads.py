"""Long reads beside the logins: in a thread, with connections of their own.

A login makes its short calls on the event loop. The whole record read there would keep every login waiting, and a page of somebody else's
can make a browser ask for it (attack WEB-13).
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from context_handler.store.database import Database
from context_handler.store.record import Record
from context_handler.store.sqlite_record import SqliteRecord

R = TypeVar("R")


class SqliteLongReads:
    """LongReads in one SQLite file. One at a time, so that half a core is left to the logins and what is in memory is one answer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._one_at_a_time = asyncio.Lock()

    async def ask(self, question: Callable[[Record], R]) -> R:
        """Put a question to the record, in a thread.

        Raises:
            SamlError: `web.unavailable` if the store cannot be used, or what the question raises.
        """
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._answer, question)

    def _answer(self, question: Callable[[Record], R]) -> R:
        with self._database.apart() as database:
            return question(SqliteRecord(database))
