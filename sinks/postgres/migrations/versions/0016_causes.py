"""Causes of alerts: discharges by department and month, and what has changed of them.

Revision ID: 0016
"""

from sinks.postgres.migrations.scripts import execute

revision = "0016"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute("0016_causes.sql")
