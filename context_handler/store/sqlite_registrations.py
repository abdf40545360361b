"""Registrations in SQLite."""

from collections.abc import Sequence

from context_handler.store.database import Database
from context_handler.store.event_rows import findings_of, findings_text
from context_handler.store.registrations import RegistryChangedError, StoredRegistration, StoredWorld
from federation.documents import Kind
from oiosaml.ids import WorkspaceId


class SqliteRegistrations:
    """A RegistrationStore in one SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def revision(self, workspace: WorkspaceId) -> int:
        """Give the number of the last change; 0 before the first."""
        row = self._database.row(_REVISION, (workspace,))
        return 0 if row is None else int(row[0])

    def world(self, workspace: WorkspaceId) -> StoredWorld:
        """Give everything, with the revision it belongs to."""
        with self._database.reading() as connection:
            row = connection.execute(_REVISION, (workspace,)).fetchone()
            rows = connection.execute(
                "SELECT kind, key, document, findings FROM registrations WHERE workspace = ? ORDER BY id", (workspace,)
            ).fetchall()
        registrations = tuple(
            StoredRegistration(Kind(kind), key, document, findings_of(findings))
            for kind, key, document, findings in rows
        )
        return StoredWorld(0 if row is None else int(row[0]), registrations)

    def change(
        self,
        workspace: WorkspaceId,
        *,
        seen_revision: int,
        put: Sequence[StoredRegistration],
        remove: Sequence[tuple[Kind, str]] = (),
    ) -> int:
        """Make every change or none, and give the new revision.

        Raises:
            RegistryChangedError: if the revision is no longer the one that was seen; then nothing was changed.
        """
        with self._database.writing() as connection:
            connection.execute("INSERT INTO revisions VALUES (?, 0) ON CONFLICT DO NOTHING", (workspace,))
            raised = connection.execute(
                "UPDATE revisions SET revision = revision + 1 WHERE workspace = ? AND revision = ?",
                (workspace, seen_revision),
            )
            if raised.rowcount == 0:
                raise RegistryChangedError
            connection.executemany(
                "DELETE FROM registrations WHERE workspace = ? AND kind = ? AND key = ?",
                [(workspace, kind, key) for kind, key in remove],
            )
            connection.executemany(
                # An upsert keeps the row and so the order of the export.
                "INSERT INTO registrations (workspace, kind, key, document, findings) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (workspace, kind, key) DO UPDATE SET document = excluded.document,"
                " findings = excluded.findings",
                [(workspace, each.kind, each.key, each.document, findings_text(each.findings)) for each in put],
            )
        return seen_revision + 1


_REVISION = "SELECT revision FROM revisions WHERE workspace = ?"
