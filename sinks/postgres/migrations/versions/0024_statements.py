"""Statements of suppliers by month.

Revision ID: 0024
"""

from sinks.postgres.migrations.scripts import execute

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute("0024_statements.sql")
