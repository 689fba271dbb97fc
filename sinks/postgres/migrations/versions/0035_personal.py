"""Identity numbers in reasons and corrections are not readable in the views.

Revision ID: 0035
"""

from importlib.resources import files

from alembic import op

revision = "0035"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    script = (files("sinks.postgres") / "migrations" / "sql" / "0035_personal.sql").read_text(encoding="utf-8")
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None  # noqa: S101 -- a migration runs on a connection
    connection.run_async(lambda driver: driver.execute(script))
