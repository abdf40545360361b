"""How members' metadata stands, in SQLite: one row for each member that publishes its metadata at an address."""

from collections.abc import Mapping

from context_handler.metadata_refresh import RefreshState
from context_handler.store.database import Database, Survives, from_microseconds, to_microseconds
from oiosaml.ids import EntityId, WorkspaceId


class SqliteRefreshes:
    """RefreshStates in one SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, workspace: WorkspaceId) -> Mapping[EntityId, RefreshState]:
        """Give every state."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT entity_id, next_at, good_at, fault, detail FROM metadata_refreshes WHERE workspace = ?",
                (workspace,),
            ).fetchall()
        return {
            EntityId(entity_id): RefreshState(
                EntityId(entity_id),
                from_microseconds(next_at),
                None if good_at is None else from_microseconds(good_at),
                fault,
                detail,
            )
            for entity_id, next_at, good_at, fault, detail in rows
        }

    def put(self, workspace: WorkspaceId, state: RefreshState) -> None:
        """Write one state."""
        good_at = None if state.good_at is None else to_microseconds(state.good_at)
        with self._database.writing(Survives.KILL) as connection:
            connection.execute(
                "INSERT INTO metadata_refreshes (workspace, entity_id, next_at, good_at, fault, detail)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (workspace, entity_id) DO UPDATE SET next_at = excluded.next_at,"
                " good_at = excluded.good_at, fault = excluded.fault, detail = excluded.detail",
                (workspace, state.entity_id, to_microseconds(state.next_at), good_at, state.fault, state.detail),
            )
