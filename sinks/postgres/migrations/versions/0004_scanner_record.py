"""What scanners have shown of themselves, and which of their scans are doubtful.

Revision ID: 0004
"""

from importlib.resources import files

from alembic import op

revision = "0004"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make table, function and views, from the SQL beside this file."""
    script = (files("sinks.postgres") / "migrations" / "sql" / "0004_scanner_record.sql").read_text(encoding="utf-8")
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None  # noqa: S101 -- a migration runs on a connection
    connection.run_async(lambda driver: driver.execute(script))
