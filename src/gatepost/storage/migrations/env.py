"""Run by Alembic: migrate the connection that storage/migrate.py hands over."""

from alembic import context

from gatepost.storage.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
