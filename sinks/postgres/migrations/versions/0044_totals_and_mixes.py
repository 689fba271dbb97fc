"""Quotas in yuan and as a share of dear goods beside those in units; dear goods of a type need an approval.

Revision ID: 0044
"""

from sinks.postgres.migrations.scripts import execute

revision = "0044"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the kinds in and show them, from the SQL beside this file."""
    execute("0044_totals_and_mixes.sql")
