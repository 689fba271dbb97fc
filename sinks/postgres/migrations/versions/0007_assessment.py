"""The assessment: discharged cases and incomes of departments.

Revision ID: 0007
"""

from importlib.resources import files

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

PARTS = ("cases", "ratios")


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    folder = files("sinks.postgres") / "migrations" / "sql"
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None  # noqa: S101 -- a migration runs on a connection
    for part in PARTS:
        script = (folder / f"0007_{part}.sql").read_text(encoding="utf-8")
        connection.run_async(lambda driver, script=script: driver.execute(script))
