"""Causes of alerts: discharges by department and month, and what has changed of them.

Revision ID: 0016
"""

from importlib.resources import files

from alembic import op

revision = "0016"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None  # noqa: S101 -- a migration runs on a connection
    script = (files("sinks.postgres") / "migrations" / "sql" / "0016_causes.sql").read_text(encoding="utf-8")
    # asyncpg takes several statements at once only through its own call; it stays in this transaction.
    connection.run_async(lambda driver: driver.execute(script))
