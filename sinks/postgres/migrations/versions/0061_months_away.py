"""Months of raw bytes are taken out of their table and put back.

Revision ID: 0061
"""

from sinks.postgres.migrations.scripts import execute

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the book of months that are away, and what takes them out and puts them back."""
    execute("0061_months_away.sql")
