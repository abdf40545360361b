"""Which attribute queries were answered, in SQLite: the unique key decides, in whichever process it is asked."""

from context_handler.ports import QueryUsedError
from context_handler.store.database import Database, Survives
from oiosaml.ids import EntityId, FlowId, MessageId, WorkspaceId


class SqliteQueries:
    """A QueryMemory in one SQLite file. Queries share the memory of a system's request IDs: one ID names one message (SAML Core 1.3.4)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, workspace: WorkspaceId, system: EntityId, query: MessageId, flow: FlowId) -> None:
        """Note that a query is being answered.

        Raises:
            QueryUsedError: if this system sent a message with that ID before.
        """
        with self._database.writing(Survives.KILL) as connection:
            fresh = connection.execute(
                "INSERT INTO seen_requests (workspace, system, request_id, flow) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (workspace, system, query, flow),
            )
        if fresh.rowcount == 0:
            raise QueryUsedError
