"""Use by store and by medical team, for rules that ask for it.

Revision ID: 0032
"""

from importlib.resources import files

from alembic import op

revision = "0032"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    script = (files("sinks.postgres") / "migrations" / "sql" / "0032_places.sql").read_text(encoding="utf-8")
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None  # noqa: S101 -- a migration runs on a connection
    connection.run_async(lambda driver: driver.execute(script))
