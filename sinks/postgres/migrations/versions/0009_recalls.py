"""Recall notices, what they list, and how each line ended.

Revision ID: 0009
"""

from sinks.postgres.migrations.scripts import execute

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute("0009_recalls.sql")
