"""Alembic's entry: migrations run on the connection `sinks.postgres.database.migrate` hands over."""

from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import text


def serve(ctx: MigrationContext, step: MigrationInfo, *_: Any, **__: Any) -> None:
    """The books serve the version that ends with this migration (docs/adr/0013-served-revisions.md)."""
    connection = ctx.connection
    assert connection is not None  # noqa: S101 -- a migration runs on a connection
    if connection.scalar(text("SELECT to_regclass('udi.served') IS NOT NULL")):
        connection.execute(text("INSERT INTO udi.served VALUES (:revision)"), {"revision": step.up_revision_id})


context.configure(
    connection=context.config.attributes["connection"], version_table_schema="public", on_version_apply=serve
)
with context.begin_transaction():
    context.run_migrations()
