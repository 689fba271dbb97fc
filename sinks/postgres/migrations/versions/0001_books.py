"""The books: tables, the functions that hold the promise, the report views.

Revision ID: 0001
"""

from sinks.postgres.migrations.scripts import execute

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
    execute(*(f"0001_{part}.sql" for part in PARTS))
