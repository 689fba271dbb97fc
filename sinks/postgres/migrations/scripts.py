"""The SQL of migrations: the database's contract in its own words, in the folder `sql`."""

from importlib.resources import files

from alembic import op


def execute(*names: str) -> None:
    """Run scripts of the folder, in order, within the migration's transaction."""
    folder = files("sinks.postgres") / "migrations" / "sql"
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None  # noqa: S101 -- a migration runs on a connection
    for name in names:
        script = (folder / name).read_text(encoding="utf-8")
        # asyncpg takes several statements at once only through its own call; it stays in this transaction.
        connection.run_async(lambda driver, script=script: driver.execute(script))
