"""A posted count that misses a unit is no word of where it went: its use stays suspected.

Revision ID: 0075
"""

from sinks.postgres.migrations.scripts import execute

revision = "0075"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One view, with its columns as they were."""
    execute("0075_counted_cabinets.sql")
