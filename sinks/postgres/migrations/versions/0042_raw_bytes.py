"""Raw bytes of scans lie apart, by the month they were stored in, and may be let go by the month.

Revision ID: 0042
"""

from sinks.postgres.migrations.scripts import execute

revision = "0042"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, the view that finds the bytes, and the next versions of the functions that record and read."""
    execute("0042_raw.sql", "0042_record.sql", "0042_repriced.sql")
