"""Stores and lines of notes that contradict what is known; goods on the way.

Revision ID: 0066
"""

from sinks.postgres.migrations.scripts import execute

revision = "0066"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A work list, two findings of notes, and a bound of what is to come."""
    execute("0066_unknown_stores.sql")
