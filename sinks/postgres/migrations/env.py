"""Alembic's entry: migrations run on the connection `sinks.postgres.database.migrate` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table_schema="public")
with context.begin_transaction():
    context.run_migrations()
