"""A return that came first is freed by its use when the lot of one of them is not certain.

Revision ID: 0034
"""

from importlib.resources import files

from alembic import op

revision = "0034"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    script = (files("sinks.postgres") / "migrations" / "sql" / "0034_freed.sql").read_text(encoding="utf-8")
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None  # noqa: S101 -- a migration runs on a connection
    connection.run_async(lambda driver: driver.execute(script))
