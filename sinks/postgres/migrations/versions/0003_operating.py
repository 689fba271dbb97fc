"""Interventions of persons, and where a cluster's topic begins.

Revision ID: 0003
"""

from sinks.postgres.migrations.scripts import execute

revision = "0003"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute("0003_operating.sql")
