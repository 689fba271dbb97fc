"""Scans that could not be decided again are kept with their error.

Revision ID: 0002
"""

from importlib.resources import files

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PARTS = ("set_aside",)


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    folder = files("sinks.postgres") / "migrations" / "sql"
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None  # noqa: S101 -- a migration runs on a connection
    for part in PARTS:
        script = (folder / f"0002_{part}.sql").read_text(encoding="utf-8")
        # asyncpg takes several statements at once only through its own call; it stays in this transaction.
        connection.run_async(lambda driver, script=script: driver.execute(script))
