"""Counts of shelves.

Revision ID: 0050
"""

from sinks.postgres.migrations.scripts import execute

revision = "0050"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute("0050_counts.sql")
