"""What scanners have shown of themselves, and which of their scans are doubtful.

Revision ID: 0004
"""

from sinks.postgres.migrations.scripts import execute

revision = "0004"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make table, function and views, from the SQL beside this file."""
    execute("0004_scanner_record.sql")
