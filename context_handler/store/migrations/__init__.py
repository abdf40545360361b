"""The schema's history. Alembic reads it; nothing else imports it."""
