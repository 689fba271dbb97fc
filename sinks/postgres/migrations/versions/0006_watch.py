"""Watching: rules as dated data, findings, controls of charging, reviews.

Revision ID: 0006
"""

from importlib.resources import files

from alembic import op

revision = "0006"
down_revision = "0008"
branch_labels = None
depends_on = None

PARTS = ("rules", "findings", "controls", "reviews")


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    folder = files("sinks.postgres") / "migrations" / "sql"
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None  # noqa: S101 -- a migration runs on a connection
    for part in PARTS:
        script = (folder / f"0006_{part}.sql").read_text(encoding="utf-8")
        # asyncpg takes several statements at once only through its own call; it stays in this transaction.
        connection.run_async(lambda driver, script=script: driver.execute(script))
