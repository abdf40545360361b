"""What Alembic runs. The connection, with its transaction already begun, comes from `context_handler.store.schema`."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
