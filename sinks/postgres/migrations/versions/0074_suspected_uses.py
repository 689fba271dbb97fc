"""Suspected uses are told in the time of what left cabinets; a count that misses a unit explains none.

Revision ID: 0074
"""

from sinks.postgres.migrations.scripts import execute

revision = "0074"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two views, with the columns that they had."""
    execute("0074_suspected_uses.sql")
