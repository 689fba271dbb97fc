"""The books: tables, the functions that hold the promise, the report views.

Revision ID: 0001
"""

from importlib.resources import files

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PARTS = (
    "tables", "views", "rescue", "record", "gather", "facts", "alerts", "scanners", "catalogue", "reconciling", "cases",
    "figures", "queue",
)  # fmt: skip


def upgrade() -> None:
    """Make everything, from the SQL beside this file: the database's contract in its own words."""
    folder = files("sinks.postgres") / "migrations" / "sql"
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None  # noqa: S101 -- a migration runs on a connection
    for part in PARTS:
        script = (folder / f"0001_{part}.sql").read_text(encoding="utf-8")
        # asyncpg takes several statements at once only through its own call; it stays in this transaction.
        connection.run_async(lambda driver, script=script: driver.execute(script))
