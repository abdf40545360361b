"""The schema of the SQLite store, brought to its newest step by Alembic's migrations.

Alembic and SQLAlchemy take a third of a second to import, so they are imported only when there is something to migrate.
"""

import sqlite3
from pathlib import Path
from typing import Final

from oiosaml.errors import SamlError

HEAD: Final = "0010"
"""The newest step in `migrations/versions`."""

_MIGRATIONS: Final = Path(__file__).with_name("migrations")


def version_of(connection: sqlite3.Connection) -> str | None:
    """Give the schema's step, or None for an empty file."""
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'")
    if known.fetchone() is None:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema to HEAD in one transaction. Processes that start together wait for each other; the later ones find it done.

    Raises:
        SamlError: `web.unavailable` if the file was made by a newer version of the program.
        sqlite3.Error: if the file cannot be written.
    """
    version = version_of(connection)
    if version == HEAD:
        return
    if version is not None and version > HEAD:
        raise SamlError(
            "web.unavailable", f"got a store at schema {version}, expected at most {HEAD}: a newer version made it"
        )
    _upgrade(connection)


def _upgrade(connection: sqlite3.Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import StaticPool

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    with engine.connect() as transaction:
        try:
            transaction.exec_driver_sql("BEGIN IMMEDIATE")
            config.attributes["connection"] = transaction
            command.upgrade(config, "head")
        except DBAPIError as error:
            raise error.orig or error from error
        transaction.commit()
