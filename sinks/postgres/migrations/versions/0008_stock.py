"""The store: units and lots followed through the books.

Revision ID: 0008
"""

from importlib.resources import files

from alembic import op

revision = "0008"
down_revision = "0002"
branch_labels = None
depends_on = None

PARTS = ("trace",)


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    folder = files("sinks.postgres") / "migrations" / "sql"
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None  # noqa: S101 -- a migration runs on a connection
    for part in PARTS:
        script = (folder / f"0008_{part}.sql").read_text(encoding="utf-8")
        connection.run_async(lambda driver, script=script: driver.execute(script))
